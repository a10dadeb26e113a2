"""schedule.py: EventBridge Scheduler sends calls and events to the queue, once or by a cron."""

import json
import re
import sys
import time
from datetime import UTC, datetime, timedelta, timezone

import botocore.session
import pytest
from botocore.validate import ParamValidator

from tests.support.stubs import CALL, TEXT

BOT = "def reply(update):\n    return []"
AT = "<aws.scheduler.scheduled-time>"
NOON = datetime(2099, 1, 1, 12, tzinfo=UTC)
MONDAYS = ("0 9 ? * MON *", "Europe/Berlin")


@pytest.fixture
def container(start_with_queue):
    return start_with_queue(BOT)


@pytest.fixture
def schedule(container):
    return container.module("schedule")


def waiting(container):
    """Return what waits, by its name in Scheduler."""
    return {name: item["event"] for name, item in container.schedules.items.items()}


def refused(code, message="no"):
    """Return a request that Scheduler refuses."""

    def request(*about, **content):
        import botkit.aws

        raise botkit.aws.ClientError(code, message)

    return request


@pytest.mark.parametrize("key", [{}, {"KmsKeyArn": "arn:aws:kms:eu-central-1:1:key/1"}])
def test_requests_are_as_botocore_makes_them(start_with_queue, key):
    role = "arn:aws-us-gov:iam::123456789012:role/tea-bot-scheduler"
    about = {"SCHEDULE_GROUP": "tea-bot", "SCHEDULER_ROLE_ARN": role}
    about["SCHEDULER_KMS_KEY_ARN"] = key.get("KmsKeyArn", "")
    container = start_with_queue(BOT, **about)
    asked = []

    def request(service, method, path, **content):
        asked.append((service, method, path, content))
        if method == "POST" and path == "/schedules/cron.tea":
            refused("ConflictException", "Schedule tea already exists.")()

    container.stub_aws(request, "scheduler")
    schedule, call = container.module("schedule"), {**CALL, "text": "<Tee> 🍵"}
    assert schedule.once(call, NOON, "tea") is True
    assert schedule.cron(call, *MONDAYS, "tea") is False
    assert schedule.cancel("tea") is True
    once, _, cron, *deleted = asked
    at = {"ScheduleExpression": "at(2099-01-01T12:00:00)", "ActionAfterCompletion": "DELETE"}
    on_mondays = {"ScheduleExpression": "cron(0 9 ? * MON *)"}
    on_mondays["ScheduleExpressionTimezone"] = "Europe/Berlin"
    model = botocore.session.get_session().get_service_model("scheduler")
    for name, (service, method, path, content), operation, every, when in (
        ("once.tea", once, "CreateSchedule", {}, at),
        ("cron.tea", cron, "UpdateSchedule", {"every": "tea"}, on_mondays),
    ):
        shape = model.operation_model(operation)
        assert (service, method, path) == ("scheduler", shape.http["method"], f"/schedules/{name}")
        body = content["body"]
        report = ParamValidator().validate({"Name": name, **body}, shape.input_shape)
        assert not report.has_errors(), report.generate_report()
        # Scheduler fills in the time, and nothing into what people wrote.
        text = body["Target"].pop("Input").replace(AT, "then")
        assert json.loads(text) == {"at": "then", **every, "calls": [call]}
        assert "<" not in text
        target = {"Arn": "arn:aws-us-gov:sqs:eu-central-1:123456789012:bot.fifo", "RoleArn": role}
        assert body == {
            **when,
            **key,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "GroupName": "tea-bot",
            "Target": {**target, "SqsParameters": {"MessageGroupId": name}},
        }
    paths = "/schedules/once.tea", "/schedules/cron.tea"
    query = {"query": {"groupName": "tea-bot"}}
    assert deleted == [("scheduler", "DELETE", path, query) for path in paths]


def test_once_takes_a_time_of_any_zone(container, schedule):
    for name, at in (
        ("tea", NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))),
        ("milk", NOON.replace(microsecond=9)),
    ):
        schedule.once(CALL, at, name)
        assert container.schedules.items[f"once.{name}"]["at"] == NOON.timestamp()


