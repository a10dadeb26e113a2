"""scripts/doctor: each failure is produced, and must be reported with advice."""

import json
import os
import re
import time

import pytest
from telegram_stand_in import Fault, Server, Telegram

from telegram_bot_aws.live import doctor, state
from telegram_bot_aws.live.state import REGISTER
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import copy_of_the_bot, run
from tests.support.telegram import OTHER_TOKEN, TOKEN

KINDS = ["message", "callback_query"]
HTML = "text/html; charset=utf-8"
ANOTHER_PAGE = "https://example.org/app/index.html"


def address(httpserver, path):
    return httpserver.url_for(path).replace("localhost", "127.0.0.1")


@pytest.fixture
def webhook(httpserver):
    """The address of a function that refuses a wrong secret, as ours does."""
    httpserver.expect_request("/telegram", method="POST").respond_with_data("refused", 401)
    return address(httpserver, "/telegram")


@pytest.fixture
def telegram(webhook):
    """A Telegram whose bot is well."""
    telegram = Telegram(TOKEN)
    with Server(telegram):
        set_webhook(telegram, webhook)
        yield telegram


def set_webhook(telegram, url, *more_kinds):
    kinds = [*more_kinds, *reversed(KINDS)]  # their order doesn't matter
    telegram.answer("setWebhook", {"url": url, "allowed_updates": kinds})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The operator's current folder, which is also the module's."""
    monkeypatch.setattr(state, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    copy_of_the_bot(tmp_path / "bot")
    return tmp_path


@pytest.fixture
def examined(folder, telegram, connections):
    """Run scripts/doctor, and check that it never writes a token."""

    def examined(*arguments, **environment):
        standard = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
        ran = run(doctor.main, *arguments, **{**standard, **environment})
        for token in (TOKEN, OTHER_TOKEN):
            assert token.partition(":")[2] not in ran.output
        return ran

    return examined


@pytest.fixture
def examine(examined):
    """Return each check's verdict, with its text and advice, and check the exit code."""

    def examine(**environment):
        code, output = examined("--json", **environment)
        report = json.loads(output)
        checks = {c["name"]: (c["ok"], f"{c['text']} → {c['advice']}") for c in report["checks"]}
        well = checks["token"][0] is True and all(ok is not False for ok, _ in checks.values())
        assert report["ok"] is well
        assert code == (0 if well else 1)
        return checks

    return examine


def deployment(folder, *resources, **outputs):
    """Put a deployment into a folder, with a fake Terraform that prints its state."""
    programs = folder / "bin"
    programs.mkdir()
    values = {name: {"value": value} for name, value in outputs.items()}
    state = {"outputs": values, "resources": resources}
    (programs / "state").write_text(json.dumps(state))
    (programs / "terraform").write_text(f'#!/bin/sh\ncat "{programs}/state"\n')
    (programs / "terraform").chmod(0o755)
    (folder / ".terraform").mkdir()
    return {"PATH": f"{programs}:{os.environ['PATH']}", "TERRAFORM": ""}


def test_doctor_prints_what_the_page_shows(examined, folder, webhook):
    """The page shows what it prints, of another bot."""
    page = (ROOT / "docs/monitoring.md").read_text()
    [shown] = re.findall(r"^```text\n(✓ token .*?)^```$", page, re.MULTILINE | re.DOTALL)
    for old, new in (
        ("@dice_bot (Dice)", "@echo_bot (Echo)"),
        ("https://a4c95d56.execute-api.eu-central-1.amazonaws.com/telegram", webhook),
    ):
        assert old in shown
        shown = shown.replace(old, new)
    environment = deployment(
        folder,
        webhook_url=webhook,
        logs_command="aws logs tail /aws/lambda/dice-bot --follow --region eu-central-1",
    )
    assert examined(**environment) == (0, shown)


