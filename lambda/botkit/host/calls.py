"""The calls that a bot's function returns: asked for in time, checked, and carried out."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
import json
import threading

from .. import deadline
from ..errors import Refused, Unreachable
from .outcome import Outcome, failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

GRACE_SECONDS = 0.5  # after the deadline, at which calls of telegram and aws end by themselves
REPEAT_SECONDS = 0.2  # until the alarm rings again, for code that goes on
HINTS = {
    "dict": ": put it into a list",
    "generator": ": return a list",
    "NoneType": ": return [] where there is nothing to say",
}


class BadCalls(Exception):
    """A bot returned something that isn't a list of calls; the text says what."""


class TimeIsUp(BaseException):
    """The bot's code ran too long. A bot's own `except Exception` doesn't catch this."""


def ask_for_calls(bot: Any, name: str, argument: Any) -> list[Json]:
    """Call a function of the bot's, and return a copy of the calls that it returns.

    Raises BadCalls, TimeIsUp, or what the function raises.
    """
    had_time = deadline.left() > 0
    calls = checked(run(bot, name, argument), f"{name}()")
    if calls and had_time and deadline.left() <= 0:
        raise BadCalls(f"{name}() left no time to make its calls")
    return calls


def run(bot: Any, name: str, argument: Any) -> Any:
    """Call a function of the bot's in the time that is left, and return what it returns.

    Raises BadCalls where it is asynchronous or doesn't take one argument, TimeIsUp, or what the
    function raises.
    """
    try:
        result = run_in_time(deadline.left() + GRACE_SECONDS, getattr(bot, name), argument)
    except TypeError as error:
        trace = error.__traceback__
        if trace and trace.tb_next and trace.tb_next.tb_next:  # raised inside, not by the call
            raise
        raise BadCalls(f"{name}() must take one argument") from None
    if type(result).__name__ == "coroutine":
        result.close()  # otherwise Python warns that it was never awaited
        raise BadCalls(f"{name}() must be written with def, not async def")
    return result


def run_in_time(seconds: float, function: Any, argument: Any) -> Any:
    """Call a function, and return what it returns. Raises TimeIsUp in it after `seconds`."""
    try:
        _set_alarm(max(seconds, 0.001))
        try:
            return function(argument)
        finally:
            _set_alarm(0)
    except TimeIsUp:
        _set_alarm(0)  # it may have rung in the line above, instead of being set
        raise


def _set_alarm(seconds: float) -> None:
    """Have TimeIsUp raised after `seconds`; 0 is never. Only the main thread gets signals."""
    if threading.current_thread() is threading.main_thread():
        _signal.signal(_signal.SIGALRM, _on_alarm)
        _signal.setitimer(_signal.ITIMER_REAL, seconds, REPEAT_SECONDS)


def _on_alarm(number: int, frame: object) -> None:
    raise TimeIsUp("bot.py ran until the function's time was almost over")


def checked(calls: Any, name: str) -> list[Json]:
    """Return a copy of a list of calls. Raises BadCalls if they can't be made."""
    if not isinstance(calls, list):
        kind = type(calls).__name__
        raise BadCalls(f"{name} must return a list of calls, not a {kind}{HINTS.get(kind, '')}")
    for call in calls:
        if not isinstance(call, dict):
            raise BadCalls(f"each call of {name} must be a dict, not a {type(call).__name__}")
        method = call.get("method")
        if not isinstance(method, str) or not (method.isascii() and method.isalnum()):
            raise BadCalls(f'each call of {name} must have a "method", such as "sendMessage"')
        if not all(isinstance(key, str) for key in call):
            raise BadCalls(f"the parameters of a {method} of {name} must have strings for names")
        try:
            _check_json(call)
        except (TypeError, ValueError, RecursionError) as error:
            raise BadCalls(f"a {method} of {name} can't be sent: {error}") from None
    return list(calls)


def _check_json(call: Json) -> None:
    """Raise TypeError, ValueError or RecursionError if a call can't be sent, its files aside."""
    try:
        json.dumps(call, allow_nan=False)
    except TypeError:
        from ..http.multipart import is_file

        params = {name: value for name, value in call.items() if not is_file(value)}
        json.dumps(params, allow_nan=False)


def carry_out(calls: list[Json]) -> Outcome:
    """Make calls in their order, until one must wait for the next delivery."""
    outcome = Outcome("answered")
    if not calls:
        return outcome
    from .. import telegram

    methods = []
    carried_out = False
    for call in calls:
        methods.append(call["method"])
        params = {name: value for name, value in call.items() if name != "method"}
        try:
            telegram.call(call["method"], **params)
            carried_out = True
        except (Refused, Unreachable) as error:
            outcome = failed(error)
            if outcome.name != "refused":  # the rest waits for the next delivery
                break
    if carried_out and outcome.name not in ("answered", "refused"):
        outcome = outcome._replace(name="incomplete")
    return outcome._replace(methods=methods, carried_out=carried_out)
