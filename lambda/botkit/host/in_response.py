"""The webhook mode (reply_mode = "webhook"): Telegram makes the call that our response holds.

Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
"""

from __future__ import annotations

import json

from ..invocation.journal import journal
from ..types import Json
from .outcome import Outcome

NEVER = {"setwebhook", "deletewebhook", "logout", "close"}  # nor methods named get…


def fits(call: Json) -> bool:
    """Tell whether a call may be in the response."""
    method = call["method"].lower()
    if method.startswith("get") or method in NEVER:
        return False
    return not any(isinstance(value, (bytes, tuple)) for value in call.values())  # files


def put_last(calls: list[Json], outcome: Outcome) -> None:
    """Put the last call into the `body` of the outcome of the others, unless they need a retry."""
    last = calls[-1]
    if outcome.remaining:
        outcome.remaining.append(last)
    elif outcome.done < len(calls):  # else another one was made instead of it
        # As text, since the bot may change the dict before the update is delivered again.
        params = {name: value for name, value in last.items() if value is not None}
        outcome.body = json.dumps(params)
        journal.methods.append(last["method"])
