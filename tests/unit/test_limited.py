"""limited.py: a chat to which Telegram takes no calls for a while is left alone."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import StartBot
from tests.support.stubs import Container

BOT = 'SESSION = "chat"\n\n\ndef reply(update, session):\n    return []\n'
CALL = {"chat_id": 42, "text": "hi"}


class World:
    """A container, a clock, and a Telegram that refuses the first call for a minute."""

    def __init__(self, start: StartBot) -> None:
        self._start = start
        self.clock = SimpleNamespace(now=1_800_000_000.0)
        self.asked: list[tuple[str, Any]] = []
        self.renew()

    def renew(self) -> None:
        """Start another container."""
        self.container: Container = self._start(BOT)
        self.container.answer_telegram(self._post)

    def _post(self, method: str, params: Any, timeout: float) -> Any:
        self.asked.append((method, params["chat_id"]))
        if len(self.asked) == 1:
            refused = self.container.module("errors").Refused
            raise refused(method, 429, "retry after 60", {"retry_after": 60})
        return True

    def refusal(self, method: str = "sendMessage", **params: Any) -> Any:
        """Return the error of a call."""
        with pytest.raises(self.container.module("errors").Refused) as caught:
            self.container.telegram.call(method, **CALL, **params)
        return caught.value


@pytest.fixture
def world(start_with_sessions: StartBot, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(start_with_sessions)
    monkeypatch.setattr(time, "time", lambda: world.clock.now)
    return world


def test_it_is_called_again_when_telegram_said(world: World) -> None:
    assert world.refusal().retry_after == 60
    world.clock.now += 58
    refusal = world.refusal("editMessageText", message_id=1)
    assert (refusal.outcome, refusal.retry_after) == ("throttled", 2)
    assert "retry after 2 (an earlier refusal: nothing was called)" in str(refusal)
    world.clock.now += 1.5
    world.container.telegram.call("sendMessage", **CALL)
    assert world.asked == [("sendMessage", 42)] * 2


def test_other_chats_and_what_writes_nothing_are_called(world: World) -> None:
    world.refusal()
    world.container.telegram.call("getChat", chat_id=42)
    world.container.telegram.call("sendMessage", chat_id=43, text="hi")
    assert world.asked[1:] == [("getChat", 42), ("sendMessage", 43)]


def test_another_container_knows_it_at_a_retry(world: World) -> None:
    """At a first delivery it would cost each update a read."""
    world.refusal()
    world.renew()
    current = world.container.module("current")
    current.begin(current.Run.of_update("queue", {"update_id": 1})).attempt = "again"
    assert world.refusal().retry_after == 60
    assert len(world.asked) == 1
    current.run.attempt = "first"
    world.container.telegram.call("sendMessage", **CALL)


def test_a_table_that_is_away_costs_only_what_others_know(world: World) -> None:
    away = world.container.module("errors").Unreachable("HTTP 500")

    def call(service: str, target: str, params: Any) -> Any:
        raise away

    world.container.answer_calls(call)
    current = world.container.module("current")
    current.begin(current.Run.of_update("queue", {"update_id": 1})).attempt = "again"
    assert [world.refusal().retry_after for _ in range(2)] == [60, 60]
    assert len(world.asked) == 1


def test_only_the_last_chats_are_remembered(world: World) -> None:
    limited = world.container.module("limited")
    for chat in range(limited.MOST + 1):
        limited.note(f"{chat}", 60, world.container.telegram.limited)
    assert len(world.container.telegram.limited) == limited.MOST
    assert "0" not in world.container.telegram.limited
