"""The author's bot.py: imports it, calls its functions, and interrupts those that run too long."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
import logging
import sys
import threading
from types import FrameType

from . import context
from .calls import validate
from .deadline import GRACE_SECONDS, deadline
from .errors import InvalidReply, Misconfigured
from .types import Any, Json

logger = logging.getLogger("botkit")

IMPORT_TIMEOUT_HINT = (
    ' in time (move code that polls under `if __name__ == "__main__":`; if the import only takes '
    "long, raise memory_size, which also gives it more CPU, and timeout)"
)
NOT_ASYNC = "with def, not async def"
REPEAT_SECONDS = 0.2  # between two interrupts, for code that catches every exception


def load() -> Any:
    """Return the module bot.py, and import it if necessary. Raises Misconfigured.

    If the import failed, the next update or event tries it again: within one, all steps must see
    the same bot. An import that doesn't end, for example because the bot starts to poll, is
    interrupted.
    """
    ctx = context.current
    if ctx.import_error:
        raise ctx.import_error
    if "bot" not in sys.modules:
        try:
            with context.detached(), interrupt_after(deadline.left()):
                __import__("bot")
        except BaseException as error:  # sys.exit() too
            logger.debug("exception in bot.py", exc_info=error)
            why = IMPORT_TIMEOUT_HINT if isinstance(error, DeadlineExceeded) else ""
            from .stack_trace import describe

            ctx.import_error = Misconfigured(f"bot.py can't be imported{why}: {describe(error)}")
            raise ctx.import_error from None
        finally:
            logger.disabled = False  # logging.config.dictConfig() disables every logger by default
    bot = sys.modules["bot"]
    if not callable(getattr(bot, "reply", None)):
        arguments = "update, session" if hasattr(bot, "SESSION") else "update"
        raise Misconfigured(f"bot.py must have a function reply({arguments})")
    return bot


def load_or_none() -> Any:
    """Return the module bot.py, or None if it can't be imported: the last step says so."""
    try:
        return load()
    except Misconfigured:
        return None


def call_function(name: str, *arguments: Any) -> Any:
    """Call a function of bot.py in the time that is left, and return its result.

    Raises Misconfigured, DeadlineExceeded, or what the function raises, and InvalidReply if the
    function is asynchronous.
    """
    function = getattr(load(), name)
    context.current.stream_count = 0  # called again, the function continues the same streams
    with interrupt_after(deadline.left() + GRACE_SECONDS):
        answer = function(*arguments)
    if type(answer).__name__ == "coroutine":
        answer.close()  # otherwise Python warns that it was never awaited
        raise InvalidReply(f"{name}() must be written {NOT_ASYNC}")
    return answer


def get_calls(name: str, *arguments: Any) -> list[Json]:
    """Call a function of bot.py, and return a copy of the list of calls that it returns.

    Raises what `call_function` raises, and InvalidReply if the calls can't be made. If people saw
    nothing yet, it also raises a failure that the function, or a framework, has caught.
    """
    calls_made = context.current.calls
    calls_made.retryable_failures.clear()
    had_time = deadline.left() > 0
    calls = validate(call_function(name, *arguments), f"{name}()")
    if calls and had_time and deadline.left() <= 0:
        raise InvalidReply(f"{name}() left no time to make its calls")
    if calls_made.can_redeliver:
        calls_made.raise_failure()
    return calls


class DeadlineExceeded(BaseException):
    """bot.py ran too long. An `except Exception` in it doesn't catch this."""


class interrupt_after:
    """Raises DeadlineExceeded in the `with` block after some seconds, repeatedly until the block
    ends.

    The signal (SIGALRM) reaches only the main thread. In others, the block is never interrupted.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = max(seconds, 0.001)  # zero would switch it off
        self._is_possible = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._is_possible:
            _signal.signal(_signal.SIGALRM, _interrupt)
            _signal.setitimer(_signal.ITIMER_REAL, self._seconds, REPEAT_SECONDS)

    def __exit__(self, *exception: object) -> None:
        if self._is_possible:
            _signal.setitimer(_signal.ITIMER_REAL, 0)


# The signal may arrive while one of these runs. An exception in them would leave the timer on, and
# the next signal would interrupt code outside of the block. So they are never interrupted.
_SWITCHES = (interrupt_after.__enter__.__code__, interrupt_after.__exit__.__code__)


# Nor is Python's import, which an exception may leave locked for all other threads.
_IMPORT = "<frozen importlib."


def _interrupt(number: int, frame: FrameType) -> None:
    code = frame.f_code
    if code not in _SWITCHES and not code.co_filename.startswith(_IMPORT):
        raise DeadlineExceeded("bot.py ran until the function's time was almost over")
