"""The demo's chat page, in a real Chromium, with a bot that echoes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telegram_bot_aws.demo.tests.page.browser import (
    Page,
    Tab,
    expect,
    fail_once,
    is_too_wide,
    say,
    violations,
)
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import LAMBDA
from tests.support import stubs
from tests.support.programs import save

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from telegram_bot_aws.demo.tests.page.host import Demo

BOT = stubs.BOT.parent
Visit = Callable[..., Page]


def send(page: Page, kind: str) -> None:
    page.locator("#attach-button").click()
    page.get_by_role("menuitem", name=kind).click()


def answers(page: Page) -> list[str]:
    """Return what the bot wrote, without what stands below it."""
    found = page.locator(".row.in .bubble").all_inner_texts()
    return [re.sub(r"\s*\d\d:\d\d(\s*details)?$", "", text) for text in found]


def attempt(page: Page, number: int) -> Locator:
    return page.get_by_label(f"Attempt {number}", exact=True)


def test_a_message_and_its_hops(visit: Visit) -> None:
    page = visit()
    say(page, "hello")
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    expect(page.locator(".hop b")).to_have_text(
        ["Update", "Event", "Function", "sendMessage", "Answer"]
    )
    expect(page.locator("#verdict")).to_have_text("answered")
    for name in ("message", "payload 2.0", "parameters"):
        page.locator(f"summary:text-is('{name}')").click()
    update, event, params = page.locator("details[open] pre").all_inner_texts()
    assert '"text": "hello"' in update
    assert '"routeKey": "POST /telegram"' in event
    assert '"x-telegram-bot-api-secret-token": "(hidden)"' in event
    assert '"text": "Heard: hello"' in params
    expect(page.locator(".hop").last).to_contain_text("HTTP 200")
    expect(attempt(page, 1).locator(".top")).to_contain_text(
        re.compile(r"Attempt 1.*warm.*HTTP 200.*\d ms")
    )
    before = page.locator("#messages").inner_text()
    page.reload()
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    assert page.locator("#messages").inner_text() == before
    expect(page.locator(".hop")).to_have_count(5)


REMEMBERS = """SESSION = "chat"


def reply(update: Json, session: Json) -> list[Json]:
    session |= {"before": session.get("now"), "now": update["message"]["text"], "is_new": True}
    if session["now"] == "/start":
        session.clear()
    return said(update)


def said("""


def test_what_a_bot_remembers_of_a_chat_and_forgets(visit: Visit, demo: Demo) -> None:
    page = visit()
    demo.edit("def reply(", REMEMBERS)
    session = page.get_by_role("region", name=re.compile("^Session "))
    for text in ("one", "two"):
        say(page, text)
        expect(page.locator("#messages")).to_contain_text(f"Heard: {text}")
    expect(session).to_contain_text("changed")
    expect(session.locator(".changed")).to_have_text(['beforenull → "one"', 'now"one" → "two"'])
    expect(session.locator("dl")).to_contain_text("is_newtrue")
    page.locator("summary:text-is('before')").click()
    assert '"now": "one"' in page.locator("details[open] pre").inner_text()
    assert violations(page) == []
    page.get_by_role("button", name="Forget", exact=True).click()
    expect(page.locator("#toast")).to_contain_text("Forgotten")
    say(page, "three")
    expect(session.locator(".changed").nth(1)).to_have_text('now— → "three"')
    say(page, "/start")
    expect(session).to_contain_text("forgotten by the bot")


DIALOGUE = """
from botkit import conversation

SESSION = "chat_user"


def order(message: Json) -> conversation.Dialogue:
    size = yield conversation.ask("size", said("Which size?", message))
    day = yield conversation.ask("day", said("Which day?", message))
    return said(f"{size} on {day}", message)


def said(text: str, message: Json) -> list[Json]:
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]


def otherwise(update: Json, session: Json) -> list[Json]:
    return said("Got it", update["message"])


