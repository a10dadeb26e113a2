"""The demo's chat page, in a real Chromium, with a bot that does what a message says."""

import json
import re

from telegram_bot_aws.demo.deployments import WEBHOOK_SECRET
from telegram_bot_aws.demo.tests.page.browser import edit, expect, fail_once, is_well_drawn, say
from telegram_bot_aws.local.project import ROOT

BOT = ROOT / "tests" / "bots" / "playground"


def answer_to(page, text, verdict="answered"):
    """Write a message, wait for the verdict, and return the chat's last entry."""
    before = page.locator("#timeline h2").inner_text()
    say(page, text)
    expect(page.locator("#timeline h2")).not_to_have_text(before)
    expect(page.locator("#verdict")).to_have_text(verdict)
    return page.locator("#messages > *").last


# What a message says; where in the chat's last entry what is shown; and its text.
SHOWN = {
    "photo": [(".caption", "Blue"), ("img.picture[src^='file/'][height='40']", "")],
    "file": [("a.file[download] b", "notes.txt"), ("a.file small", "File, 10B")],
    "voice": [("audio[src^='file/']", "")],
    # The page loads nothing from elsewhere: a file given by URL is a link.
    "web": [("a.file[href='https://example.org/a.png'] b", "Photo")],
    "buttons": [
        (".keyboard a[href='https://core.telegram.org/']", "Docs"),
        (".keyboard button", "Change"),
    ],
    "markup": [
        ("span:has(> b)", "bold italic under gone secret code block link quote"),
        ("b", "bold"),
        ("i", "italic under"),
        ("i u", "under"),
        ("s", "gone"),
        ("code", "code"),
        ("pre", "block"),
        ("button.spoiler", "secret"),
        ("a[href='https://example.org/']", "link"),
        ("blockquote", "quote"),
    ],
    "rich": [
        ("p:nth-of-type(1)", "Soups"),
        ("p:nth-of-type(2)", "With bread"),
        (".keyboard button:disabled", "Sold out"),
    ],
    "dice": [(".dice small", re.compile("value [1-6]"))],
    "pay": [("b", "Tea"), ("button.option", "Pay")],
    "react": [(".reactions", "🔥")],
    "draft": [(".draft", "Let me thi")],
    "unknown": [(".why", "sendMessage has no parameter txt; did you mean text?")],
    "other": [("b", "editGeneralForumTopic"), ("pre", re.compile('"name": "News"'))],
    "print": [("span", "Did print")],
}


def test_calls_and_unknown_kinds_are_shown(page, demo):
    for word, places in SHOWN.items():
        entry = answer_to(page, word)
        for place, text in places:
            expect(entry.locator(place).first, f"{word}: {place}").to_have_text(text)
    expect(page.get_by_label("What the function printed")).to_have_text("a line of\tits own")
    expect(answer_to(page, "album").locator(".album img")).to_have_count(2)
    spoiler = answer_to(page, "markup").locator(".spoiler")
    spoiler.click()
    expect(spoiler).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    with page.expect_download() as download:
        answer_to(page, "file").locator("a.file").click()
    assert download.value.path().read_bytes() == b"some notes"
    telegram = demo.chat.telegram
    telegram.send(telegram.message(gift={"text": "Tea"}), telegram.bot)
    card = page.locator(".row.out").last.locator(".card-of")
    expect(card).to_have_text(re.compile('gift.*"text": "Tea"', re.DOTALL))


def test_timeline_shows_the_steps_of_an_update(page, demo):
    answer_to(page, "print")
    expect(page.locator(".step b")).to_have_text(["Update", "Function", "sendMessage", "Answer"])
    for name in ("message", "parameters"):
        page.locator(f"summary:text-is('{name}')").click()
    update, params = page.locator("details[open] pre").all_inner_texts()
    assert '"text": "print"' in update
    assert '"text": "Did print"' in params
    assert WEBHOOK_SECRET not in json.dumps(demo.chat.traces.by_update)
    attempt = page.get_by_label("Attempt 1", exact=True)
    expect(attempt).to_contain_text(re.compile(r"^Attempt 1.*warmHTTP 200[\d.]+ ms"))
    page.reload()
    expect(page.locator(".row.in .bubble").last).to_contain_text("Did print")


def test_failures_of_telegram_are_shown(page, demo, monkeypatch):
    fail_once(page, "429")
    with monkeypatch.context() as slow:  # so that a busy browser sees the pause
        slow.setattr(demo.chat.telegram, "pace", 60.0)
        say(page, "print")
        expect(page.locator(".row.out .meta .warn").last).to_be_visible()
        expect(page.locator("#redelivery")).to_contain_text("redelivers it in")
    demo.chat.telegram.advance(60)
    expect(page.locator("#verdict")).to_have_text("answered")
    expect(page.locator(".pause").first).to_contain_text("redelivered the update")
    expect(page.locator(".row.out .meta").last).to_contain_text(re.compile(r"\d+ attempts"))
    fail_once(page, "403")
    answer_to(page, "print", "refused")
    expect(page.locator(".row.out .why.bad").last).to_contain_text("blocked")
    fail_once(page, "lost")
    say(page, "dice")
    expect(page.locator("#timeline").get_by_text("once for each attempt")).to_have_count(1)
    expect(page.locator("#verdict")).to_have_text("answered")


def test_failure_of_the_bot_shows_its_traceback(page):
    answer_to(page, "raise", "bot.py failed")
    traceback = page.get_by_label("Traceback")
    expect(traceback).to_have_text(re.compile(r"^Traceback .*\n  File .*/bot\.py"))
    expect(traceback).to_contain_text("ValueError: no such thing")
    expect(page.locator(".row.out").last.locator(".why")).to_have_text("ValueError: no such thing")
    wrapped = traceback.locator(".wrapped").last
    expect(wrapped).to_have_css("white-space", "pre-wrap")
    say(page, "typo")
    expect(page.locator(".called").last).to_contain_text("did you mean sendMessage?")


