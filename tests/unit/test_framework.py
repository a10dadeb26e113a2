"""_framework.py: what the adapters of frameworks share."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.support.stubs import load


@pytest.fixture
def framework() -> ModuleType:
    return load("botkit._framework")


@pytest.mark.parametrize(
    ("choice", "keys"),
    [
        ("chat", ("-100", "-100", "business:b:-100")),
        ("topic", ("-100", "-100/5", "business:b:-100")),
        ("user", ("42", "42", "42")),
        ("chat_user", ("-100/42", "-100/42", "business:b:-100/42")),
    ],
)
def test_what_belongs_to_somebody_has_the_key_of_their_session(
    framework: Any, monkeypatch: pytest.MonkeyPatch, choice: str, keys: tuple[str, ...]
) -> None:
    """As host/sessions.py makes it of an update."""
    monkeypatch.setitem(sys.modules, "bot", SimpleNamespace(SESSION=choice))
    framework.session = {}
    assert framework.key(-100, 42) == keys[0]
    assert framework.key(-100, 42, 5) == keys[1]
    assert framework.key(-100, 42, None, "b") == keys[2]


@pytest.mark.parametrize(("state", "seconds"), [({}, 0.5), (None, 0)])
def test_a_handler_leaves_time_to_write_the_session(
    framework: Any, state: Any, seconds: float
) -> None:
    at: list[float] = []
    framework.deadline.start(60)
    end = framework.deadline.at
    framework.handle(state, lambda: at.append(framework.deadline.at))
    assert end - at[0] == pytest.approx(seconds)
    assert framework.deadline.at == end


@pytest.fixture
def loop(framework: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """botkit._loop, by a clock that stands still."""
    clock = SimpleNamespace(monotonic=lambda: 0.0)
    monkeypatch.setattr(importlib.import_module("botkit.http"), "time", clock)
    loop: Any = importlib.import_module("botkit._loop")
    yield loop
    loop._loop.close()


@pytest.mark.parametrize("left", [-1, 0])
def test_an_authors_tests_have_no_deadline(framework: Any, loop: Any, left: float) -> None:
    """The one of start-up is over when they begin."""
    framework.deadline.start(left)
    done: list[int] = []

    async def handle() -> None:
        await asyncio.sleep(0.001)
        done.append(1)

    loop.run(handle())
    assert done == [1]


@pytest.mark.parametrize(("left", "expected"), [(1, ["done"]), (0, [])], ids=["in time", "late"])
def test_the_tasks_of_an_update_have_its_time(
    framework: Any, loop: Any, left: float, expected: list[str]
) -> None:
    framework.deadline.start(left)
    done: list[str] = []
    running: list[asyncio.Task[None]] = []

    async def work() -> None:
        await asyncio.sleep(0.001)
        done.append("done")

    async def handle() -> None:
        running.append(asyncio.create_task(work()))

    loop.run(handle())
    assert done == expected


def test_a_handler_whose_time_is_up_may_clean_up(framework: Any, loop: Any) -> None:
    framework.deadline.start(0.01)
    done: list[str] = []

    async def handle() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            await asyncio.sleep(0.001)
            done.append("cleaned up")

    with pytest.raises(TimeoutError):
        loop.run(handle())
    assert done == ["cleaned up"]


def test_what_an_interrupted_update_started_is_ended(framework: Any, loop: Any) -> None:
    framework.deadline.start(60)
    done: list[str] = []
    running: list[asyncio.Task[None]] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("ended")

    async def handle() -> None:
        running.append(asyncio.create_task(work()))
        await asyncio.sleep(0)
        raise SystemExit

    with pytest.raises(SystemExit):
        loop.run(handle())
    assert done == ["ended"]


def test_what_has_no_session_is_refused_in_words(framework: Any) -> None:
    sessions: Any = importlib.import_module("botkit.session")
    sessions.current = ""
    with pytest.raises(framework.Handled) as raised:
        framework.handle({}, lambda: framework.change(None, dict.clear))
    assert str(raised.value.error).endswith("this update has no session")


def test_a_change_that_is_not_possible_is_remembered(framework: Any) -> None:
    """The framework swallows the error."""

    def handler() -> None:
        with contextlib.suppress(framework.Misconfigured):
            framework.change("43", dict.clear)

    with pytest.raises(framework.Misconfigured):
        framework.handle(None, handler)


@pytest.mark.parametrize("other", ["getChat", "unpinChatMessage"])
def test_what_failed_is_remembered_whatever_else_succeeds(
    framework: Any, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    def call(method: str, **params: object) -> None:
        if method == "sendMessage":
            raise framework.Refused(method, 429, "Too Many Requests", {})

    def handler() -> None:
        with contextlib.suppress(framework.Refused):
            framework.call("sendMessage", {})
        framework.call(other, {})

    monkeypatch.setattr(framework.telegram, "call", call)
    with pytest.raises(framework.Refused):
        framework.handle(None, handler)


def fail_twice(framework: Any) -> None:
    """Have the calls 1 and 2 fail, whose errors the framework swallows."""
    for number in (1, 2):
        with contextlib.suppress(framework.Unreachable), framework.remembering(number):
            raise framework.Unreachable(f"call {number}")


def test_of_several_failures_the_first_is_told(framework: Any) -> None:
    with pytest.raises(framework.Unreachable, match="call 1"):
        framework.handle(None, lambda: fail_twice(framework))


def test_what_failed_first_at_the_start_is_told_even_if_it_succeeds_later(framework: Any) -> None:
    """The framework may try it again in the background."""

    def handler() -> None:
        with contextlib.suppress(Exception), framework.starting():
            fail_twice(framework)
            raise RuntimeError
        with framework.remembering(1):
            pass

    with pytest.raises(framework.Unreachable, match="call 1"):
        framework.handle(None, handler)


@pytest.mark.parametrize(
    ("code", "kind"), [(400, "Handled"), (428, "Handled"), (429, "Refused"), (499, "Handled")]
)
def test_an_update_is_handled_again_only_after_a_refusal_for_now(
    framework: Any, code: int, kind: str
) -> None:
    def handler() -> None:
        raise framework.Refused("sendMessage", code, "no", {})

    with pytest.raises(getattr(framework, kind)):
        framework.handle(None, handler)


def test_a_change_of_another_session_is_read_at_once_and_made_later(
    framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = importlib.import_module("botkit.session")
    monkeypatch.setitem(sys.modules, "bot", SimpleNamespace(SESSION="chat"))
    monkeypatch.setattr(sessions, "current", "42")
    monkeypatch.setattr(sessions, "read", lambda key: {"x": 1})
    framework.session = {}
    framework.put("43", "kind", "name", 1, None)
    assert framework.read("43") == {"x": 1, "kind": {"name": 1}}
    assert framework.read("41") == framework.read("44") == {"x": 1}
    assert framework.session == {}
    assert [key for key, _ in sessions.waiting] == ["43"]


OLD = {"a": 1, "b": 1, "c": {"d": 1}}


@pytest.mark.parametrize(
    ("now", "old", "new", "merged"),
    {
        "nobody else": (OLD, OLD, {"a": 2, "c": {"d": 1}}, {"a": 2, "c": {"d": 1}}),
        "another key": ({**OLD, "e": 1}, OLD, {**OLD, "a": 2}, {**OLD, "a": 2, "e": 1}),
        "the same key": ({**OLD, "a": 3}, OLD, {**OLD, "a": 2}, {**OLD, "a": 2}),
        "inside": ({"c": {"d": 1, "e": 1}}, OLD, {**OLD, "c": {"d": 2}}, {"c": {"d": 2, "e": 1}}),
        "an inner key is removed": ({"c": {"d": 1, "e": 1}}, {"c": {"d": 1}}, {}, None),
        "removed by another": ({"b": 1}, OLD, {**OLD, "b": 2}, {"b": 2}),
        "all is removed": (OLD, OLD, None, None),
        "it is new": (None, None, OLD, OLD),
        "both are new": ({"a": 1}, None, {"b": 0}, {"a": 1, "b": 0}),
        "no dict": (3, 1, 2, 2),
        "false, not absent": (3, 1, 0, 0),
        "emptied": ({"a": 1}, {"a": 1}, {}, None),
        "emptied, but for another's": ({"a": 1, "b": 2}, {"a": 1}, {}, {"b": 2}),
    }.values(),
)
def test_what_others_changed_meanwhile_stays(
    framework: Any, now: Any, old: Any, new: Any, merged: Any
) -> None:
    framework.session = {} if now is None else {"kind": {"name": now}}
    framework.put(None, "kind", "name", new, old)
    assert framework.session == ({} if merged is None else {"kind": {"name": merged}})
