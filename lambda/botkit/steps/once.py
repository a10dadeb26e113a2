"""An update is answered once, as far as this container knows.

Telegram redelivers an update if our 200 didn't reach it. And once people have seen an answer, the
update must not be redelivered, whatever failed afterwards.
"""

from __future__ import annotations

from ..current import Run
from ..outcome import Outcome
from . import Waiting

REMEMBERED = 256  # updates

# The outcomes of recent updates for which calls were carried out, by update id.
recent: dict[int, Outcome] = {}


def step(run: Run) -> Waiting:
    """Answer an update unless it is over, and give it up rather than show something twice."""
    before = recent.get(run.id)  # None for an event, whose id is a string
    if run.others:  # of a replayed turn: the session knows the rest
        before = None
    # An update that failed for good is over for Telegram, but not for a replay.
    if before and not before.is_retried and not (before.is_kept and run.source == "replay"):
        return Outcome("repeated", body=before.body)
    run.before = before is not None
    outcome = yield
    if outcome.is_retried and run.made.seen:
        outcome = outcome.but("incomplete")
    # Don't remember a failure if people saw nothing: at a redelivery, the update can still be kept.
    is_over = run.made.seen or not outcome.is_kept
    if run.is_update and run.made.answered and is_over:
        recent[run.id] = outcome.but(remaining=())  # their files would fill the memory
        if len(recent) > REMEMBERED:
            del recent[next(iter(recent))]
    return outcome
