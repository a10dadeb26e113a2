"""The outcome of an update or an event: how it is logged, and whether it is delivered again."""

from __future__ import annotations

import logging
import os
import time
from threading import ExceptHookArgs  # logging has loaded this, and the next one
from traceback import walk_tb

from ..errors import Failure, Handled, Refused, StartFailed, encodable
from ..invocation.journal import journal
from ..types import Json

logger = logging.getLogger("botkit")

# Folders without code of the bot: botkit, and the standard library.
NOT_THE_BOTS = (__file__.rsplit("/", 2)[0] + "/", os.__file__.rpartition("/")[0] + "/")

# For each outcome, the log level and the HTTP status. Telegram delivers an update again until the
# status is 2xx, and until then holds back later updates from the same chat. A new one with 503
# also goes into Failure.may_pass, and one that operators replay into failures.KEPT.
OUTCOMES = {
    "answered": (logging.INFO, 200),
    "queued": (logging.INFO, 200),  # a second line follows when it comes out of the queue
    "ignored": (logging.INFO, 200),  # the bot has nothing to say to it, or not to this person
    "limited": (logging.INFO, 200),  # the person has sent too many
    "repeated": (logging.INFO, 200),  # answered before, but the 200 didn't reach Telegram
    "refused": (logging.WARNING, 200),  # by Telegram: a retry can't help
    "bot_failed": (logging.ERROR, 200),  # bot.py raised an exception: a retry can't help
    "page_failed": (logging.ERROR, 500),  # bot.py failed while handling a page request
    "incomplete": (logging.ERROR, 200),  # a retry would show people a call twice
    "lost": (logging.ERROR, 200),  # a call of an event could not be made for a day
    "throttled": (logging.WARNING, 503),
    "unreachable": (logging.ERROR, 503),
    "misconfigured": (logging.ERROR, 503),  # the token, bot.py or the queue can't be used
}


class BadAnswer(Failure):
    """A function of bot.py returned something unusable. The text says what."""


class Outcome:
    """The outcome of an update or an event. `name` is one of OUTCOMES."""

    def __init__(self, name: str, error: str | None = None) -> None:
        self.name = name
        self.error = error
        self.refusal: str | None = None  # an error from Telegram
        self.code: int | None = None  # of the refusal
        self.retry_after: int | None = None  # seconds
        self.body: str | None = None  # the JSON of a call that the response should hold
        self.done = 0  # how many of the calls are over: carried out, or refused
        self.remaining: list[Json] = []  # the calls that had to wait
        self.told: Json = {}  # more of the log line

    @property
    def status(self) -> int:
        """The HTTP status that Telegram, or the page, gets."""
        return OUTCOMES[self.name][1]

    def give_up_if_seen(self) -> None:
        """Become "incomplete" if a retry would show people a call twice."""
        if self.status == 503 and journal.is_seen:
            self.name = "incomplete"

    def log(self, message: str, started: float | None = None, **subject: object) -> None:
        """Log one line: the outcome, and the update or event that `subject` describes.

        `started` is a time of time.monotonic(). Calls that the bot made itself also count.
        """
        if journal.has_calls and self.name == "ignored":
            self.name = "answered"
        line = {**subject, **self.told, "methods": journal.methods, "outcome": self.name}
        line |= {"refusal": self.refusal, "error": self.error, "retry_after": self.retry_after}
        if started is not None:
            line["milliseconds"] = round((time.monotonic() - started) * 1000, 1)
        known = {name: value for name, value in line.items() if value is not None}
        logger.disabled = False  # a library's logging.config.dictConfig() disables all loggers
        logger.log(OUTCOMES[self.name][0], message, extra=known)


def outcome_of(error: BaseException) -> Outcome:
    """Return the outcome of an exception from a call or from bot.py."""
    if isinstance(error, Handled):
        outcome = outcome_of(error.error)
        if outcome.status != 200:
            outcome.name = "incomplete"
        return outcome
    if isinstance(error, Refused):
        outcome = Outcome(error.outcome)
        outcome.refusal, outcome.code = str(error), error.code
        outcome.retry_after = error.retry_after
        return outcome
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