reply = conversation.reply_with({"/order": order}, otherwise)
HANDLED = ["message"]
"""


def test_a_dialogue_is_in_words(visit: Visit, demo: Demo) -> None:
    demo.edit('HANDLED = {"message": reply, "callback_query": reply}', DIALOGUE)
    page = visit()
    for text, answer in (("/order", "Which size?"), ("M", "Which day?")):
        say(page, text)
        expect(page.locator("#messages")).to_contain_text(answer)
    session = page.get_by_role("region", name=re.compile("^Session "))
    changed = 'conversationorder(): asks size → order(): size: "M", asks day'
    expect(session.locator("dl")).to_have_text(changed)
    say(page, "Friday")
    expect(page.locator("#messages")).to_contain_text("M on Friday")
    assert violations(page) == []


def test_a_long_error_is_wrapped(visit: Visit, demo: Demo) -> None:
    page = visit(width=390)
    demo.edit("def reply(", 'raise ValueError("x " * 200)\n\n\ndef reply(')
    error = page.locator("#broken pre .wrapped").last
    expect(error).to_contain_text("ValueError: x x x")
    fits = "error => error.parentNode.scrollWidth <= error.parentNode.clientWidth"
    assert error.evaluate(fits)


def test_what_can_be_sent_and_a_vote(visit: Visit) -> None:
    page = visit()
    drawn = {
        "Photo": ".picture",
        "Sticker": ".sticker",
        "Voice": ".voice",
        "Location": ".picture",
        "Poll": ".poll",
    }
    for count, (kind, look) in enumerate(drawn.items(), 1):
        send(page, kind)
        expect(page.locator(".row.in")).to_have_count(count)
        expect(page.locator(".row.in").last.locator(look)).to_be_visible()
        expect(page.locator(".hop b").nth(3)).to_have_text("copyMessage")
    option = page.locator(".row.in .poll button.option").first
    option.click()
    expect(option).to_have_attribute("aria-pressed", "true")
    expect(option).to_contain_text("100 %")
    expect(page.locator(".row.in .poll")).to_contain_text("1 voted")


def test_an_album_and_what_is_forwarded_are_several_messages(visit: Visit) -> None:
    page = visit()
    send(page, "Album")
    expect(page.locator(".row.out")).to_have_count(1)
    expect(page.locator(".row.out .album .picture")).to_have_count(3)
    expect(page.locator(".row.in")).to_have_count(3)
    send(page, "Forwarded messages")
    expect(page.locator(".row.out")).to_have_count(4)
    expect(page.locator(".row.out").nth(1)).to_contain_text("Forwarded from Linus")
    expect(page.locator(".row.in")).to_have_count(6)


def test_a_button_is_pressed_and_a_message_edited(visit: Visit) -> None:
    page = visit()
    send(page, "/start")
    page.get_by_role("button", name="Press", exact=True).click()
    expect(page.locator("#toast.shown")).to_have_text("Pressed.")
    expect(page.locator(".service")).to_have_text("Ada tapped Press – “Pressed.”")
    expect(page.locator(".hop b").nth(3)).to_have_text("answerCallbackQuery")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("/start")
    say(page, "goodbye")
    expect(page.locator(".row.out .bubble")).to_contain_text(re.compile("goodbye.*edited"))
    expect(page.locator(".service").last).to_contain_text("Ada edited a message")


def test_an_alert_has_to_be_confirmed(visit: Visit, demo: Demo) -> None:
    demo.edit('"text": "Pressed."', '"text": "Pressed.", "show_alert": True')
    page = visit()
    send(page, "/start")
    page.get_by_role("button", name="Press", exact=True).click()
    alert = page.get_by_role("dialog")
    expect(alert).to_contain_text("Pressed.")
    assert violations(page) == []
    alert.get_by_role("button", name="OK").click()
    expect(alert).to_have_count(0)


def test_group_and_topic(visit: Visit) -> None:
    page = visit()
    for tab, chat_id in (("Group", "-1001000000001"), ("Topic", "-1001000000002")):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator("#messages")).not_to_contain_text("Heard: ")
        say(page, tab)
        expect(page.locator("#messages")).to_contain_text(f"Heard: {tab}")
        page.locator("summary:text-is('parameters')").click()
        expect(page.locator("details[open] pre")).to_contain_text(f'"chat_id": {chat_id}')
        page.locator("summary:text-is('parameters')").click()
    page.locator("summary:text-is('parameters')").click()
    expect(page.locator("details[open] pre")).to_contain_text('"message_thread_id": 7')


def test_what_is_unfolded_stays_so_when_it_is_drawn_again_at_once(visit: Visit) -> None:
    page = visit()
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("answered")
    page.evaluate("""() => {
        [...document.querySelectorAll("summary")].find(s => s.textContent == "parameters").click();
        document.querySelector("[data-name='view Set-up']").click();
        document.querySelector("#messages .bubble").click();
    }""")
    expect(page.locator("details[open] pre")).to_contain_text('"chat_id"')


def test_a_failure_of_telegram_and_the_recovery(visit: Visit, demo: Demo) -> None:
    page = visit()
    go_on = demo.hold(lambda delivery: delivery.attempt == 2)
    fail_once(page, "429")
    say(page, "hello")
    expect(page.locator("#redelivery")).to_contain_text(re.compile(r"redelivers it in [0-3]\.\d s"))
    expect(page.locator(".row.out .wait")).to_be_visible()
    expect(page.locator("#verdict")).to_have_text("will be redelivered")
    expect(attempt(page, 1).locator(".top .bad")).to_have_text("HTTP 503")
    assert answers(page) == []
    go_on.set()
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    # Telegram's seconds are shorter here than the bot's, which leaves the chat alone meanwhile.
    expect(page.locator(".card h3")).to_contain_text(["Attempt 1", "Attempt 2"])
    expect(page.locator("#redelivery")).to_have_count(0)
    expect(page.locator("#left")).to_have_count(0)
    assert answers(page) == ["Heard: hello"]


def test_other_failures(visit: Visit) -> None:
    page = visit()
    came: list[str] = []
    for kind, verdict, times in (("500", "answered", 1), ("403", "refused", 0), ("lost", "", 2)):
        fail_once(page, kind)
        say(page, kind)
        came += [f"Heard: {kind}"] * times
        expect(page.locator(".row.in")).to_have_count(len(came))
        expect(page.locator("#verdict")).to_have_text(verdict or "answered")
        assert answers(page) == came


def test_silence_is_waited_out(visit: Visit, demo: Demo) -> None:
    page = visit()
    go_on = demo.hold(lambda delivery: delivery.attempt == 1 and delivery.status > 0)
    fail_once(page, "silence")
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("under way")
    expect(page.locator(".hop.call")).to_contain_text("no answer")
    go_on.set()
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    expect(page.locator(".card h3")).to_have_text(["Attempt 1", "Attempt 2"])


def test_changes_of_the_code(visit: Visit, demo: Demo) -> None:
    """One works. Another can't be loaded until it is fixed, and the bot answers as before."""
    page = visit()
    demo.edit("Heard: ", "Noted: ")
    expect(page.locator("#reloaded")).to_have_text(re.compile(r"^bot\.py reloaded in \d+ ms$"))
    say(page, "one")
    expect(page.locator("#messages")).to_contain_text("Noted: one")
    demo.edit("def reply(", "def reply(:")
    expect(page.locator("#broken")).to_contain_text("bot.py can't be imported: SyntaxError")
    expect(page.locator("#broken")).to_contain_text("the bot answers as it did before")
    say(page, "two")
    expect(page.locator("#messages")).to_contain_text("Noted: two")
    page.reload()
    expect(page.locator("#broken")).to_contain_text("SyntaxError")
    demo.edit("def reply(:", "def reply(")
    expect(page.locator("#broken")).to_have_count(0)
    say(page, "three")
    expect(page.locator("#messages")).to_contain_text("Noted: three")
    # What Telegram refuses of it is noticed only when it is live.
    demo.edit('"What this bot does"', '""')
    expect(page.locator("#broken")).to_contain_text("It is live, but not registered.")


