"""Messages that one person sees in a group: sent, edited, pressed and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from telegram_stand_in import ADA, GRACE, Json, Telegram
from tests.calls import done, error, make, updates

GROUP: Json = {"id": -1001000000001, "type": "supergroup", "title": "Book club"}
BUTTON = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
FOR_GRACE = {"receiver_user_id": GRACE["id"]}


@pytest.fixture(autouse=True)
def group(telegram: Telegram) -> None:
    """A group in which Grace wrote."""
    telegram.send(telegram.message("hello", chat=GROUP, user=GRACE))
    updates(telegram)


def for_one(telegram: Telegram, **params: Any) -> Json:
    """Send an ephemeral message to Grace, and return it."""
    params = {"chat_id": GROUP["id"], "text": "psst", "reply_markup": BUTTON, **params}
    wish = {"ephemeral_message_parameters": FOR_GRACE}
    message: Json = done(telegram, "sendMessage", **wish | params)
    return message


def test_it_has_an_id_of_its_own_and_a_receiver(telegram: Telegram) -> None:
    known = len(telegram.messages)
    message = for_one(telegram)
    assert (message["message_id"], message["receiver_user"]) == (0, GRACE)
    assert message["ephemeral_message_id"] > 0
    assert len(telegram.messages) == known, "nobody else has it"


def test_it_is_edited_and_deleted_by_its_own_methods(telegram: Telegram) -> None:
    id = for_one(telegram)["ephemeral_message_id"]
    place = {"chat_id": GROUP["id"], "ephemeral_message_id": id, **FOR_GRACE}
    call = make(telegram, "editEphemeralMessageText", **place, text="louder")
    assert call.answer["result"] is True
    assert call.changes[0]["message"]["text"] == "louder"
    others = {**place, "receiver_user_id": ADA["id"]}
    assert error(telegram, "deleteEphemeralMessage", **others) == "message to delete not found"
    call = make(telegram, "deleteEphemeralMessage", **place)
    gone = {"kind": "deleted", "chat_id": GROUP["id"], "message_id": 0}
    assert call.changes == [{**gone, "ephemeral_message_id": id}]
    assert error(telegram, "deleteEphemeralMessage", **place) == "message to delete not found"


def test_its_press_may_be_answered_by_another_one(telegram: Telegram) -> None:
    """The press tells the chat and the person."""
    id = for_one(telegram)["ephemeral_message_id"]
    press = telegram.press(GROUP["id"], 0, "yes", GRACE, id)
    [update] = updates(telegram)
    assert update["callback_query"]["message"]["ephemeral_message_id"] == id
    wish = {"ephemeral_message_parameters": {"callback_query_id": press}}
    call = telegram.answer("sendMessage", {"text": "Thanks", **wish})
    assert call.answer["result"]["chat"] == GROUP
    assert call.answer["result"]["receiver_user"] == GRACE


REFUSED: dict[str, tuple[Json, str]] = {
    "nobody": ({"ephemeral_message_parameters": {}}, "USER_ID_INVALID"),
    "a bot": (
        {"ephemeral_message_parameters": {"receiver_user_id": 1234567890}},
        "USER_ID_INVALID",
    ),
    "no such press": (
        {"ephemeral_message_parameters": {"callback_query_id": "x"}},
        "QUERY_ID_INVALID",
    ),
    "a private chat": ({"chat_id": ADA["id"]}, "ephemeral messages can be sent to groups only"),
    "no chat": ({"chat_id": ""}, "chat_id is empty"),
}


@pytest.mark.parametrize(("params", "why"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused(telegram: Telegram, params: Json, why: str) -> None:
    wish = {"ephemeral_message_parameters": FOR_GRACE, "chat_id": GROUP["id"], "text": "psst"}
    assert error(telegram, "sendMessage", **wish | params) == why


def test_a_bot_that_is_no_administrator_needs_a_press(telegram: Telegram) -> None:
    bot = telegram.bot.user
    telegram.members[GROUP["id"], bot["id"]] = {"status": "member", "user": bot}
    wish = {"ephemeral_message_parameters": FOR_GRACE, "chat_id": GROUP["id"], "text": "psst"}
    assert error(telegram, "sendMessage", **wish).startswith("not enough rights")
