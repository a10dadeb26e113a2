"""What failed: the outcome of an exception, and where in the bot it was raised."""

from __future__ import annotations

import logging
import os
from threading import ExceptHookArgs  # logging has loaded this, and the next one
from traceback import walk_tb

from .errors import Failure, Handled, Refused, StartFailed, encodable
from .outcome import Outcome

logger = logging.getLogger("botkit")

# Folders without code of the bot: botkit, and the standard library.
NOT_THE_BOTS = (__file__.rsplit("/", 1)[0] + "/", os.__file__.rpartition("/")[0] + "/")


class BadAnswer(Failure):
    """A function of bot.py returned something unusable. The text says what."""


def outcome_of(error: BaseException) -> Outcome:
    """Return the outcome of an exception from a call or from bot.py."""
    if isinstance(error, Handled):
        outcome = outcome_of(error.error)
        return outcome.but("incomplete") if outcome.comes_again else outcome
    if isinstance(error, Refused):
        after = error.retry_after
        return Outcome(error.outcome, refusal=str(error), code=error.code, retry_after=after)
    if isinstance(error, StartFailed):
        from . import start_error

        return Outcome(error.outcome, f"{error}: {start_error.described(error.error)}")
    if isinstance(error, Failure):
        return Outcome(error.outcome, str(error))
    logger.debug("exception in bot.py", exc_info=error)  # its text may quote people
    return Outcome("bot_failed", where_raised(error))


def where_raised(error: BaseException) -> str:
    """Return the type of an exception and the line of the bot that raised it.

    The text of the exception is left out, since it may quote people. If botkit or the standard
    library raised it, the line is the one that called them.
    """
    places = [f"{file.rpartition('/')[2]}:{number}" for file, number, _ in lines_of_the_bot(error)]
    return encodable(" at ".join([type(error).__name__, *places[-1:]]))


def log_thread(failed: ExceptHookArgs) -> None:
    """Log what a thread of the bot raised. Python would print a text that may quote people."""
    if failed.exc_value and not isinstance(failed.exc_value, SystemExit):
        logger.error("a thread failed", extra={"error": where_raised(failed.exc_value)})


def lines_of_the_bot(error: BaseException) -> list[tuple[str, int | None, bool]]:
    """Return the file and the number of each line of the bot that an exception came through.

    The last one raised it. The third value tells whether the line is in bot.py itself.
    """
    return [
        (frame.f_code.co_filename, number, frame.f_globals.get("__name__") == "bot")
        for frame, number in walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(NOT_THE_BOTS)
    ]