# What a message says, if there is one; what is pressed then; and what the chat shows where.
PRESSED = [
    ("buttons", "Change", ".row.in", "Changed.*New$"),
    ("story", "Stop", ".row.in", "Stopped"),
    ("poll", "Yes", ".poll", "Yes100 %.*1 voted"),
    ("", "Yes", ".poll", "No votes yet"),
    ("pay", "Pay", ".row.in", "refundStarPayment called"),
    ("keyboard", "My number", ".row.in", "Ada sent a contact"),
    ("@echo_bot apples", "Pick", ".row", "via @echo_bot"),
]


def test_people_press_buttons(page):
    for word, button, place, shown in PRESSED:
        if word:
            answer_to(page, word)
        page.get_by_role("button", name=button).last.click()
        expect(page.locator(place).last, f"{word}: {button}").to_have_text(re.compile(shown))
    answer_to(page, "remove")
    expect(page.locator("#keyboard")).to_be_hidden()


def test_people_react_reply_and_choose_commands(page):
    answer_to(page, "print")
    row = page.locator(".row.out").last
    row.hover()
    row.get_by_role("button", name="React", exact=True).click()
    row.get_by_role("button", name="React with 👍").click()
    expect(page.locator(".row.out").last.locator(".reactions")).to_contain_text("👍")
    expect(page.locator(".service").last).to_contain_text("Ada reacted 👍")
    answer_to(page, "delete")
    expect(page.locator(".bubble.deleted").last).to_contain_text("Did print")
    answer_to(page, "force")
    expect(page.locator("#context")).to_have_text("Reply to: Did force")
    answer_to(page, "an answer")
    expect(page.locator(".row.out").last.locator(".reply")).to_contain_text("Did force")
    page.get_by_role("button", name="Commands").click()
    page.get_by_role("button", name="/tea Make some tea").click()
    page.locator(".row.out").last.get_by_role("button", name="/tea").click()
    expect(page.locator(".row.out .command")).to_have_count(2)


def test_persons_and_chats_can_be_changed(page):
    page.get_by_label("You are").select_option("Grace")
    say(page, "hi")
    expect(page.locator(".row.in").last).to_contain_text("Grace sent hi")
    page.get_by_role("button", name="Group").click()
    expect(page.locator("#title")).to_have_text("Book club")
    say(page, "hi, all")
    expect(page.locator(".row.in").last).to_contain_text("Grace sent hi, all")
    page.get_by_role("button", name="Topic").click()
    expect(page.locator(".row")).to_have_count(0)


def test_saved_change_is_live_at_once(page, demo):
    edit(demo, "Did {word}", "Saw {word}")
    expect(page.locator("#toast")).to_contain_text(re.compile(r"bot\.py reloaded in \d+ ms"))
    expect(answer_to(page, "print")).to_contain_text("Saw print")
    edit(demo, "Saw {word}", "Did {word")
    expect(page.locator("#broken")).to_contain_text("SyntaxError")
    edit(demo, "Did {word", "Did {word}")
    expect(page.locator("#broken")).to_have_count(0)


def test_keyboard_alone_is_enough(page):
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    for text in ("print", "dice"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(page.locator(".row.out").last).to_contain_text(text)
        expect(page.locator("#verdict")).to_have_text("answered")
    second = page.locator("#timeline h2").inner_text()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(page.locator("#timeline h2")).not_to_have_text(second)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reply").last).to_be_focused()
    for key in ("Escape", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("summary").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.press("Alt+2")
    expect(page.locator("#title")).to_have_text("Book club")


def test_too_long_message_is_reported_and_kept(page):
    say(page, "x" * 4097)
    expect(page.locator("#problem")).to_have_text(re.compile("4096 characters at most, not 4097"))
    expect(page.get_by_label("Message", exact=True)).to_have_value("x" * 4097)
    page.keyboard.press("Backspace")
    expect(page.locator("#problem")).to_have_text("")


def test_new_message_keeps_the_readers_place(page, demo):
    messages = page.locator("#messages")
    for text in "123456789":
        answer_to(page, f"print\n{text}\n{text}", "no answer")
    messages.evaluate("e => { e.scrollTop = 0; }")
    [hosted] = demo.chat.deployment.bots
    tea = {"method": "sendMessage", "chat_id": 4242, "text": "Good morning!"}
    demo.chat.deployment.send_event(hosted, tea)
    expect(messages.get_by_text("Good morning!")).to_be_attached()
    assert messages.evaluate("e => e.scrollTop") == 0
    answer_to(page, "print")  # what the reader writes is shown
    assert messages.evaluate("e => e.scrollTop") > 0


def test_page_is_accessible(page):
    for word in ("photo", "markup", "rich", "keyboard", "pay", "album", "unknown", "other"):
        answer_to(page, word)
    answer_to(page, "raise", "bot.py failed")
    fail_once(page, "403")
    answer_to(page, "print", "refused")
    for width, scheme in ((1280, "light"), (1280, "dark"), (360, "dark")):
        is_well_drawn(page, width, scheme)
    expect(page.locator("#timeline")).to_be_hidden()
    page.locator(".row.out .bubble").last.click()
    expect(page.locator("#chat")).to_be_hidden()
    is_well_drawn(page, 360, "dark")
    page.get_by_role("button", name="Back to the chat").click()
    expect(page.locator("#chat")).to_be_visible()
    page.locator(".row.out .bubble").last.click()
    page.route("**/fail", lambda route: route.fulfill())  # which isn't JSON
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#problem")).to_be_visible()
