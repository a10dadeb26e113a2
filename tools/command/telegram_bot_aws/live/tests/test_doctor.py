"""scripts/doctor: each failure is produced, and must be reported with advice."""

import json
import re
import shlex
import time

import pytest
from telegram_stand_in import Fault

from telegram_bot_aws.live import doctor, state
from telegram_bot_aws.live.state import REGISTER
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import copy_of_the_bot, run
from tests.support.telegram import OTHER_TOKEN, TOKEN

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a process would end
HTML = "text/html; charset=utf-8"
NOWHERE = "http://127.0.0.1:9"
ANOTHER_PAGE = "https://example.org/app/index.html"


def serve(httpserver, path, status, content="", kind=None, method="POST"):
    """Answer requests, and return their address."""
    asked = httpserver.expect_request(path, method=method)
    asked.respond_with_data(content, status, content_type=kind)
    return httpserver.url_for(path).replace("localhost", "127.0.0.1")


@pytest.fixture
def webhook(httpserver):
    """The address of a function that refuses a wrong secret, as ours does."""
    return serve(httpserver, "/telegram", 401)


@pytest.fixture
def telegram(telegram, webhook):
    """A Telegram whose bot is well."""
    set_webhook(telegram, webhook)
    return telegram


def set_webhook(telegram, url, kinds=("callback_query", "message")):  # their order doesn't matter
    telegram.answer("setWebhook", {"url": url, "allowed_updates": [*kinds]})


def serve_page(telegram, httpserver, status=200, kind=HTML, refusal=401):
    """Serve a page, which the menu button opens, and return its address."""
    url = serve(httpserver, "/app/index.html", status, "<h1>Hello</h1>", kind, "GET")
    serve(httpserver, "/app/api/", refusal, "{}")
    open_page(telegram, url)
    return url


def open_page(telegram, url):
    button = {"type": "web_app", "text": "Open", "web_app": {"url": url}}
    telegram.answer("setChatMenuButton", {"menu_button": button})


@pytest.fixture
def ours(tmp_path, deployed, telegram):
    """The operator's variables, and a current folder, also the module's, with the bot."""
    copy_of_the_bot(tmp_path / "bot")
    return {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}


@pytest.fixture
def examine(ours):
    """Return each check's verdict, with its text and advice; check the exit code and for tokens."""

    def examine(**environment):
        code, output = run(doctor.main, "--json", **{**ours, **environment})
        for token in (TOKEN, OTHER_TOKEN):
            assert token.partition(":")[2] not in output
        report = json.loads(output)
        checks = {c["name"]: (c["ok"], f"{c['text']} → {c['advice']}") for c in report["checks"]}
        well = checks["token"][0] is True and all(ok is not False for ok, _ in checks.values())
        assert report["ok"] is well
        assert code == (0 if well else 1)
        return checks

    return examine


def test_doctor_prints_what_the_page_shows(ours, deployed, webhook):
    """The page shows what it prints, of another bot."""
    page = (ROOT / "docs/monitoring.md").read_text()
    [shown] = re.findall(r"^```text\n(✓ token .*?)^```$", page, re.MULTILINE | re.DOTALL)
    for old, new in (
        ("@dice_bot (Dice)", "@echo_bot (Echo)"),
        ("https://a4c95d56.execute-api.eu-central-1.amazonaws.com/telegram", webhook),
    ):
        assert old in shown
        shown = shown.replace(old, new)
    command = "aws logs tail /aws/lambda/dice-bot --follow --region eu-central-1"
    deployed(webhook_url=webhook, logs_command=command)
    assert run(doctor.main, **ours) == (0, shown)