def test_doctor_says_why_there_is_no_state(examine, folder, monkeypatch):
    monkeypatch.setattr(state, "ROOT", folder / "module")
    checks = examine()
    assert (checks["webhook"][0], checks["logs"][0]) == (None, None)
    assert f"Terraform was used neither in {folder} nor in {folder}/module" in checks["webhook"][1]
    nothing = deployment(folder)
    assert f"{folder} has no outputs: nothing is applied" in examine(**nothing)["logs"][1]
    script = folder / "bin" / "terraform"
    script.write_text('#!/bin/sh\necho "│ Error: Backend initialization required" >&2\nexit 1\n')
    failed = f"terraform state pull failed in {folder}: Backend initialization required"
    assert failed in examine(**nothing)["logs"][1]


@pytest.mark.parametrize(
    ("variables", "verdict", "words"),
    [
        ({"TELEGRAM_BOT_TOKEN": ""}, False, "TELEGRAM_BOT_TOKEN is not set"),
        ({"TELEGRAM_BOT_TOKEN": "nonsense"}, False, "must be a token, as @BotFather"),
        ({"TELEGRAM_BOT_TOKEN": OTHER_TOKEN}, False, "doesn't know this token → ask @BotFather"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9"}, None, "Telegram can't be reached"),
    ],
    ids=["none", "no token", "unknown", "no Telegram"],
)
def test_doctor_rejects_the_token(examine, variables, verdict, words):
    checks = examine(**variables)
    assert checks["token"][0] is verdict
    assert words in checks["token"][1]


def test_doctor_reports_a_refusal_in_telegrams_words(examine, telegram):
    telegram.faults.append(Fault("refuse", 1, 429, "Too Many Requests: retry after 3"))
    words = "Telegram says: getMe: 429 Too Many Requests: retry after 3 → "
    assert examine()["token"] == (False, words)


def test_doctor_reports_a_missing_webhook(examine, telegram):
    telegram.answer("deleteWebhook", {})
    checks = examine()
    assert checks["webhook"][0] is False
    assert REGISTER in checks["webhook"][1]
    assert checks["secret"][0] is None


def test_doctor_reports_another_deployments_webhook(examine, folder, webhook):
    mine = "https://mine.example.org/telegram"
    checks = examine(**deployment(folder, webhook_url=mine))
    assert checks["webhook"][0] is False
    assert f"{webhook} is another deployment's; this one's is {mine}" in checks["webhook"][1]


@pytest.mark.parametrize(
    ("modules", "option"),
    [
        ([""], "-replace=aws_lambda_invocation.register_webhook"),
        (
            ['module.bot["ada"]', 'module.bot["eve"]'],
            """'-replace=module.bot["ada"].aws_lambda_invocation.register_webhook'""",
        ),
    ],
    ids=["a clone", "several bots"],
)
def test_advice_has_the_address_of_the_state(examine, folder, telegram, modules, option):
    resources = [
        {
            "type": "aws_lambda_invocation",
            "name": "register_webhook",
            "instances": [{"attributes": {"input": json.dumps({"url": f"https://{n}.example"})}}],
        }
        | ({"module": module} if module else {})
        for n, module in enumerate(modules)
    ]
    telegram.answer("deleteWebhook", {})
    checks = examine(**deployment(folder, *resources, webhook_url="https://0.example"))
    assert checks["webhook"][1].endswith(f" → terraform apply {option}")


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
    check = doctor.deliveries({**failed, "pending_update_count": waiting})
    assert check.ok is ok
    assert message in check.text
    assert words in f"{check.text} → {check.advice}"


def test_waiting_updates_are_counted(examine, telegram):
    telegram.deliver = lambda *request: (503, {"retry-after": "3600"}, "")
    telegram.send(telegram.message("hello"))
    telegram.wait(lambda: telegram.webhook.get("last_error_message"))
    checks = examine()
    assert checks["waiting updates"][0] is False
    assert "1, not delivered yet" in checks["waiting updates"][1]


def test_missing_update_types_are_named(examine, telegram, webhook):
    telegram.answer("setWebhook", {"url": webhook, "allowed_updates": ["message"]})
    ok, words = examine()["update types"]
    assert ok is False
    assert "Telegram delivers message; bot.py handles message, callback_query" in words


def test_bot_with_payments_must_answer_paysupport(examine, telegram, folder, webhook):
    assert "payments" not in examine()
    set_webhook(telegram, webhook, "pre_checkout_query")
    ok, text = examine()["payments"]
    assert (ok, "don't contain /paysupport" in text) == (None, True)
    (folder / "bot" / "texts.py").write_text('TEXTS = {"paysupport": "Write to us"}')
    assert examine()["payments"][0] is True


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "ALLOWED_UPDATES = ['message']\n",
            "bot.py must have a function reply(update) → fix bot.py",
        ),
        (
            "import os\nraise ValueError('of ' + os.environ['TELEGRAM_BOT_TOKEN'])\n",
            "ValueError: of …",
        ),
    ],
    ids=["no reply", "it shows its token"],
)
def test_broken_bot_is_named_without_its_token(examine, folder, source, words):
    (folder / "bot" / "bot.py").write_text(source)
    ok, told = examine()["update types"]
    assert ok is False
    assert words in told


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "accepted an update with a wrong secret"),
        (500, "answered HTTP 500, not 401"),
        (None, "can't be reached"),
    ],
)
def test_function_must_refuse_a_wrong_secret(examine, telegram, httpserver, status, words):
    httpserver.expect_request("/other").respond_with_data("", status or 500)
    there = address(httpserver, "/other")
    set_webhook(telegram, there if status else "http://127.0.0.1:9/telegram")
    ok, text = examine()["secret"]
    assert ok is False
    assert words in text


