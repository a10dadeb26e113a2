"""The input of a schedule has the time that is due.

MiniStack fills nothing into it.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import eventbridge

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"


def with_scheduled_times(invoke: Any) -> Any:
    """Return MiniStack's function that invokes a target, which tells a schedule's when it is due.

    To the minute, as all times of a cron expression are: MiniStack looks only every ten seconds.
    """

    def invoked(target: Any, event: Any, *more: Any) -> None:
        if event.get("Source") == "aws.scheduler" and "Input" in target:
            due = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(event["Time"]))
            target = {**target, "Input": target["Input"].replace(SCHEDULED_TIME, due)}
        invoke(target, event, *more)

    return invoked


def apply() -> None:
    """Have MiniStack's Scheduler do so."""
    eventbridge._invoke_target = with_scheduled_times(eventbridge._invoke_target)
