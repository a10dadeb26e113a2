"""The webhook mode (reply_mode = "webhook"): Telegram makes the call that our response holds.

Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
"""

from __future__ import annotations

import json

from ..invocation.journal import journal
from ..types import Json
from .calls import make_calls
from .outcome import Outcome

NEVER = {"setwebhook", "deletewebhook", "logout", "close"}  # nor methods named get…


def make(calls: list[Json]) -> Outcome:
    """Make calls. If the response may hold the last one, leave it in the `body` of the outcome."""
    last = calls[-1] if fits(calls[-1]) else None
    outcome = make_calls(calls[:-1] if last else calls)
    if last and outcome.remaining:
        outcome.remaining.append(last)
    elif last and outcome.done < len(calls):
        # As text, since the bot may change the dict before the update is delivered again.
        params = {name: value for name, value in last.items() if value is not None}
        outcome.body = json.dumps(params)
        journal.methods.append(last["method"])
    return outcome


def fits(call: Json) -> bool:
    """Tell whether a call may be in the response."""
    method = call["method"].lower()
    if method.startswith("get") or method in NEVER:
        return False
    return not any(isinstance(value, (bytes, tuple)) for value in call.values())  # files
