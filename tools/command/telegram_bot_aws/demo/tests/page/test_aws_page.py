"""The demo's chat with a bot on an emulated AWS, with a queue and a page, in a real Chromium."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.configuration import ConfigurationDeployment
from telegram_bot_aws.demo.demo import tell_failed_event
from telegram_bot_aws.demo.deployments import Deployment, Hosted
from telegram_bot_aws.demo.tests.page.browser import Page, Tab, expect, fail_once, say, violations
from telegram_bot_aws.demo.tests.page.host import Host
from telegram_bot_aws.local.container import Invocation
from telegram_bot_aws.local.project import LAMBDA, ROOT
from tests.support.deployment import client
from tests.support.programs import save
from tests.support.provider import Providers

if TYPE_CHECKING:
    from telegram_stand_in import Json, Telegram

    from telegram_bot_aws.demo.tests.page.host import Demo

BOT = ROOT / "tests" / "bots" / "mini_app"
CONFIGURATION = """
module "bot" {
  source             = "%s"
  source_dir         = "%s"
  queue              = true
  mini_app           = "Order here"
  later              = true

  failed_retention_in_days  = 1
  session_retention_in_days = 1

  telegram_bot_token = "1234567890:configured"
}
"""

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def host(providers: Providers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The bot, applied once, by its author's configuration."""
    configuration = tmp_path_factory.mktemp("configuration")
    host = Host(BOT, tmp_path_factory.mktemp("host") / "bot")

    def deploy(telegram: Telegram, folder: Path) -> Deployment:
        (configuration / "main.tf").write_text(CONFIGURATION % (ROOT, folder))
        return ConfigurationDeployment(
            telegram.url, host.step, LAMBDA, {}, configuration, telegram.add_bot
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERRAFORM", str(providers.command(tmp_path_factory.mktemp("terraform"))))
        with host.running(deploy):
            yield host


def test_a_message_goes_through_the_queue(visit: Visit) -> None:
    page = visit()
    expect(page.locator(".steps")).to_contain_text("terraform apply")
    say(page, "/start one")
    expect(page.locator("#verdict")).to_have_text("answered")
    webhook = ["Update", "Function", "Answer"]  # API Gateway's event can't be seen here
    answer = ["Queue", "Function", "sendMessage"]
    expect(page.locator(".hop b")).to_have_text([*webhook, *answer])
    queued, answered = page.locator(".hop.function").all()
    expect(queued).to_contain_text(re.compile(r"was running already\s*[\d.]+ ms"))
    expect(queued).to_contain_text('"outcome": "queued"')
    expect(answered).to_contain_text('"outcome": "answered"')
    fail_once(page, "500")
    say(page, "/start two")
    expect(page.locator("#verdict")).to_have_text("will be retried")
    expect(page.locator(".hop b")).to_have_text([*webhook, *answer, "Queue"])
    expect(page.locator("#verdict")).to_have_text("answered")
    # A retry looks whether Telegram takes no calls to the chat now.
    limited = re.compile("^Session stream:")
    expect(page.locator(".hop b")).to_have_text(
        [*webhook, *answer, "Queue", "Function", limited, "sendMessage"]
    )
    expect(page.locator(".row.in .bubble")).to_contain_text(
        ["Started with one", "Started with two"]
    )
    expect(page.locator(".card h3")).to_have_text(["Attempt 1"])
    assert violations(page) == []


KEEPS = """    session["n"] = session.get("n", 0) + 1
    if word == "later":
        schedule.once({**call, "text": "Tea"}, datetime(2099, 1, 1, tzinfo=UTC), "tea")
        return []
    if word == "fail":
        raise ValueError
"""


def test_what_aws_keeps_is_shown_and_can_be_changed(visit: Visit, demo: Demo) -> None:
    """Sessions, schedules and what failed. To change the code three times would take seconds."""
    bot = demo.folder / "bot.py"
    save(
        bot,
        "def reply(",
        "from datetime import UTC, datetime\nfrom botkit import schedule\n\ndef reply(",
    )
    save(bot, "reply(update: Json)", "reply(update: Json, session: Json)")
    save(bot, "HANDLED =", "SESSION = 'chat'\nHANDLED =")
    demo.edit('    if word == "inline":', f'{KEEPS}    if word == "inline":')
    page = visit()
    session = page.get_by_role("region", name=re.compile("^Session "))
    for count in ("1", "2"):
        say(page, f"/start {count}")
        expect(page.locator("#messages")).to_contain_text(f"Started with {count}")
        expect(session.locator(".changed")).to_have_text(f"n{'—' if count == '1' else 1} → {count}")
    page.get_by_role("button", name="Forget", exact=True).click()
    expect(page.locator("#toast")).to_contain_text("Forgotten")
    say(page, "/start over")
    expect(session.locator(".changed")).to_have_text("n— → 1")
    say(page, "later")
    page.get_by_role("button", name="Events", exact=True).click()
    expect(page.locator("#later")).to_contain_text(" · tea")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#messages")).to_contain_text("Tea")
    expect(page.locator("#later")).to_have_count(0)
    say(page, "fail")
    page.get_by_role("button", name="Events", exact=True).click()
    expect(page.locator("#failed")).to_contain_text("bot_failed: ValueError at bot.py:")
    demo.edit("        raise ValueError\n", '        return [{**call, "text": "Fixed"}]\n')
    page.get_by_role("button", name="Replay it").click()
    expect(page.locator("#messages")).to_contain_text("Fixed")
    expect(page.locator("#failed")).to_have_count(0)


def test_changes_of_the_code_and_a_cold_start(visit: Visit, demo: Demo) -> None:
    page = visit()
    demo.edit("Started with", "Begun with")
    expect(page.locator("#reloaded")).to_be_visible()
    say(page, "/start again")
    expect(page.locator("#messages")).to_contain_text("Begun with again")
    page.get_by_role("button", name="End the function's container").click()
    page.get_by_text("The container was ended").wait_for()
    say(page, "/start cold")
    expect(page.get_by_label("Attempt 1", exact=True).locator(".top")).to_contain_text("cold")
    expect(page.locator("#messages")).to_contain_text("Begun with cold")
    # Code that doesn't compile isn't packed, and code that can't be imported doesn't go live.
    demo.edit("def reply(", "def reply(:")
    expect(page.locator("#broken")).to_contain_text("bot.py doesn't compile: line")
    demo.edit("def reply(:", "1 / 0\ndef reply(")
    expect(page.locator("#broken")).to_contain_text("bot.py can't be imported: ZeroDivisionError")
    expect(page.locator("#broken")).to_contain_text("the bot answers as it did before")
    for button, text in (("", "/start now"), ("End the function's container", "/start colder")):
        if button:
            page.get_by_role("button", name=button).click()
            page.get_by_text("The container was ended").wait_for()
        say(page, text)
        expect(page.locator("#messages")).to_contain_text(f"Begun with {text.split()[1]}")


def test_events_of_services_and_of_the_box_are_shown(
    visit: Visit, demo: Demo, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(bot: Hosted, invocation: Invocation) -> None:
        tell_failed_event(bot, invocation)
        demo.chat.services.came(bot, invocation)

    host.deployment.on_event = told
    page = visit()
    assert isinstance(host.deployment, AwsDeployment)
    [bot] = host.deployment.bots
    fails = "def on_event(event):\n    print('seen')\n    return event['Records'][0]['s3']\n"
    demo.edit("def reply(", f"{fails}\n\ndef reply(")

    def sent_by_a_service(event: object) -> None:
        lambda_ = client(emulator, "lambda")
        lambda_.invoke(FunctionName=bot.name, Payload=json.dumps(event).encode())

    emulator = host.deployment.emulator
    say(page, "/start")
    expect(page.locator("#verdict")).to_have_text("answered")
    sent_by_a_service({"Records": [{"eventSource": "aws:s3"}]})
    failed = page.get_by_label("Event 1", exact=True)
    for seen in ("KeyError: 's3'", "seen", '"outcome": "bot_failed"'):
        expect(failed.locator(".hop.function")).to_contain_text(seen)
    said = capsys.readouterr().err
    for line in ("An event failed: EventFailed: bot_failed: KeyError at bot.py:", "KeyError: 's3'"):
        assert line in said
    sent_by_a_service({"method": "sendMessage", "chat_id": 4242, "text": "By a service"})
    expect(page.get_by_label("Event 2", exact=True).locator(".hop.call")).to_contain_text("By a se")
    assert capsys.readouterr().err == ""
    page.get_by_role("button", name="Set-up").click()
    expect(page.locator("#hops")).not_to_contain_text("sendMessage")
    page.locator(".row.in .bubble", has_text="Sent for an event").click()
    page.get_by_role("button", name="Send to ").click()
    expect(page.get_by_label("Event 3", exact=True).locator(".hop.call")).to_contain_text(
        "Good morning!"
    )
    expect(page.locator("#events .card h3")).to_have_count(4)


def test_its_page(visit: Visit, demo: Demo, tab: Tab) -> None:
    tab.console = False  # it reports the failed request
    page = visit()
    shown = page.frame_locator("#page iframe").frame_locator("iframe")
    page.get_by_role("button", name="Order here", exact=True).click()
    expect(shown.locator("#who")).to_have_text("Ada")
    shown.get_by_role("button", name="order", exact=True).click()
    expect(page.locator(".row.in .bubble")).to_contain_text("Ada ordered soup")
    order = page.get_by_label("POST /app/api/order", exact=True)
    expect(order).to_contain_text("an order of Ada")
    shown.get_by_role("button", name="fail", exact=True).click()
    failed = page.get_by_label("GET /app/api/fail", exact=True)
    expect(failed.locator(".hop.function pre").first).to_contain_text("ValueError")
    demo.edit("What would you like?", "What shall it be?", "app/index.html")
    expect(shown.locator("p").first).to_have_text("What shall it be?")
    expect(shown.locator("#who")).to_have_text("Ada")
    page.get_by_role("button", name="Close the page").click()
    say(page, "inline")
    page.get_by_role("button", name="Order", exact=True).click()
    expect(shown.locator("#who")).to_have_text("Ada")


def test_without_a_configuration_the_module_gets_what_a_bot_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = AwsDeployment("http://127.0.0.1:1", Host(BOT, tmp_path / "bot").step, BOT, {})
    emulator = SimpleNamespace(url="http://127.0.0.1:1")
    monkeypatch.setattr(deployment, "emulator", emulator, raising=False)

    def given() -> Json:
        variables = deployment.configuration(tmp_path / "module").variables
        optional = ("later", "mini_app", "session_retention_in_days")
        return {name: variables[name] for name in optional if name in variables}

    assert given() == {"mini_app": "Open"}
    remembers = tmp_path / "remembers"
    remembers.mkdir()
    (remembers / "bot.py").write_text("SESSION = 'chat'")
    (remembers / "reminders.py").write_text("from botkit import aws, schedule")
    deployment.bots[0].folder = remembers
    assert given() == {"session_retention_in_days": 1, "later": True}
    deployment.bots[0].folder = LAMBDA
    assert given() == {}
