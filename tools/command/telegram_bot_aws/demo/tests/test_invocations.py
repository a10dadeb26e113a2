"""The invocations on the emulated AWS, as the demo reads them."""

import json
from dataclasses import asdict

from telegram_bot_aws.demo.invocations import Invocations, has_come, is_event
from telegram_bot_aws.local.container import Invocation


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


def test_each_invocation_is_taken_once(tmp_path):
    file, told = tmp_path / "invocations", []
    queued = {"update_id": 1, "outcome": "queued"}
    answered = {"update_id": 1, "outcome": "answered", "source": "queue"}
    made = [Invocation(output=[queued], delivery=name) for name in ("two", "one")]
    made.append(Invocation(output=[answered]))
    lines = [json.dumps(asdict(each)) for each in made]
    file.write_text("\n".join(lines))  # the last one isn't whole yet
    found = Invocations(file, told.append)
    assert found.take(has_come) == []
    file.write_text("\n".join([*lines, ""]))
    for delivery, one in (("one", made[1]), ("two", made[0])):
        assert found.take(lambda each: each.delivery == delivery) == [one]  # noqa: B023
    assert found.take(has_come) == [made[2]]
    assert found.take(lambda each: True) == []
    assert told == made
