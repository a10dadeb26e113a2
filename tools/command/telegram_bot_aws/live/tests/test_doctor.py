"""scripts/doctor: each failure is produced, and must be reported with advice."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from telegram_stand_in import BOT, Fault, Server, Telegram

from telegram_bot_aws.live import doctor, state
from telegram_bot_aws.live.client import Client
from telegram_bot_aws.live.doctor import Check, deliveries, mini_app
from telegram_bot_aws.live.state import REGISTER
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import Ran, Script, copy_of_the_bot, run, save
from tests.support.stubs import BOT as PLAIN
from tests.support.stubs import Peer, Serve, answers_all, answers_and_closes, http
from tests.support.telegram import OTHER_TOKEN, TOKEN

KINDS = ["message", "callback_query"]

Examine = Callable[..., dict[str, tuple[Any, str]]]


@pytest.fixture
def webhook(httpserver: HTTPServer) -> str:
    """The address of a function that refuses a wrong secret, as ours does."""
    httpserver.expect_request("/telegram", method="POST").respond_with_data("refused", 401)
    return httpserver.url_for("/telegram").replace("localhost", "127.0.0.1")


@pytest.fixture
def telegram(webhook: str) -> Iterator[Telegram]:
    """A Telegram whose bot is well."""
    telegram = Telegram(TOKEN)
    with Server(telegram):
        telegram.answer("setWebhook", {"url": webhook, "allowed_updates": KINDS})
        yield telegram


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's current folder, which is also the module's."""
    monkeypatch.setattr(state, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    copy_of_the_bot(tmp_path / "bot")
    return tmp_path


@pytest.fixture
def examined(folder: Path, telegram: Telegram, connections: None) -> Callable[..., Ran]:
    """Run scripts/doctor, and check that it never writes a token."""

    def examined(*arguments: str, **environment: str) -> Ran:
        standard = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
        ran = run(doctor.main, "--bot", "bot", *arguments, **{**standard, **environment})
        for token in (TOKEN, OTHER_TOKEN):
            assert token.partition(":")[2] not in ran.output
        return ran

    return examined


@pytest.fixture
def examine(examined: Callable[..., Ran]) -> Examine:
    """Return each check's verdict, with its text and advice, and check the exit code."""

    def examine(**environment: str) -> dict[str, tuple[Any, str]]:
        code, output = examined("--json", **environment)
        report = json.loads(output)
        checks = {c["name"]: (c["ok"], f"{c['text']} → {c['advice']}") for c in report["checks"]}
        well = checks["token"][0] is True and all(ok is not False for ok, _ in checks.values())
        assert report["ok"] is well
        assert code == (0 if well else 1)
        return checks

    return examine


def deployment(folder: Path, *resources: Any, **outputs: str) -> dict[str, str]:
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


def test_a_bot_that_is_well(examined: Callable[..., Ran], folder: Path, webhook: str) -> None:
    """The page shows what it prints, of another bot."""
    page = (ROOT / "docs/monitoring.md").read_text()
    [shown] = re.findall(r"^```text\n(✓ token .*?)^```$", page, re.MULTILINE | re.DOTALL)
    for old, new in (
        ("@dice_bot (Dice)", "@echo_bot (Echo)"),
        ("https://a4c95d56.execute-api.eu-central-1.amazonaws.com/telegram", webhook),
    ):
        assert old in shown
        shown = shown.replace(old, new)
    shown = re.sub("✓ certificate .*\n", "", shown)  # the stand-in has none
    environment = deployment(
        folder,
        webhook_url=webhook,
        logs_command="aws logs tail /aws/lambda/dice-bot --follow --region eu-central-1",
    )
    assert examined(**environment) == (0, shown)


def test_without_a_state_it_says_what_it_does_not_know(
    examine: Examine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "ROOT", folder / "module")
    checks = examine()
    assert checks["webhook"][0] is None
    assert f"Terraform was used neither in {folder} nor in {folder}/module" in checks["webhook"][1]
    assert checks["logs"][0] is None
    monkeypatch.setattr(state, "ROOT", folder)
    assert f"Terraform wasn't used in {folder}" in examine()["webhook"][1]
    assert (
        f"{folder} has no outputs: nothing is applied" in examine(**deployment(folder))["logs"][1]
    )


def test_elsewhere_the_state_is_the_modules(
    examine: Examine, folder: Path, webhook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = deployment(folder, webhook_url=webhook)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    copy_of_the_bot(folder / "elsewhere" / "bot")
    assert f"{webhook}, this deployment's" in examine(**environment)["webhook"][1]


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "TELEGRAM_BOT_TOKEN is not set"),
        ("nonsense", "must be a token, as @BotFather"),
        (OTHER_TOKEN, "Telegram doesn't know this token → ask @BotFather"),
    ],
    ids=["none", "no token", "unknown"],
)
def test_a_token_that_is_wrong(examine: Examine, token: str, words: str) -> None:
    checks = examine(TELEGRAM_BOT_TOKEN=token)
    assert checks["token"][0] is False
    assert words in checks["token"][1]


