"""later.py: schedules of Scheduler that make a call once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import BotApi, StartBot
from tests.support.stubs import CALL, TEXT, Container, Json, outcome_of, session_environment

BOT = "def reply(update):\n    return []"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
NOON = datetime(2099, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def container(start_with_schedules: StartBot) -> Container:
    return start_with_schedules(BOT)


@pytest.fixture
def later(container: Container) -> Any:
    return container.module("later")


def waiting(container: Container) -> dict[str, Any]:
    """Return the events that wait, by name."""
    return {name: item["event"] for name, item in container.schedules.items.items()}


def test_a_schedule_invokes_this_function_once(start_bot: StartBot, httpserver: HTTPServer) -> None:
    role = "arn:aws-us-gov:iam::123456789012:role/tea-bot-later"
    url = httpserver.url_for("").rstrip("/")
    about = {"LATER_GROUP": "tea-bot", "LATER_ROLE": role, "AWS_LAMBDA_FUNCTION_NAME": "tea-bot"}
    container = start_bot(BOT, **session_environment(url), **about)
    container.module("deadline").deadline.start(5)
    call = {**CALL, "text": "Tee ist fertig 🍵"}
    body = {
        "ActionAfterCompletion": "DELETE",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "GroupName": "tea-bot",
        "ScheduleExpression": "at(2099-01-01T12:00:00)",
        "Target": {
            "Arn": "arn:aws-us-gov:lambda:eu-central-1:123456789012:function:tea-bot:live",
            "Input": json.dumps(call, ensure_ascii=False, separators=(",", ":")),
            "RoleArn": role,
        },
    }
    httpserver.expect_oneshot_request(
        "/schedules/42.tea", "POST", json=body, headers={"Content-Type": "application/json"}
    ).respond_with_json({"ScheduleArn": "arn"})
    container.module("later").send(call, NOON, "42.tea")
    httpserver.expect_oneshot_request(
        "/schedules/42.tea", "POST", json={**body, "KmsKeyArn": KEY}
    ).respond_with_json({"ScheduleArn": "arn"})
    container.module("later").settings.later_key = KEY
    container.module("later").send(call, NOON, "42.tea")
    httpserver.expect_oneshot_request(
        "/schedules/42.tea", "DELETE", query_string={"groupName": "tea-bot"}
    ).respond_with_json({})
    assert container.module("later").cancel("42.tea") is True
    httpserver.expect_oneshot_request("/schedules/42.tea", "DELETE").respond_with_json(
        {"Message": "no"}, 404, {"x-amzn-ErrorType": "ResourceNotFoundException"}
    )
    assert container.module("later").cancel("42.tea") is False
    httpserver.check()


@pytest.mark.parametrize(
    "at",
    [NOON, NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), NOON.replace(microsecond=9)],
    ids=["UTC", "another zone", "microseconds"],
)
def test_a_time_is_the_same_in_every_zone(container: Container, later: Any, at: datetime) -> None:
    later.send(CALL, at, "tea")
    assert container.schedules.items["tea"]["at"] == NOON.timestamp()


def test_a_time_that_has_passed_is_soon(container: Container, later: Any) -> None:
    before = int(time.time())
    later.send(CALL, datetime(1, 1, 1, tzinfo=UTC), "tea")
    at = container.schedules.items["tea"]["at"]
    assert before + 5 <= at <= time.time() + 5


def test_an_event_whose_time_has_passed_is_soon(container: Container, later: Any) -> None:
    before = int(time.time())
    later.schedule({"step": 1}, 0, "step")
    assert before + 5 <= container.schedules.items["step"]["at"] <= time.time() + 5


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

    container.module("aws").request = request
    assert later.send(CALL, NOON, "tea") is True
    assert asked == ["at(2099-01-01T12:00:00)", f"at(2099-01-01T{second})"]


def test_a_call_that_comes_twice_waits_once(container: Container, later: Any) -> None:
    said = [later.send({**CALL, "text": text}, NOON, "tea") for text in ("first", "second")]
    assert said == [True, False]
    later.send(CALL, NOON, "cake")
    assert waiting(container) == {"tea": {**CALL, "text": "first"}, "cake": CALL}


def test_an_event_that_comes_twice_waits_once(container: Container, later: Any) -> None:
    said = [later.schedule({"step": n}, NOON.timestamp(), "step") for n in range(2)]
    assert said == [True, False]
    assert waiting(container) == {"step": {"step": 0}}


def test_a_call_is_cancelled_once(container: Container, later: Any) -> None:
    later.send(CALL, NOON, "tea")
    assert [later.cancel("tea"), later.cancel("tea")] == [True, False]
    assert waiting(container) == {}


CALLS: dict[str, tuple[Any, str]] = {
    "a list": ([CALL], 'a call must be a dict with a "method", such as "sendMessage"'),
    "no method": ({"chat_id": 42}, 'a call must be a dict with a "method", such as "sendMessage"'),
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
        "a call that is made later must be JSON, with file_id or URL for a file: "
        "Object of type bytes is not JSON serializable",
    ),
    "a file with a name": (
        {**CALL, "photo": ("a.jpg", b"jpeg")},
        "a call that is made later must be JSON, with file_id or URL for a file: "
        "Object of type bytes is not JSON serializable",
    ),
    "not a number": (
        {**CALL, "latitude": float("nan")},
        "a call that is made later must be JSON, with file_id or URL for a file: "
        "Out of range float values are not JSON compliant: nan",
    ),
    "too large": (
        {"method": "x", "text": "é" * 130_548 + "x"},
        "a call that is made later has up to 261,120 bytes, not 261,121",
    ),
}


@pytest.mark.parametrize(("call", "error"), CALLS.values(), ids=CALLS)
def test_what_is_no_call_for_later_is_refused(
    container: Container, later: Any, call: Any, error: str
) -> None:
    with pytest.raises(container.module("errors").BadSchedule) as caught:
        later.send(call, NOON, "tea")
    assert str(caught.value) == error
    assert waiting(container) == {}


def test_scheduler_fills_in_nothing(container: Container, later: Any) -> None:
    sent: list[Any] = []
    container.module("aws").request = lambda *about, **content: sent.append(content["body"])
    call = {**CALL, "text": "<aws.scheduler.schedule-arn>"}
    later.send(call, NOON, "tea")
    text = sent[0]["Target"]["Input"]
    assert "<aws" not in text
    assert json.loads(text) == call


def test_a_call_may_have_the_largest_size(container: Container, later: Any) -> None:
    later.send({"method": "x", "text": "é" * 130_548}, NOON, "tea")
    assert len(waiting(container)) == 1


@pytest.mark.parametrize("at", [NOON.replace(tzinfo=None), 4070952000, None, "12:00"], ids=str)
def test_a_time_without_a_zone_is_refused(container: Container, later: Any, at: Any) -> None:
    with pytest.raises(container.module("errors").BadSchedule, match="with a zone, such as"):
        later.send(CALL, at, "tea")
    assert waiting(container) == {}


@pytest.mark.parametrize("name", ["a", "x" * 64, "-100.7_B", "..1"])
def test_a_name_may_have(container: Container, later: Any, name: str) -> None:
    later.send(CALL, NOON, name)
    assert list(waiting(container)) == [name]


@pytest.mark.parametrize(
    "name", ["", "x" * 65, "a/b", "a b", "é", "a\n", ".", "..", 7, None], ids=str
)
def test_another_name_is_refused(container: Container, later: Any, name: Any) -> None:
    refusal = pytest.raises(container.module("errors").BadSchedule, match="1 to 64 letters")
    with refusal:
        later.send(CALL, NOON, name)
    with refusal:
        later.cancel(name)
    assert waiting(container) == {}


def test_the_sentence_is_logged(start_with_schedules: StartBot) -> None:
    source = f"""
