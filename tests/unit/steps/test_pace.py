"""pace.py: of the calls that are due at once, the last ones are put off."""

from __future__ import annotations

import random
import sys
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


def have_come(container: Container, calls: int, second: int = 0) -> None:
    """Have so many calls been counted in a second of this minute."""
    counted = {f"second{second}": {"N": str(calls)}}
    container.table.items[COUNTED] = {"id": {"S": COUNTED}, **counted}


def again(tries: int) -> Json:
    return {"later": {"since": NOW, "tries": tries}, "calls": [CALL]}


@pytest.mark.parametrize(("calls", "second"), [(29, 0), (179, 10)], ids=["30th", "180th"])
def test_what_telegram_would_take_is_made(
    container: Container, bot_api: BotApi, now: SimpleNamespace, calls: int, second: int
) -> None:
    have_come(container, calls)
    now.now += second
    bot_api.expects(CALL)
    container.invoke(CALL)
    assert container.line["outcome"] == "answered"


@pytest.mark.parametrize(("calls", "seconds"), [(30, 60), (179, 70)], ids=["31st", "180th"])
def test_the_others_get_times_of_their_own(container: Container, calls: int, seconds: int) -> None:
    """15 a second, after the minute that each retry waits."""
    have_come(container, calls)
    container.invoke(CALL)
    [waits] = container.schedules.items.values()
    assert waits == {"at": NOW + seconds, "event": again(1)}
    about = container.line
    assert (about["outcome"], about["methods"], about["retry_after"]) == ("throttled", [], seconds)


def test_seconds_without_calls_are_not_saved_up(container: Container, now: SimpleNamespace) -> None:
    have_come(container, 30, second=40)
    now.now += 40
    container.invoke(CALL)
    assert container.line["outcome"] == "throttled"


def test_each_call_of_an_event_counts(container: Container, bot_api: BotApi) -> None:
    """An event with more than may come at once is made if it comes first."""
    bot_api.expects(*[CALL] * 40)
    outcomes = []
    for event in ([CALL] * 40, CALL):
        container.invoke(event)
        outcomes.append(container.line["outcome"])
    assert outcomes == ["answered", "throttled"]


def test_the_bot_is_not_asked_about_what_is_put_off(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_come(container, 1000)
    asked: list[Json] = []
    monkeypatch.setattr(container.bot, "on_event", asked.append)
    container.invoke({"later": {"since": NOW, "tries": 0}, "event": {"debts of": 42}})
    [waits] = container.schedules.items.values()
    assert (asked, waits["event"]["event"]) == ([], {"debts of": 42})


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
    assert container.table.items[COUNTED]["second0"] == {"N": "1000"}


def test_if_the_table_is_away_nothing_is_put_off(container: Container, bot_api: BotApi) -> None:
    def call(*about: Any) -> None:
        raise container.module("errors").Unreachable("no network")

    container.answer_calls(call, "dynamodb")
    bot_api.expects(CALL)
    container.invoke(CALL)
    told, line = container.log
    assert (told["message"], told["error"]) == ("a scheduled call isn't counted", "no network")
    assert line["outcome"] == "answered"


def test_without_a_table_nothing_is_counted(
    start_with_schedules: StartBot, bot_api: BotApi
) -> None:
    container = start_with_schedules(BOT)
    bot_api.expects(CALL)
    container.invoke(CALL)
    assert "botkit.steps.pace" not in sys.modules


def test_an_event_of_another_service_is_not_put_off(container: Container) -> None:
    have_come(container, 1000)
    container.invoke({"source": "aws.s3"})
    assert container.line["outcome"] == "ignored"