def test_a_telegram_that_cannot_be_reached(examine: Examine) -> None:
    checks = examine(TELEGRAM_API_URL="http://127.0.0.1:9")
    assert checks["token"][0] is None
    assert "can't be reached" in checks["token"][1]


def test_a_refusal_is_reported_in_telegrams_words(examine: Examine, telegram: Telegram) -> None:
    telegram.faults.append(Fault("refuse", 1, 429, "Too Many Requests: retry after 3"))
    assert examine()["token"] == (
        False,
        "Telegram says: getMe: 429 Too Many Requests: retry after 3 → ",
    )


def well(peer: Peer, connection: socket.socket) -> None:
    """Answer as Telegram does for a bot without a webhook."""
    bot = {"username": "echo_bot", "first_name": "Echo"}
    results = bot, {"url": ""}, {"type": "default"}
    answers_and_closes(*(http({"ok": True, "result": result}) for result in results))(
        peer, connection
    )


@pytest.mark.usefixtures("trusted")
def test_the_issuer_of_telegrams_certificate(
    examined: Callable[..., Ran], serve: Serve, tls: ssl.SSLContext
) -> None:
    peer = serve(well, answers_all, tls=tls)
    output = examined(TELEGRAM_API_URL=peer.url).output
    assert "✓ certificate      localhost's is issued by trustme v" in output


def test_no_webhook(examine: Examine, telegram: Telegram) -> None:
    telegram.answer("deleteWebhook", {})
    checks = examine()
    assert checks["webhook"][0] is False
    assert REGISTER in checks["webhook"][1]
    assert checks["secret"][0] is None


def test_another_deployments_webhook(examine: Examine, folder: Path, webhook: str) -> None:
    mine = "https://mine.example.org/telegram"
    checks = examine(**deployment(folder, webhook_url=mine))
    assert checks["webhook"][0] is False
    assert f"{webhook} is another deployment's; this one's is {mine}" in checks["webhook"][1]


def registration(url: str, module: str = "") -> Any:
    """Return what a state has of a registration of a webhook."""
    resource = {"mode": "managed", "type": "aws_lambda_invocation", "name": "register_webhook"}
    instances = [{"attributes": {"input": json.dumps({"url": url})}}]
    return resource | {"instances": instances} | ({"module": module} if module else {})


@pytest.mark.parametrize(
    ("modules", "option"),
    [
        ([""], "-replace=aws_lambda_invocation.register_webhook"),
        (["module.a"], "-replace=module.a.aws_lambda_invocation.register_webhook"),
        (
            ['module.bot["ada"]', 'module.bot["eve"]'],
            """'-replace=module.bot["ada"].aws_lambda_invocation.register_webhook'""",
        ),
    ],
    ids=["a clone", "a configuration", "several bots"],
)
def test_the_command_has_the_address_of_the_state(
    examine: Examine, folder: Path, telegram: Telegram, modules: list[str], option: str
) -> None:
    urls = [f"https://{number}.example.org/telegram" for number in range(len(modules))]
    resources = [registration(url, module) for url, module in zip(urls, modules, strict=True)]
    telegram.answer("deleteWebhook", {})
    checks = examine(**deployment(folder, *resources, webhook_url=urls[0]))
    assert checks["webhook"][1].endswith(f" → terraform apply {option}")


def test_a_terraform_that_fails(examine: Examine, folder: Path) -> None:
    environment = deployment(folder)
    script = folder / "bin" / "terraform"
    script.write_text('#!/bin/sh\necho "│ Error: Backend initialization required" >&2\nexit 1\n')
    checks = examine(**environment)
    assert (
        f"terraform state pull failed in {folder}: Backend initialization required"
        in checks["logs"][1]
    )


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Wrong response from the webhook: 401 Unauthorized", "refused Telegram's secret"),
        ("Wrong response from the webhook: 429 Too Many Requests", "throttling_limit"),
        ("Wrong response from the webhook: 503 Service Unavailable", "asked for another delivery"),
        ("Failed to resolve host: Name or service not known", "doesn't find the webhook's host"),
        ("Something new", "Something new → look at the function's logs"),
    ],
)
def test_a_failed_delivery_in_plain_words(message: str, words: str) -> None:
    failed = {"last_error_date": int(time.time()), "last_error_message": message}
    check = doctor.deliveries(failed)
    assert check.ok is False
    assert message in check.text
    assert words in f"{check.text} → {check.advice}"


