"""How often a bot may write: what Telegram publishes, and what others measured."""

from functools import partial

import pytest

from telegram_stand_in.limits import Limits

CLUB = {"id": -5, "type": "supergroup", "title": "Club"}
ADA = {"id": 5, "type": "private", "first_name": "Ada"}


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limits(clock):
    return Limits(clock)


def write(limits, chat, times=1, method="sendMessage"):
    """Make calls, and return for how long each is refused."""
    return [limits.count(42, chat, method, {})[0] for _ in range(times)]


@pytest.mark.parametrize(("chat", "wait"), [(ADA, 20), (CLUB, 60)], ids=["a chat", "a group"])
def test_so_many_calls_may_come_at_once(limits, chat, wait):
    assert write(limits, chat, 21) == [0] * 20 + [wait]


def test_thirty_a_second_go_to_all_chats(limits, clock):
    chats = [{**ADA, "id": number} for number in range(1, 32)]
    assert [write(limits, chat)[0] for chat in chats] == [0] * 30 + [1]
    clock.now += 1
    assert write(limits, chats[30]) == [0]


@pytest.mark.parametrize(
    ("method", "params"),
    [("sendMediaGroup", {"media": [{}] * 10}), ("copyMessages", {"message_ids": [1] * 10})],
)
def test_each_of_several_messages_counts(limits, method, params):
    counted = [limits.count(42, CLUB, method, params)[0] for _ in range(3)]
    assert counted == [0, 0, 60]


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
