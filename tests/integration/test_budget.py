"""Telegram's limits in a group, in virtual time: answers that grow at once, and short ones."""

from __future__ import annotations

import itertools
import random
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from telegram_bot_aws.local.project import ROOT
from telegram_stand_in import Limits

from tests.conftest import StartBot
from tests.support.features import LATER_SETTINGS
from tests.support.stubs import QUEUE, Container, Json, unused_port
from tests.support.telebot import restored
from tests.support.world import World

GROUP: Json = {"id": -7, "type": "supergroup", "title": "Club", "is_forum": True}
ASSISTANT = (ROOT / "examples/assistant/bot/bot.py").read_text().replace("import models\n", "")
# In place of the language model: it takes half a second for each word.
MODEL = """

class models:
    CUT = ()


def converse(texts):
    for number in range(WORDS):
        time.sleep(0.5)
        yield f"{number} ", "", ""
    yield "", "", "end_turn"
"""


MakeClub = Callable[..., "Club"]


class Watched(Limits):
    """Telegram's limits, and when it was called."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock.time)
        self._world = world
        self.times: list[float] = []
        self.pauses: list[int] = []  # for which it refused a call, in seconds

    def count(self, bot: int, chat: Json, method: str, params: Json) -> tuple[int, str]:
        self.times.append(self._world.now)
        seconds, why = super().count(bot, chat, method, params)
        self.pauses += [seconds] if seconds else []
        return seconds, why

    @property
    def busiest(self) -> int:
        """The most calls of any minute."""
        return max(n - bisect_right(self.times, at - 60) for n, at in enumerate(self.times, 1))


class Club:
    """A group with topics, its bot, and its Telegram."""

    def __init__(
        self, start: StartBot, nobody: str, source: str, choose: Callable[[str], bool]
    ) -> None:
        self._start, self._nobody, self._source = start, nobody, source
        self.world = World(self._container, choose, QUEUE)
        self.limits = self.world.limits = Watched(self.world)

    def _container(self) -> Container:
        urls = {"TELEGRAM_API_URL": self._nobody, "AWS_ENDPOINT_URL": self._nobody}
        about = {"MODEL": "a-model", "QUESTIONS": "99", "QUEUE_URL": QUEUE, **LATER_SETTINGS}
        container = self._start(self._source, **urls, **about)
        names = ("stream", "budget", "sources.queue", "later", "steps.again", "steps.pace")
        botkit = map(container.module, names)
        modules: list[Any] = [container.bot, *botkit]
        for module in modules:
            module.time = self.world.clock
        return container

    def ask(self, topics: int, times: int) -> None:
        """Have so many questions asked in each topic, and wait until all are answered."""
        numbers = [range(100 * topic, 100 * topic + times) for topic in range(1, topics + 1)]
        self.world.deliver([[*map(self._question, each)] for each in numbers], first_awake)

    def _question(self, number: int) -> Json:
        topic = {"is_topic_message": True, "message_thread_id": number // 100}
        person = {"id": number, "is_bot": False, "first_name": "Ada"}
        about = {"message_id": number, "date": 1_800_000_000, "chat": GROUP, "from": person}
        return {"update_id": number, "message": {**about, **topic, "text": "/ask Why?"}}

    def come_due(self, chats: int) -> None:
        """Have a call to each of so many people come due at once, and wait until all are made."""
        ids = map(str, itertools.count(1))
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.world.now))
        due = [
            ({"every": {"name": f"{chat}", "at": at}, **to(chat)}) for chat in range(1, chats + 1)
        ]
        while due:
            lines = [[{"event": event, "request_id": next(ids)}] for event in due]
            self.world.deliver(lines, first_awake)
            waiting = self.world.schedules
            self.world.now = min((item["at"] for item in waiting.values()), default=self.world.now)
            names = [name for name, item in waiting.items() if item["at"] <= self.world.now]
            due = [waiting.pop(name)["event"] for name in names]

    def ends(self) -> dict[int, str]:
        """Return what each answer said last, by its update."""
        shown = {
            run.update["update_id"]: params
            for run, _, params in self.world.calls
            if not params.keys().isdisjoint(("text", "rich_message"))
        }
        return {number: text_of(params) for number, params in shown.items()}


def to(chat: int) -> Json:
    return {"calls": [{"method": "sendMessage", "chat_id": chat, "text": "Tea"}]}


def text_of(params: Json) -> str:
    return str(params.get("text") or params["rich_message"]["markdown"])


def first_awake(ways: list[Any]) -> Any:
    """Choose what begins, or else the container whose pause is over first."""
    return min(ways, key=lambda way: way[0].wakes if way[0] else 0)


@pytest.fixture
def club(start_with_sessions: StartBot) -> Iterator[MakeClub]:
    """Make a club with this bot.py."""
    clubs: list[Club] = []
    with unused_port() as port:

        def make(source: str, choose: Callable[[str], bool] = lambda fault: False) -> Club:
            clubs.append(Club(start_with_sessions, f"http://127.0.0.1:{port}", source, choose))
            return clubs[-1]

        yield make
    for club in clubs:
        club.world.end()


# The number of topics, of answers in each, one after the other, and the seconds of an answer.
AT_ONCE = {
    "eight answers of 20 s": (4, 2, 20),
    "many short ones": (4, 5, 0.5),
    "long ones": (4, 3, 60),
    "one after the other": (1, 3, 60),
}


@pytest.mark.parametrize(("topics", "times", "seconds"), AT_ONCE.values(), ids=AT_ONCE)
def test_answers_in_topics_share_the_limit_of_their_group(
    club: MakeClub, topics: int, times: int, seconds: float
) -> None:
    words = range(int(2 * seconds))
    made = club(ASSISTANT + MODEL.replace("WORDS", str(len(words))))
    made.ask(topics, times)
    ends = made.ends()
    assert len(ends) == topics * times
    assert set(ends.values()) == {" ".join(map(str, words))}
    assert made.limits.busiest <= 18


# What happens at one step in a hundred: a container ends, an answer or an update gets lost …
FAULTS = {"end", "lose", "twice", "telegram lost", "telegram away", "aws lost", "aws away"}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_fails_the_limit_is_kept(club: MakeClub, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    source = ASSISTANT + MODEL.replace("WORDS", "40")
    made = club(source, lambda fault: fault in FAULTS and chance.random() < 0.01)
    made.ask(topics=4, times=2)
    assert (len(made.ends()), made.limits.pauses) == (8, [])


# It answers after some seconds, and each topic by itself.
SLOW = """
import time

