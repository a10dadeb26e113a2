"""forks.py: which mutants make a test hang."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from telegram_bot_aws.local import processes

from maintenance import forks
from tests.support.stubs import load_file


def item_of(protocol: Any) -> Any:
    """Return an item of pytest's that runs in this way."""
    hook = SimpleNamespace(pytest_runtest_protocol=protocol)
    return SimpleNamespace(config=SimpleNamespace(hook=hook))


def test_a_mutant_that_no_test_reaches_survives() -> None:
    assert not forks.fails([])


def test_a_module_that_a_file_of_tests_has_loaded_is_mutated_too(tmp_path: Path) -> None:
    source = tmp_path / "mutated.py"
    source.write_text("IS_WHOLE = True")
    module = load_file(source)

    def run(item: Any, nextitem: Any) -> None:
        assert module.IS_WHOLE

    items: Any = [item_of(run)]
    items[0].module = ModuleType("test_of_it")
    items[0].module.loaded = module
    assert not forks.fails(items, "mutated")
    source.write_text("IS_WHOLE = False")
    assert forks.fails(items, "mutated")
    source.write_text("a mutant that Python can't read")
    assert forks.fails(items, "mutated")


def test_a_test_that_waits_for_a_processor_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    waited = itertools.chain([0.0], itertools.repeat(60.0))

    def wait(item: Any, nextitem: Any) -> None:
        os.read(reading, 1)

    def kept_waiting(process: int) -> float:
        if seconds := next(waited):
            os.write(writing, b"x")
        return seconds

    monkeypatch.setattr(forks, "ALONE", 0.0)
    items: Any = [item_of(wait)]
    assert forks.fails(items)
    monkeypatch.setattr(processes, "kept_waiting", kept_waiting)
    assert not forks.fails(items)
    for end in (reading, writing):
        os.close(end)
