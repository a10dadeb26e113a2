"""The calls that a bot returns: checked, and carried out."""

from __future__ import annotations

import json

from .errors import Refused, Unreachable
from .outcome import Outcome, failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def checked(calls: Any) -> list[Json]:
    """Return a copy of a bot's calls. Raises TypeError or ValueError if they can't be made."""
    if not isinstance(calls, list):
        raise TypeError("reply() must return a list of calls")
    for call in calls:
        method = call.get("method") if isinstance(call, dict) else None
        if not isinstance(method, str) or not (method.isascii() and method.isalnum()):
            raise TypeError("a call must be a dict with the name of a method")
    json.dumps(calls, allow_nan=False)
    return [*calls]


def carry_out(calls: list[Json]) -> Outcome:
    """Make calls in their order, as far as they can be made."""
    outcome = Outcome("answered")
    if not calls:
        return outcome
    from . import telegram

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
            if outcome.name != "refused":  # the rest waits for the next delivery, if there is one
                break
    if carried_out and outcome.name not in ("answered", "refused"):
        outcome = outcome._replace(name="incomplete")
    return outcome._replace(methods=methods, carried_out=carried_out)
