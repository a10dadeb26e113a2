"""Checks the calls that a bot returns, makes them, and tells the outcome of what fails."""

from __future__ import annotations

import json
import logging

from .current import Run
from .errors import BotkitError, InvalidReply, TelegramError
from .outcome import Outcome
from .types import Any, Json

logger = logging.getLogger("botkit")

HINTS = {
    "dict": "a dict: write [call]",
    "generator": "a generator: write return, not yield",
    "NoneType": "None: write return [] to say nothing",
}
NO_PARAMETERS = ("method", "instead_of")


def checked(calls: Any, name: str) -> list[Json]:
    """Return a copy of a list of calls. Raises InvalidReply if they can't be made."""
    if not isinstance(calls, list):
        kind = type(calls).__name__
        raise InvalidReply(
            f"{name} must return a list of calls, not {HINTS.get(kind, f'a {kind}')}"
        )
    for call in calls:
        if not isinstance(call, dict):
            raise InvalidReply(f"each call of {name} must be a dict, not a {type(call).__name__}")
        method = call.get("method")
        if not isinstance(method, str) or not (method.isascii() and method.isalnum()):
            raise InvalidReply(f'each call of {name} must have a "method", such as "sendMessage"')
        if not all(isinstance(key, str) for key in call):
            raise InvalidReply(f"the names of parameters in a {method} of {name} must be strings")
        try:
            _check_json(call)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidReply(f"a {method} of {name} can't be sent: {error}") from None
    return list(calls)


def _check_json(call: Json) -> None:
    """Raise TypeError, ValueError or RecursionError if JSON can't hold a call without its files."""
    try:
        json.dumps(call, allow_nan=False)
    except TypeError:
        from .http.multipart import is_file

        params = {name: value for name, value in call.items() if not is_file(value)}
        json.dumps(params, allow_nan=False)


def make(run: Run, calls: list[Json], name: str = "answered") -> Outcome:
    """Make calls, or leave the last one in the `body` of the outcome, for the response.

    If all are carried out, the outcome has this `name`. Then raises what failed before, although
    the bot went on.
    """
    outcome = _made(run, calls, name)
    if not outcome.is_retried:
        run.made.raise_failure()
    return outcome


def _made(run: Run, calls: list[Json], name: str) -> Outcome:
    if not calls:
        # The bot may have made calls itself.
        return Outcome(name if run.made.answered or name != "answered" else "ignored")
    if run.may_respond and not run.made.failures:
        from . import in_response

        if in_response.fits(calls[-1]):
            return in_response.put_last(run, calls, make_calls(run, calls[:-1], name))
    return make_calls(run, calls, name)


def make_calls(run: Run, calls: list[Json], name: str = "answered") -> Outcome:
    """Make calls in order, until one has to wait. The outcome says how many are over or remain.

    For Markdown that Telegram may refuse (stream.py), a call with "instead_of": 2 replaces the two
    calls that follow it. These are made only if it is refused, and then decide the outcome.
    """
    end: Outcome | None = None  # of a call that Telegram refused for good
    refusal, done = None, 0
    if calls:
        from . import telegram
    while done < len(calls):
        call = calls[done]
        params = {key: value for key, value in call.items() if key not in NO_PARAMETERS}
        try:
            telegram.call(call["method"], **params)
            done += call.get("instead_of", 0)
        except BotkitError as error:
            run.made.methods.append(call["method"])
            failure = outcome_of(error)
            if failure.is_retried:
                return failure.but(done=done, remaining=calls[done:])
            if call.get("instead_of"):
                refusal = failure.telegram_error  # for the log
            else:
                end = failure
        done += 1
    return end.but(done=done) if end else Outcome(name, telegram_error=refusal, done=done)


def outcome_of(error: BaseException) -> Outcome:
    """Return the outcome of an exception from a call or from bot.py."""
    if isinstance(error, TelegramError):
        after = error.retry_after
        return Outcome(
            error.outcome, telegram_error=str(error), error_code=error.error_code, retry_after=after
        )
    from .raised import frames, where_raised

    if isinstance(error, BotkitError):
        return Outcome(error.outcome, str(error), told=frames(error))
    logger.debug("exception in bot.py", exc_info=error)  # its text may quote people
    return Outcome("bot_error", where_raised(error), told=frames(error))
