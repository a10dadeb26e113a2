"""pace.py: of the events that are due at once, the last ones are put off."""

from __future__ import annotations

import random
import time
from types import SimpleNamespace
from typing import Any

import pytest
from botkit.fakes.services import Table

from tests.conftest import BotApi, StartBot
from tests.support.stubs import CALL, Container, Context, Json

BOT = "def reply(update):\n    return []\n\ndef on_event(event):\n    return []"
NOW = 1767225600  # at which a minute begins
COUNTED = f"limit:due:{NOW // 60}"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock, which stands still."""
    clock = SimpleNamespace(now=float(NOW))
    monkeypatch.setattr(time, "time", lambda: clock.now)
    monkeypatch.setattr(random, "uniform", lambda least, most: least)
    return clock


@pytest.fixture
def container(start_with_schedules: StartBot, now: SimpleNamespace) -> Container:
    """A container with schedules and a table."""
    container = start_with_schedules(BOT, SESSION_TABLE="sessions")
    container.table = Table(container.module("aws"), "sessions")
    container.answer_calls(container.table.call, "dynamodb")
    return container


def have_come(container: Container, events: int) -> None:
    """Have so many events of this minute been counted."""
    container.table.items[COUNTED] = {"id": {"S": COUNTED}, "events": {"N": str(events)}}


def again(tries: int) -> Json:
    return {"later": {"since": NOW, "tries": tries}, "calls": [CALL]}


@pytest.mark.parametrize(
    ("events", "second"), [(0, 0), (29, 0), (179, 10)], ids=["the first", "the 30th", "the 180th"]
)
def test_what_telegram_would_take_is_made(
    container: Container, bot_api: BotApi, now: SimpleNamespace, events: int, second: int
) -> None:
    have_come(container, events)
    now.now += second
    bot_api.expects(CALL)
    container.invoke(CALL)
    assert container.line["outcome"] == "answered"


@pytest.mark.parametrize(("events", "seconds"), [(30, 60), (179, 70)], ids=["31st", "180th"])
def test_the_others_get_times_of_their_own(container: Container, events: int, seconds: int) -> None:
    """15 a second, after the minute that each retry waits."""
    have_come(container, events)
    container.invoke(CALL)
    [waits] = container.schedules.items.values()
    assert waits == {"at": NOW + seconds, "event": again(1)}
    about = container.line
    assert (about["outcome"], about["methods"], about["retry_after"]) == ("throttled", [], seconds)


def test_a_recurring_event_that_is_put_off_and_comes_twice_is_put_off_once(
    container: Container,
) -> None:
    have_come(container, 100)
    due = {"every": {"name": "42.tea", "at": "2026-01-01T00:00:00Z"}, "calls": [CALL]}
    for id in ("a", "b"):
        context = Context(10_000)
        context.aws_request_id = id
        container.handler.handler(due, context)
    assert len(container.schedules.items) == 1


def test_what_was_put_off_is_made_and_not_counted(container: Container, bot_api: BotApi) -> None:
    have_come(container, 1000)
    bot_api.expects(CALL)
    container.invoke(again(1))
    assert container.table.items[COUNTED]["events"] == {"N": "1000"}


def test_if_the_table_is_away_nothing_is_put_off(container: Container, bot_api: BotApi) -> None:
    def call(*about: Any) -> None:
        raise container.module("errors").Unreachable("no network")

    container.answer_calls(call, "dynamodb")
    bot_api.expects(CALL)
    container.invoke(CALL)
    assert container.line["outcome"] == "answered"


def test_an_event_of_another_service_is_not_put_off(container: Container) -> None:
    have_come(container, 1000)
    container.invoke({"source": "aws.s3"})
    assert container.line["outcome"] == "ignored"
