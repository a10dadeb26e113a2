"""Chats to which Telegram refuses calls for a while (429): the bot leaves them alone.

A bot that keeps calling is refused for longer. But other updates of the chat may come meanwhile:
other topics from the queue, taps of other people, calls that are due. A container remembers its own
refusals. With a table, other containers learn of them, too, for retries and for answers that grow.
"""

from __future__ import annotations

import time
from contextlib import suppress

from . import current
from .deadline import LIMITS, deadline
from .errors import Refused, Unreachable
from .settings import settings
from .types import Any, Json

MOST = 1000  # chats that a container remembers
LONGEST = 24 * 3600  # seconds
DAYS = 1  # for which the table keeps it


def key_of(chat: Any) -> str:
    """Return the key of a chat's item, in the space "stream"."""
    return f"{chat}/calls"


def note(chat: str, seconds: int, limited: dict[str, float]) -> None:
    """Note that Telegram refuses calls to a chat for so many seconds.

    `limited` is what the container remembers: by chat, until when, in seconds since 1970.
    """
    until = limited[chat] = time.time() + min(seconds, LONGEST)
    if len(limited) > MOST:
        del limited[next(iter(limited))]
    if settings.session_table:
        from . import store

        def change(item: Json) -> None:
            item["limited"] = round(max(until, item.get("limited", 0)), 3)

        with deadline.within(LIMITS["count"]), suppress(Unreachable):
            store.change("stream", key_of(chat), change, days=DAYS)


def check(method: str, chat: str, limited: dict[str, float]) -> None:
    """Raise Refused if Telegram refuses calls to a chat now, as far as this container knows."""
    until = limited.get(chat, 0)
    if current.run.attempt == "again" and settings.session_table:
        from . import store

        with deadline.within(LIMITS["count"]), suppress(Unreachable):
            until = max(until, store.read("stream", key_of(chat)).get("limited", 0))
    left = until - time.time()
    # Not in the last second: Telegram rounds up, and Scheduler's times are rounded down.
    if left > 1:
        seconds = round(left)
        told = f"Too Many Requests: retry after {seconds} (an earlier refusal: nothing was called)"
        raise Refused(method, 429, told, {"retry_after": seconds})
