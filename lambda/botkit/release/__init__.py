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
    action = event["tf"]["action"]
    if action in ("warm", "create", "update"):  # the last two come from a removal's resource
        return {}
    telegram.forget_token()  # it may have changed
    if action == "check":
        from . import check

        return check.check(event)
    if event.get("hook") == "drain_queue":
        from . import drain

        return drain.drain(event)
    from . import registration

    actions = {
        "register": registration.register,
        "delete": registration.remove,
        "watch": registration.watch,
    }
    with deadline.within(REGISTRATION_SECONDS):
        return actions[action](event)
