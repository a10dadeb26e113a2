"""An event at which the bot failed goes back to Lambda, which redelivers it.

Updates don't go back to Telegram like this: the chat's next ones would have to wait.
"""

from __future__ import annotations

from ..current import Run
from . import Waiting


def step(run: Run) -> Waiting:
    """Let Lambda retry an event at which the bot failed, if nobody saw anything of it."""
    outcome = yield
    if outcome.name == "bot_failed" and not run.made.seen:
        return outcome.but(is_retried=True)
    return outcome
