"""later.py: schedules of Scheduler that make a call once, or again and again."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import botocore.session
import pytest
from botkit.fakes.services import EVERY
from botocore.validate import ParamValidator
from pytest_httpserver import HTTPServer

from tests.conftest import BotApi, StartBot
from tests.support.stubs import CALL, TEXT, Container, Json, outcome_of, session_environment

BOT = "def reply(update):\n    return []"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
AT = "<aws.scheduler.scheduled-time>"
NOON = datetime(2099, 1, 1, 12, tzinfo=UTC)
RETRY = f"retry.{sha256(b'42.tea').hexdigest()[:40]}"


@pytest.fixture
def container(start_with_schedules: StartBot) -> Container:
    return start_with_schedules(BOT)


@pytest.fixture
def later(container: Container) -> Any:
    return container.module("schedule")


def waiting(container: Container) -> dict[str, Any]:
    """Return the events that wait, by name."""
    return {name: item["event"] for name, item in container.schedules.items.items()}


def named(name: str, *calls: Json) -> Json:
    """Return the event of calls that wait until noon."""
    about = {"since": int(NOON.timestamp()), "tries": 0, "name": name}
    return {"later": about, "calls": [*calls]}


def test_a_schedule_invokes_this_function_once(start_bot: StartBot, httpserver: HTTPServer) -> None:
    role = "arn:aws-us-gov:iam::123456789012:role/tea-bot-later"
    url = httpserver.url_for("").rstrip("/")
    about = {
        "SCHEDULE_GROUP": "tea-bot",
        "SCHEDULER_ROLE_ARN": role,
        "AWS_LAMBDA_FUNCTION_NAME": "tea-bot",
    }
    container = start_bot(BOT, **session_environment(url), **about)
    container.module("deadline").deadline.start(5)
    to_json = container.module("aws").to_json
    call = {**CALL, "text": "Tee ist fertig 🍵"}
    body = {
        "ActionAfterCompletion": "DELETE",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "GroupName": "tea-bot",
        "ScheduleExpression": "at(2099-01-01T12:00:00)",
        "Target": {
            "Arn": "arn:aws-us-gov:lambda:eu-central-1:123456789012:function:tea-bot:live",
            "Input": to_json(named("42.tea", call)),
            "RoleArn": role,
        },
    }
    httpserver.expect_oneshot_request(
        "/schedules/42.tea", "POST", json=body, headers={"Content-Type": "application/json"}
    ).respond_with_json({"ScheduleArn": "arn"})
    container.module("schedule").send(call, NOON, "42.tea")
    httpserver.expect_oneshot_request(
        "/schedules/42.tea", "POST", json={**body, "KmsKeyArn": KEY}
    ).respond_with_json({"ScheduleArn": "arn"})
    container.module("schedule").settings.scheduler_kms_key_arn = KEY
    container.module("schedule").send(call, NOON, "42.tea")
    names = ("42.tea", f"{RETRY}.1", f"{RETRY}.2")
    for found in (*names, None):  # the call, or one of its retries
        for name in names:
            asked = httpserver.expect_oneshot_request(
                f"/schedules/{name}", "DELETE", query_string={"groupName": "tea-bot"}
            )
            if name == found:
                asked.respond_with_json({})
            else:
                missing = {"x-amzn-ErrorType": "ResourceNotFoundException"}
                asked.respond_with_json({"Message": "no"}, 404, missing)
        assert container.module("schedule").cancel("42.tea") is bool(found)
    httpserver.check()


@pytest.mark.parametrize(
    "at",
    [NOON, NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), NOON.replace(microsecond=9)],
    ids=["UTC", "another zone", "microseconds"],
)
def test_a_time_is_the_same_in_every_zone(container: Container, later: Any, at: datetime) -> None:
    schedule.once(CALL, at, "tea")
    assert container.schedules.items["tea"]["at"] == NOON.timestamp()


def test_a_time_that_has_passed_is_soon(container: Container, later: Any) -> None:
    before = int(time.time())
    schedule.once(CALL, datetime(1, 1, 1, tzinfo=UTC), "tea")
    at = container.schedules.items["tea"]["at"]
    assert before + 5 <= at <= time.time() + 5


@pytest.mark.parametrize(("lasts", "second"), [(8, "12:00:05"), (10, "12:00:07")], ids=str)
def test_a_time_that_passes_on_the_way_is_soon(
    container: Container, later: Any, monkeypatch: pytest.MonkeyPatch, lasts: int, second: str
) -> None:
    """Scheduler refuses a time in the past, as when the connection was slow."""
    now, asked = NOON.timestamp() - 8, list[str]()
    monkeypatch.setattr("time.time", lambda: now)

    def request(*about: Any, body: Json) -> None:
        nonlocal now
        asked.append(body["ScheduleExpression"])
        if len(asked) == 1:
            now += lasts
            refused("ValidationException")()

    container.answer_requests(request)
    assert schedule.once(CALL, NOON, "tea") is True
    assert asked == ["at(2099-01-01T12:00:00)", f"at(2099-01-01T{second})"]


def test_a_call_that_comes_twice_waits_once(container: Container, later: Any) -> None:
    said = [schedule.once({**CALL, "text": text}, NOON, "tea") for text in ("first", "second")]
    assert said == [True, False]
    schedule.once(CALL, NOON, "cake")
    assert waiting(container) == {
        "tea": named("tea", {**CALL, "text": "first"}),
        "cake": named("cake", CALL),
    }


def test_an_event_that_comes_twice_waits_once(container: Container, later: Any) -> None:
    said = [later.schedule({"step": n}, NOON.timestamp(), "step") for n in range(2)]
    assert said == [True, False]
    assert waiting(container) == {"step": {"step": 0}}


def test_calls_of_an_event_have_its_name_too(container: Container, later: Any) -> None:
    later.schedule([CALL, CALL], NOON.timestamp(), "tea")
    assert waiting(container) == {"tea": named("tea", CALL, CALL)}


@pytest.mark.parametrize("number", [1, 2])
def test_no_call_has_the_name_of_a_retry(container: Container, later: Any, number: int) -> None:
    for use in (lambda name: schedule.once(CALL, NOON, name), schedule.cancel):
        with pytest.raises(ValueError, match="this name is reserved for"):
            use(f"{RETRY}.{number}")
    assert schedule.once(CALL, NOON, f"{RETRY}.3") is True


def test_a_retry_whose_names_were_taken_until_now_has_its_own(
    container: Container, later: Any
) -> None:
    """Scheduler may delete what had them between its refusal and the look at it."""
    taken = [f"/schedules/{RETRY}.{number}" for number in (1, 2)]

    def refuse(service: str, method: str, path: str, **content: Any) -> None:
        if method == "POST" and path in taken:
            refused("ConflictException", "it already exists")()

    container.watch_calls(refuse, "scheduler")
    event = {"later": {"since": 1, "tries": 1, "name": "42.tea"}, "calls": [CALL]}
    later.retry(event, NOON.timestamp(), "a")
    assert [*waiting(container)] == ["retry.a"]


def test_a_list_of_calls_waits(container: Container, later: Any) -> None:
    assert schedule.once([CALL, CALL], NOON, "tea") is True
    assert schedule.cron([CALL, CALL], *MONDAYS, "tea") is True
    assert waiting(container) == {
        "tea": named("tea", CALL, CALL),
        f"{EVERY}tea": {"every": {"name": "tea", "at": AT}, "calls": [CALL, CALL]},
    }


def test_an_event_waits_in_an_envelope(start_with_schedules: StartBot) -> None:
    container = start_with_schedules(f"{BOT}\ndef on_event(event):\n    return []")
    later, event = container.module("schedule"), {"debts of": 42, "<aws": "<"}
    assert schedule.once(event, NOON, "debts") is True
    assert schedule.cron(event, *MONDAYS, "debts") is True
    about = {"since": int(NOON.timestamp()), "tries": 0, "name": "debts"}
    assert waiting(container) == {
        "debts": {"later": about, "event": event},
        f"{EVERY}debts": {"every": {"name": "debts", "at": AT}, "event": event},
    }


@pytest.mark.parametrize("event", [{7: "a"}, {"a": (1, 2)}, {"a": {1: 2}}], ids=str)
def test_an_event_that_json_would_change_is_refused(later: Any, event: Any) -> None:
    with pytest.raises(ValueError, match="^an event must contain only strings, numbers,"):
        schedule.cron(event, *MONDAYS, "tea")


def test_before_bot_py_is_imported_an_event_may_wait(
    container: Container, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a test of one of its modules."""
    monkeypatch.delitem(sys.modules, "bot")
    assert schedule.once({"debts of": 42}, NOON, "debts") is True


