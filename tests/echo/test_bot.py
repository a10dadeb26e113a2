"""bot.py: what the bot says. Each file in updates/ is an update, with the exact calls it gets."""

import json
import runpy
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram_bot_aws.local.project import LAMBDA
from telegram_stand_in import TYPES

from tests.support.stubs import message

bot = SimpleNamespace(**runpy.run_path(LAMBDA / "bot.py"))

UPDATES = Path(__file__).parent / "updates"
CASES = {
    str(path.relative_to(UPDATES).with_suffix("")): json.loads(path.read_text("utf-8"))
    for path in sorted(UPDATES.rglob("*.json"))
}
FIELDS = set(TYPES["Message"])
COPIED = set(
    "animation audio checklist contact dice document game live_photo location photo poll "
    "rich_message sticker story venue video video_note voice".split()
)
NOT_COPIED = {"giveaway", "giveaway_winners", "invoice", "paid_media"}


@pytest.fixture(autouse=True)
def named():
    """Let the bot know its name, which it would ask Telegram for."""
    telegram = import_module("botkit.telegram")  # other tests load it again
    telegram.default_client.username = "echo_bot"


def reply(**fields):
    """Return the calls that answer a message."""
    return bot.reply(message(**fields))


@pytest.mark.parametrize("case", CASES)
def test_bot_answers_as_its_examples_say(case):
    assert bot.reply(CASES[case]["update"]) == CASES[case]["calls"], CASES[case]["why"]


def test_content_is_copied_if_telegram_can():
    copies = [{"method": "copyMessage", "chat_id": 42, "from_chat_id": 42, "message_id": 7}]
    says = [{"method": "sendMessage", "chat_id": 42, "text": bot.SORRY}]
    answers = dict.fromkeys(FIELDS | {"a_field_of_tomorrow"}, [])
    answers |= dict.fromkeys(COPIED, copies) | dict.fromkeys(NOT_COPIED, says)
    for field in answers.keys() - message()["message"]:  # a text among them
        content = {"type": "regular"} if field == "poll" else {}  # a quiz may not be copied
        assert reply(**{field: content}) == answers[field], field


ROOM = 4096 - len("You said: ")
TEXTS = {
    "longest": ("x" * ROOM, "sendMessage"),
    "one too many": ("x" * (ROOM + 1), "copyMessage"),
    "pair across the limit": ("x" * (ROOM - 1) + "👍", "copyMessage"),
    "longest of pairs": ("👍" * (ROOM // 2), "sendMessage"),
    "longest of the last single unit": ("\uffff" * ROOM, "sendMessage"),
}


@pytest.mark.parametrize(("text", "method"), TEXTS.values(), ids=TEXTS)
def test_a_text_that_the_prefix_makes_too_long_is_copied(text, method):
    (call,) = reply(text=text)
    assert call["method"] == method
    assert call.get("text", "You said: " + text) == "You said: " + text


@pytest.mark.parametrize("text", ["/stop", "/start@another_bot", "x /help"])
def test_other_commands_are_echoed(text):
    (call,) = reply(text=text)
    assert call["text"] == "You said: " + text


@settings(deadline=None)  # the machine may be busy
@given(st.text(st.characters(codec=None), max_size=40), st.data())
def test_an_entity_holds_the_same_text_after_the_prefix(text, data):
    units = text.encode("utf-16-le", "surrogatepass")
    offset = data.draw(st.integers(0, len(units) // 2))
    length = data.draw(st.integers(0, len(units) // 2 - offset))
    entity = {"type": "bold", "offset": offset, "length": length, "new": [offset]}
    (call,) = reply(text=text, entities=[entity])
    said = call["text"].encode("utf-16-le", "surrogatepass")
    if "reply_markup" not in call:
        (moved,) = call["entities"]
        start = moved["offset"]
        part = said[start * 2 : (start + moved["length"]) * 2]
        assert part == units[offset * 2 : (offset + length) * 2]
        assert moved == {**entity, "offset": start}
