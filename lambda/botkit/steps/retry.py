"""An event at which the bot failed comes again: Lambda retries it, or a replay may take it."""

from __future__ import annotations

from ..current import Run
from . import Waiting


def step(run: Run) -> Waiting:
    """Have an event come again if the bot failed before anybody saw something of it."""
    outcome = yield
    if outcome.name == "bot_failed" and not run.made.seen:
        return outcome.but("bot_failed", comes_again=True)
    return outcome