def test_what_waits_for_its_time_is_listed_and_can_run_at_once(visit: Visit, demo: Demo) -> None:
    imports = "from datetime import UTC, datetime\nfrom botkit import schedule\n\n"
    save(demo.folder / "bot.py", "def reply(", f"{imports}def reply(")
    send = "schedule.once({**call, 'text': 'Tea'}, datetime(2099, 1, 1, tzinfo=UTC), 'tea')"
    demo.edit("    return [call]", f"    {send}\n    return [call]")
    page = visit()
    say(page, "hello")
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    page.get_by_role("button", name="Events", exact=True).click()
    expect(page.locator("#later li")).to_have_count(1)
    expect(page.locator("#later")).to_contain_text(" · tea")
    assert violations(page) == []
    page.reload()
    page.get_by_role("button", name="Events", exact=True).click()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#messages")).to_contain_text("Tea")
    expect(page.locator("#later")).to_have_count(0)


def test_what_failed_is_answered_after_a_saved_change(visit: Visit, demo: Demo) -> None:
    demo.edit("    return [call]", "    raise ValueError\n    return [call]")
    page = visit()
    say(page, "hello")
    page.get_by_role("button", name="Events", exact=True).click()
    expect(page.locator("#failed li")).to_have_count(1)
    expect(page.locator("#failed")).to_contain_text("bot_failed: ValueError at bot.py:")
    assert violations(page) == []
    page.get_by_role("button", name="Replay it").click()
    expect(page.locator("#toast")).to_contain_text("0 answered, 1 failed again: ValueError")
    demo.edit("    raise ValueError\n", "")
    page.get_by_role("button", name="Replay it").click()
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    expect(page.locator("#failed")).to_have_count(0)


