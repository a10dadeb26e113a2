"""HTTP over one kept connection. Nothing in here knows who calls whom, and why."""

from __future__ import annotations

import time


class Deadline:
    """A moment by which something must end: `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.start(seconds)

    def start(self, seconds: float) -> None:
        """Set the deadline again, to `seconds` from now."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, less than zero when they have passed."""
        return self._at - time.monotonic()

    def timeout(self) -> float:
        """Return the seconds that are left, as a socket's time-out. Raises TimeoutError at zero."""
        seconds = self.left()
        if seconds <= 0:
            raise TimeoutError("no time left")
        return seconds
