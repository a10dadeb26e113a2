"""Who invokes the function when something is due: again after a failure, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from botkit.fakes.services import QUEUE_URL, Queues, Schedules

from tests.support.stubs import another

host = another("botkit.fakes.host")
HIDDEN, MOST_RECEIVES, PAUSES = host.HIDDEN, host.MOST_RECEIVES, host.PAUSES
Poller, Scheduler = host.Poller, host.Scheduler

Json = dict[str, Any]
DONE: Json = {"batchItemFailures": []}
AGAIN: Json = {"batchItemFailures": [{"itemIdentifier": "1"}]}


@pytest.fixture
def queued() -> Queues:
    """A queue, whose clock stands still, with two messages of one chat and one of another."""
    queued = Queues(None, QUEUE_URL)
    queued.now = lambda: 0.0
    for id_, group in (("1", "ada"), ("2", "ada"), ("3", "bob")):
        queued.send(QUEUE_URL, id_, id_, group=group)
    return queued


def body(event: Json) -> str:
    """Return the body of the message in an event."""
    return str(event["Records"][0]["body"])


def test_a_message_waits_for_its_chat_alone(queued: Queues) -> None:
    delivered = []

    def invoke(event: Json, request_id: str) -> tuple[Json, str]:
        delivered.append(body(event))
        return (AGAIN if delivered == ["1"] else DONE), ""

    poller = Poller(queued, invoke, bury=lambda message: None)
    assert [poller.run_next() for _ in range(3)] == [False, True, True]
    assert delivered == ["1", "3"]
    assert poller.next_time() == HIDDEN
    queued.now = lambda: HIDDEN
    assert [poller.run_next() for _ in range(2)] == [True, True]
    assert delivered == ["1", "3", "1", "2"]
    assert (queued.messages, poller.next_time()) == ({}, None)


def test_a_message_that_always_fails_is_a_dead_letter(queued: Queues) -> None:
    delivered: list[str] = []
    buried: list[Json] = []

    def invoke(event: Json, request_id: str) -> tuple[Json | None, str]:
        delivered.append(body(event))
        return (None, "it timed out") if body(event) == "1" else (DONE, "")

    poller = Poller(queued, invoke, buried.append)
    while (due := poller.next_time()) is not None:
        queued.now = lambda due=due: due  # type: ignore[misc]
        poller.run_next()
    assert delivered.count("1") == MOST_RECEIVES
    assert [each["id"] for each in buried] == ["1"]
    assert delivered[-1] == "2"
    assert queued.messages == {}


EVENT = {"name": "tea"}


def test_an_event_that_fails_is_tried_as_often_as_by_lambda() -> None:
    """By the same id, so that what it changes once is changed once."""
    items: Json = {"tea": {"at": 100.0, "event": EVENT}}
    schedules = Schedules(None, items=items)
    tried: list[tuple[float, str]] = []
    given_up: list[Any] = []

    def invoke(event: Json, request_id: str) -> tuple[None, str]:
        assert event == EVENT
        tried.append((schedules.now(), request_id))
        return None, "EventFailed: away"

    scheduler = Scheduler(schedules, invoke, lambda *about: given_up.append(about))
    is_over = []
    while (due := scheduler.next_time()) is not None:
        schedules.now = lambda due=due: due  # type: ignore[misc]
        is_over.append(scheduler.run_next())
    assert is_over == [False, False, True]
    assert [at for at, _ in tried] == [100.0, 100.0 + PAUSES[0], 100.0 + sum(PAUSES)]
    [request_id] = {each for _, each in tried}
    assert given_up == [(EVENT, request_id, "EventFailed: away")]
    assert scheduler.run("tea") is True


def test_what_recurs_is_tried_again_for_the_time_that_was_due() -> None:
    event = {"every": {"name": "tea", "at": "<time>"}}
    daily = {"cron": "0 9 * * ? *", "zone": "UTC", "since": 1_800_000_000.0, "event": event}
    schedules = Schedules(None, items={"every tea": daily})
    schedules.now = lambda: 1_800_003_600.0
    came = []

    def invoke(event: Json, request_id: str) -> tuple[None, str]:
        came.append(event["every"]["at"])
        return None, "EventFailed: away"

    scheduler = Scheduler(schedules, invoke, pauses=(0.0,))
    scheduler.run("every tea")
    schedules.now = lambda: 1_800_090_000.0  # the next one was due, too
    [again] = [name for name in schedules.items if name != "every tea"]
    scheduler.run("every tea")
    scheduler.run(again)
    assert came == ["2027-01-15T09:00:00Z", "2027-01-16T09:00:00Z", "2027-01-15T09:00:00Z"]