SESSION = "topic"


def reply(update, session):
    message = update["message"]
    time.sleep(message["message_thread_id"])
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": "Yes"}]
"""


# So does this one, by the calls of a framework.
BY_TELEBOT = """
import time

import telebot
from botkit import on_telebot

SESSION = "topic"
bot = telebot.TeleBot("1:x", threaded=False)


@bot.message_handler()
def answer(message):
    time.sleep(message.message_thread_id)
    bot.send_message(message.chat.id, "Yes", message_thread_id=message.message_thread_id)


reply = on_telebot.reply_with(bot)
"""


@pytest.mark.parametrize("source", [SLOW, BY_TELEBOT], ids=["returned", "by a framework"])
def test_a_group_that_is_limited_is_not_limited_for_longer(
    club: MakeClub, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each container finds out once. Telegram has those who go on wait for twice as long."""
    restored(monkeypatch)
    made = club(source)
    made.ask(topics=8, times=5)
    assert len(made.ends()) == 40
    assert 1 <= len(made.limits.pauses) <= 4, "more than containers"


def test_calls_that_are_due_at_once_are_never_refused(club: MakeClub) -> None:
    """Telegram takes 30 a second. The others are made a minute later, at times of their own."""
    made = club(SLOW)
    begun = made.world.now
    made.come_due(chats=100)
    assert len(made.world.calls) == 100
    assert made.limits.pauses == []
    assert made.world.now < begun + 120
