"""Sessions under all that happens: containers end anywhere, answers get lost, updates come again.

Each container is a thread, and one runs at a time: at each step another one may go on, or the
container ends. Telegram delivers in order in each line, until it gets a 200.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import StartBot
from tests.support.stubs import Container, Context, Json, loaded, request, unload, unused_port

BOT = """
SESSION = "chat"
HANDLED = ["message", "callback_query"]


def reply(update, session):
    chat = (update.get("message") or update["callback_query"]["message"])["chat"]["id"]
    session.setdefault("seen", []).append(update["update_id"])
    say = {"method": "sendMessage", "chat_id": chat, "text": str(session["seen"])}
    return [say, {**say, "text": "more"}][: 1 + update["update_id"] % 2]
"""
MOST_STEPS = 50_000


class Ended(BaseException):
    """The container has ended, long ago: it must not do anything any more."""


class Run:
    """An invocation of a container, in a thread that waits at each step until it may go on."""

    def __init__(self, world: World, modules: dict[str, ModuleType], update: Json) -> None:
        self.world, self.modules, self.update = world, modules, update
        self.status: int | None = None
        self.is_over = False
        self.go, self.waits = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.step()
            event = request(json.dumps(self.update))
            answer = self.modules["handler"].handler(event, Context(60_000))
            self.step()
            self.status = answer["statusCode"]
        except Ended:
            pass
        finally:
            self.is_over = True
            self.waits.release()

    def step(self) -> None:
        """Wait until the thread may go on. Raises Ended if the container has ended."""
        if not self.world.is_over:
            self.waits.release()
            self.go.acquire()
        if self.world.is_over:
            raise Ended

    def advance(self) -> None:
        """Let the thread go on to its next step, with the modules of its container."""
        unload()
        sys.modules.update(self.modules)
        self.world.running = self
        self.go.release()
        self.waits.acquire()


class World:
    """Telegram, DynamoDB and the containers. What happens is up to `choose`."""

    def __init__(self, start: Callable[[], Container], choose: Callable[[str], bool]) -> None:
        self.choose = choose
        self.is_over = False
        self.running: Run | None = None
        self.made: dict[int, list[str]] = {}  # texts of calls that were carried out, by update
        self._start = start
        self._idle: list[dict[str, ModuleType]] = []
        self._all: list[Run] = []

    def deliver(self, lines: list[list[Json]], pick: Callable[[list[Any]], Any]) -> None:
        """Deliver all updates: each line in order, again until it gets a 200.

        `pick` chooses which line or container goes on.
        """
        under_way: list[tuple[Run, list[Json]]] = []
        for _ in range(MOST_STEPS):
            free = [line for line in lines if line and self._may_begin(line, under_way)]
            if not free and not under_way:
                return
            run, line = pick([*under_way, *((None, line) for line in free)])
            if run is None:
                under_way.append((Run(self, self._container(), line[0]), line))
                self._all.append(under_way[-1][0])
                under_way[-1][0].waits.acquire()
                continue
            if self.choose("end"):  # the container never goes on
                under_way.remove((run, line))
                continue
            run.advance()
            if run.is_over:
                under_way.remove((run, line))
                self._idle.append(run.modules)
                if run.status == 200 and not self.choose("lose") and run.update in line:
                    line.remove(run.update)
        raise AssertionError("this has no end")

    def _may_begin(self, line: list[Json], under_way: list[tuple[Run, list[Json]]]) -> bool:
        """Tell whether a line's first update may be delivered. Telegram may be impatient."""
        times = sum(run.update is line[0] for run, _ in under_way)
        return len(under_way) < 4 and (not times or (times == 1 and self.choose("twice")))

    def _container(self) -> dict[str, ModuleType]:
        """Return the modules of a container without an invocation, a new one if there is none."""
        if self._idle:
            return self._idle.pop()
        container = self._start()
        aws, telegram = container.module("aws"), container.telegram
        container.module("host.sessions")
        table = container.table.call

        def call(service: str, target: str, params: Json) -> Any:
            self._step()
            if self.choose("aws away"):
                raise aws.Unreachable("dynamodb: HTTP 500")
            answer = table(service, target, params)
            self._step()
            if self.choose("aws lost"):
                raise aws.Unreachable("dynamodb: timed out")
            return answer

        def post(method: str, params: Json, timeout: float) -> Any:
            self._step()
            if self.choose("429"):
                raise telegram.Refused(method, 429, "Too Many Requests", {"retry_after": 1})
            if self.choose("telegram away"):
                raise telegram.Unreachable("HTTP 500")
            assert self.running
            made = self.made.setdefault(self.running.update["update_id"], [])
            made.append(params["text"])
            self._step()
            if self.choose("telegram lost"):
                raise telegram.Unreachable("timed out")
            return {"message_id": len(made)}

        aws.call = call
        telegram._client.post = post
        return loaded()

    def _step(self) -> None:
        assert self.running
        self.running.step()

    def end(self) -> None:
        """End the threads of all containers."""
        self.is_over = True
        for run in self._all:
            run.go.release()
            run.thread.join(60)
            assert not run.thread.is_alive()


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


@pytest.mark.parametrize("seed", range(4))
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
