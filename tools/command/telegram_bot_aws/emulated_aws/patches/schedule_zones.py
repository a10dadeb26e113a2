"""A schedule that recurs runs in its time zone.

MiniStack keeps the zone, and takes the times of a cron expression for UTC.
"""

from __future__ import annotations

import inspect
from typing import Any
from zoneinfo import ZoneInfo

from ministack.services import scheduler

IN_UTC = "(_schedule_last_fired[state_key], tz=timezone.utc)"
IN_ITS_ZONE = '(_schedule_last_fired[state_key], tz=ZoneInfo(sched["ScheduleExpressionTimezone"]))'


def with_zones(tick: Any) -> Any:
    """Return MiniStack's function that fires what is due, with the one line changed."""
    source = inspect.getsource(tick)
    assert source.count(IN_UTC) == 1, "this MiniStack has another line"
    tick.__globals__["ZoneInfo"] = ZoneInfo
    names: dict[str, Any] = {}
    exec(source.replace(IN_UTC, IN_ITS_ZONE), tick.__globals__, names)
    return names[tick.__name__]


def apply() -> None:
    """Have MiniStack's Scheduler do so."""
    scheduler._tick_schedules = with_zones(scheduler._tick_schedules)
