"""The outcome of an exception."""

from __future__ import annotations

import logging
from threading import ExceptHookArgs  # logging has loaded this

from .errors import FailedForGood, Failure, Refused, StartFailed
from .outcome import Outcome

logger = logging.getLogger("botkit")


class BadAnswer(Failure):
    """A function of bot.py returned something unusable. The text says what."""


def outcome_of(error: BaseException) -> Outcome:
    """Return the outcome of an exception from a call or from bot.py."""
    if isinstance(error, FailedForGood):
        outcome = outcome_of(error.error)
        return outcome.but("incomplete") if outcome.is_retried else outcome
    if isinstance(error, Refused):
        after = error.retry_after
        return Outcome(error.outcome, refusal=str(error), code=error.code, retry_after=after)
    if isinstance(error, StartFailed):
        from . import start_error

        return Outcome(error.outcome, f"{error}: {start_error.described(error.error)}")
    from .raised import frames, where_raised

    if isinstance(error, Failure):
        return Outcome(error.outcome, str(error), told=frames(error))
    logger.debug("exception in bot.py", exc_info=error)  # its text may quote people
    return Outcome("bot_failed", where_raised(error), told=frames(error))


def log_thread(failed: ExceptHookArgs) -> None:
    """Log what a thread of the bot raised. Python would print a text that may quote people."""
    if failed.exc_value and not isinstance(failed.exc_value, SystemExit):
        from .raised import frames, where_raised

        error = failed.exc_value
        logger.error("a thread failed", extra={"error": where_raised(error), **frames(error)})