def test_a_retry_of_what_json_can_not_hold_is_refused(container: Container, later: Any) -> None:
    """Such as what remains of the calls that on_event() has returned, with a file."""
    event = {"later": {"since": 1, "tries": 1}, "calls": [{**CALL, "photo": b"jpeg"}]}
    with pytest.raises(container.module("errors").BadSchedule, match="^a call or event must be"):
        later.retry(event, NOON.timestamp(), "a")


NO_CALL = 'a call must be a dict with a "method", such as "sendMessage"'
CALLS: dict[str, tuple[Any, str]] = {
    "an empty list": ([], NO_CALL),
    "a list of lists": ([[CALL]], NO_CALL),
    "a list with an event": ([CALL, {"chat_id": 42}], NO_CALL),
    "text": ("sendMessage", NO_CALL),
    "no method": (
        {"chat_id": 42},
        "an event needs on_event() in bot.py, which has none. A call must have a "
        '"method", such as "sendMessage"',
    ),
    "an empty method": (
        {"method": ""},
        'a call must be a dict with a "method", such as "sendMessage"',
    ),
    "two words": (
        {"method": "x y"},
        'a call must be a dict with a "method", such as "sendMessage"',
    ),
    "not ASCII": ({"method": "é"}, 'a call must be a dict with a "method", such as "sendMessage"'),
    "a file": (
        {**CALL, "photo": b"jpeg"},
        "a call or event must be JSON, with the file_id or URL of each file: "
        "Object of type bytes is not JSON serializable",
    ),
    "a file with a name": (
        {**CALL, "photo": ("a.jpg", b"jpeg")},
        "a call or event must be JSON, with the file_id or URL of each file: "
        "Object of type bytes is not JSON serializable",
    ),
    "not a number": (
        {**CALL, "latitude": float("nan")},
        "a call or event must be JSON, with the file_id or URL of each file: "
        "Out of range float values are not JSON compliant: nan",
    ),
    "too large": (
        {"method": "x", "text": "é" * 130_548 + "x"},
        "a call or event must have at most 261,120 bytes, not 261,121",
    ),
}