from datetime import UTC, datetime
from botkit import later

def reply(update):
    later.send({{"method": "sendMessage", "text": "{TEXT}"}}, datetime(2099, 1, 1), "tea")
"""
    container = start_with_schedules(source)
    assert outcome_of(container) == "bot_failed"
    assert container.line["error"].startswith("the time must be a datetime with a zone")


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
    container.module("aws").request = refused(code, message)
    with pytest.raises(Exception, match=message) as caught:
        later.send(CALL, NOON, "tea")
    assert type(caught.value).__name__ == kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [("Value '…' at 'target.input'", "BadSchedule"), ("… to assume the role.", "Misconfigured")],
    ids=["a time or call", "a role that is too new"],
)
def test_what_scheduler_quotes_is_not_passed_on(
    container: Container, later: Any, message: str, kind: str
) -> None:
    container.module("aws").request = refused("ValidationException", f"{TEXT}: {message}")
    with pytest.raises(Exception, match="ValidationException") as caught:
        later.send(CALL, NOON, "tea")
    assert type(caught.value).__name__ == kind
    assert TEXT not in str(caught.value)


def test_a_call_that_is_about_to_be_made_is_not_cancelled_yet(
    container: Container, later: Any
) -> None:
    container.module("aws").request = refused("ConflictException")
    with pytest.raises(Exception, match="ConflictException: no") as caught:
        later.cancel("tea")
    assert type(caught.value).__name__ == "Unreachable"


def test_a_conflict_about_another_thing_than_the_name_is_tried_again(
    container: Container, later: Any
) -> None:
    message = "Schedule group telegram-bot is being deleted."
    container.module("aws").request = refused("ConflictException", message)
    with pytest.raises(Exception, match=f"ConflictException: {message}") as caught:
        later.send(CALL, NOON, "tea")
    assert type(caught.value).__name__ == "Unreachable"


def test_without_the_input_nothing_can_wait(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(BOT)
    with pytest.raises(container.module("errors").Misconfigured, match="set later = true"):
        container.module("later").send(CALL, NOON, "tea")
