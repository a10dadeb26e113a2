"""Bots' calls, as the demo's chat shows them, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from telegram_bot_aws.demo.tests.page.browser import Page, expect, fail_once, say, violations
from telegram_bot_aws.local.project import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator

BOT = ROOT / "tests" / "bots" / "playground"


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit()


def answer_to(page: Page, text: str, verdict: str = "answered") -> Locator:
    """Write a message, wait for the verdict, and return the chat's last entry."""
    say(page, text)
    expect(page.locator(".row.out").last).to_contain_text(text)
    expect(page.locator("#verdict")).to_have_text(verdict)
    return page.locator("#messages > *").last


def test_files_are_shown(page: Page) -> None:
    image = answer_to(page, "photo").locator("img.picture")
    expect(image).to_have_js_property("naturalWidth", 60)
    expect(image).to_have_attribute("height", "40")  # reserves its place before it is loaded
    expect(page.locator(".row.in .caption").last).to_have_text("Blue")
    file = answer_to(page, "file").locator("a.file")
    expect(file).to_contain_text("notes.txt")
    with page.expect_download() as download:
        file.click()
    assert download.value.path().read_bytes() == b"some notes"
    expect(answer_to(page, "voice").locator("audio")).to_be_visible()
    expect(answer_to(page, "album").locator(".album img")).to_have_count(2)
    # The page loads nothing from elsewhere: a file given by URL is a link.
    link = answer_to(page, "web").locator("a.file")
    expect(link).to_have_attribute("href", "https://example.org/a.png")


def test_an_invoice_is_paid_and_refunded(page: Page) -> None:
    answer_to(page, "pay").get_by_role("button", name="Pay", exact=True).click()
    paid, back = page.locator(".row.out .bubble").nth(1), page.locator(".row.out .bubble").nth(2)
    expect(paid).to_contain_text("Paid 3 ⭐")
    expect(back).to_contain_text("Got back 3 ⭐")


def test_what_is_shown_for_a_moment(page: Page) -> None:
    expect(answer_to(page, "typing")).to_have_text("typing")
    expect(page.locator(".doing")).to_have_count(0)
    expect(answer_to(page, "draft")).to_have_text("Let me thi")
    answer_to(page, "print")
    expect(page.locator(".draft")).to_have_count(0)


def test_a_message_is_edited_and_another_deleted(page: Page) -> None:
    message = answer_to(page, "buttons")
    expect(message.get_by_role("link", name="Docs")).to_have_attribute(
        "href", "https://core.telegram.org/"
    )
    message.get_by_role("button", name="Change").click()
    message = page.locator(".row.in").last
    expect(message).to_contain_text("Changed")
    expect(message).to_contain_text("edited")
    expect(message.locator(".keyboard button")).to_have_text(["New"])
    answer_to(page, "print")
    answer_to(page, "delete")
    expect(page.locator(".bubble.deleted").last).to_contain_text("Did print")


def test_an_answer_is_stopped(page: Page) -> None:
    answer_to(page, "story").get_by_role("button", name="Stop").click()
    expect(page.locator(".service").last).to_have_text("Ada stopped the answer")
    expect(page.locator(".row.in").last).to_contain_text("Stopped")
    expect(page.locator(".draft")).to_have_count(0)


def test_a_rich_message_has_paragraphs_and_buttons(page: Page) -> None:
    message = answer_to(page, "rich").locator(".bubble")
    texts = ["Soups", "With bread", "\N{BULLET} Tomato", "4.50", "More", "salt"]
    expect(message.locator("p")).to_have_text(texts)
    expect(message.get_by_role("button", name="Sold out")).to_be_disabled()
    message.get_by_role("button", name="Change").click()
    expect(page.locator(".service").last).to_have_text("Ada tapped Change")
    draft = answer_to(page, "thought").locator(".draft")
    expect(draft.locator("p")).to_have_text(["So", "Counting"])


def test_entities_are_drawn(page: Page) -> None:
    message = answer_to(page, "markup")
    drawn = {"b": "bold", "i": "italic", "u": "under", "s": "gone", "pre": "block"}
    drawn |= {"code": "code", "a": "link", "blockquote": "quote"}
    for tag, text in drawn.items():
        expect(message.locator(f".bubble span {tag}")).to_have_text(text)
    message.locator(".spoiler").click()
    expect(message.locator(".spoiler.shown")).to_have_text("secret")
    code = answer_to(page, "code").locator("pre")
    assert code.evaluate("e => e.scrollWidth > e.clientWidth")
    assert page.locator("#messages").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    expect(answer_to(page, "dice").locator(".dice")).to_have_text(re.compile("🎯value [1-6]"))


