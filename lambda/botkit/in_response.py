"""The webhook mode (reply_mode = "webhook"): Telegram makes the call that our response contains.

Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
"""

from __future__ import annotations

import json

from .current import Run
from .outcome import Outcome
from .types import Json

NEVER = {"setwebhook", "deletewebhook", "logout", "close"}  # nor methods named get…


def fits(call: Json) -> bool:
    """Tell whether a call may be in the response."""
    method = call["method"].lower()
    if method.startswith("get") or method in NEVER:
        return False
    return not any(isinstance(value, (bytes, tuple)) for value in call.values())  # files


def put_last(run: Run, calls: list[Json], outcome: Outcome) -> Outcome:
    """Put the last call into the `body` of the outcome of the others, unless they need a retry."""
    last = calls[-1]
    if outcome.remaining:
        return outcome.but(remaining=[*outcome.remaining, last])
    if outcome.done == len(calls):  # another one was made instead of it
        return outcome
    # As text, since the bot may change the dict before the update is redelivered.
    params = {name: value for name, value in last.items() if value is not None}
    run.made.methods.append(last["method"])
    return outcome.but(body=json.dumps(params))
