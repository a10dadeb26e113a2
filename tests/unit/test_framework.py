"""_framework.py: what the adapters of frameworks share."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
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


def test_a_handler_leaves_time_to_write_the_session(framework: Any) -> None:
    left: list[float] = []
    framework.deadline.start(60)
    framework.handle({}, lambda: left.append(framework.deadline.left()))
    assert left[0] <= 60 - framework.RESERVE
    assert left[0] < framework.deadline.left() <= 60


def test_an_authors_tests_have_no_deadline(framework: Any) -> None:
    """The one of start-up is over when they begin."""
    framework.deadline.start(-1)
    loop = importlib.import_module("botkit._loop")
    done: list[int] = []

    async def handle() -> None:
        await asyncio.sleep(0.001)
        done.append(1)

    loop.run(handle())
    loop._loop.close()
    assert done == [1]


def test_what_has_no_session_is_refused_in_words(framework: Any) -> None:
    sessions: Any = importlib.import_module("botkit.session")
    sessions.current = ""
    with pytest.raises(framework.Handled) as raised:
        framework.handle({}, lambda: framework.change(None, dict.clear))
    assert str(raised.value.error).endswith("this update has no session")


def test_a_change_that_failed_isnt_made_up_for(
    framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework swallows the error, and reads, or changes something else."""
    sessions = importlib.import_module("botkit.session")
    errors = iter([framework.Unreachable("x")])

    def change(key: str, function: object) -> None:
        for error in errors:
            raise error

    def handler() -> None:
        with contextlib.suppress(framework.Unreachable):
            framework.change("43", dict.clear)
        framework.change("43", dict.clear)
        framework.read("43")

    monkeypatch.setattr(sessions, "current", "42")
    monkeypatch.setattr(sessions, "change", change)
    monkeypatch.setattr(sessions, "read", lambda key: {})
    with pytest.raises(framework.Unreachable):
        framework.handle({}, handler)
