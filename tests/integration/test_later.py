"""A reminder while Telegram is away, on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.conftest import BotApi, StartBot
from tests.support.stubs import CALL, Container

MINUTE = 60.0  # seconds
DUE = datetime(2026, 11, 27, 9, tzinfo=UTC)


def made_after(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch, outage: float
) -> tuple[list[float], list[str]]:
    """Have a call made at DUE, when Telegram is away for so many minutes.

    Returns the minutes after DUE at which it was tried, and the outcomes that were logged.
    """
    now = DUE.timestamp() - 20 * MINUTE
    container.module("extras.on_event")
    monkeypatch.setattr("time.time", lambda: now)
    container.module("later").send(CALL, DUE, "tea")
    tries = []
    while container.schedules.items:
        name, first = min(container.schedules.items.items(), key=lambda item: item[1]["at"])
        del container.schedules.items[name]  # as Scheduler does
        now = first["at"]
        tries.append((now - DUE.timestamp()) / MINUTE)
        if tries[-1] < outage:
            bot_api.refuses(CALL, 502, "Bad Gateway")
        else:
            bot_api.expects(CALL)
        container.invoke(first["event"])
    return tries, [line["outcome"] for line in container.log]


@pytest.fixture
def container(start_with_schedules: StartBot) -> Container:
    return start_with_schedules("def reply(update):\n    return []")


def test_a_reminder_comes_after_an_outage_of_ten_minutes(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: least)
    tries, outcomes = made_after(container, bot_api, monkeypatch, 10)
    assert tries == [0, 1, 3, 7, 15]
    assert outcomes == [*["unreachable"] * 4, "answered"]


def test_a_reminder_waits_no_longer_than_half_an_hour_after_an_outage(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, outcomes = made_after(container, bot_api, monkeypatch, 12 * 60)
    assert 12 * 60 <= tries[-1] <= 12 * 60 + 22.5
    assert outcomes[-1] == "answered"
    assert len(tries) < 55


def test_a_reminder_is_lost_after_a_day(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, outcomes = made_after(container, bot_api, monkeypatch, 48 * 60)
    assert 24 * 60 - 22.5 <= tries[-1] <= 24 * 60
    assert set(outcomes[:-1]) == {"unreachable"}
    assert outcomes[-1] == "lost"
