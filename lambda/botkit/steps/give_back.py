"""An event at which the bot failed goes back to Lambda, which delivers it again.

Telegram wouldn't do that with an update: the next ones of its chat would wait.
"""

from __future__ import annotations

from ..current import Run
from . import Waiting


def step(run: Run) -> Waiting:
    """Have Lambda retry an event if the bot failed at it before anybody saw something."""
    outcome = yield
    if outcome.name == "bot_failed" and not run.made.seen:
        return outcome.but(is_retried=True)
    return outcome