def test_a_container_that_ended_starts_cold(visit: Visit) -> None:
    page = visit()
    say(page, "one")
    expect(attempt(page, 1).locator(".top")).to_contain_text("warm")
    first = page.locator("#hops h2").inner_text()
    page.get_by_role("button", name="End the function's container").click()
    page.get_by_text("The container was ended").wait_for()
    say(page, "two")
    expect(attempt(page, 1).locator(".top")).to_contain_text("cold")
    expect(page.locator(".hop.function")).to_contain_text(re.compile(r"Start: [\d.]+ m?s"))
    page.locator(".row.out .bubble").first.click()  # it was ended, and then another one started
    expect(page.locator("#hops h2")).to_have_text(first)
    expect(page.get_by_role("button", name="End the function's container")).to_be_visible()


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    for text in ("one", "two"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(page.locator("#messages")).to_contain_text(f"Heard: {text}")
    expect(page.locator(".row.selected")).to_have_count(2)
    second = page.locator("#hops h2").inner_text()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(page.locator("#hops h2")).not_to_have_text(second)
    expect(page.locator(".row.selected").first).to_contain_text("one")
    page.keyboard.press("Enter")
    expect(page.locator("summary").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.press("Alt+2")
    expect(page.locator("#title")).to_have_text("Book club")
    page.get_by_label("The bot is").select_option("an administrator")
    page.get_by_label("Message", exact=True).focus()
    page.keyboard.type("line one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("line two")
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("Heard: line one\nline two")


def test_a_message_that_cannot_be_sent_is_reported_and_kept(visit: Visit) -> None:
    page = visit()
    say(page, " ")
    say(page, "x" * 4097)
    expect(page.locator("#problem")).to_have_text(
        "Telegram takes 4096 characters at most, not 4097."
    )
    expect(page.get_by_label("Message", exact=True)).to_have_value("x" * 4097)
    expect(page.locator(".row")).to_have_count(0)


def test_a_narrow_screen(visit: Visit) -> None:
    page = visit(width=360)
    send(page, "/start")
    expect(page.get_by_role("button", name="Press", exact=True)).to_be_visible()
    say(page, "a long word: " + "x" * 200)
    expect(page.locator(".row.in")).to_have_count(2)
    fail_once(page, "403")
    say(page, "hello")
    expect(page.locator(".why.bad")).to_be_visible()
    assert not is_too_wide(page)
    assert page.locator("#messages").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    expect(page.locator("#hops")).to_be_hidden()
    expect(page.locator(".row.out .invite").last).to_be_visible()
    assert violations(page) == []
    page.locator(".row.out .bubble").last.click()
    expect(page.locator(".hop.failed")).to_be_visible()
    expect(page.locator("#chat")).to_be_hidden()
    assert page.locator("#hops").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    assert violations(page) == []
    page.get_by_role("button", name="Back to the chat").click()
    expect(page.locator("#chat")).to_be_visible()


def test_a_reader_of_old_messages_stays_there(visit: Visit, demo: Demo) -> None:
    page = visit()
    for number in range(9):
        say(page, f"{number}\n{number}")
        expect(page.locator(".row.in")).to_have_count(number + 1)
    messages = page.locator("#messages")
    messages.evaluate("e => { e.scrollTop = 0; }")
    page.get_by_role("button", name="Events", exact=True).click()
    page.get_by_role("button", name="Send to ").click()
    newer = page.get_by_role("button", name="↓ new")
    expect(newer).to_be_visible()
    assert messages.evaluate("e => e.scrollTop") == 0
    newer.click()
    expect(messages.get_by_text("Good morning!")).to_be_in_viewport()
    expect(newer).to_be_hidden()
    messages.evaluate("e => { e.scrollTop = 0; }")
    say(page, "my own")
    expect(page.locator(".row.out").last).to_be_in_viewport()


def test_an_event_and_what_it_did(visit: Visit, tab: Tab) -> None:
    tab.console = False  # it reports the refused request
    page = visit()
    page.get_by_role("button", name="Events", exact=True).click()
    expect(page.locator("#events")).to_contain_text("No event has come yet.")
    page.get_by_label("The event, as JSON").fill("{")
    page.get_by_role("button", name="Send to ").click()
    problem = page.locator("#events .problem")
    expect(problem).to_contain_text("An event is JSON: ")
    page.get_by_label("Sample").select_option("S3: an object was created")
    page.get_by_role("button", name="Send to ").click()
    expect(problem).to_have_count(0)
    event = page.get_by_label("Event 1", exact=True)
    expect(event.locator(".top")).to_contain_text("aws:s3")
    expect(event.locator(".hop.failed")).to_contain_text("bot.py has no on_event()")
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("answered")
    page.get_by_role("button", name="Events", exact=True).click()
    page.get_by_label("Sample").select_option("A call, as a schedule sends it")
    page.get_by_role("button", name="Send to ").click()
    event = page.get_by_label("Event 2", exact=True)
    expect(event.locator(".hop b")).to_have_text(["Event", "Function", "sendMessage"])
    expect(event.locator(".top")).to_contain_text("answered")
    assert violations(page) == []
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("answered")
    page.locator(".row.in .bubble", has_text="Sent for an event").click()
    expect(page.locator(".card.selected h3")).to_have_text("Event 2: sendMessage")


def test_a_registration_is_shown_with_no_message(visit: Visit, demo: Demo) -> None:
    page = visit()
    go_on = demo.hold(lambda delivery: delivery.status > 0)  # it stays under way
    say(page, "hello")
    expect(page.locator(".row.in")).to_have_count(1)
    demo.edit("What this bot does", "What it is for")
    go_on.set()
    expect(page.locator("#verdict")).to_have_text("answered")
    expect(page.locator(".hop.call b")).to_have_text(["sendMessage"])
    page.get_by_role("button", name="Set-up").click()
    expect(page.locator(".hop.call b").get_by_text("setMyCommands")).to_have_count(2)


def test_no_answer_is_told(visit: Visit, demo: Demo) -> None:
    demo.edit("return [call]", "return []")
    page = visit()
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("no answer")
    expect(page.locator(".row.out .meta")).to_contain_text("no answer")


def test_a_reply_by_the_keyboard(visit: Visit) -> None:
    """The tools of messages are no tab stops; the arrow keys reach them."""
    page = visit()
    say(page, "one")
    expect(page.locator(".row.in")).to_have_count(1)
    for key in ("ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Reply").last).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#context")).to_contain_text("Reply to: Heard: one")
    say(page, "two")
    expect(page.locator(".row.out").last.locator(".reply")).to_have_text("Echo Heard: one")
    expect(page.locator("#context")).to_be_hidden()
    page.locator("#messages").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send something else")).to_be_focused()


def test_commands_are_suggested(visit: Visit, demo: Demo) -> None:
    demo.edit('{"start": "What this bot does"}', '{"tea": "Make tea", "toast": "Toast"}')
    page = visit()
    field = page.get_by_label("Message", exact=True)
    field.press_sequentially("/t")
    options = page.get_by_label("Suggested commands").get_by_role("option")
    expect(options).to_have_count(2)
    assert violations(page) == []
    field.press_sequentially("o")
    expect(options).to_have_text("/toastToast")
    field.press("Tab")
    expect(field).to_have_value("/toast ")
    expect(options).to_have_count(0)
    field.fill("/")
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        field.press(key)
    expect(page.locator(".row.out").last).to_contain_text("/toast")
    expect(field).to_have_value("")


def test_an_update_is_sent_again_edited_and_copied_as_a_test(
    visit: Visit, demo: Demo, tab: Tab, tmp_path: Path
) -> None:
    tab.console = False
    page = visit()
    say(page, "one")
    expect(page.locator("#verdict")).to_have_text("answered")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".row.in")).to_have_count(2)
    expect(page.locator("#hops h2")).not_to_have_text("Update 900000001")
    page.get_by_role("button", name="Edit and send").click()
    draft = page.get_by_label("The update, as JSON")
    send = page.get_by_role("region", name="Edit and send").get_by_role("button", name="Send")
    edited = draft.input_value().replace("one", "“two”")
    draft.fill("[]")
    send.click()
    expect(page.locator("#hops .problem")).to_contain_text("An update is an object")
    draft.fill(edited)
    send.click()
    expect(page.locator(".row.in").last).to_contain_text("Heard: “two”")
    expect(draft).to_have_count(0)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as JSON").click()
    expect(page.locator("#toast")).to_have_text("The update is copied.")
    read = "() => navigator.clipboard.readText()"
    assert json.loads(page.evaluate(read))["message"]["text"] == "“two”"
    page.get_by_role("button", name="Copy as a test").click()
    expect(page.locator("#toast")).to_contain_text("The test is copied")
    (tmp_path / "test_copied.py").write_text(page.evaluate(read))
    shutil.copy(demo.folder / "bot.py", tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    path = {**os.environ, "PYTHONPATH": str(LAMBDA)}
    ran = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True)
    assert "1 passed" in ran.stdout, ran.stdout