@pytest.fixture
def page(telegram, httpserver):
    """Serve a page, which the menu button opens, and return its address."""

    def page(status=200, kind=HTML, refusal=401):
        index = httpserver.expect_request("/app/index.html", method="GET")
        index.respond_with_data("<h1>Hello</h1>", status, content_type=kind)
        forged = httpserver.expect_request("/app/api/", method="POST")
        forged.respond_with_data("{}", refusal)
        open_page(telegram, url := address(httpserver, "/app/index.html"))
        return url

    return page


def open_page(telegram, url):
    button = {"type": "web_app", "text": "Open", "web_app": {"url": url}}
    telegram.answer("setChatMenuButton", {"menu_button": button})


def test_mini_app_is_checked_with_a_forged_request(examine, folder, page, httpserver):
    url = page()
    checks = examine(**deployment(folder, mini_app_url=url))
    assert checks["page"] == (True, f"{url} answers HTTP 200, {HTML} → ")
    assert checks["page's requests"] == (True, "a forged one gets HTTP 401 → ")
    asked = [request for request, _ in httpserver.log if request.path == "/app/api/"]
    assert [request.headers["Authorization"][:4] for request in asked] == ["tma "]


@pytest.mark.parametrize(
    ("served", "check", "words"),
    [
        ({"status": 404}, "page", "answers HTTP 404"),
        ({"kind": "text/plain"}, "page", "text/plain → set mini_app, put index.html into app/"),
        ({"refusal": 200}, "page's requests", "a forged one gets HTTP 200 → check initData"),
    ],
    ids=["not there", "no page", "lets strangers in"],
)
def test_wrong_mini_app_is_reported(examine, page, served, check, words):
    page(**served)
    ok, text = examine()[check]
    assert ok is False
    assert words in text


def test_menu_button_of_another_page_is_reported(examine, folder, telegram, page):
    url = page()
    open_page(telegram, "https://example.org/another.html")
    assert "page" not in examine()  # it isn't one of the module's
    open_page(telegram, ANOTHER_PAGE)
    ok, text = examine(**deployment(folder, mini_app_url=url))["page"]
    assert ok is False
    assert f"but the menu button opens {ANOTHER_PAGE} → terraform" in text
