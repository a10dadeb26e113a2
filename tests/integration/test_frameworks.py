"""Bots of frameworks under all that happens: containers end anywhere, updates come again.

A framework's calls aren't kept, so they may be repeated. But each update changes the state once.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import StartBot
from tests.support.sample import one_in
from tests.support.stubs import Json, unused_port
from tests.support.telebot import restored
from tests.support.world import World

AIOGRAM = """
SESSION = "chat_user"

from aiogram import Dispatcher
from botkit import on_aiogram

dispatcher = Dispatcher()


@dispatcher.business_message()
@dispatcher.message()
async def count(message, state, event_update):
    seen = [*(await state.get_data()).get("seen", []), event_update.update_id]
    await state.set_data({"seen": seen})
    await message.answer(str(seen))
    if seen[-1] % 2:
        await message.answer("more")


reply = on_aiogram.reply_with(dispatcher)
"""
PTB = """
SESSION = "chat_user"

from telegram import Update
from telegram.ext import ConversationHandler, TypeHandler
from botkit import on_ptb


async def count(update, context):
    seen = context.user_data["seen"] = [*context.user_data.get("seen", []), update.update_id]
    await update.effective_chat.send_message(str(seen))
    if seen[-1] % 2:
        await update.effective_chat.send_message("more")
    return len(seen)


counts = TypeHandler(Update, count)
# It outlives the updates, and so does what it knows of their people.
conversation = ConversationHandler(
    [counts], {n: [counts] for n in range(100)}, [], name="counts", persistent=True
)


def build(builder):
    application = builder.build()
    application.add_handler(conversation)
    return application


reply = on_ptb.reply_with(build)
"""
TELEBOT = """
SESSION = "chat_user"

import telebot
from botkit import on_telebot

bot = telebot.TeleBot("1:x", threaded=False)


@bot.business_message_handler()
@bot.message_handler()
def count(message):
    user, chat = message.from_user.id, message.chat.id
    bot.set_state(user, "counts", chat)
    with bot.retrieve_data(user, chat) as data:
        seen = data["seen"] = [*data.get("seen", []), message.message_id]
    bot.send_message(chat, str(seen))
    if seen[-1] % 2:
        bot.send_message(chat, "more")


