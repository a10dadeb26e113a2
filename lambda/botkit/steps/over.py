"""The end of a time of what recurs: it is over, or what remains is scheduled again.

This stands outside of `again`, whose outcome it needs, and `due` inside: what can't be taken now is
scheduled, too.
"""

from __future__ import annotations

from ..current import Run
from . import Waiting
from .due import due_time


def step(run: Run) -> Waiting:
    """Have nobody take the time of what recurs again once it is over."""
    outcome = yield
    due = due_time(run)
    if due and not outcome.is_retried and outcome.name != "repeated":
        due.end(outcome, len(run.made.chats))
    return outcome