@pytest.mark.parametrize(("call", "error"), CALLS.values(), ids=CALLS)
def test_what_is_no_call_for_later_is_refused(
    container: Container, later: Any, call: Any, error: str
) -> None:
    with pytest.raises(container.module("errors").BadSchedule) as caught:
        schedule.once(call, NOON, "tea")
    assert str(caught.value) == error
    assert waiting(container) == {}


def test_scheduler_fills_in_nothing(container: Container, later: Any) -> None:
    sent: list[Any] = []
    container.answer_requests(lambda *about, **content: sent.append(content["body"]))
    call = {**CALL, "text": "<aws.scheduler.schedule-arn>"}
    schedule.once(call, NOON, "tea")
    text = sent[0]["Target"]["Input"]
    assert "<aws" not in text
    assert json.loads(text) == named("tea", call)


def test_a_call_may_have_the_largest_size(container: Container, later: Any) -> None:
    schedule.once({"method": "x", "text": "é" * 130_548}, NOON, "tea")
    assert len(waiting(container)) == 1


@pytest.mark.parametrize("at", [NOON.replace(tzinfo=None), 4070952000, None, "12:00"], ids=str)
def test_a_time_without_a_zone_is_refused(container: Container, later: Any, at: Any) -> None:
    with pytest.raises(container.module("errors").BadSchedule, match="with a time zone, such as"):
        schedule.once(CALL, at, "tea")
    assert waiting(container) == {}


