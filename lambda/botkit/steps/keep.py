"""Keeps a failed update or event until somebody has repaired the bot and replays it
(failed_retention_in_days).
"""

from __future__ import annotations

from .. import failed_queue
from ..current import Run
from ..deadline import deadline
from . import Waiting


def step(run: Run) -> Waiting:
    """Keep an update or event as it came, if it failed and isn't redelivered."""
    run.keep_copy()
    with deadline.reserve("keep"):
        outcome = yield
    if not outcome.is_kept or outcome.is_retried:
        return outcome
    if run.is_update:
        subject = {"update": run.turn or run.as_sent()}
        if run.turn:
            subject["ids"] = [run.id, *run.others]
        if run.asked != "reply":
            subject["asked"] = run.asked
    else:
        subject = {} if outcome.remaining else {"event": run.as_sent(), "id": run.id}
    return failed_queue.keep(run, outcome, subject)
