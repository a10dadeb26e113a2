"""The times of what recurs (later.every): each is taken by one invocation.

Scheduler and Lambda may deliver an event twice, and Lambda may repeat an invocation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..current import Run
from ..errors import Failure
from ..outcome import Outcome
from ..settings import settings
from ..types import Any, Json

logger = logging.getLogger("botkit")

TIMES_DAYS = 2  # for which a time is kept: Scheduler tries for one
OVER = "over"
REMEMBERED = 1000  # times that a container remembers

# Without a table: who took the last times, as in an item of the table, by its key.
recent: dict[str, Json] = {}


def step(run: Run) -> Outcome | None:
    """Let each time of what recurs pass once."""
    due = due_time(run)
    return Outcome("repeated") if due and not due.take() else None


def due_time(run: Run) -> DueTime | None:
    """Return the time that is due, if the event recurs."""
    match run.subject:
        case {"every": {"name": str(name), "at": str(at)}} if run.calls is not None or run.is_later:
            return DueTime(name, at, str(run.id), run.source == "replay")
    return None


class DueTime:
    """A time of what recurs. One invocation takes it, and Lambda may repeat that one.

    Each time has an item in the table of sessions, if there is one: who took it, by an invocation's
    id, or OVER. Without the table, only the container knows.
    """

    def __init__(self, name: str, at: str, id: str, is_replayed: bool) -> None:
        self._name, self._id, self._is_replayed = name, id, is_replayed
        self._key = f"{name}:{at}"

    def __repr__(self) -> str:
        return f"<DueTime: {self._key}, taken by {self._id}>"

    def take(self) -> bool:
        """Tell whether no other invocation took it, and this one didn't end it. Raises Failure.

        A replay takes what another one has not ended: Lambda gave that one up.
        """

        def take(time: Json) -> bool:
            taken = time.setdefault("by", self._id)
            return bool(taken == self._id or (self._is_replayed and taken != OVER))

        return bool(self._change(take))

    def end(self, outcome: Outcome, chats: int) -> None:
        """Have nobody take it again, and no other come if Telegram doesn't let the bot write.

        Others do come if its calls were for several `chats`: one of them may still want them.
        """
        from .. import later

        try:
            self._change(lambda time: time.update(by=OVER))
            if outcome.code == 403 and chats <= 1 and later.cancel_every(self._name):
                logger.warning("a call that Telegram refuses recurs no more")
        except Failure as error:
            logger.warning("a call that recurs was not noted", extra={"error": str(error)})

    def _change(self, function: Callable[[Json], Any]) -> Any:
        if settings.session_table:
            from .. import store

            return store.change("every", self._key, function, days=TIMES_DAYS)
        time = recent.setdefault(self._key, {})
        if len(recent) > REMEMBERED:
            del recent[next(iter(recent))]
        return function(time)
