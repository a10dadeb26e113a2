"""Validates and executes the calls that a bot returns."""

from __future__ import annotations

import json

from .context import Context
from .errors import BotkitError, InvalidReply, outcome_of
from .outcome import Outcome
from .types import Any, Json

HINTS = {
    "dict": "a dict: write [call]",
    "str": 'a str: write [{"method": "sendMessage", "chat_id": …, "text": …}]',
    "generator": "a generator: write return, not yield",
    "NoneType": "None: write return [] to say nothing",
}
NOT_SENT = ("method", "fallback_count")  # keys of a call that aren't parameters
# Telegram ignores these in a response, and any method named get….
NEVER_IN_RESPONSE = {"setwebhook", "deletewebhook", "logout", "close"}


def validate(calls: Any, name: str) -> list[Json]:
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
        from .files import is_file

        params = {name: value for name, value in call.items() if not is_file(value)}
        json.dumps(params, allow_nan=False)


def execute(ctx: Context, calls: list[Json], name: str = "answered") -> Outcome:
    """Make the calls. In webhook mode, return the last one in the outcome's `body`, for the
    response. `name` is the outcome if all of them succeed. If the bot has caught a failure that a
    retry may fix, raises it afterwards.
    """
    last: list[Json] = []  # the call in the response
    if not calls:
        # The bot may have made calls itself.
        name = name if ctx.calls.any_succeeded or name != "answered" else "ignored"
    elif (
        ctx.can_use_webhook_reply
        and not ctx.calls.retryable_failures
        and can_be_in_response(calls[-1])
    ):
        calls, last = calls[:-1], calls[-1:]
    outcome = execute_all(ctx, calls, name)
    if last and outcome.calls_remaining:
        outcome = outcome.replace(calls_remaining=[*outcome.calls_remaining, *last])
    elif last and outcome.calls_done <= len(calls):  # else it is a fallback that wasn't needed
        # As text, since the bot may change the dict before the update is redelivered.
        body = json.dumps({name: value for name, value in last[0].items() if value is not None})
        ctx.calls.methods.append(last[0]["method"])
        outcome = outcome.replace(body=body)
    if not outcome.redeliver:
        ctx.calls.raise_failure()
    return outcome


def execute_all(ctx: Context, calls: list[Json], name: str = "answered") -> Outcome:
    """Make calls in order, until one fails temporarily. The outcome tells which are done.

    A call with "fallback_count": 2 (stream.py) has the two calls that follow it as its fallback.
    They are made only if Telegram refuses it, and then decide the outcome. The list is flat, so
    that what remains after a temporary failure is always its end.
    """
    end: Outcome | None = None  # of a call that Telegram refused for good
    telegram_error, done = None, 0
    if calls:
        from . import telegram
    while done < len(calls):
        call = calls[done]
        params = {key: value for key, value in call.items() if key not in NOT_SENT}
        try:
            telegram.call(call["method"], **params)
            done += call.get("fallback_count", 0)
        except BotkitError as error:
            ctx.calls.methods.append(call["method"])
            failure = outcome_of(error)
            if failure.redeliver:
                return failure.replace(calls_done=done, calls_remaining=calls[done:])
            if call.get("fallback_count"):
                telegram_error = failure.telegram_error  # for the log
            else:
                end = failure
        done += 1
    if end:
        return end.replace(calls_done=done)
    return Outcome(name, telegram_error=telegram_error, calls_done=done)


def can_be_in_response(call: Json) -> bool:
    """Tell whether Telegram may make a call that the webhook's response contains.

    Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
    """
    method = call["method"].lower()
    if method.startswith("get") or method in NEVER_IN_RESPONSE:
        return False
    return not any(isinstance(value, (bytes, tuple)) for value in call.values())  # files
