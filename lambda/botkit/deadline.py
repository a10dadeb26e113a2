"""How much time is left: of the start-up at first, then of each invocation."""

from __future__ import annotations

import time

STARTUP_SECONDS = 8.0  # Lambda ends a start-up after 10 s

_at = time.monotonic() + STARTUP_SECONDS


def start(seconds: float) -> None:
    """Start an invocation, whose calls must end within `seconds`."""
    global _at
    _at = time.monotonic() + seconds


def limit(seconds: float) -> None:
    """Have the calls end within `seconds`, unless they must end sooner."""
    start(min(seconds, left()))


def left() -> float:
    """Return the seconds that are left, less than zero when they have passed."""
    return _at - time.monotonic()
