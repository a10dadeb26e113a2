"""The deadline of start-up, and then of each invocation.

    from botkit.deadline import deadline

    while deadline.left() > 5: …

By then, calls of telegram and aws end by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager  # logging has loaded it


class Deadline:
    """The time by which something must end: `seconds` from now.

    `at` is that time on the clock of time.monotonic().
    """

    def __init__(self, seconds: float) -> None:
        self.start(seconds)

    def start(self, seconds: float) -> None:
        """Move the deadline to `seconds` from now."""
        self.at = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds are left. After the deadline, they are negative."""
        return self.at - time.monotonic()

    def timeout(self) -> float:
        """Return how many seconds are left, for a socket. Raises TimeoutError if none are."""
        seconds = self.left()
        if seconds <= 0:
            raise TimeoutError("no time left")
        return seconds

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Give a block `seconds`, or what is left if that is less."""
        return self._by(min(self.at, time.monotonic() + seconds))

    def sparing(self, seconds: float) -> AbstractContextManager[None]:
        """Keep back `seconds`, at most a third of what is left, and give a block the rest."""
        return self._by(self.at - min(seconds, self.left() / 3))

    @contextmanager
    def _by(self, at: float) -> Iterator[None]:
        end, self.at = self.at, at
        try:
            yield
        finally:
            self.at = end


# Lambda stops a start-up after 10 s. handler.py sets the deadline of each invocation.
deadline = Deadline(8.0)