reply = on_telebot.reply_with(bot)
"""
# Each bot, and where in a session it keeps what it has seen of a person, in private and in the chat
# with a business account.
BOTS = {
    "aiogram": (AIOGRAM, ("fsm:{0}:{0}:default", "data"), ("fsm:b:{0}:{0}:default", "data")),
    "ptb": (PTB, ("user_data", "{0}"), ("user_data", "business:b:{0}")),
    "telebot": (TELEBOT, ("states", "{0}:{0}", "data"), ("states", "b:{0}:{0}", "data")),
}
pytestmark = pytest.mark.usefixtures("aiogram")

FAILURES = ("429", "telegram away", "telegram lost", "aws away", "aws lost", "end", "lose")


def update(update_id: int, chat: int, kind: str = "message") -> Json:
    who = {"id": chat, "is_bot": False, "first_name": "Ada"}
    about = {"message_id": update_id, "date": 1767225600, "text": "x"}
    if kind == "business_message":
        about["business_connection_id"] = "b"
    return {
        "update_id": update_id,
        kind: {**about, "chat": {"id": chat, "type": "private"}, "from": who},
    }


@pytest.fixture(autouse=True)
def telebots_own(monkeypatch: pytest.MonkeyPatch) -> None:
    restored(monkeypatch)


@pytest.fixture
def world(start_with_sessions: StartBot) -> Iterator[Callable[..., World]]:
    """Make a world: `world(bot, choose)`."""
    worlds: list[World] = []

    def make(bot: str, choose: Callable[[str], bool], failed: str = "") -> World:
        urls = {"TELEGRAM_API_URL": nobody, "AWS_ENDPOINT_URL": nobody, "FAILED_QUEUE_URL": failed}
        worlds.append(World(partial(start_with_sessions, bot, **urls), choose, "", failed))
        return worlds[-1]

    with unused_port() as port:  # nothing connects
        nobody = f"http://127.0.0.1:{port}"
        yield make
    for each in worlds:
        each.end()


def seen_in(items: Json, framework: str, chat: int, kind: str = "message") -> list[int]:
    of_business = kind == "business_message"
    session = json.loads(items[f"{'business:b:' * of_business}{chat}/{chat}"]["session"]["S"])
    found = session
    for name in BOTS[framework][1 + of_business]:
        found = found[name.format(chat)]
    seen: list[int] = found["seen"]
    if framework == "ptb":
        name = f"{'business:b:' * of_business}[{chat}, {chat}]"
        assert session["conversations of counts"] == {name: len(seen)}
    return seen


@pytest.mark.parametrize("framework", BOTS)
def test_each_update_changes_the_state_once_and_is_answered(
    world: Callable[..., World], start_with_sessions: StartBot, framework: str
) -> None:
    """Only what failed makes an update come again, with its calls."""
    chance = random.Random(0)  # noqa: S311
    failed: list[str] = []

    def choose(what: str) -> bool:
        happens = chance.random() < (0.02 if what == "twice" else 0.05)
        if happens and what in (*FAILURES, "twice"):
            failed.append(what)
        return happens

    bot = BOTS[framework][0]
    made = world(bot, choose)
    places = [(chat, kind) for chat in (1, 2, 3) for kind in ("message", "business_message")]
    updates = [update(n, *places[n % 6]) for n in range(1, 37)]
    lines = [[each for each in updates if each["update_id"] % 6 == place] for place in range(6)]
    made.deliver(lines, chance.choice)
    items = start_with_sessions(bot).table.items
    for place in range(6):
        seen = seen_in(items, framework, *places[place])
        assert sorted(seen) == [n for n in range(1, 37) if n % 6 == place]
        for number, update_id in enumerate(seen, 1):
            texts = made.made[update_id]
            assert str(seen[:number]) in texts
            # Messages before the state was written may differ from it.
            others = {text for text in texts if text != "more"} - {str(seen[:number])}
            assert all(text.endswith(f"{update_id}]") for text in others)
    repeated = sum(len(texts) - (1 + n % 2) for n, texts in made.made.items())
    assert repeated <= 2 * len(failed)  # calls of an update


@pytest.mark.parametrize("framework", BOTS)
@pytest.mark.parametrize("ends_at", one_in(3, range(1, 15)))
def test_a_container_may_end_anywhere(
    world: Callable[..., World], start_with_sessions: StartBot, framework: str, ends_at: int
) -> None:
    steps = itertools.count(1)
    bot = BOTS[framework][0]
    made = world(bot, lambda what: what == "end" and next(steps) == ends_at)
    updates = [update(1, 7), update(2, 7)]
    made.deliver([[*updates]], lambda ways: ways[0])
    items = start_with_sessions(bot).table.items
    assert seen_in(items, framework, 7) == [1, 2]
    assert made.made[1].count("[1]") in (1, 2)
    assert set(made.made[1]) == {"[1]", "more"}
    assert set(made.made[2]) == {"[1, 2]"}
    assert next(steps) > ends_at


FAILED = "https://sqs.eu-central-1.amazonaws.com/1/bot-failed"


def breakable(framework: str, broken: Path) -> str:
    """Return a bot whose handler raises after its first call, while the file `broken` is there."""
    fails = f"    if __import__('os').path.exists({str(broken)!r}):\n        raise ValueError\n"
    bot = BOTS[framework][0].replace("    if seen[-1] % 2:", f"{fails}    if seen[-1] % 2:")
    return f'HANDLED = ["message", "business_message"]\n{bot}'


@pytest.mark.parametrize("framework", BOTS)
@pytest.mark.parametrize("fault", ["the bot", "429"])
def test_a_handler_that_failed_after_its_state_was_set_is_asked_by_a_replay(
    world: Callable[..., World], tmp_path: Path, framework: str, fault: str
) -> None:
    """The session knows the update, since the state is kept."""
    broken, calls = tmp_path / "broken", itertools.count(1)
    bot = breakable(framework, broken)

    def choose(what: str) -> bool:
        return what == fault == "429" and bool(made.made) and next(calls) == 1

    made = world(bot, choose, FAILED)
    if fault == "the bot":
        broken.touch()
    made.deliver([[update(1, 7)]], lambda ways: ways[0])
    assert (made.made, len(made.kept)) == ({1: ["[1]"]}, 1)
    broken.unlink(missing_ok=True)
    made.deliver([[{"tf": {"action": "replay"}}]], lambda ways: ways[0])
    assert made.kept == {}
    assert made.made[1][1:] == ["[1, 1]", "more"]


@pytest.mark.parametrize("framework", BOTS)
def test_a_handler_that_failed_is_kept_though_the_container_ended_when_its_state_was_set(
    world: Callable[..., World], start_with_sessions: StartBot, tmp_path: Path, framework: str
) -> None:
    broken, ends = tmp_path / "broken", itertools.count(1)
    bot = breakable(framework, broken)
    items = start_with_sessions(bot).table.items
    made = world(bot, lambda what: what == "end" and bool(items) and next(ends) == 1, FAILED)
    broken.touch()
    made.deliver([[update(1, 7)]], lambda ways: ways[0])
    assert len(made.kept) == 1
    broken.unlink()
    made.deliver([[{"tf": {"action": "replay"}}]], lambda ways: ways[0])
    assert made.kept == {}
    assert made.made[1][1:] == ["[1, 1]", "more"]
