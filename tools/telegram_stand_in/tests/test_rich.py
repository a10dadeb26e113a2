"""Rich messages and widgets: what is kept of them, and what they ask the bot."""

from __future__ import annotations

import random

import pytest

from telegram_stand_in import Json, Telegram
from telegram_stand_in.rich import buttons_in
from tests.support.telegram import CHAT, done, error, make, updates

FILE = "attach://file"
PRESS = {"text": "Yes", "callback_data": "yes"}
TEXT = {"type": "paragraph", "text": ["a ", {"type": "bold", "text": "b"}]}
BLOCKS: list[Json] = [
    TEXT,
    {"type": "list", "items": [{"blocks": [TEXT]}, {"blocks": [TEXT], "value": 7}]},
    {"type": "details", "summary": "more", "blocks": [{"type": "buttons", "buttons": [PRESS]}]},
    {"type": "paragraph", "text": {"type": "button", "button": {**PRESS, "text": "No"}}},
    {"type": "photo", "photo": {"type": "photo", "media": FILE, "has_spoiler": True}},
    {"type": "voice_note", "voice_note": {"type": "voice_note", "media": FILE}},
    {"type": "map", "location": {"latitude": 1, "longitude": 2}},
]


def test_blocks_become_those_of_a_message(telegram: Telegram) -> None:
    message = done(telegram, "sendRichMessage", rich_message={"blocks": BLOCKS})
    [text, items, details, _, photo, voice, place] = message["rich_message"]["blocks"]
    assert (text, details) == (BLOCKS[0], BLOCKS[2])
    assert [item["label"] for item in items["items"]] == ["•", "7."]
    assert photo["photo"][0]["width"] == 20 and photo["has_spoiler"] is True
    assert voice["voice_note"]["mime_type"] == "audio/ogg"
    assert place["zoom"] > 0
    assert [button["text"] for button in buttons_in(message["rich_message"])] == ["Yes", "No"]
    telegram.send({"message": message})
    assert updates(telegram) == [{"message": message}]  # as it is documented


WRONG: dict[str, tuple[Json, str]] = {
    "no block": ({"blocks": []}, "message text is empty"),
    "too much data": (
        {"blocks": [{"type": "buttons", "buttons": [{"text": "a", "callback_data": "x" * 65}]}]},
        "BUTTON_DATA_INVALID",
    ),
}


@pytest.mark.parametrize(("rich", "why"), WRONG.values(), ids=WRONG)
def test_a_rich_message_is_refused(telegram: Telegram, rich: Json, why: str) -> None:
    assert error(telegram, "sendRichMessage", rich_message=rich) == why


def test_a_widget_asks_and_is_answered_once(telegram: Telegram) -> None:
    sent = done(telegram, "sendWidget", html="<p>Hi</p>", chat_data="a", allow_queries=True)
    assert sent["widget"] == {"html": "<p>Hi</p>", "chat_data": "a"}
    assert sent["has_protected_content"] is True
    query = telegram.ask_by_widget(CHAT, sent["message_id"], "more")
    [update] = updates(telegram)
    assert update["widget_query"]["data"] == "more"
    assert update["widget_query"]["message_id"] == sent["message_id"]
    call = make(telegram, "answerWidgetQuery", widget_query_id=query, data="done")
    assert call.changes == [{"kind": "widget_answer", "id": query, "data": "done"}]
    again = error(telegram, "answerWidgetQuery", widget_query_id=query)
    assert again.startswith("query is too old")


def test_a_shared_widget_has_data_for_all_its_messages(telegram: Telegram) -> None:
    first = done(telegram, "sendWidget", html="x", is_shared=True, allow_queries=True)
    id = first["widget"]["id"]
    done(telegram, "editSharedWidgetData", widget_id=id, public_data="1 : 0")
    second = done(telegram, "sendSharedWidget", widget_id=id, chat_data="b")
    assert second["widget"] == {"html": "x", "id": id, "public_data": "1 : 0", "chat_data": "b"}
    telegram.ask_by_widget(CHAT, second["message_id"], "score")
    [update] = updates(telegram)
    assert update["shared_widget_query"]["widget_id"] == id


NOISE = random.Random(0).randbytes(5000).hex()  # zlib can halve it, and no more
WIDGETS: dict[str, tuple[str, Json, str]] = {
    "too long": ("sendWidget", {"html": "x" * 32_769}, "widget HTML is too long"),
    "too long when compressed": ("sendWidget", {"html": NOISE}, "widget HTML is too long"),
    "too much data": ("sendWidget", {"html": "x", "chat_data": "x" * 1025}, "widget data is"),
    "an unknown one": ("sendSharedWidget", {"widget_id": "x"}, "widget not found"),
}


@pytest.mark.parametrize(("method", "params", "why"), WIDGETS.values(), ids=WIDGETS)
def test_a_widget_is_refused(telegram: Telegram, method: str, params: Json, why: str) -> None:
    assert error(telegram, method, **params).startswith(why)


def test_a_widget_asks_only_if_it_may_and_by_few_bytes(telegram: Telegram) -> None:
    quiet = done(telegram, "sendWidget", html="x")["message_id"]
    with pytest.raises(ValueError, match="allow_queries"):
        telegram.ask_by_widget(CHAT, quiet, "more")
    asking = done(telegram, "sendWidget", html="x", allow_queries=True)["message_id"]
    for data in ("", "x" * 65):
        with pytest.raises(ValueError, match="1 to 64 bytes"):
            telegram.ask_by_widget(CHAT, asking, data)