@pytest.mark.parametrize("name", ["a", "x" * 64, "-100.7_B", "..1"])
def test_a_name_may_have(container: Container, later: Any, name: str) -> None:
    schedule.once(CALL, NOON, name)
    assert list(waiting(container)) == [name]


@pytest.mark.parametrize(
    "name", ["", "x" * 65, "a/b", "a b", "é", "a\n", ".", "..", 7, None], ids=str
)
def test_another_name_is_refused(container: Container, later: Any, name: Any) -> None:
    refusal = pytest.raises(container.module("errors").BadSchedule, match="1 to 64 ASCII letters")
    with refusal:
        schedule.once(CALL, NOON, name)
    with refusal:
        later.schedule(CALL, NOON.timestamp(), name)
    with refusal:
        schedule.cancel(name)
    assert waiting(container) == {}


def test_the_sentence_is_logged(start_with_schedules: StartBot) -> None:
    source = f"""
from datetime import UTC, datetime
from botkit import schedule

def reply(update):
    schedule.once({{"method": "sendMessage", "text": "{TEXT}"}}, datetime(2099, 1, 1), "tea")
"""
    container = start_with_schedules(source)
    assert outcome_of(container) == "bot_failed"
    assert container.line["error"].startswith("the time must be a datetime with a time zone")


def refused(code: str, message: str = "no") -> Callable[..., Any]:
    """Return a request that Scheduler refuses."""

    def request(*about: Any, **content: Any) -> Any:
        import botkit.aws

        raise botkit.aws.ClientError(code, message)

    return request


REFUSALS: dict[str, tuple[str, str, str]] = {
    "no group": ("ResourceNotFoundException", "no group", "Misconfigured"),
    "a new code": ("AConflict", "no", "Misconfigured"),
    "another new code": ("ZeroRetentionException", "no", "Misconfigured"),
    "too many": ("ServiceQuotaExceededException", "10,000,000", "Misconfigured"),
}


@pytest.mark.parametrize(("code", "message", "kind"), REFUSALS.values(), ids=REFUSALS)
def test_scheduler_may_refuse(
    container: Container, later: Any, code: str, message: str, kind: str
) -> None:
    container.answer_requests(refused(code, message))
    with pytest.raises(Exception, match=message) as caught:
        schedule.once(CALL, NOON, "tea")
    assert type(caught.value).__name__ == kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [("Value '…' at 'target.input'", "BadSchedule"), ("… to assume the role.", "Misconfigured")],
    ids=["a time or call", "a role that is too new"],
)
def test_what_scheduler_quotes_is_not_passed_on(
    container: Container, later: Any, message: str, kind: str
) -> None:
    container.answer_requests(refused("ValidationException", f"{TEXT}: {message}"))
    with pytest.raises(Exception, match="ValidationException") as caught:
        schedule.once(CALL, NOON, "tea")
    assert type(caught.value).__name__ == kind
    assert TEXT not in str(caught.value)


@pytest.mark.parametrize("use", ["send", "cancel"])
def test_a_conflict_about_another_thing_than_the_name_is_tried_again(
    container: Container, later: Any, use: str
) -> None:
    """The group is being deleted, or the call is about to be made."""
    container.answer_requests(refused("ConflictException"))
    with pytest.raises(container.module("errors").Unreachable, match="^ConflictException: no$"):
        schedule.once(CALL, NOON, "tea") if use == "send" else schedule.cancel("tea")