def test_doctor_says_why_there_is_no_state(examine, tmp_path, deployed, monkeypatch):
    monkeypatch.setattr(state, "ROOT", tmp_path / "module")
    checks = examine()
    assert (checks["webhook"][0], checks["logs"][0]) == (None, None)
    nowhere = f"Terraform was used neither in {tmp_path} nor in {tmp_path}/module"
    assert nowhere in checks["webhook"][1]
    deployed()
    assert f"{tmp_path} has no outputs: nothing is applied" in examine()["logs"][1]
    script = '#!/bin/sh\necho "│ Error: Backend initialization required" >&2\nexit 1\n'
    (tmp_path / "terraform").write_text(script)
    failed = f"terraform state pull failed in {tmp_path}: Backend initialization required"
    assert failed in examine()["logs"][1]


@pytest.mark.parametrize(
    ("variables", "verdict", "words"),
    [
        ({"TELEGRAM_BOT_TOKEN": ""}, False, "TELEGRAM_BOT_TOKEN is not set"),
        ({"TELEGRAM_BOT_TOKEN": "nonsense"}, False, "must be a token, as @BotFather"),
        ({"TELEGRAM_BOT_TOKEN": OTHER_TOKEN}, False, "doesn't know this token → ask @BotFather"),
        ({"TELEGRAM_API_URL": NOWHERE}, None, "Telegram can't be reached"),
    ],
    ids=["none", "no token", "unknown", "no Telegram"],
)
def test_doctor_rejects_the_token(examine, variables, verdict, words):
    checks = examine(**variables)
    assert checks["token"][0] is verdict
    assert words in checks["token"][1]


ECHO = {"username": "echo_bot", "first_name": "Echo"}


@pytest.mark.parametrize(
    ("bot", "method"), [(None, "getMe"), ({}, "getMe"), (ECHO, "getWebhookInfo")]
)
def test_doctor_rejects_another_server(examine, httpserver, bot, method):
    for asked, result in (("getMe", bot), ("getWebhookInfo", True)):
        path = f"/bot{TOKEN}/{asked}"
        httpserver.expect_request(path).respond_with_json({"ok": True, "result": result})
    ok, told = examine(TELEGRAM_API_URL=httpserver.url_for("").rstrip("/"))["token"]
    assert ok is None
    assert f"{method}: the answer isn't from the Bot API" in told


# What is wrong at Telegram, at a server, or in the folder; the check that says so; and its words
PROBLEMS = {
    "refusal": (
        lambda t, *_: t.faults.append(Fault("refuse", 1, 429, "Too Many Requests: retry after 3")),
        "token",
        "Telegram says: getMe: 429 Too Many Requests: retry after 3 → ",
    ),
    "no webhook": (lambda t, *_: t.answer("deleteWebhook", {}), "webhook", f" → {REGISTER}"),
    "missing update type": (
        lambda t, *_: set_webhook(t, t.webhook["url"], ["message"]),
        "update types",
        "Telegram delivers message; bot.py handles message, callback_query",
    ),
    "no reply": (
        lambda t, s, f: (f / "bot" / "bot.py").write_text("ALLOWED_UPDATES = ['message']\n"),
        "update types",
        "bot.py must have a function reply(update) → fix bot.py",
    ),
    "bot that shows its token": (
        lambda t, s, f: (f / "bot" / "bot.py").write_text(
            "import os\nraise ValueError('of ' + os.environ['TELEGRAM_BOT_TOKEN'])\n"
        ),
        "update types",
        "ValueError: of …",
    ),
    "any secret": (
        lambda t, s, f: set_webhook(t, serve(s, "/other", 200)),
        "secret",
        "accepted an update with a wrong secret",
    ),
    "failing function": (
        lambda t, s, f: set_webhook(t, serve(s, "/other", 500)),
        "secret",
        "answered HTTP 500, not 401",
    ),
    "no function": (lambda t, *_: set_webhook(t, NOWHERE), "secret", "can't be reached"),
    "no page": (lambda t, s, f: serve_page(t, s, 404), "page", "answers HTTP 404"),
    "no HTML": (
        lambda t, s, f: serve_page(t, s, kind="text/plain"),
        "page",
        "text/plain → set mini_app, put index.html into app/",
    ),
    "page for strangers": (
        lambda t, s, f: serve_page(t, s, refusal=200),
        "page's requests",
        "a forged one gets HTTP 200 → check initData",
    ),
}


