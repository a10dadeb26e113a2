"""What failed: the outcome of an exception, and where in the bot it was raised."""

from __future__ import annotations

import logging
import os
import sys
from threading import ExceptHookArgs  # logging has loaded this, and the next one
from traceback import walk_tb

from .errors import Failure, Handled, Refused, StartFailed, encodable
from .outcome import Outcome
from .types import Json

logger = logging.getLogger("botkit")

# Folders without code of the bot: botkit, and the standard library. Python holds a part of that.
NOT_THE_BOTS = (
    __file__.rsplit("/", 1)[0] + "/",
    os.__file__.rpartition("/")[0] + "/",
    "<frozen ",
)
MOST_FRAMES = 20  # in the log: an endless recursion has a thousand


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
        return Outcome(error.outcome, str(error), told=frames(error))
    logger.debug("exception in bot.py", exc_info=error)  # its text may quote people
    return Outcome("bot_failed", where_raised(error), told=frames(error))


def where_raised(error: BaseException) -> str:
    """Return the type of an exception and the line of the bot that raised it.

    The text of the exception is left out, since it may quote people. If botkit or the standard
    library raised it, the line is the one that called them.
    """
    lines = lines_of_the_bot(error)
    places = [f"{file.rpartition('/')[2]}:{number}" for file, number, _, _ in lines]
    return encodable(" at ".join([type(error).__name__, *places[-1:]]))


def frames(error: BaseException) -> Json:
    """Return more for the log line: the last lines of the bot that an exception came through.

    Each has its function: {"frames": ["bot.py:30 in reply", "shop/prices.py:12 in Price.of"]}.
    Without any, it is empty.
    """
    told = [
        encodable(f"{within(file)}:{number} in {name}")
        for file, number, name, _ in lines_of_the_bot(error)
        if file.endswith(".py")  # other code may be a person's, and so its names
    ]
    return {"frames": told[-MOST_FRAMES:]} if told else {}


def within(file: str) -> str:
    """Return the path of a file in the bot's folder, or in that of its packages."""
    folders = [path for path in sys.path if file.startswith(f"{path}/")]
    return file[len(max(folders, key=len)) + 1 :] if folders else file.rpartition("/")[2]


def log_thread(failed: ExceptHookArgs) -> None:
    """Log what a thread of the bot raised. Python would print a text that may quote people."""
    if failed.exc_value and not isinstance(failed.exc_value, SystemExit):
        error = failed.exc_value
        logger.error("a thread failed", extra={"error": where_raised(error), **frames(error)})


def lines_of_the_bot(error: BaseException) -> list[tuple[str, int | None, str, bool]]:
    """Return each line of the bot that an exception came through: its file, number and function.

    The last one raised it. The fourth value tells whether the line is in bot.py itself.
    """
    return [
        (code.co_filename, number, code.co_qualname, frame.f_globals.get("__name__") == "bot")
        for frame, number in walk_tb(error.__traceback__)
        if not (code := frame.f_code).co_filename.startswith(NOT_THE_BOTS)
    ]
