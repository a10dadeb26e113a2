"""Events from Terraform, its schedules and an operator: {"tf": {"action": "check"}, …}.

The module that answers an event describes it.
"""

from __future__ import annotations

from collections.abc import Callable

from ..deadline import deadline
from ..types import Any, Json

SECONDS = 24.0  # for the registration, or a removal


def is_ours(event: Json) -> bool:
    """Tell whether an event is one of these, and not another one that also has "tf"."""
    match event:
        case {"tf": {"action": "register" | "delete" | "watch"}, "url": str()}:
            return True
        case {"tf": {"action": "check" | "replay" | "create" | "update" | "warm"}}:
            return True
    return False


def answer(event: Json, is_event: Callable[[Any], bool]) -> Any:
    """Answer an event, and return the result. `is_event` is as in `failures.replay`.

    Raises CheckFailed, RegistrationFailed, Misconfigured and QueueNotEmpty, which fail the apply,
    and what `failures.replay` raises.
    """
    match event["tf"]["action"]:
        case "check":
            from . import check

            return check.check(event)
        case "register":
            from . import registration

            with deadline.within(SECONDS):
                return registration.register(event)
        case "delete" if event.get("is") == "queue":
            from ..extras import drain
            from . import registration

            with deadline.within(min(SECONDS, deadline.left()) / 2):  # the rest is for the queue
                registration.remove(event)
            return drain.await_empty_queue(event)
        case "delete":
            from . import registration

            with deadline.within(SECONDS):
                return registration.remove(event)
        case "watch":
            from ..extras import watch

            return watch.watch(event)
        case "replay":
            from ..extras import failures

            return failures.replay(is_event)
    return {}  # a removal's resource is created or changed, or a schedule keeps the function warm