def test_a_button_that_is_pressed_as_something_comes_gets_its_click(visit: Visit) -> None:
    page = visit()
    say(page, "one")
    expect(page.locator("#verdict")).to_have_text("answered")
    update = page.locator("#hops h2")
    first = update.inner_text()
    page.get_by_role("button", name="Send again").hover()
    page.mouse.down()
    say(page, "two")
    expect(page.locator(".row.out")).to_have_count(2)
    expect(update).to_have_text(first)
    page.mouse.up()
    expect(page.locator(".row.in")).to_have_count(3)
    expect(page.locator(".row.in").last).to_contain_text("one")
    expect(update).not_to_have_text(first)


def test_text_from_right_to_left(visit: Visit) -> None:
    page = visit()
    for text, direction in (("שלום", "rtl"), ("hello", "ltr")):
        say(page, text)
        expect(page.locator(".row.out .bubble").last).to_contain_text(text)
        expect(page.locator(".row.out .bubble").last).to_have_css("direction", direction)


def test_no_picture_is_taken_without_the_emulated_aws(visit: Visit) -> None:
    from telegram_bot_aws.demo import screenshot  # needs Playwright

    with pytest.raises(ToolError, match="no picture, since there is no emulated AWS: "):
        screenshot.act(visit())


def test_a_picture_is_saved_as_webp_unless_it_is_too_large(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telegram_bot_aws.demo import screenshot

    page, path = visit(), tmp_path / "page.webp"
    picture = page.screenshot()
    page.goto("about:blank")
    saved = screenshot.save(page, path, picture).read_bytes()
    assert (saved[:4], saved[8:12]) == (b"RIFF", b"WEBP")
    assert len(saved) < len(picture)
    monkeypatch.setattr(screenshot, "LARGEST", len(saved))
    with pytest.raises(ToolError, match=f"page.webp has {len(saved)} bytes, and must have 1 to "):
        screenshot.save(page, path, picture)
