"""What became of an update or an event: how it is logged, and whether it comes again."""

from __future__ import annotations

import logging
import os
import time
from collections import namedtuple

from .errors import Misconfigured, Refused, Unreachable, loggable

logger = logging.getLogger("botkit")

# Folders whose frames say nothing about bot.py: this one, and the standard library's.
NOT_THE_BOTS = tuple(path.rpartition("/")[0] + "/" for path in (__file__, os.__file__))

# The level that an outcome is logged at, and the HTTP status that Telegram gets. Until that is
# 2xx, Telegram delivers the update again, and holds back the later ones of its chat.
OUTCOMES = {
    "answered": (logging.INFO, 200),
    "queued": (logging.INFO, 200),  # it has another line when the queue brings it back
    "ignored": (logging.INFO, 200),  # the bot has nothing to say to it
    "repeated": (logging.INFO, 200),  # it was answered before, but our 200 didn't reach Telegram
    "refused": (logging.WARNING, 200),  # by Telegram or the queue, which would refuse it again
    "bot_failed": (logging.ERROR, 200),  # bot.py raised an exception, and would again
    "page_failed": (logging.ERROR, 500),  # bot.py raised an exception at a request of the page's
    "incomplete": (logging.ERROR, 200),  # a call failed after an earlier one was carried out
    "throttled": (logging.WARNING, 503),
    "unreachable": (logging.ERROR, 503),
    "misconfigured": (logging.ERROR, 503),  # no usable token, bot.py or queue
}


class Outcome(
    namedtuple(
        "Outcome",
        "name methods refusal error retry_after body carried_out page_answer",
        defaults=([], None, None, None, None, False, None),
    )
):
    """The outcome of an update, by its `name` in OUTCOMES.

    `methods` were called, `refusal` is Telegram's and `error` ours, if any. `retry_after` is in
    seconds. `body` is the JSON of a call for Telegram to find in the response. `carried_out`:
    whether any call was. `page_answer` is what a page gets: the status and the JSON.
    """

    __slots__ = ()

    @property
    def status(self) -> int:
        """The HTTP status that Telegram, or the page, gets."""
        return OUTCOMES[self.name][1]

    def log(self, message: str, **subject: object) -> None:
        """Log one line about the outcome, and what it is the outcome of."""
        line = {**subject, "methods": self.methods, "outcome": self.name, "refusal": self.refusal}
        line |= {"error": self.error, "retry_after": self.retry_after}
        known = {name: value for name, value in line.items() if value is not None}
        logger.disabled = False  # logging.config.dictConfig(), of a bot or a library, disables all
        logger.log(OUTCOMES[self.name][0], message, extra=known)


def failed(error: Refused | Unreachable) -> Outcome:
    """Return the outcome of a call that raised this."""
    if isinstance(error, Unreachable):
        name = "misconfigured" if isinstance(error, Misconfigured) else "unreachable"
        return Outcome(name, error=str(error))
    if error.is_about_the_token:
        name = "misconfigured"
    else:
        name = "throttled" if error.code == 429 else "refused"
    return Outcome(name, refusal=str(error), retry_after=error.retry_after)


def since(started: float) -> float:
    """Return the milliseconds since a time of time.monotonic()."""
    return round((time.monotonic() - started) * 1000, 1)


def where_raised(error: BaseException, *, at_import: bool = False) -> str:
    """Return an exception's type and where it was raised, without its text: that may quote people.

    Where botkit or the standard library raised it, the place is the bot's line that called them.
    `at_import`: a SyntaxError then names the place in the file that can't be imported.
    """
    file: str | None = None
    number: int | None = None
    trace = error.__traceback__
    while trace:
        if not trace.tb_frame.f_code.co_filename.startswith(NOT_THE_BOTS):
            file, number = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    if at_import and isinstance(error, SyntaxError):
        file, number = error.filename, error.lineno
    return loggable(f"{type(error).__name__} at {str(file).rpartition('/')[2]}:{number}")
