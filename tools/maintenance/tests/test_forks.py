"""forks.py: which mutants make a test hang."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from telegram_bot_aws.local import processes

from maintenance import forks


def test_a_mutant_that_no_test_reaches_survives() -> None:
    assert not forks.fails([], 5)


def test_a_test_that_waits_for_a_processor_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    def wait_for_a_processor(item: Any, nextitem: Any) -> None:
        os.read(reading, 1)

    def kept_waiting(process: int) -> float:
        os.write(writing, b"x")
        return 60

    monkeypatch.setattr(processes, "kept_waiting", kept_waiting)
    hook = SimpleNamespace(pytest_runtest_protocol=wait_for_a_processor)
    items: Any = [SimpleNamespace(config=SimpleNamespace(hook=hook))]
    assert not forks.fails(items, 0)
    for end in (reading, writing):
        os.close(end)
