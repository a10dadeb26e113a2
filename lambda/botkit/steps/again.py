"""The calls in an event that have to wait are scheduled again (the input `later`), for a day."""

from __future__ import annotations

import logging
import random  # urllib loads it anyway
import time

from .. import later
from ..current import Run
from ..deadline import deadline
from ..errors import BadSchedule, Unreachable
from ..types import Json
from . import Waiting

logger = logging.getLogger("botkit")

LONGEST_PAUSE = 900  # seconds between two tries, without what is added at random
LONGEST_TRIES = 24 * 3600  # seconds from the first try


def step(run: Run) -> Waiting:
    """Schedule the remaining calls of an event again, or give them up after a day."""
    if run.calls is None:  # they are on_event()'s: Lambda tries again
        return (yield)
    with deadline.reserve("schedule"):
        outcome = yield
    if not outcome.is_retried:
        return outcome
    about: Json = {"since": int(time.time()), "tries": 0}
    match run.subject:
        case {"later": {"tries": 0, "name": str(name)}}:  # its first try, which may come late
            about["name"] = name
        case {"every": {"name": str(name)}}:
            about["name"] = f"{later.OF_EVERY}{name}"
        case {"later": {"since": int(), "tries": int()}}:
            about = {**run.subject["later"]}
    # Up to half as long again at random, or what was due at the same time would stay together.
    pause = round(min(60 * 2 ** about["tries"], LONGEST_PAUSE) * random.uniform(1, 1.5))
    pause = max(pause, outcome.retry_after or pause)
    now = time.time()
    if now + pause > about["since"] + LONGEST_TRIES:
        return outcome.but("lost")
    about["tries"] += 1
    event = {"later": about, "calls": outcome.remaining or run.calls}
    try:
        later.retry(event, now + pause, str(run.id))
    except (BadSchedule, Unreachable) as error:
        logger.warning("the calls were not scheduled again", extra={"error": str(error)})
        return outcome
    return outcome.but(retry_after=pause, is_retried=False)
