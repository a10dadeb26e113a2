"""cron.py: the times of a cron expression, by the zone's clocks.

What Scheduler refuses: test_schedule.py.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from botkit.fakes.cron import as_scheduled, next_time

BERLIN = ZoneInfo("Europe/Berlin")
# For each expression, the times after noon on Friday, 27 November 2026, in Berlin.
TIMES = {
    "0 9 ? * MON-FRI *": ["2026-11-30 09:00", "2026-12-01 09:00"],
    "0 12 * * ? *": ["2026-11-28 12:00"],  # not now
    "1 12 * * ? *": ["2026-11-27 12:01"],
    "30 2 * 3 ? 2027": ["2027-03-01 02:30"],
    "0 9 29 2 ? *": ["2028-02-29 09:00", "2032-02-29 09:00"],
    "0 9 L * ? *": ["2026-11-30 09:00", "2026-12-31 09:00"],
    "0 9 LW * ? 2027": ["2027-01-29 09:00", "2027-02-26 09:00"],
    "0 9 15W 8 ? *": ["2027-08-16 09:00"],
    "0 9 1W 5 ? *": ["2027-05-03 09:00"],
    "0 9 ? * L *": ["2026-11-28 09:00", "2026-12-05 09:00"],
    "0 9 ? * 6L *": ["2026-12-25 09:00"],
    "0 9 ? * MON#5 *": ["2026-11-30 09:00", "2027-03-29 09:00"],
    "0/40 8-9 1,15 JAN,6 ? 2027/2": ["2027-01-01 08:00", "2027-01-01 08:40", "2027-01-01 09:00"],
}


@pytest.mark.parametrize(("cron", "times"), TIMES.items(), ids=TIMES)
def test_next_time_is_that_of_the_expression(cron, times):
    now = datetime(2026, 11, 27, 12, tzinfo=BERLIN).timestamp()
    for time in times:
        following = next_time(cron, "Europe/Berlin", now)
        assert following is not None
        now = following
        assert f"{datetime.fromtimestamp(now, BERLIN):%Y-%m-%d %H:%M}" == time


def test_time_that_the_clocks_skip_is_skipped():
    before = datetime(2027, 3, 27, 12, tzinfo=BERLIN).timestamp()
    monday = datetime(2027, 3, 29, 2, 30, tzinfo=BERLIN).timestamp()
    assert next_time("30 2 * * ? *", "Europe/Berlin", before) == monday


def test_time_that_the_clocks_show_twice_counts_once():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN).timestamp()
    assert next_time("30 2 * * ? *", "Europe/Berlin", first - 3600) == first
    following = datetime(2026, 10, 26, 2, 30, tzinfo=BERLIN).timestamp()
    assert next_time("30 2 * * ? *", "Europe/Berlin", first) == following


def test_next_time_is_none_if_it_never_comes():
    assert next_time("0 9 ? * * 2025", "UTC", 1767225600) is None


def test_time_is_formatted_as_scheduler_does():
    assert as_scheduled(1767225600.9) == "2026-01-01T00:00:00Z"
