"""A function's log on the emulated AWS, as the demo reads it."""

import json
from dataclasses import asdict

from telegram_bot_aws.demo.function_log import FunctionLog, has_come, is_event
from telegram_bot_aws.local.container import INVOCATION, Invocation


def lines_of(outcome=None, **about):
    """Return the lines of an invocation, with that by which the demo knows it."""
    output = [] if outcome is None else [{"message": "update", **outcome}]
    of = asdict(Invocation(output=output, **about))
    return ["START RequestId: 1", "not JSON", json.dumps({"message": INVOCATION, "of": of})]


def test_event_is_recognised():
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


def test_each_invocation_is_taken_once():
    log = Log()
    function = FunctionLog(log, "group")
    for delivery in ("two", "one"):
        log.add(delivery, *lines_of({"update_id": 1, "outcome": "queued"}, delivery=delivery))
    log.add("by the queue", *lines_of({"update_id": 1, "outcome": "answered", "source": "queue"}))
    log.add("of another program", "START RequestId: 1")
    for delivery in ("one", "two"):
        [found] = function.take(lambda each: each.delivery == delivery)  # noqa: B023
        assert found.outcome["outcome"] == "queued"
    [found] = function.take(has_come)
    assert found.outcome["source"] == "queue"
    assert function.take(lambda each: True) == []
