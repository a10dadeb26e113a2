"""A function's log on the emulated AWS, as the demo reads it."""

import json
from dataclasses import asdict
from functools import partial

from telegram_bot_aws.demo.function_log import FunctionLog, answers, has_come, is_event
from telegram_bot_aws.local.container import INVOCATION, Invocation


def lines_of(outcome=None, **about):
    """Return the lines of an invocation, with that by which the demo knows it."""
    output = [] if outcome is None else [{"message": "update", **outcome}]
    of = asdict(Invocation(output=output, **about))
    return ["START RequestId: 1", "not JSON", json.dumps({"message": INVOCATION, "of": of})]


def test_an_event_is_told_apart():
    event = {"Records": []}
    assert is_event(Invocation(event=event, error="EventFailed: x"))
    assert is_event(Invocation(event=event, output=[{"outcome": "answered"}]))
    assert not is_event(Invocation(event={"tf": {"action": "warm"}}))
    queued = {"update_id": 1, "outcome": "answered", "source": "queue"}
    assert not is_event(Invocation(event=event, output=[queued]))
    assert not is_event(Invocation())


def test_a_failure_without_a_traceback_has_its_line():
    frames = ["bot.py:9 in reply", "bot.py:20 in handle", "telebot/__init__.py:9409 in TeleBot.x"]
    failed = {"outcome": "bot_error", "error": "the session doesn't have that"}
    found = Invocation(output=[{**failed, "stack_trace": frames}])
    assert found.failure == "the session doesn't have that\n  at bot.py:20 in handle"
    assert Invocation(output=[failed]).failure == "the session doesn't have that"


class Log:
    """CloudWatch, with a stream for each invocation."""

    def __init__(self):
        self.events = []

    def add(self, stream, *lines):
        for text in lines:
            time = len(self.events)
            self.events.append({"logStreamName": stream, "timestamp": time, "message": text})

    def filter_log_events(self, logGroupName, startTime):  # noqa: N803
        return {"events": [event for event in self.events if event["timestamp"] >= startTime]}


def test_an_update_finds_its_own_invocation():
    """The logs of two at once come in any order, and that of a time-out has no update_id."""
    log = Log()
    function = FunctionLog(log, "group")

    def of(update_id, alone=False):
        return [each.outcome for each in function.take(partial(answers, update_id, alone))]

    for update_id in (2, 1):
        log.add(f"{update_id}", *lines_of({"update_id": update_id, "outcome": "answered"}))
    queued = {"update_id": 3, "outcome": "answered", "source": "queue"}
    log.add("by the queue", *lines_of(queued))
    log.add("of another program", "START RequestId: 1")
    assert [found["update_id"] for found in (*of(1), *of(2))] == [1, 2]
    assert of(3, True) == of(2) == []
    [found] = function.take(has_come)
    assert found.outcome["source"] == "queue"
    log.add("late", *lines_of(error="timed out"))
    assert of(4) == []
    assert of(4, True) == [{}]
