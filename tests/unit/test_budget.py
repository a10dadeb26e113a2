"""budget.py: how many calls a chat gets, and when."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import StartBot
from tests.support.stubs import Container

BOT = 'SESSION = "chat"\n\n\ndef reply(update, session):\n    return []\n'
NOON = 1_800_000_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    clock = SimpleNamespace(now=NOON)
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock


@pytest.fixture
def container(start_with_sessions: StartBot) -> Container:
    return start_with_sessions(BOT)


@pytest.fixture
def budget(container: Container, clock: Any) -> Any:
    """A call each 5 seconds, and at the end of answers up to 3 ahead of that."""
    return container.module("budget").Budget("-7", 5, 3)


def test_so_many_calls_may_be_ahead_of_the_pace(budget: Any, clock: Any) -> None:
    assert [budget.take(1) for _ in range(3)] == [0, 0, 5]
    clock.now += 5
    assert [budget.take(1) for _ in range(2)] == [0, 5]
    clock.now += 60
    assert [budget.take(0) for _ in range(2)] == [0, 5], "a quiet chat saves nothing up"


def test_what_must_come_has_its_turn(budget: Any, clock: Any) -> None:
    assert [budget.claim(1) for _ in range(6)] == [0, 0, 0, 0, 5, 10]
    assert budget.take(3) == 15
    clock.now += 30
    assert budget.claim(5) == 5, "the last of them"


def test_all_wait_while_telegram_takes_none(container: Container, budget: Any) -> None:
    container.module("limited").note("-7", 60, {})
    assert (budget.take(3), budget.take(0)) == (60, 75)
    assert [budget.claim(1) for _ in range(2)] == [60, 65]


def test_containers_share_it_and_chats_do_not(container: Container, budget: Any) -> None:
    new = container.module("budget").Budget
    budget.take(0)
    assert (new("-7", 5, 3).take(0), new("-8", 5, 3).take(0)) == (5, 0)
    assert repr(budget) == "<Budget: -7/calls, one each 5 s>"


def test_a_call_that_is_left_out_writes_nothing(container: Container, budget: Any) -> None:
    budget.take(0)
    before = {**container.table.items}
    assert budget.take(0) == 5
    assert container.table.items == before
