"""Spreads scheduled calls that are due at once: Telegram takes some 30 calls a second of a bot.

A bot that is refused and goes on is refused for longer, in all chats. So if more events of
botkit.later come in a minute than Telegram would take, the last ones are scheduled again before
they call anything, each for a time of its own. That takes one write for each event, to an item that
counts those of the minute. Without a table, this step is off.
"""

from __future__ import annotations

import time

from .. import store
from ..current import Run
from ..deadline import LIMITS, deadline
from ..errors import Unreachable
from ..outcome import Outcome

PACE = 15  # events a second: the others are for people who write to the bot
AT_ONCE = 30  # events that may come together
COUNT = {
    "UpdateExpression": "ADD events :one SET expires_at = :end",
    "ReturnValues": "ALL_NEW",
}


def step(run: Run) -> Outcome | None:
    """Have an event scheduled again if too many came before it. One that comes again may pass."""
    is_ours = run.calls is not None or run.is_later
    if not is_ours or run.attempt != "first":
        return None
    now = time.time()
    values = {":one": {"N": "1"}, ":end": {"N": str(int(now) + store.DAY)}}
    minute = f"due:{int(now) // 60}"
    try:
        with deadline.within(LIMITS["count"]):
            item = store.update("limit", minute, **COUNT, ExpressionAttributeValues=values)
    except Unreachable:
        return None
    late = (int(item["Attributes"]["events"]["N"]) - AT_ONCE) / PACE - now % 60
    if late <= 0:
        return None
    return Outcome("throttled", "too many events are due at once", retry_after=round(late))
