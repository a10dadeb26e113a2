"""container.py: which kinds of update a bot handles, as demo, poll and doctor ask it."""

from __future__ import annotations

from pathlib import Path

import pytest
from container import handled_kinds

HANDLED = {
    "a dict": ('{"message": print, "poll": print}', ["message", "poll"]),
    "a list": ('["message", "poll"]', ["message", "poll"]),
    "a tuple": ('("poll",)', ["poll"]),
}


@pytest.mark.parametrize(("handled", "kinds"), HANDLED.values(), ids=HANDLED)
def test_a_bot_is_asked_as_the_registration_does(
    tmp_path: Path, handled: str, kinds: list[str]
) -> None:
    (tmp_path / "bot.py").write_text(f"HANDLED = {handled}\n")
    assert handled_kinds(tmp_path) == kinds


def test_a_bot_that_handles_nothing_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("")
    with pytest.raises(ValueError, match="^bot.py must have HANDLED"):
        handled_kinds(tmp_path)
