"""Ends code that runs too long, by a signal."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
import threading
from types import FrameType

REPEAT_SECONDS = 0.2  # until the alarm rings again, for code that catches everything


class TimeIsUp(BaseException):
    """The bot's code ran too long. A bot's own `except Exception` doesn't catch this."""


class alarm:
    """Raises TimeIsUp in the `with` block after `seconds`, and again until the block ends.

    Only the main thread gets signals. In another one, nothing is raised.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = max(seconds, 0.001)  # zero would be never
        self._can_ring = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._can_ring:
            _signal.signal(_signal.SIGALRM, _ring)
            _signal.setitimer(_signal.ITIMER_REAL, self._seconds, REPEAT_SECONDS)

    def __exit__(self, *exception: object) -> None:
        if self._can_ring:
            _signal.setitimer(_signal.ITIMER_REAL, 0)


# An exception in these would leave the timer on, which would then ring outside of the block.
_SWITCHES = (alarm.__enter__.__code__, alarm.__exit__.__code__)


def _ring(number: int, frame: FrameType) -> None:
    if frame.f_code not in _SWITCHES:
        raise TimeIsUp("bot.py ran until the function's time was almost over")
