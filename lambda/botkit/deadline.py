"""The deadline of start-up, and then of each invocation.

from botkit.deadline import deadline

while deadline.left() > 5: …
"""

from __future__ import annotations

import time


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


# Lambda stops a start-up after 10 s. handler.py sets the deadline of each invocation.
deadline = Deadline(8.0)
