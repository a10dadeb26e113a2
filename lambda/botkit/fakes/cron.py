"""The times of a cron expression in a time zone, as EventBridge Scheduler has them.

Times that the zone's clocks skip are skipped. Those that they show twice count once: the first.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
NAMES = {name: index + 1 for names in (MONTHS, DAYS) for index, name in enumerate(names)}
LAST_YEAR = 2199


def next_time(cron: str, zone: str, after: float) -> float | None:
    """Return the first time after another one, in seconds since 1970, or None."""
    minutes, hours, days, months, weekdays, years = cron.split(" ")
    if "?" not in (days, weekdays):
        raise ValueError("one of the two fields for days must be ?")
    clock = [
        time(hour, minute)
        for hour, minute in product(numbers(hours, 0, 23), numbers(minutes, 0, 59))
    ]
    here = ZoneInfo(zone)
    first = datetime.fromtimestamp(after, here).date() - timedelta(1)
    for year in numbers(years, 1970, LAST_YEAR):
        for month in numbers(months, 1, 12) if year >= first.year else []:
            for day in sorted(set(days_of(days, weekdays, year, month))):
                for at in clock if day >= first else []:
                    moment = datetime.combine(day, at, here)
                    seconds = moment.timestamp()
                    exists = datetime.fromtimestamp(seconds, here) == moment
                    if exists and seconds > after:
                        return seconds
    return None


def numbers(field: str, least: int, most: int) -> list[int]:
    """Return the numbers of a field, in order. Raises ValueError if they can't be in it."""
    found = set[int]()
    for part in field.split(","):
        span, _, step = part.partition("/")
        begin, _, end = span.partition("-")
        if span == "*":
            first, last = least, most
        else:
            first = NAMES.get(begin) or int(begin)
            last = (NAMES.get(end) or int(end)) if end else most if step else first
        if first < least or last > most:
            raise ValueError(f"{field} isn't from {least} to {most}")
        found.update(range(first, last + 1, int(step or 1)))
    return sorted(found)


def days_of(days: str, weekdays: str, year: int, month: int) -> Iterator[date]:
    """Yield the days of a month that the two fields for days name. One of the fields is "?"."""
    last = calendar.monthrange(year, month)[1]
    everyday = [date(year, month, day) for day in range(1, last + 1)]
    if days == "L":
        yield everyday[-1]
    elif weekday := re.fullmatch(r"(\d+|L)W", days):  # the working day next to it, in the month
        day = everyday[(last if weekday[1] == "L" else min(int(weekday[1]), last)) - 1]
        working = [each for each in everyday if each.weekday() < 5]
        yield min(working, key=lambda each: abs(each - day))
    elif days != "?":
        chosen = numbers(days, 1, 31)
        yield from (day for day in everyday if day.day in chosen)
    elif weekdays == "L":
        yield from (day for day in everyday if number_of(day) == 7)
    elif those := re.fullmatch(r"(\w+?)(L|#([1-5]))", weekdays):  # the last, or the first to fifth
        [chosen_day] = numbers(those[1], 1, 7)
        same = [day for day in everyday if number_of(day) == chosen_day]
        which = int(those[3] or 0) - 1
        yield from [same[which]] if which < len(same) else []
    else:
        chosen = numbers(weekdays, 1, 7)
        yield from (day for day in everyday if number_of(day) in chosen)


def number_of(day: date) -> int:
    """Return the number of a weekday: 1 is Sunday."""
    return day.isoweekday() % 7 + 1


def as_scheduled(seconds: float) -> str:
    """Return a time in the form in which Scheduler puts it into an input."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
