"""How often a person may use the bot: RATE_LIMIT in bot.py, and on_rate_limit() for the first
update beyond.

    RATE_LIMIT = (20, 60)  # 20 updates of a person in a window of 60 seconds

An item of the sessions' table contains the ids of the updates that a person has sent in a window.
So an update that is redelivered counts once. An album, whose messages are an update each, also
counts once. The item is changed by update expressions instead of store.change(): an update costs
one write and no read, and the updates of a flood, in many containers, never wait for each other.
Only near the end of a window, each message of an album costs one more write, to an item that says
in which window the album counts. This module is loaded only for a bot with RATE_LIMIT.
"""

from __future__ import annotations

import time
from binascii import crc32
from collections.abc import Callable

from .. import bot_module, store
from ..current import Run
from ..errors import Misconfigured
from ..outcome import Outcome
from ..place import Place
from ..settings import settings
from ..types import Any, Json

# Never limited: payments, and the kind that stops an answer. Kinds of update, then of message.
EXEMPT = {
    "pre_checkout_query",
    "purchased_paid_media",
    "shipping_query",
    "stopped_message_generation",
    "subscription",
}
EXEMPT_MESSAGES = {
    "refunded_payment",
    "successful_payment",
    "suggested_post_paid",
    "suggested_post_refunded",
}
MOST = 1000  # updates in a window: their ids are in one item
LONGEST = store.DAY  # seconds of a window
SPREAD = 10  # seconds between the first and the last message of an album, at most

COUNT: Json = {
    "UpdateExpression": "ADD ids :ids SET expires_at = :end",
    "ConditionExpression": "attribute_not_exists(ids) OR size(ids) < :most OR contains(ids, :id)",
}
CLOSE: Json = {
    "UpdateExpression": "SET beyond = if_not_exists(beyond, :id)",
    "ConditionExpression": "attribute_exists(ids)",
    "ReturnValues": "ALL_NEW",
}

# A window may end between two messages of an album: the first that comes decides for all.
DECIDE: Json = {
    "UpdateExpression": "SET starts = if_not_exists(starts, :id), expires_at = :end",
    "ReturnValues": "ALL_NEW",
}

# Only one delivery of the first update beyond tells the person.
TELL: Json = {
    "UpdateExpression": "SET told = :id",
    "ConditionExpression": "attribute_exists(ids) AND attribute_not_exists(told)",
}
TELL_AGAIN: Json = {"UpdateExpression": "REMOVE told", "ConditionExpression": "told = :id"}

REMEMBERED = 100  # full windows
# By the key of a full window: the ids of its updates and albums, which don't change any more, and
# the id of the first update beyond.
full: dict[str, tuple[set[str], str]] = {}


def count(update: Json, key: str) -> str | None:
    """Count an update in a window. If it is too many, return the id of the first that was.

    That takes one write. A full window takes one more write in each container, and then none.
    Raises Misconfigured, or Unreachable if DynamoDB can't be used.
    """
    most, seconds = _limit(bot_module.load())
    update_id, counted_as = str(update["update_id"]), _counted_as(update)
    if key not in full:
        values = {":ids": {"NS": [counted_as]}, ":most": {"N": str(most)}, ":end": _end(seconds)}
        if _update(key, COUNT, values, counted_as) is not None:
            return None
        # The id of an update: on_rate_limit() answers one message of an album.
        closed = _update(key, CLOSE, {}, update_id)
        if closed is None:  # somebody has just deleted it
            return None
        item = closed["Attributes"]
        full[key] = set(item["ids"]["NS"]), item["beyond"]["N"]
        if len(full) > REMEMBERED:
            del full[next(iter(full))]
    counted, first = full[key]
    return None if counted_as in counted else first


def step(run: Run, go_on: Callable[[], Outcome]) -> Outcome:
    """Let an update pass, or stop one that is too many. The first of those goes to on_rate_limit().

    That is noted before on_rate_limit() is asked. So if the update comes to two containers at once,
    or a container ends in between, the person may not be told, but is never told twice.
    """
    bot = bot_module.load()
    key = _window(run.subject, _limit(bot)[1])
    first = key and count(run.subject, key)
    if not (key and first):
        return go_on()
    is_first = str(run.id) == first and hasattr(bot, "on_rate_limit")
    if not is_first or _update(key, TELL, {}, first) is None:
        return Outcome("rate_limited")
    run.asked = "on_rate_limit"
    outcome = go_on()
    if outcome.is_retried and not run.made.seen:
        _update(key, TELL_AGAIN, {}, first)
    return outcome


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if updates can't be counted."""
    _limit(bot)
    if not settings.session_table:
        raise Misconfigured("RATE_LIMIT in bot.py needs a table: set session_retention_in_days")


def _limit(bot: Any) -> tuple[int, int]:
    """Return RATE_LIMIT of bot.py: how many updates in how many seconds. Raises Misconfigured."""
    match bot.RATE_LIMIT:
        case (int(most), int(seconds)) if 1 <= most <= MOST and 1 <= seconds <= LONGEST:
            return most, seconds
    raise Misconfigured(
        f"RATE_LIMIT in bot.py must be two numbers, of updates (1 to {MOST}) and of seconds (up to "
        "a day), such as (20, 60)"
    )


def _window(update: Json, seconds: int) -> str | None:
    """Return the key of the window in which an update counts, or None if it never counts.

    Windows are fixed. An update counts by its date, however late it comes: updates that waited
    while the bot failed aren't a flood. One without a date, such as a tap, counts when it comes, so
    it may count again if it is redelivered in a later window. Raises what `count` raises.
    """
    place = Place(update)
    is_exempt = place.kind in EXEMPT or not EXEMPT_MESSAGES.isdisjoint(place.content)
    if is_exempt or place.person is None:
        return None
    date = place.content.get("edit_date") or place.content.get("date") or int(time.time())
    start = date - date % seconds
    is_album = "media_group_id" in place.content and "edit_date" not in place.content
    is_near_end = date - start < SPREAD or start + seconds - date <= SPREAD
    if is_album and is_near_end:
        values = {":end": _end(seconds)}
        decided = _update(f"{place.person}:{_counted_as(update)}", DECIDE, values, str(start))
        start = int(decided["Attributes"]["starts"]["N"])
    return f"{place.person}:{start}"


def _end(seconds: int) -> Json:
    """Return when an item may be deleted: Telegram may redeliver an update for a day."""
    return {"N": str(int(time.time()) + seconds + store.DAY)}


def _counted_as(update: Json) -> str:
    """Return the number under which an update counts: its id, or a negative one for its album."""
    album = Place(update).content.get("media_group_id")
    return str(update["update_id"] if album is None else ~crc32(str(album).encode()))


def _update(key: str, change: Json, values: Json, number: str) -> Any:
    """Change the item of a window. Returns None if the condition isn't met."""
    values = {**values, ":id": {"N": number}}
    return store.update("limit", key, **change, ExpressionAttributeValues=values)