def test_a_time_that_has_passed_is_soon(container, schedule):
    before = int(time.time())
    schedule.once(CALL, datetime(1, 1, 1, tzinfo=UTC), "tea")
    at = container.schedules.items["once.tea"]["at"]
    assert before + 5 <= at <= time.time() + 5


@pytest.mark.parametrize(("lasts", "second"), [(8, "12:00:05"), (10, "12:00:07")], ids=str)
def test_a_time_that_passes_on_the_way_is_soon(container, schedule, monkeypatch, lasts, second):
    """Scheduler refuses a time in the past, as when the connection was slow."""
    now, asked = NOON.timestamp() - 8, []
    monkeypatch.setattr("time.time", lambda: now)

    def request(*about, body):
        nonlocal now
        asked.append(body["ScheduleExpression"])
        if len(asked) == 1:
            now += lasts
            refused("ValidationException")()

    container.stub_aws(request, "scheduler")
    assert schedule.once(CALL, NOON, "tea") is True
    assert asked == ["at(2099-01-01T12:00:00)", f"at(2099-01-01T{second})"]


def test_once_changes_nothing_that_waits(container, schedule):
    said = [schedule.once({**CALL, "text": text}, NOON, "tea") for text in ("first", "second")]
    assert said == [True, False]
    assert waiting(container) == {"once.tea": {"at": AT, "calls": [{**CALL, "text": "first"}]}}


def test_cron_replaces_what_recurs_alone(container, schedule):
    schedule.once(CALL, NOON, "tea")
    assert schedule.cron(CALL, *MONDAYS, "tea") is True
    assert schedule.cron({**CALL, "text": "y"}, "0 7 1 * ? *", "UTC", "tea") is False
    assert [*waiting(container)] == ["once.tea", "cron.tea"]
    item = container.schedules.items["cron.tea"]
    assert (item["cron"], item["zone"]) == ("0 7 1 * ? *", "UTC")
    assert item["event"]["calls"] == [{**CALL, "text": "y"}]


def test_cancel_ends_both(container, schedule):
    schedule.once(CALL, NOON, "tea")
    schedule.cron(CALL, *MONDAYS, "tea")
    assert [schedule.cancel("tea"), schedule.cancel("tea")] == [True, False]
    assert waiting(container) == {}


def test_calls_and_events_may_wait(start_with_queue):
    container = start_with_queue(f"{BOT}\ndef on_event(event):\n    return []")
    schedule, event = container.module("schedule"), {"debts of": 42, "<aws": "<"}
    assert schedule.once([CALL, CALL], NOON, "tea") is True
    assert schedule.cron(event, *MONDAYS, "debts") is True
    assert waiting(container) == {
        "once.tea": {"at": AT, "calls": [CALL, CALL]},
        "cron.debts": {"at": AT, "every": "debts", "event": event},
    }


def test_before_bot_py_is_imported_an_event_may_wait(schedule, monkeypatch):
    """As in a test of one of its modules."""
    monkeypatch.delitem(sys.modules, "bot")
    assert schedule.once({"debts of": 42}, NOON, "debts") is True


