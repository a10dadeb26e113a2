"""The times of a call or event that recurs (later.every): only one invocation takes each.

Scheduler and Lambda may deliver an event twice, and Lambda may repeat an invocation.
"""

from __future__ import annotations

from collections.abc import Callable

from ..current import Run
from ..outcome import Outcome
from ..settings import settings
from ..types import Any, Json

TIMES_DAYS = 2  # for which a time is kept: Scheduler retries for one day
OVER = "over"
REMEMBERED = 1000  # times that a container remembers

# Without a table: who took the last times, by key, each in the form of an item of the table.
recent: dict[str, Json] = {}


def step(run: Run, go_on: Callable[[], Outcome]) -> Outcome:
    """Let each time of a recurring call or event pass once."""
    due = due_time(run)
    return Outcome("repeated") if due and not due.take() else go_on()


def due_time(run: Run) -> DueTime | None:
    """Return the time that is due, if the event recurs."""
    match run.subject:
        case {"every": {"name": str(name), "at": str(at)}} if run.is_ours:
            return DueTime(name, at, str(run.id), run.source == "replay")
    return None


class DueTime:
    """A time of a recurring call or event. One invocation takes it, and Lambda may repeat that one.

    Each time has an item in the sessions' table, if there is one: the id of the invocation that
    took it, or OVER. Without the table, only this container knows.
    """

    def __init__(self, name: str, at: str, id: str, is_replayed: bool) -> None:
        self.name, self._id, self._is_replayed = name, id, is_replayed
        self._key = f"{name}:{at}"

    def __repr__(self) -> str:
        return f"<DueTime: {self._key}, taken by {self._id}>"

    def take(self) -> bool:
        """Take this time, and tell whether that succeeded. Raises Failure.

        It fails if another invocation has taken the time, or if it is over. A replay also takes a
        time from an invocation that didn't end it: Lambda gave that one up.
        """

        def take(time: Json) -> bool:
            taken = time.setdefault("by", self._id)
            return bool(taken == self._id or (self._is_replayed and taken != OVER))

        return bool(self._change(take))

    def end(self) -> None:
        """Mark this time as over. Raises Failure."""
        self._change(lambda time: time.update(by=OVER))

    def _change(self, function: Callable[[Json], Any]) -> Any:
        if settings.session_table:
            from .. import store

            return store.change("every", self._key, function, days=TIMES_DAYS)
        time = recent.setdefault(self._key, {})
        if len(recent) > REMEMBERED:
            del recent[next(iter(recent))]
        return function(time)
