"""How often a bot may write: what Telegram publishes, and what others measured."""

import pytest

from telegram_stand_in import Stage
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


class Writer:
    """A bot that makes each call it is told to, and keeps the answers."""

    def __init__(self):
        self.stage = Stage(lambda updates: None)
        self.club = self.stage.group("Club").user("Ada")
        self.sent = self.club.send("Hi")
        self.stage.limits()

    def call(self, method, **params):
        place = {"chat_id": self.club.chat["id"], **params}
        return self.stage.telegram.answer(method, place).answer


@pytest.fixture
def writer():
    return Writer()


def test_every_kind_of_call_to_a_chat_counts(writer):
    sent = writer.call("sendMessage", text="a")["result"]["message_id"]
    calls = [
        ("editMessageText", {"message_id": sent, "text": "b"}),
        ("sendChatAction", {"action": "typing"}),
        ("setMessageReaction", {"message_id": sent}),
        ("deleteMessage", {"message_id": sent}),
    ]
    for method, params in calls:
        assert writer.call(method, **params)["ok"]
    for _ in range(15):
        assert writer.call("sendMessage", text="a")["ok"]
    assert writer.call("sendChatAction", action="typing") == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 60",
        "parameters": {"retry_after": 60},
    }
    assert writer.call("getChat")["ok"], "it shows nothing"
    assert "more than 20 calls to this chat in 60 s" in writer.stage.transcript


def test_a_call_that_is_wrong_does_not_count(writer):
    for _ in range(30):
        assert writer.call("sendMessage")["error_code"] == 400
        assert writer.call("sendMessage", chat_id=7, text="a")["error_code"] == 400
    assert writer.call("sendMessage", text="a")["ok"]


def test_only_the_tests_time_passes(writer):
    for _ in range(21):
        answer = writer.call("sendMessage", text="a")
    assert answer["error_code"] == 429
    writer.stage.advance(60)
    assert writer.call("sendMessage", text="a")["ok"]
