"""How often a bot may write, as far as is known: Telegram publishes few figures, and no words.

From its FAQ (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this): one
message a second to a chat, with short bursts, 20 a minute to a group, some 30 a second in all.
From what others measured (https://github.com/NousResearch/hermes-agent/issues/107612 and 76494):
each call to a chat counts, also edits, deletions and "typing". That drafts count, and how long a
burst may be, is ours.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable

from .bot_api import Json

# Calls in so many seconds. Those to a chat may all come at once: later, one a second.
TO_A_CHAT = 20, 20.0
TO_A_GROUP = 20, 60.0  # or a channel
IN_ALL = 30, 1.0
# The parameter whose items are a message each.
SEVERAL = {
    "copyMessages": "message_ids",
    "forwardMessages": "message_ids",
    "sendMediaGroup": "media",
}


class Limits:
    """Telegram's limits. `clock` gives the time in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # When a bot called, by bot and chat; chat 0: all of them.
        self._times: dict[tuple[int, int], deque[float]] = defaultdict(deque)

    def count(self, bot: int, chat: Json, method: str, params: Json) -> tuple[int, str]:
        """Count a bot's call to a chat, and return 0.

        If it comes too early, return instead for how many seconds the bot must wait, and why.
        """
        now = self._clock()
        of_chat = TO_A_CHAT if chat["type"] == "private" else TO_A_GROUP
        for id, (most, seconds) in ((chat["id"], of_chat), (0, IN_ALL)):
            times = self._times[bot, id]
            while times and times[0] <= now - seconds:
                times.popleft()
            if len(times) >= most:
                where = "to this chat" if id else "in all"
                wait = times[len(times) - most] + seconds - now
                return math.ceil(wait), f"more than {most} calls {where} in {seconds:g} s"
        several = params.get(SEVERAL.get(method, ""))
        messages = len(several) if isinstance(several, list) else 1
        for id in (chat["id"], 0):
            self._times[bot, id].extend([now] * messages)
        return 0, ""
