"""How often answers that grow may write to a chat: those of one chat share what Telegram allows.

Telegram takes about a message a second for a chat, and 20 a minute for a group:
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
By others' measurements, it counts every call: also edits, deletions and "typing".

A chat has a pace, and its calls may be a few ahead of it. The table has an item for each chat, with
the time at which its calls are no longer ahead. All containers share it. While Telegram refuses
calls to the chat, as botkit/limited.py has noted in that item, all of them wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from . import store
from .limited import DAYS, key_of
from .types import Any, Json


class Budget:
    """The calls to a chat, one each `pace` seconds. The last of an answer may be `most` ahead.

    All methods raise Unreachable if DynamoDB can't be used.
    """

    def __init__(self, room: str, pace: float, most: int) -> None:
        self._key = key_of(room)
        self._pace, self._most = pace, most

    def __repr__(self) -> str:
        return f"<Budget: {self._key}, one each {self._pace} s>"

    def take(self, ahead: int) -> float:
        """Count a call that may be left out, and return 0.

        If more than `ahead` calls are ahead of the pace, don't count it, and return after how many
        seconds it may be made.
        """

        def take(until: float, now: float) -> tuple[float, float]:
            wait = max(until - now - ahead * self._pace, 0)
            return (until if wait else until + self._pace), wait

        return self._change(take)

    def claim(self, calls: int) -> float:
        """Count calls that must be made, and return how many seconds the last of them has to wait.

        They are made in the order in which they were claimed.
        """

        def claim(until: float, now: float) -> tuple[float, float]:
            until += calls * self._pace
            return until, max(until - now - (self._most + 1) * self._pace, 0)

        return self._change(claim)

    def _change(self, function: Callable[[float, float], tuple[float, float]]) -> float:
        """Let a function change until when the calls are ahead. Returns its second result."""

        def change(item: Json) -> float:
            now = time.time()
            limited = item.get("limited", 0) + self._most * self._pace  # even the end of an answer
            until, wait = function(max(item.get("until", 0), limited, now), now)
            if until > now:
                item["until"] = round(until, 3)
            return wait

        result: Any = store.change("stream", self._key, change, days=DAYS)
        return float(result)
