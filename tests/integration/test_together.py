"""Albums under all that happens: each message is in one turn, and is answered once."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartBot
from tests.support.sample import one_in
from tests.support.stubs import QUEUE, Json, unused_port
from tests.support.world import World

FAILED = "https://sqs.eu-central-1.amazonaws.com/1/bot-failed"
REPLAY = {"tf": {"action": "replay"}}
# It says which messages it has got, after those that it has got before if it remembers them.
BOT = """
TOGETHER = "albums"
HANDLED = ["message", "callback_query"]
SESSION = "chat"
REMEMBERS = True


def reply(update, session):
    ids = [each["message_id"] for each in update.get("together", [])] or [update["update_id"]]
    if REMEMBERS:
        session.setdefault("turns", []).append(ids)
    chat = (update.get("message") or update["callback_query"]["message"])["chat"]["id"]
    typing = {"method": "sendChatAction", "chat_id": chat, "action": "typing"}
    say = {"method": "sendMessage", "chat_id": chat}
    texts = [str(session.get("turns", [ids])), "more", "most"]
    return [typing, *({**say, "text": text} for text in texts)]
"""
FORGETS = BOT.replace("REMEMBERS = True", "REMEMBERS = False")
ALBUM: Json = {"media_group_id": "album", "photo": [{"file_id": "x"}]}


def message(update_id: int, chat: int = 7, person: int = 7, **fields: Any) -> Json:
    about = {"message_id": update_id, "chat": {"id": chat, "type": "group"}, "from": {"id": person}}
    return {"update_id": update_id, "message": {**about, **(fields or {"text": "x"})}}


def press(update_id: int, chat: int = 7, person: int = 7) -> Json:
    about = {"from": {"id": person}, "message": {"chat": {"id": chat, "type": "group"}}}
    return {"update_id": update_id, "callback_query": about}


@pytest.fixture
def world(start_with_sessions: StartBot) -> Iterator[Callable[..., World]]:
    """Make a world in which updates go through the queue: `world(choose)`."""
    worlds: list[World] = []

    def make(choose: Callable[[str], bool], bot: str = BOT, failed: str = "") -> World:
        urls = {"TELEGRAM_API_URL": nobody, "AWS_ENDPOINT_URL": nobody, "QUEUE_URL": QUEUE}
        urls["FAILED_QUEUE_URL"] = failed
        worlds.append(World(partial(start_with_sessions, bot, **urls), choose, QUEUE, failed))
        return worlds[-1]

    with unused_port() as port:  # nothing connects
        nobody = f"http://127.0.0.1:{port}"
        yield make
    for each in worlds:
        each.end()


def turns_of(world: World) -> dict[int, list[int]]:
    """Return the ids of each turn, by the update that began it.

    All calls of an answer were made. Each may have been repeated, and then those after it.
    """
    turns = {}
    for update_id, made in world.made.items():
        [text] = {each for each in made if each.startswith("[")}
        assert list(dict.fromkeys(made)) == ["sendChatAction", text, "more", "most"]
        turns[update_id] = json.loads(text)[-1]
        assert turns[update_id][0] == update_id
    return turns


def check(world: World, updates: list[Json], table: Json | None = None) -> list[list[int]]:
    """Check that each update is in one turn, and was answered as it is kept. Return the turns."""
    turns = turns_of(world)
    by_id = {each["update_id"]: each for each in updates}
    assert sorted(itertools.chain(*turns.values())) == sorted(by_id)
    for ids in turns.values():
        assert ids == sorted(ids)
        people = {json.dumps(by_id[each].get("message", {}).get("from")) for each in ids}
        assert len(people) == 1
        assert len(ids) == 1 or all("message" in by_id[each] for each in ids)
    kept = {
        key: json.loads(item["session"]["S"])["turns"]
        for key, item in (table or {}).items()
        if not key.startswith(("together/", "stream:"))
    }
    if table:
        assert sorted(itertools.chain(*kept.values())) == sorted(turns.values())
        for listed in kept.values():
            for place, ids in enumerate(listed):
                assert str(listed[: place + 1]) in world.made[ids[0]]
    return sorted(turns.values())


def everything(chance: random.Random) -> list[Json]:
    """Return what five groups of two people send: albums, texts and presses."""
    ids, updates = itertools.count(1), []
    for _ in range(25):
        chat, person = chance.randrange(5), chance.choice([100, 101])
        make = partial(message, chat=chat, person=person)
        match chance.randrange(4):
            case 0 | 1:
                album = {**ALBUM, "media_group_id": f"{chance.random()}"}
                updates += [make(next(ids), **album) for _ in range(chance.randint(2, 5))]
            case 2:
                updates.append(make(next(ids)))
            case _:
                updates.append(press(next(ids), chat, person))
        if chance.random() < 0.2:  # the album of one is interrupted by another
            first, *rest = updates[-2:]
            updates[-2:] = [first, message(next(ids), chat, 100), *rest]
    return updates


@pytest.mark.parametrize(
    ("seed", "bot", "is_ordered"),
    one_in(2, [(1, BOT, False), (0, BOT, True), (2, FORGETS, True), (3, FORGETS, False)]),
    ids=["remembers, out of order", "remembers", "forgets", "forgets, out of order"],
)
def test_each_message_is_in_one_turn(
    world: Callable[..., World],
    start_with_sessions: StartBot,
    seed: int,
    is_ordered: bool,
    bot: str,
) -> None:
    chance = random.Random(seed)  # noqa: S311
    often = {"end": 0.03, "lose": 0.1, "twice": 0.02}
    made = world(lambda what: chance.random() < often.get(what, 0.05), bot)
    updates = everything(chance)
    lines = [
        [each for each in updates if kind in each and place(each) == chat]
        for kind in ("message", "callback_query")
        for chat in range(5)
    ]
    if not is_ordered:
        for line in lines:
            chance.shuffle(line)
    made.deliver([line for line in lines if line], chance.choice, by_webhook=True)
    table = start_with_sessions(bot).table.items if bot is BOT else None
    turns = check(made, updates, table)
    assert max(map(len, turns)) > 2, "some came together"


def place(update: Json) -> int:
    found = update.get("message") or update["callback_query"]["message"]
    return int(found["chat"]["id"])


def deliveries_first(ways: list[Any]) -> Any:
    """Choose what goes on: the webhook, and then the queue."""
    return min(ways, key=lambda way: bool(way[0] and way[0].is_queued))


def test_a_hundred_messages_are_one_turn(
    world: Callable[..., World], start_with_sessions: StartBot
) -> None:
    chance = random.Random(1)  # noqa: S311
    faults = ("lose", "aws lost", "telegram lost", "429")
    made = world(lambda what: what in faults and chance.random() < 0.05)
    updates = [message(n, **ALBUM) for n in range(1, 103)]
    made.deliver([[*updates]], deliveries_first, by_webhook=True)
    turns = check(made, updates, start_with_sessions(BOT).table.items)
    assert turns == [[*range(1, 101)], [101, 102]]


@pytest.mark.parametrize(
    ("is_limited", "ends_at"),
    one_in(3, [*((False, n) for n in range(1, 40)), *((True, n) for n in range(26, 46))]),
)
def test_a_container_may_end_anywhere(
    world: Callable[..., World], start_with_sessions: StartBot, ends_at: int, is_limited: bool
) -> None:
    steps, limits = itertools.count(1), itertools.count(1)

    def choose(what: str) -> bool:
        if what == "429":
            return is_limited and next(limits) == 3
        return what == "end" and next(steps) == ends_at

    made = world(choose)
    updates = [message(1, **ALBUM), message(2, **ALBUM)]
    made.deliver([[*updates]], deliveries_first, by_webhook=True)
    turns = check(made, updates, start_with_sessions(BOT).table.items)
    assert turns == [[1, 2]]
    assert sum(map(len, made.made.values())) <= 8  # what a death makes again, at most
    assert next(steps) > ends_at


@pytest.mark.parametrize(
    ("fault", "at"),
    one_in(
        3,
        [
            ("sqs away", 1),
            *(("aws lost", n) for n in range(10, 18)),
            *(("end", n) for n in range(28, 44)),
        ],
    ),
)
def test_a_turn_at_which_the_bot_failed_is_answered_after_the_repair(
    world: Callable[..., World], tmp_path: Path, fault: str, at: int
) -> None:
    """Its first message is kept with the others before these are over."""
    broken, faults = tmp_path / "broken", itertools.count(1)
    fails = f"    if __import__('os').path.exists({str(broken)!r}):\n        raise ValueError\n"
    bot = BOT.replace("    ids = [", f"{fails}    ids = [", 1)
    made = world(lambda what: what == fault and next(faults) == at, bot, FAILED)
    broken.touch()
    updates = [message(n, **ALBUM) for n in (1, 2, 3)]
    made.deliver([updates], deliveries_first, by_webhook=True)
    assert made.made == {}
    broken.unlink()
    while made.kept:
        made.now += 7200
        made.deliver([[REPLAY]], deliveries_first)
    assert [*turns_of(made).values()] == [[1, 2, 3]]