NO_CALL = 'a call must be a dict with a "method", such as "sendMessage"'
NO_JSON = "a call or event must be JSON, with the file_id or URL of each file: "
NO_EVENT = (
    "an event must contain only strings, numbers, booleans, None, lists, and dicts with string keys"
)
FIELDS = "six fields, one of two for days is"
CALLS = [
    ([], NO_CALL),
    ([CALL, {"chat_id": 42}], NO_CALL),
    ("sendMessage", NO_CALL),
    ({"method": "é"}, NO_CALL),
    ({"method": "send/Message"}, NO_CALL),
    (
        {"chat_id": 42},
        'an event needs on_event() in bot.py, which has none. A call must have a "method", such '
        'as "sendMessage"',
    ),
    (
        {**CALL, "photo": ("a.jpg", b"jpeg")},
        NO_JSON + "Object of type bytes is not JSON serializable",
    ),
    (
        {"method": "x", "text": "é" * 127_988 + "x"},
        "a call or event must have at most 256,000 bytes, not 256,001",
    ),
    *((event, NO_EVENT) for event in ({7: "a"}, {"a": (1, 2)}, {"a": {1: 2}})),
]
# What Scheduler refuses.
CRONS = {
    "five fields": ("0 9 * * MON", "UTC"),
    "seven fields": ("0 9 ? * MON * *", "UTC"),
    "no question mark": ("0 9 * * MON *", "UTC"),
    "two question marks": ("0 9 ? * ? *", "UTC"),
    "two spaces": ("0  9 ? * *", "UTC"),
    "a day": ("0 9 32 * ? *", "UTC"),
    "minutes": ("60 9 ? * MON *", "UTC"),
    "a step": ("0/0 9 ? * MON *", "UTC"),
    "a weekday": ("0 9 ? * MO *", "UTC"),
    "a sixth Monday": ("0 9 ? * 2#6 *", "UTC"),
    "years": ("0 9 ? * MON 1969", "UTC"),
    "zone": (MONDAYS[0], "Atlantis/Poseidonis"),
}
# What is called with which arguments, and why it is refused.
REFUSED = [
    *(("once", (call, NOON, "tea"), f"^{re.escape(error)}$") for call, error in CALLS),
    *(
        ("once", (CALL, at, "tea"), "with a time zone, such as")
        for at in (NOON.replace(tzinfo=None), 4070952000, None, "12:00")
    ),
    *(
        (use, (*about, name), "1 to 59 ASCII lett")
        for name in ("", "x" * 60, "a/b", "é", "a\n", None)
        for use, about in (("once", (CALL, NOON)), ("cron", (CALL, *MONDAYS)), ("cancel", ()))
    ),
    *(("cron", (CALL, *about, "tea"), FIELDS) for about in CRONS.values()),
]


@pytest.mark.parametrize(("use", "arguments", "words"), REFUSED)
def test_invalid_schedule_is_rejected(container, schedule, use, arguments, words):
    with pytest.raises(container.module("errors").UsageError, match=words):
        getattr(schedule, use)(*arguments)
    assert waiting(container) == {}


def test_call_may_have_250_kb(container, schedule):
    schedule.once({"method": "x", "text": "é" * 127_988}, NOON, "tea")
    assert len(waiting(container)) == 1


def test_name_may_have_59_characters(container, schedule):
    for name in ("a", "x" * 59, "-100.7_B", ".."):
        schedule.once(CALL, NOON, name)
        assert f"once.{name}" in waiting(container)


REFUSALS = {
    "no group": ("once", "ResourceNotFoundException", "no", "Misconfigured"),
    "a quota": ("once", "ServiceQuotaExceededException", "no", "Misconfigured"),
    # The group is being deleted, or the call is about to be made.
    "a conflict": ("once", "ConflictException", "no", "Unreachable"),
    "a late conflict": ("cancel", "ConflictException", "no", "Unreachable"),
    # Its text may quote the call.
    "a time or call": ("once", "ValidationException", TEXT, "UsageError"),
    "a role that is too new": ("once", "ValidationException", f"{TEXT} role", "Misconfigured"),
}


@pytest.mark.parametrize(("use", "code", "message", "kind"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_by_scheduler_quotes_nothing(container, schedule, use, code, message, kind):
    container.stub_aws(refused(code, message), "scheduler")
    words = code if TEXT in message else f"{code}: no$"
    with pytest.raises(getattr(container.module("errors"), kind), match=words) as caught:
        schedule.cancel("tea") if use == "cancel" else schedule.once(CALL, NOON, "tea")
    assert TEXT not in str(caught.value)


def test_cancellation_during_a_replacement_is_temporary(container, schedule):
    schedule.cron(CALL, *MONDAYS, "tea")

    def cancel_between(service, method, path, **content):
        if method == "PUT":
            container.schedules.items.clear()

    container.spy_on_aws(cancel_between, "scheduler")
    with pytest.raises(container.module("errors").Unreachable, match="^what recurred was"):
        schedule.cron(CALL, *MONDAYS, "tea")
    assert schedule.cron(CALL, *MONDAYS, "tea") is True


def test_without_a_queue_nothing_can_wait(start_bot, bot_api):
    container = start_bot(BOT)
    with pytest.raises(container.module("errors").Misconfigured, match="set queue = true"):
        container.module("schedule").once(CALL, NOON, "tea")
