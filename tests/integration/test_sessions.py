"""Sessions under all that happens: containers end, answers get lost, updates come again."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.conftest import StartBot
from tests.support.stubs import Json, unused_port
from tests.support.world import World

BOT = """
SESSION = "chat"
HANDLED = ["message", "callback_query"]


def reply(update, session):
    chat = (update.get("message") or update["callback_query"]["message"])["chat"]["id"]
    session.setdefault("seen", []).append(update["update_id"])
    say = {"method": "sendMessage", "chat_id": chat, "text": str(session["seen"])}
    return [say, {**say, "text": "more"}][: 1 + update["update_id"] % 2]
"""


def update(update_id: int, chat: int, kind: str) -> Json:
    message = {"chat": {"id": chat, "type": "private"}, "from": {"id": chat}}
    return {"update_id": update_id, kind: message if kind == "message" else {"message": message}}


@pytest.fixture
def world(start_with_sessions: StartBot) -> Iterator[Callable[..., World]]:
    """Make a world: `world(choose)`."""
    worlds: list[World] = []

    def make(choose: Callable[[str], bool]) -> World:
        worlds.append(World(start, choose))
        return worlds[-1]

    with unused_port() as port:  # nothing connects
        nobody = f"http://127.0.0.1:{port}"
        start = partial(start_with_sessions, BOT, TELEGRAM_API_URL=nobody, AWS_ENDPOINT_URL=nobody)
        yield make
    for each in worlds:
        each.end()


def check(world: World, items: Json, updates: list[Json], *, is_whole: bool = False) -> None:
    """Check that each update is in its chat's session once, and that its answer agrees with it."""
    by_chat: dict[int, list[int]] = {}
    for each in updates:
        message = each.get("message") or each["callback_query"]["message"]
        by_chat.setdefault(message["chat"]["id"], []).append(each["update_id"])
    for chat, ids in by_chat.items():
        seen = json.loads(items[f"{chat}"]["session"]["S"])["seen"]
        assert sorted(seen) == sorted(ids)
        for place, update_id in enumerate(seen):
            first, *more = world.made[update_id]
            assert first == str(seen[: place + 1])
            assert set(more) <= {first, "more"}
            if is_whole and update_id % 2:
                assert "more" in more


@pytest.mark.parametrize("seed", range(2))
def test_each_update_counts_once_and_is_answered_as_it_is_kept(
    world: Callable[..., World], start_with_sessions: StartBot, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    often = {"end": 0.04, "lose": 0.1, "twice": 0.02}
    made = world(lambda what: chance.random() < often.get(what, 0.05))
    updates = [
        update(n, n % 5, "callback_query" if chance.random() < 0.3 else "message")
        for n in range(1, 121)
    ]
    lines = [
        [each for each in updates if kind in each and each["update_id"] % 5 == chat]
        for kind in ("message", "callback_query")
        for chat in range(5)
    ]
    made.deliver(lines, chance.choice)
    check(made, start_with_sessions(BOT).table.items, updates)


@pytest.mark.parametrize("ends_at", range(1, 19))
def test_a_container_may_end_anywhere(
    world: Callable[..., World], start_with_sessions: StartBot, ends_at: int
) -> None:
    steps = itertools.count(1)
    made = world(lambda what: what == "end" and next(steps) == ends_at)
    updates = [update(1, 7, "message"), update(2, 7, "message")]
    made.deliver([[*updates]], lambda ways: ways[0])
    check(made, start_with_sessions(BOT).table.items, updates, is_whole=True)
    assert next(steps) > ends_at
