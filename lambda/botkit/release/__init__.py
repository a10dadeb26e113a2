"""Events from Terraform and its schedules: {"tf": {"action": "check"}, …}.

Each module here describes the event that it answers.
"""

from __future__ import annotations

from .. import context, telegram
from ..deadline import TIMES, deadline
from ..types import Any, Json

REGISTRATION_SECONDS, _ = TIMES["registration"]


class ReleaseFailed(Exception):
    """The apply or destroy must not go on. The text says why, in Telegram's words if possible."""


def handle(event: Json) -> Any:
    """Answer an event, and return the result.

    Raises ReleaseFailed or Misconfigured, which fails the apply.
    """
    context.activate(context.Context("release"))
    if event["tf"]["action"] != "warm":
        telegram.forget_token()  # it may have changed
    match event["tf"]["action"]:
        case "check":
            from . import check

            return check.check(event)
        case "register":
            from . import registration

            with deadline.within(REGISTRATION_SECONDS):
                return registration.register(event)
        case "delete" if event.get("hook") == "drain_queue":
            from . import drain

            return drain.drain(event)
        case "delete":
            from . import registration

            with deadline.within(REGISTRATION_SECONDS):
                return registration.remove(event)
        case "watch":
            from . import registration

            return registration.watch(event)
    return {}  # a removal's create and update, and a schedule that keeps the function warm