@pytest.mark.parametrize(("make", "check", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_doctor_names_a_problem(examine, telegram, httpserver, tmp_path, make, check, words):
    make(telegram, httpserver, tmp_path)
    ok, told = examine()[check]
    assert ok is False
    assert words in told


def registration(url, **module):
    attributes = {"input": json.dumps({"url": url})}
    kind = {"type": "aws_lambda_invocation", "name": "register_webhook"}
    return {**kind, **module, "instances": [{"attributes": attributes}]}


MINE, EVES = "https://mine.example", "https://eves.example"


@pytest.mark.parametrize(("url", "module"), [(MINE, ""), (EVES, 'module.bot["eve"].')])
def test_advice_has_the_address_of_the_state(examine, deployed, telegram, webhook, url, module):
    eves = registration(EVES, module='module.bot["eve"]')
    deployed(registration(MINE), eves, webhook_url=url)
    option = shlex.quote(f"-replace={module}aws_lambda_invocation.register_webhook")
    assert examine()["webhook"] == (
        False,
        f"{webhook} is another deployment's; this one's is {url} → to have the updates here: "
        f"terraform apply {option}",
    )
    telegram.answer("deleteWebhook", {})
    assert examine()["secret"] == (None, "not checked: there is no webhook → ")


# The age of the last failure, how many updates wait, Telegram's words; whether all is well, why
DELIVERIES = [
    (0, 1, "Wrong response: 401 Unauthorized", False, "refused Telegram's secret"),
    (0, 1, "Wrong response: 429 Too Many Requests", False, "throttling_limit"),
    (0, 1, "Failed to resolve host: Name or service not known", False, "find the webhook's host"),
    (0, 1, "Something new", False, "Something new → look at the function's logs"),
    (299, 0, "503", False, "asked for another delivery"),
    (301, 0, "503", True, "nothing waits, so that is over"),
    (301, 1, "503", False, "asked for another delivery"),
]


@pytest.mark.parametrize(("age", "waiting", "message", "ok", "words"), DELIVERIES)
def test_failed_delivery_is_explained(age, waiting, message, ok, words):
    failed = {"last_error_date": int(time.time()) - age, "last_error_message": message}
    info = {**failed, "pending_update_count": waiting}
    told = doctor.pending(info)
    assert (told.ok, told.text) == ((False, "1, not delivered yet") if waiting else (True, "none"))
    check = doctor.deliveries(info)
    assert check.ok is ok
    assert message in check.text
    assert words in f"{check.text} → {check.advice}"


def test_bot_with_payments_must_answer_paysupport(examine, telegram, tmp_path, webhook):
    assert "payments" not in examine()
    set_webhook(telegram, webhook, ["message", "pre_checkout_query"])
    ok, text = examine()["payments"]
    assert (ok, "don't contain /paysupport" in text) == (None, True)
    (tmp_path / "bot" / "texts.py").write_text('TEXTS = {"paysupport": "Write to us"}')
    assert examine()["payments"][0] is True


def test_mini_app_is_checked_with_a_forged_request(examine, deployed, telegram, httpserver):
    open_page(telegram, "https://example.org/another.html")
    assert "page" not in examine()  # it isn't the module's
    url = serve_page(telegram, httpserver)
    deployed(mini_app_url=url)
    checks = examine()
    assert checks["page"] == (True, f"{url} answers HTTP 200, {HTML} → ")
    assert checks["page's requests"] == (True, "a forged one gets HTTP 401 → ")
    asked = [request for request, _ in httpserver.log if request.path == "/app/api/"]
    assert [request.headers["Authorization"][:4] for request in asked] == ["tma "]
    open_page(telegram, ANOTHER_PAGE)
    ok, text = examine()["page"]
    assert ok is False
    assert f"but the menu button opens {ANOTHER_PAGE} → terraform" in text