def test_updates_that_wait(examine: Examine, telegram: Telegram) -> None:
    telegram.deliver = lambda *request: (503, {"retry-after": "3600"}, "")
    telegram.send(telegram.message("hello"))
    telegram.wait(lambda: telegram.webhook.get("last_error_message"))
    checks = examine()
    assert checks["waiting updates"][0] is False
    assert "1, not delivered yet" in checks["waiting updates"][1]


def test_kinds_of_update_that_are_not_asked_for(
    examine: Examine, telegram: Telegram, webhook: str
) -> None:
    telegram.answer("setWebhook", {"url": webhook, "allowed_updates": ["message"]})
    ok, words = examine()["kinds of update"]
    assert ok is False
    assert "Telegram delivers message; bot.py handles message, callback_query" in words


def test_a_bot_with_payments_answers_paysupport(
    examine: Examine, telegram: Telegram, folder: Path
) -> None:
    assert "payments" not in examine()
    kinds = [*KINDS, "pre_checkout_query"]
    telegram.answer("setWebhook", {"url": telegram.webhook["url"], "allowed_updates": kinds})
    ok, text = examine()["payments"]
    assert (ok, "don't contain /paysupport" in text) == (None, True)
    (folder / "bot" / "texts.py").write_text('TEXTS = {"paysupport": "Write to us"}')
    assert examine()["payments"][0] is True


@pytest.mark.parametrize(("asked", "verdict"), [("message", False), ("mesage", None)])
def test_a_kind_of_update_that_does_not_exist(
    examine: Examine, folder: Path, telegram: Telegram, webhook: str, asked: str, verdict: Any
) -> None:
    save(folder / "bot" / "bot.py", "ALLOWED_UPDATES = ", "ALLOWED_UPDATES = ['mesage'] or ")
    telegram.webhook |= {"url": webhook, "allowed_updates": [asked]}
    ok, words = examine()["kinds of update"]
    assert ok is verdict
    assert "ALLOWED_UPDATES lists mesage" in words


def test_a_bot_without_reply(examine: Examine, folder: Path) -> None:
    (folder / "bot" / "bot.py").write_text("ALLOWED_UPDATES = ['message']\n")
    assert examine()["kinds of update"] == (
        False,
        "bot.py must have a function reply(update) → fix bot.py",
    )


def test_a_bot_gets_its_token_at_import(examine: Examine, folder: Path) -> None:
    source = "import os\nraise ValueError('of ' + os.environ['TELEGRAM_BOT_TOKEN'])\n"
    (folder / "bot" / "bot.py").write_text(source)
    assert "ValueError: of …" in examine()["kinds of update"][1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"can_join_groups": False}, "can't be added to any"),
        ({"can_read_all_group_messages": True}, "privacy mode is off"),
        ({}, "privacy mode is on"),
    ],
    ids=["no groups", "off", "on"],
)
def test_what_it_sees_in_groups(fields: dict[str, bool], words: str) -> None:
    check = doctor.groups({**BOT, **fields})
    assert check.ok is True
    assert words in check.text


@pytest.mark.parametrize(
    ("status", "words"),
    [(200, "accepted an update with a wrong secret"), (500, "answered HTTP 500, not 401")],
)
def test_a_function_that_does_not_refuse_a_wrong_secret(
    examine: Examine, telegram: Telegram, httpserver: HTTPServer, status: int, words: str
) -> None:
    httpserver.expect_request("/other").respond_with_data("", status)
    url = httpserver.url_for("/other").replace("localhost", "127.0.0.1")
    telegram.answer("setWebhook", {"url": url, "allowed_updates": KINDS})
    ok, text = examine()["secret"]
    assert ok is False
    assert words in text


def test_a_function_that_is_not_there(examine: Examine, telegram: Telegram) -> None:
    url = "http://127.0.0.1:9/telegram"
    telegram.answer("setWebhook", {"url": url, "allowed_updates": KINDS})
    ok, text = examine()["secret"]
    assert ok is False
    assert "can't be reached" in text