def test_pins_and_reactions(page: Page) -> None:
    answer_to(page, "pin")
    expect(page.locator("#pinned")).to_have_text("pin")
    answer_to(page, "unpin")
    expect(page.locator("#pinned")).to_have_count(0)
    expect(answer_to(page, "react").locator(".reactions")).to_have_text("🔥")
    row = page.locator(".row.out").last
    row.get_by_role("button", name="React", exact=True).click()
    row.get_by_role("button", name="React with 👍").click()
    expect(page.locator(".row.out").last.locator(".reactions")).to_contain_text("👍")
    expect(page.locator(".service").last).to_contain_text("Ada reacted 👍")


def test_a_reply_keyboard_and_a_forced_reply(page: Page) -> None:
    answer_to(page, "keyboard")
    keyboard = page.get_by_label("The bot's keyboard")
    keyboard.get_by_role("button", name="Tea").click()
    expect(page.locator(".row.out").last).to_contain_text("Tea")
    keyboard.get_by_role("button", name="My number").click()
    expect(page.locator("#messages")).to_contain_text("Ada sent a contact")
    answer_to(page, "remove")
    expect(keyboard).to_be_hidden()
    answer_to(page, "force")
    expect(page.locator("#context")).to_have_text("Reply to: Did force")
    say(page, "an answer")
    expect(page.locator(".row.out").last.locator(".reply")).to_contain_text("Did force")
    expect(page.locator("#messages")).to_contain_text("Ada sent an answer")
    expect(page.locator("#context")).to_be_hidden()


def test_the_menu_of_commands_and_an_inline_query(page: Page) -> None:
    page.get_by_role("button", name="Commands").click()
    page.get_by_role("menuitem", name="/tea Make some tea").click()
    expect(page.locator(".row.out").last).to_contain_text("/tea")
    say(page, "@echo_bot apples")
    page.get_by_role("button", name="Pick").last.click()
    expect(page.locator(".row").last).to_contain_text("Picked apples")
    expect(page.locator(".row").last).to_contain_text("via @echo_bot")


def test_a_second_person_writes(page: Page) -> None:
    say(page, "print")
    expect(page.locator("#messages")).to_contain_text("Did print")
    page.get_by_label("You are").select_option("Grace")
    expect(page.locator("#messages")).not_to_contain_text("Did print")
    say(page, "hi")
    expect(page.locator("#messages")).to_contain_text("Grace sent hi")
    page.get_by_role("tab", name="Group").click()
    say(page, "hi, all")
    expect(page.locator("#messages")).to_contain_text("Grace sent hi, all")


def test_what_is_printed_and_what_is_wrong(page: Page) -> None:
    answer_to(page, "print")
    expect(page.get_by_label("What the function printed")).to_have_text("a line of\tits own")
    answer_to(page, "raise", "bot.py failed")
    traceback = page.locator(".hop.function").get_by_label("Traceback")
    expect(traceback).to_contain_text("ValueError: no such thing")
    expect(traceback).to_have_text(re.compile(r"^Traceback .*\n  File .*/bot\.py"))
    expect(traceback).to_have_css("white-space", "pre")
    expect(page.locator(".row.out").last.locator(".why")).to_have_text("ValueError: no such thing")
    answer_to(page, "unknown")
    expect(page.locator(".row.in").last.locator(".why")).to_contain_text(
        "sendMessage has no parameter txt; did you mean text?"
    )
    card = answer_to(page, "other")
    expect(card).to_contain_text("editGeneralForumTopic")
    expect(card.locator("dd").last).to_have_text("News")
    say(page, "typo")
    expect(page.locator(".called").last).to_contain_text(
        "no such method; did you mean sendMessage?"
    )


def test_all_of_it_is_accessible_in_light_and_dark(page: Page) -> None:
    shown = "photo file voice album web buttons markup pin react dice keyboard unknown other print"
    shown += " rich markdown"
    for word in [*shown.split(), "delete", "story"]:
        answer_to(page, word)
    answer_to(page, "raise", "bot.py failed")
    fail_once(page, "403")
    answer_to(page, "print", "refused")
    expect(page.locator(".hop.failed")).to_be_visible()
    lightness = "e => getComputedStyle(e).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert page.locator("body").evaluate(lightness) > 200
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert page.locator("body").evaluate(lightness) < 60
    assert violations(page) == []
