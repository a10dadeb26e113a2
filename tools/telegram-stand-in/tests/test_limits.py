"""How often a bot may write: what Telegram publishes, and what others measured."""

from functools import partial

import pytest

from telegram_stand_in.limits import Limits

CLUB = {"id": -5, "type": "supergroup", "title": "Club"}
ADA = {"id": 5, "type": "private", "first_name": "Ada"}


def waits(*calls, at=0):
    """Return how long each call to a chat is refused; the last is made at a time."""
    now = iter([*[0] * (len(calls) - 1), at])
    limits = Limits(lambda: next(now))
    return [limits.count(42, chat, *about)[0] for chat, *about in calls]


def text_to(chat):
    return chat, "sendMessage", {}


ALBUM = CLUB, "sendMediaGroup", {"media": [{}] * 10}
COPIES = CLUB, "copyMessages", {"message_ids": [1] * 10}
EVERYBODY = [text_to({**ADA, "id": number}) for number in range(1, 32)]
LIMITS = {
    "a chat": ([text_to(ADA)] * 21, 0, [0] * 20 + [20]),
    "a group": ([text_to(CLUB)] * 21, 0, [0] * 20 + [60]),
    "all chats": (EVERYBODY, 0, [0] * 30 + [1]),
    "all chats, a second later": (EVERYBODY, 1, [0] * 31),
    "an album": ([ALBUM] * 3, 0, [0, 0, 60]),
    "several copies": ([COPIES] * 3, 0, [0, 0, 60]),
}


@pytest.mark.parametrize(("calls", "at", "refused"), LIMITS.values(), ids=LIMITS)
def test_so_many_messages_may_come(calls, at, refused):
    assert waits(*calls, at=at) == refused


@pytest.fixture
def call(stage):
    """Make a call of a bot in a group, and return its result, or why it is refused."""
    club = stage.group("Club").user("Ada")
    club.send("Hi")
    stage.limits()
    return partial(stage.call, chat_id=club.chat["id"])


WAIT = "Too Many Requests: retry after 60"


def test_every_kind_of_call_to_a_chat_counts(stage, call):
    sent = call("sendMessage", text="a")["message_id"]
    assert call("editMessageText", message_id=sent, text="b")["text"] == "b"
    assert call("sendChatAction", action="typing") is True
    assert call("setMessageReaction", message_id=sent) is True
    assert call("deleteMessage", message_id=sent) is True
    for _ in range(15):
        assert call("sendMessage", text="a")["text"] == "a"
    assert call("sendChatAction", action="typing") == WAIT
    assert stage.telegram.calls[-1].answer["parameters"] == {"retry_after": 60}
    assert call("getChat")["title"] == "Club", "it shows nothing"
    assert "more than 20 calls to this chat in 60 s" in stage.transcript


def test_a_call_that_is_wrong_does_not_count(call):
    for _ in range(30):
        assert call("sendMessage") == "Bad Request: message text is empty"
        assert call("sendMessage", chat_id=7, text="a") == "Bad Request: chat not found"
    assert call("sendMessage", text="a")["text"] == "a"


def test_only_the_tests_time_passes(stage, call):
    said = [call("sendMessage", text="a") for _ in range(21)]
    assert said[-1] == WAIT
    stage.advance(60)
    assert call("sendMessage", text="a")["text"] == "a"
