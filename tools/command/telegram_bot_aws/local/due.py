"""Does what is due, on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

LOOK_SECONDS = 30.0  # between two looks: a machine that sleeps stops the clock of a pause


class Host(Protocol):
    """Who invokes a function, as in botkit/fakes/host.py."""

    def next_time(self) -> float | None:
        """Return when something is due next, in seconds since 1970, or None."""

    def run_next(self) -> object:
        """Do what is due next."""


class Due:
    """Has a host do what is due by a clock, in a thread, while the `with` block lasts.

    `done` is called each time, since it may have made something else due.
    """

    def __init__(self, now: Callable[[], float], host: Host, done: Callable[[], None]) -> None:
        self._now, self._host, self._done = now, host, done
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Due:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.look(is_over=True)
        self._thread.join()

    def look(self, *, is_over: bool = False) -> None:
        """Have the thread look again for what is due."""
        with self._changed:
            self._is_over |= is_over
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._is_over:
                    return
                due = self._host.next_time()
                seconds = None if due is None else due - self._now()
                if seconds is None or seconds > 0:
                    self._changed.wait(seconds and min(seconds, LOOK_SECONDS))
                    continue
            self._host.run_next()
            self._done()
