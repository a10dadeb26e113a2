"""Events from Terraform, its schedules and an operator: {"tf": {"action": "check"}, …}.

Each module of release/ describes the event that it answers.
"""

from __future__ import annotations

from .. import current
from ..deadline import TIMES, deadline
from ..types import Any, Json

REGISTRATION_SECONDS, _ = TIMES["registration"]


def receive(event: Json) -> Any:
    """Answer an event, and return the result.

    Raises CheckFailed, RegistrationFailed, Misconfigured and QueueInUse, which fail the apply.
    """
    current.begin(current.Run("terraform"))
    match event["tf"]["action"]:
        case "check":
            from ..release import check

            return check.check(event)
        case "register":
            from ..release import registration

            with deadline.within(REGISTRATION_SECONDS):
                return registration.register(event)
        case "delete" if event.get("is") == "queue":
            from ..release import drain

            return drain.drain(event)
        case "delete":
            from ..release import registration

            with deadline.within(REGISTRATION_SECONDS):
                return registration.remove(event)
        case "watch":
            from ..release import watch

            return watch.watch(event)
    return {}  # a removal's create and update, and a schedule that keeps the function warm