def test_without_the_input_nothing_can_wait(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(BOT)
    with pytest.raises(container.module("errors").Misconfigured, match="set later = true"):
        container.module("schedule").send(CALL, NOON, "tea")


# Calls that recur

MONDAYS = ("0 9 ? * MON *", "Europe/Berlin")


def test_requests_for_a_call_that_recurs_are_as_botocore_makes_them(
    start_bot: StartBot, httpserver: HTTPServer
) -> None:
    role = "arn:aws:iam::123456789012:role/tea-bot-later"
    url = httpserver.url_for("").rstrip("/")
    about = {
        "SCHEDULE_GROUP": "tea-bot",
        "SCHEDULER_ROLE_ARN": role,
        "AWS_LAMBDA_FUNCTION_NAME": "tea-bot",
    }
    container = start_bot(BOT, **session_environment(url), **about)
    container.module("deadline").deadline.start(5)
    schedule = container.module("schedule")
    conflict = {"x-amzn-ErrorType": "ConflictException"}
    for status, headers in ((409, conflict), (200, {})):
        httpserver.expect_ordered_request("/schedules/42.tea").respond_with_json(
            {"Message": "Schedule 42.tea already exists."}, status, headers
        )
    httpserver.expect_ordered_request("/schedules/42.tea").respond_with_json({})
    retry = f"retry.{hashlib.sha256(b'every:42.tea').hexdigest()[:40]}"
    for number in (1, 2):
        httpserver.expect_ordered_request(
            f"/schedules/{retry}.{number}", "DELETE", query_string={"groupName": "tea-bot"}
        ).respond_with_json({})
    assert schedule.cron({**CALL, "text": "<Tee>"}, *MONDAYS, "42.tea") is False
    assert schedule.cancel("42.tea") is True
    httpserver.check()
    [created, updated, deleted, *_] = [request for request, _ in httpserver.log]

    model = botocore.session.get_session().get_service_model("scheduler")
    for request, name in ((created, "CreateSchedule"), (updated, "UpdateSchedule")):
        operation = model.operation_model(name)
        assert request.method == operation.http["method"]
        params = {"Name": "42.tea", **request.get_json()}
        report = ParamValidator().validate(params, operation.input_shape)
        assert not report.has_errors(), report.generate_report()
        assert (params["GroupName"], params["ScheduleExpression"]) == (
            "tea-bot-every",
            "cron(0 9 ? * MON *)",
        )
        assert params["ScheduleExpressionTimezone"] == "Europe/Berlin"
        assert params["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert (params["Target"]["RoleArn"], params["Target"]["Arn"]) == (
            role,
            "arn:aws:lambda:eu-central-1:123456789012:function:tea-bot:live",
        )
        # Scheduler fills in the time, and nothing into what people wrote.
        content = params["Target"]["Input"]
        assert content.count("<") == 1
        event = json.loads(content.replace("<aws.scheduler.scheduled-time>", "then"))
        assert event == {
            "every": {"name": "42.tea", "at": "then"},
            "calls": [{**CALL, "text": "<Tee>"}],
        }
    assert (deleted.method, deleted.path, dict(deleted.args)) == (
        "DELETE",
        "/schedules/42.tea",
        {"groupName": "tea-bot-every"},
    )


def test_a_call_that_recurs_is_replaced(container: Container, later: Any) -> None:
    assert schedule.cron(CALL, *MONDAYS, "tea") is True
    assert schedule.cron({**CALL, "text": "y"}, "0 7 1 * ? *", "UTC", "tea") is False
    [(name, item)] = container.schedules.items.items()
    assert (name, item["cron"], item["zone"]) == (f"{EVERY}tea", "0 7 1 * ? *", "UTC")
    assert item["event"]["calls"] == [{**CALL, "text": "y"}]
    assert [schedule.cancel("tea"), schedule.cancel("tea")] == [True, False]


def test_a_call_that_recurs_and_one_that_waits_may_have_one_name(
    container: Container, later: Any
) -> None:
    schedule.cron(CALL, *MONDAYS, "tea")
    assert schedule.once(CALL, NOON, "tea") is True
    assert schedule.cancel("tea") is True
    assert list(waiting(container)) == ["tea"]


def test_a_call_that_is_cancelled_while_it_is_replaced_is_tried_again(
    container: Container, later: Any
) -> None:
    schedule.cron(CALL, *MONDAYS, "tea")
    asked: list[str] = []

    def cancel_between(service: str, method: str, path: str, **content: Any) -> None:
        asked.append(method)
        if asked == ["POST", "PUT"]:
            container.schedules.items.clear()

    container.watch_calls(cancel_between, "scheduler")
    with pytest.raises(container.module("errors").Unreachable, match="^the recurring call was"):
        schedule.cron(CALL, *MONDAYS, "tea")
    assert schedule.cron(CALL, *MONDAYS, "tea") is True


@pytest.mark.parametrize(
    "cron",
    [
        "0 9 ? * MON *",
        "0/15 8-17 ? * 2-6 2026-2030",
        "5,35 23 1,15,31 JAN,6 ? *",
        "59 0 L * ? 2199",
        "0 12 15W 1-12/3 ? *",
        "0 12 LW * ? *",
        "0 12 ? * 6L *",
        "0 12 ? * FRI#2 *",
        "* * */2 * ? 2027/2",
    ],
)
def test_a_cron_expression_may_be(container: Container, later: Any, cron: str) -> None:
    schedule.cron(CALL, cron, "UTC", "tea")
    assert container.schedules.items[f"{EVERY}tea"]["cron"] == cron


FIELDS = r"six fields, such as \"0 9 \? \* MON-FRI \*\": minutes, hours, days of the month, months,"
CRONS: dict[str, tuple[Any, str]] = {
    "five fields": ("0 9 * * MON", FIELDS),
    "seven fields": ("0 9 ? * MON * *", FIELDS),
    "no ?": ("0 9 * * MON *", FIELDS),
    "two ?": ("0 9 ? * ? *", FIELDS),
    "a double space": ("0  9 ? * *", FIELDS),
    "a line": ("0 9 ? * * *\n", "^the years of"),
    "no text": (7, FIELDS),
    "minutes": ("60 9 ? * MON *", "^the minutes of"),
    "minutes, ?": ("? 9 ? * MON *", "^the minutes of"),
    "no step": ("0/0 9 ? * MON *", "^the minutes of"),
    "hours": ("0 24 ? * MON *", "^the hours of"),
    "Arabic digits": ("0 ٩ ? * MON *", "^the hours of"),
    "days": ("0 9 32 * ? *", "^the days of the month of"),
    "months": ("0 9 1 13 ? *", "^the months of"),
    "weekdays": ("0 9 ? * MO *", "^the days of the week of"),
    "Sunday as 0": ("0 9 ? * 0 *", "^the days of the week of"),
    "a sixth Monday": ("0 9 ? * 2#6 *", "^the days of the week of"),
    "years": ("0 9 ? * MON 1969", "^the years of"),
    "more": ("0 9 ? * MON *)", "^the years of"),
}


@pytest.mark.parametrize(("cron", "error"), CRONS.values(), ids=CRONS)
def test_another_expression_is_refused(
    container: Container, later: Any, cron: Any, error: str
) -> None:
    with pytest.raises(container.module("errors").BadSchedule, match=error):
        schedule.cron(CALL, cron, "UTC", "tea")
    assert waiting(container) == {}


@pytest.mark.parametrize("zone", ["", "Europe/Ber lin", "x" * 51, "UTC\n", "Zürich", None], ids=str)
def test_another_zone_is_refused(container: Container, later: Any, zone: Any) -> None:
    with pytest.raises(container.module("errors").BadSchedule, match='such as "Europe/Berlin"'):
        schedule.cron(CALL, "0 9 ? * MON *", zone, "tea")


def test_a_zone_that_scheduler_does_not_know_is_refused(container: Container, later: Any) -> None:
    with pytest.raises(container.module("errors").BadSchedule, match="such as Europe/Berlin"):
        schedule.cron(CALL, "0 9 ? * MON *", "Atlantis/Poseidonis", "tea")


def test_what_can_wait_for_no_time_cant_recur(container: Container, later: Any) -> None:
    refused = container.module("errors").BadSchedule
    with pytest.raises(refused, match="must be JSON"):
        schedule.cron({**CALL, "photo": b"jpeg"}, *MONDAYS, "tea")
    for name in ("a b", 'a"'):
        with pytest.raises(refused, match="1 to 64 ASCII letters"):
            schedule.cron(CALL, *MONDAYS, name)
        with pytest.raises(refused, match="1 to 64 ASCII letters"):
            schedule.cancel(name)
