"""Schedules the rest of an event again, for up to a day (the input `later`): calls in the event, or
an event of botkit.later.
"""

from __future__ import annotations

import logging
import random  # urllib loads it anyway
import time
from collections.abc import Callable

from .. import later
from ..current import Run
from ..deadline import deadline
from ..errors import BadSchedule, Unreachable
from ..outcome import Outcome
from ..types import Json

logger = logging.getLogger("botkit")

LONGEST_PAUSE = 900  # seconds between two tries, before a random part is added
LONGEST_TRIES = 24 * 3600  # seconds from the first try


def step(run: Run, go_on: Callable[[], Outcome]) -> Outcome:
    """Schedule the rest of an event again, or give it up after a day."""
    if not run.is_ours:  # Lambda retries it
        return go_on()
    run.keep_copy()
    with deadline.reserve("schedule"):
        outcome = go_on()
    rest = rest_of(run, outcome)
    if not outcome.is_retried or not rest:
        return outcome
    about: Json = {"since": int(time.time()), "tries": 0}
    match run.subject:
        case {"later": {"tries": 0, "name": str(name)}}:  # its first try, which may be late
            about["name"] = name
        case {"every": {"name": str(name)}}:
            about["name"] = f"{later.OF_EVERY}{name}"
        case {"later": {"since": int(), "tries": int()}}:
            about = {**run.subject["later"]}
    if rest.get("calls", run.calls) != run.calls:
        about["is_part"] = True  # so a refusal of it doesn't say that nobody wants the whole
    # At random up to half as long again: otherwise calls that were due together stay together.
    pause = round(min(60 * 2 ** about["tries"], LONGEST_PAUSE) * random.uniform(1, 1.5))
    pause += outcome.retry_after or 0
    now = time.time()
    if now + pause > about["since"] + LONGEST_TRIES:
        return outcome.but("lost")
    about["tries"] += 1
    try:
        later.retry({"later": about, **rest}, now + pause, str(run.id))
    except (BadSchedule, Unreachable) as error:
        logger.warning("the calls were not scheduled again", extra={"error": str(error)})
        return outcome
    return outcome.but(retry_after=pause, is_retried=False, is_kept=False)


def rest_of(run: Run, outcome: Outcome) -> Json | None:
    """Return the rest of an event: its calls, or all of it as long as people saw nothing of it.

    None if people saw something, and no calls that on_event() returned remain.
    """
    if run.calls is not None:
        return {"calls": outcome.remaining or run.calls}
    if not run.made.seen:
        return {"event": run.as_sent()["event"]}
    return {"calls": outcome.remaining} if outcome.remaining else None
