"""Spreads scheduled calls that are due at once: Telegram takes some 30 calls a second of a bot.

A bot that is refused and goes on is refused for longer, in all chats. So if more calls come with
events of botkit.later than Telegram would take, the last events are scheduled again before they
call anything, each for a time of its own. That takes one write for each event, to an item that
counts the calls in each second of a minute. Without a table, this step is off.
"""

from __future__ import annotations

import logging
import time

from .. import store
from ..current import Run
from ..deadline import LIMITS, deadline
from ..errors import Unreachable
from ..outcome import Outcome
from ..types import Json

logger = logging.getLogger("botkit")

PACE = 15  # calls a second: the others are for people who write to the bot
BURST = 30  # calls that may come together


def step(run: Run) -> Outcome | None:
    """Have an event scheduled again if too many calls came before it.

    One that comes again may pass. An event for on_event() counts as one call: nobody knows yet how
    many it makes.
    """
    if not run.is_ours or run.attempt != "first":
        return None
    calls = len(run.calls) if run.calls else 1
    now = int(time.time())
    minute, second = divmod(now, 60)
    try:
        with deadline.within(LIMITS["count"]):
            item = store.update("limit", f"due:{minute}", **count(calls, now))
    except Unreachable as error:
        logger.warning("a scheduled call isn't counted", extra={"error": str(error)})
        return None
    late = (ahead(item["Attributes"], second) - calls - BURST) / PACE
    if late < 0:
        return None
    return Outcome("throttled", "too many calls are due at once", retry_after=round(late))


def count(calls: int, now: int) -> Json:
    """Return the change of a minute's item that counts calls in this second of it."""
    return {
        "UpdateExpression": f"ADD second{now % 60} :calls SET expires_at = :end",
        "ExpressionAttributeValues": {
            ":calls": {"N": str(calls)},
            ":end": {"N": str(now + store.DAY)},
        },
        "ReturnValues": "ALL_NEW",
    }


def ahead(item: Json, second: int) -> int:
    """Return how many calls of a minute are ahead of the pace in this second of it."""
    calls = 0
    for each in range(second + 1):
        calls = max(calls - PACE, 0) + int(item.get(f"second{each}", {"N": "0"})["N"])
    return calls
