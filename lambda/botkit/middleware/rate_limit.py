"""How often a person may use the bot: RATE_LIMIT in bot.py, and on_rate_limit() for the first
update beyond.

    RATE_LIMIT = (20, 60)  # 20 updates of a person in a window of 60 seconds

An item of the sessions' table contains the ids of the updates that a person has sent in a window.
So an update that is redelivered counts once. An album, whose messages are an update each, also
counts once. The item is changed by update expressions instead of store.change(): an update costs
one write and no read, and the updates of a flood, in many containers, never wait for each other.
This module is loaded only for a bot with RATE_LIMIT.
"""

from __future__ import annotations

import time
from binascii import crc32
from collections.abc import Callable

from .. import bot_module, store
from ..calls import execute
from ..context import BoundedDict, Context
from ..errors import Misconfigured, outcome_of
from ..outcome import Outcome
from ..types import Any, Json
from ..update_info import UpdateInfo

# Payments are never limited: update types, then kinds of message.
EXEMPT = {
    "pre_checkout_query",
    "purchased_paid_media",
    "shipping_query",
    "subscription",
}
EXEMPT_MESSAGES = {
    "refunded_payment",
    "successful_payment",
    "suggested_post_paid",
    "suggested_post_refunded",
}
MAX_UPDATES = 1000  # in a window: their ids are in one item
MAX_WINDOW_SECONDS = store.DAY_SECONDS

COUNT: Json = {
    "UpdateExpression": "ADD ids :ids SET expires_at = :end",
    "ConditionExpression": "attribute_not_exists(ids) OR size(ids) < :most OR contains(ids, :id)",
}
CLOSE: Json = {
    "UpdateExpression": "SET beyond = if_not_exists(beyond, :id)",
    "ConditionExpression": "attribute_exists(ids)",
    "ReturnValues": "ALL_NEW",
}

MAX_REMEMBERED = 100  # full windows
# By the key of a full window: the ids of its updates and albums, which don't change any more, and
# the id of the first update beyond.
full_windows = BoundedDict(MAX_REMEMBERED)


def rate_limit(ctx: Context, call_next: Callable[[], Outcome]) -> Outcome:
    """Let an update pass, or stop one that is too many. The first of those goes to on_rate_limit().

    The calls of on_rate_limit() are made as those of an answer: a redelivery may repeat them.
    """
    bot = bot_module.load()
    most, seconds = limit_of(bot)
    key = _window_key(ctx.payload, seconds)
    first = key and count(ctx.payload, key, most, seconds)
    if not first:
        return call_next()
    if str(ctx.id) != first or not hasattr(bot, "on_rate_limit"):
        return Outcome("rate_limited")
    try:
        calls = bot_module.get_calls("on_rate_limit", ctx.payload)
        outcome = execute(ctx, calls, "rate_limited")
    except BaseException as error:
        outcome = outcome_of(error)
    return outcome.replace(dead_letter=False)  # a hint isn't worth it


def count(update: Json, key: str, most: int, seconds: int) -> str | None:
    """Count an update in a window. If it is too many, return the id of the first that was.

    That takes one write. A full window takes one more write in each container, and then none.
    Raises Misconfigured, or Unreachable if DynamoDB can't be used.
    """
    update_id = str(update["update_id"])
    # An album counts under a negative number, as no update has such an id.
    album = UpdateInfo(update).content.get("media_group_id")
    counted_as = update_id if album is None else str(~crc32(str(album).encode()))
    if key not in full_windows:
        # Telegram may redeliver an update for a day.
        end = int(time.time()) + seconds + store.DAY_SECONDS
        values = {":ids": {"NS": [counted_as]}, ":most": {"N": str(most)}, ":end": {"N": str(end)}}
        if _update(key, COUNT, counted_as, values) is not None:
            return None
        # The id of an update: on_rate_limit() answers one message of an album.
        closed = _update(key, CLOSE, update_id, {})
        if closed is None:  # somebody has just deleted it
            return None
        item = closed["Attributes"]
        full_windows[key] = set(item["ids"]["NS"]), item["beyond"]["N"]
    counted: set[str]
    first: str
    counted, first = full_windows[key]
    return None if counted_as in counted else first


def limit_of(bot: Any) -> tuple[int, int]:
    """Return RATE_LIMIT of bot.py: how many updates in how many seconds. Raises Misconfigured."""
    match bot.RATE_LIMIT:
        case (int(most), int(seconds)) if (
            1 <= most <= MAX_UPDATES and 1 <= seconds <= MAX_WINDOW_SECONDS
        ):
            return most, seconds
    raise Misconfigured(
        f"RATE_LIMIT in bot.py must be two numbers, of updates (1 to {MAX_UPDATES}) and of "
        "seconds (up to a day), such as (20, 60)"
    )


def _window_key(update: Json, seconds: int) -> str | None:
    """Return the key of the window in which an update counts, or None if it never counts.

    Windows are fixed. An update counts by its date, however late it comes: updates that waited
    while the bot failed aren't a flood. One without a date, such as a press, counts when it comes,
    so it may count again if it is redelivered in a later window.
    """
    info = UpdateInfo(update)
    is_exempt = info.update_type in EXEMPT or not EXEMPT_MESSAGES.isdisjoint(info.content)
    if is_exempt or info.sender_id is None:
        return None
    date = info.content.get("edit_date") or info.content.get("date") or int(time.time())
    return f"{info.sender_id}:{date - date % seconds}"


def _update(key: str, change: Json, number: str, values: Json) -> Any:
    """Change the item of a window. Returns None if the condition isn't met."""
    item, values = {"id": {"S": f"limit:{key}"}}, {**values, ":id": {"N": number}}
    return store.call("UpdateItem", Key=item, **change, ExpressionAttributeValues=values)
