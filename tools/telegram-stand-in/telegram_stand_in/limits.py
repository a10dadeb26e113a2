"""How often a bot may write, as far as is known: Telegram publishes few figures, and no words.

From its FAQ (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this): one
message a second to a chat, with short bursts, 20 a minute to a group, some 30 a second in all.
From what others measured (https://github.com/NousResearch/hermes-agent/issues/107612 and 76494):
each call to a chat counts, also edits, deletions and "typing". That drafts count, and how long a
burst may be, is ours.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

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


@dataclass
class _Budget:
    """The calls of a bot to a chat, or in all. `most` of them may be made in `seconds`."""

    most: int
    seconds: float
    times: deque[float] = field(default_factory=deque)

    def refused(self, now: float) -> float:
        """Return for how long a call is refused, or 0."""
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        if len(self.times) < self.most:
            return 0.0
        return self.times[len(self.times) - self.most] + self.seconds - now


class Limits:
    """Telegram's limits. `clock` gives the time in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._budgets: dict[tuple[int, int], _Budget] = {}  # by bot and chat; chat 0: all of them

    def count(self, bot: int, chat: Json, method: str, params: Json) -> tuple[int, str]:
        """Count a bot's call to a chat, and return 0.

        If it comes too early, return instead for how many seconds the bot must wait, and why.
        """
        now = self._clock()
        limit = TO_A_CHAT if chat["type"] == "private" else TO_A_GROUP
        of_chat = self._budgets.setdefault((bot, chat["id"]), _Budget(*limit))
        of_all = self._budgets.setdefault((bot, 0), _Budget(*IN_ALL))
        for budget, where in ((of_chat, "to this chat"), (of_all, "in all")):
            if seconds := budget.refused(now):
                why = f"more than {budget.most} calls {where} in {budget.seconds:g} s"
                return math.ceil(seconds), why
        several = params.get(SEVERAL.get(method, ""))
        messages = len(several) if isinstance(several, list) else 1
        for budget in (of_chat, of_all):
            budget.times.extend([now] * messages)
        return 0, ""
