"""A function's log on the emulated AWS, as the demo reads it."""

import json
from functools import partial

from telegram_bot_aws.demo.function_log import (
    FunctionLog,
    answers,
    has_come,
    invocation,
    is_event,
)
from telegram_bot_aws.local.container import Invocation

START = "START RequestId: 1 Version: $LATEST"
REPORT = "REPORT RequestId: 1\tDuration: 12 ms\tBilled Duration: 12 ms\tMemory Size: 128 MB"


def line(message, level="INFO", **fields):
    return json.dumps({"timestamp": "now", "level": level, "message": message, **fields})


def test_an_invocation_is_read_from_its_lines():
    update = line("update", update_id=7, outcome="bot_error", error="KeyError at bot.py:3")
    where = '  File "/tmp/x/ministack-lambda-bot-y/code/bot.py", line 3, in reply\n    {}["a"]\n'
    error = {"errorType": "KeyError", "errorMessage": "'a'", "stackTrace": [where]}
    found = invocation(
        [
            START,
            "printed",
            '{"printed": "as JSON"}',
            '{"message": "start-up", "milliseconds": 81.5}',
            line("exception in bot.py", "DEBUG", **error),
            update,
            "printed afterwards",
            "END RequestId: 1",
            REPORT,
        ]
    )
    assert found == Invocation(
        output=[
            'printed\n{"printed": "as JSON"}\n',
            json.loads(update),
            "printed afterwards\n",
        ],
        traceback="Traceback (most recent call last):\n"
        '  File "/var/task/bot.py", line 3, in reply\n    {}["a"]\nKeyError: \'a\'',
        cold=True,
        start_milliseconds=81.5,
        milliseconds=12.0,
    )
    assert found.failure == found.traceback


def test_a_failure_without_a_traceback_has_its_line():
    frames = ["bot.py:9 in reply", "bot.py:20 in handle", "telebot/__init__.py:9409 in TeleBot.x"]
    failed = {"outcome": "bot_error", "error": "the session doesn't have that"}
    found = invocation([START, line("update", "ERROR", **failed, stack_trace=frames), REPORT])
    assert found.failure == "the session doesn't have that\n  at bot.py:20 in handle"
    found = invocation([START, line("update", "ERROR", **failed), REPORT])
    assert found.failure == "the session doesn't have that"


def test_a_warm_invocation_that_says_nothing():
    found = invocation([START, "END RequestId: 1", REPORT])
    assert found == Invocation(cold=False, milliseconds=12.0)
    assert found.failure == ""


def test_an_event_is_told_apart():
    def came(event, error, *more):
        told = {"message": "event", "event": event, "error": error}
        return invocation([START, *more, json.dumps(told), "END RequestId: 1", REPORT])

    found = came({"Records": []}, "EventFailed: x")
    assert (found.event, found.error, found.printed) == ({"Records": []}, "EventFailed: x", "")
    assert is_event(found) and is_event(came([1], "", line("event", outcome="answered")))
    assert not is_event(came({"tf": {"action": "warm"}}, ""))
    queued = line("update", update_id=1, outcome="answered", source="queue")
    assert not is_event(came({"Records": []}, "", queued))
    assert not is_event(invocation([START, "END RequestId: 1", REPORT]))


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

    outcomes = [{"update_id": id_, "outcome": "answered"} for id_ in (2, 1)]
    for stream, outcome in enumerate(outcomes):
        log.add(f"{stream}", START, line("update", **outcome), REPORT)
    queued = line("update", update_id=3, source="queue", outcome="answered")
    log.add("by the queue", START, queued, REPORT)
    assert [found["update_id"] for found in (*of(1), *of(2))] == [1, 2]
    assert of(3, True) == of(2) == []
    [found] = function.take(has_come)
    assert found.outcome["source"] == "queue"
    log.add("late", START, "printed", REPORT)
    assert of(4) == []
    assert of(4, True) == [{}]
