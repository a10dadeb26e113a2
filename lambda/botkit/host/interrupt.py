"""Interrupts code that runs too long, with a signal."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
import threading
from types import FrameType

REPEAT_SECONDS = 0.2  # until the next signal, for code that catches every exception


class TimeIsUp(BaseException):
    """bot.py ran too long. An `except Exception` in it doesn't catch this."""


class alarm:
    """Raises TimeIsUp in the `with` block after some seconds, repeatedly until the block ends.

    Signals reach only the main thread. In other threads, the block is never interrupted.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = max(seconds, 0.001)  # zero would switch it off
        self._can_ring = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._can_ring:
            _signal.signal(_signal.SIGALRM, _ring)
            _signal.setitimer(_signal.ITIMER_REAL, self._seconds, REPEAT_SECONDS)

    def __exit__(self, *exception: object) -> None:
        if self._can_ring:
            _signal.setitimer(_signal.ITIMER_REAL, 0)


# The signal may arrive while one of these runs. An exception in them would leave the timer on, and
# the next signal would interrupt code outside of the block. So they are never interrupted.
_SWITCHES = (alarm.__enter__.__code__, alarm.__exit__.__code__)


def _ring(number: int, frame: FrameType) -> None:
    if frame.f_code not in _SWITCHES:
        raise TimeIsUp("bot.py ran until the function's time was almost over")
