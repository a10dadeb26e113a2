"""The end of a recurring call's time: it is over, even if the rest is scheduled again.

This stands outside of `again`, whose outcome it needs. `due` stands inside of it, so that an event
whose time can't be taken now is also scheduled again.
"""

from __future__ import annotations

from ..current import Run
from . import Waiting
from .due import due_time


def step(run: Run) -> Waiting:
    """Mark the time as over, so that no other invocation takes it."""
    outcome = yield
    due = due_time(run)
    if due and not outcome.is_retried and outcome.name != "repeated":
        due.end(outcome, len(run.made.chats))
    return outcome