Page = Callable[..., str]


@pytest.fixture
def page(telegram: Telegram, httpserver: HTTPServer) -> Page:
    """Serve a page, which the menu button opens, and return its address."""

    def page(status: int = 200, kind: str = "text/html; charset=utf-8", refusal: int = 401) -> str:
        index = httpserver.expect_request("/app/index.html", method="GET")
        index.respond_with_data("<h1>Hello</h1>", status, content_type=kind)
        forged = httpserver.expect_request("/app/api/", method="POST")
        forged.respond_with_data("{}", refusal)
        url = httpserver.url_for("/app/index.html").replace("localhost", "127.0.0.1")
        open_page(telegram, url)
        return url

    return page


def open_page(telegram: Telegram, url: str) -> None:
    button = {"type": "web_app", "text": "Open", "web_app": {"url": url}}
    telegram.answer("setChatMenuButton", {"menu_button": button})


def test_a_page_that_is_well(
    examine: Examine, folder: Path, page: Page, httpserver: HTTPServer
) -> None:
    url = page()
    checks = examine(**deployment(folder, mini_app_url=url))
    assert checks["page"] == (True, f"{url} answers HTTP 200, text/html; charset=utf-8 → ")
    assert checks["page's requests"] == (True, "a forged one gets HTTP 401 → ")
    asked = [request for request, _ in httpserver.log if request.path == "/app/api/"]
    assert [request.headers["Authorization"][:4] for request in asked] == ["tma "]


def test_a_bot_without_a_page_has_no_such_check(examine: Examine, telegram: Telegram) -> None:
    open_page(telegram, "https://example.org/another.html")
    assert "page" not in examine()


def test_a_page_that_lets_strangers_in(examine: Examine, page: Page) -> None:
    page(refusal=200)
    ok, text = examine()["page's requests"]
    assert ok is False
    assert text.startswith("a forged one gets HTTP 200 → check initData")


def test_a_button_that_opens_another_page(
    examine: Examine, folder: Path, telegram: Telegram, page: Page
) -> None:
    url = page()
    open_page(telegram, "https://example.org/app/index.html")
    ok, text = examine(**deployment(folder, mini_app_url=url))["page"]
    assert ok is False
    assert "but the menu button opens https://example.org/app/index.html → terraform" in text


def test_a_button_that_telegram_does_not_report(examine: Examine, telegram: Telegram) -> None:
    telegram.faults.append(Fault("refuse", 1, 500, methods=("getChatMenuButton",)))
    ok, text = examine()["page"]
    assert ok is None
    assert text.startswith("the menu button can't be read: getChatMenuButton: HTTP 500")


ODD_BUTTONS: tuple[Any, ...] = (
    None,
    {"type": "web_app"},
    {"type": "web_app", "web_app": {"url": 1}},
)


@pytest.mark.parametrize("button", ODD_BUTTONS, ids=json.dumps)
def test_a_malformed_button_is_reported(serve: Serve, button: Any) -> None:
    answer = http({"ok": True, "result": button}, "200 OK", "Connection: close")
    peer = serve(answers_and_closes(answer))
    text = "the menu button can't be read: getChatMenuButton: the answer isn't from the Bot API"
    assert mini_app(Client(peer.url, TOKEN), {}) == [Check("page", None, text)]


@pytest.mark.parametrize(
    ("date", "words"),
    [
        (10**400, "moments ago"),
        (-(10**400), "days ago"),
    ],
    ids=["in ages", "ages ago"],
)
def test_a_failure_at_any_time_is_reported(date: int, words: str) -> None:
    info = {"url": "", "last_error_date": date, "last_error_message": "Connection refused"}
    check = deliveries({**info, "pending_update_count": 1})
    assert check.ok is False
    assert f"{words}: Connection refused" in check.text


@pytest.mark.slow
def test_the_demo_is_well() -> None:
    bot = ("--bot", str(PLAIN.parent))
    with Script(ROOT, "demo", "--direct", bot[1]) as demo:
        demo.wait_for("scripts/doctor --bot")
        words = demo.output.partition("TELEGRAM_API_URL=")[2].split()
        environment = {
            "TELEGRAM_API_URL": words[0],
            "TELEGRAM_BOT_TOKEN": words[1].partition("=")[2],
        }
        with Script(ROOT, "doctor", *bot, **environment) as doctor:
            assert doctor.end() == 0, doctor.output
