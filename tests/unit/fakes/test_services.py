"""The stand-ins for AWS, in memory and in files that several processes change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botkit.fakes.files import alone, read, write
from botkit.fakes.host import take
from botkit.fakes.services import Queues, Schedules, Table, in_order

EACH = 20


def test_what_others_change_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "sessions.json"
    aws: Any = SimpleNamespace(call=None)

    def change(writer: int) -> None:
        """Write as a function does, and delete as scripts/sessions does."""
        table = Table(aws, "sessions", file)
        for number in range(EACH):
            item = {"id": {"S": f"{writer}/{number}"}, "version": {"S": "1"}}
            condition = "attribute_not_exists(version)"
            params = {"TableName": "sessions", "Item": item, "ConditionExpression": condition}
            table.call("dynamodb", "DynamoDB_20120810.PutItem", params)
            if number % 2:
                with alone(file):
                    write(file, {k: v for k, v in read(file).items() if k != item["id"]["S"]})

    with ThreadPoolExecutor() as threads:
        [*threads.map(change, range(4))]
    assert set(read(file)) == {f"{w}/{n}" for w in range(4) for n in range(0, EACH, 2)}


def test_schedules_that_others_make_meanwhile_stay(tmp_path: Path) -> None:
    """A bot with a queue has two processes, and scripts/sessions deletes."""
    file = tmp_path / "sessions.later.json"
    aws: Any = SimpleNamespace(request=None)

    def schedule(writer: int) -> None:
        schedules = Schedules(aws, file)
        for number in range(EACH):
            name = f"{writer}.{number}"
            at = {"ScheduleExpression": "at(2198-01-01T00:00:00)", "GroupName": "later"}
            body = {**at, "Target": {"Input": "{}"}}
            schedules.request("scheduler", "POST", f"/schedules/{name}", body=body)
            if number % 2:
                with alone(file):
                    write(file, {k: v for k, v in read(file).items() if k != name})

    with ThreadPoolExecutor() as threads:
        [*threads.map(schedule, range(4))]
    assert set(read(file)) == {f"{w}.{n}" for w in range(4) for n in range(0, EACH, 2)}


def test_what_recurs_no_more_is_left_out() -> None:
    past = {"cron": "0 9 ? * MON 2026", "zone": "UTC", "since": 1_800_000_000.0, "event": {}}
    daily = {**past, "cron": "0 9 * * ? *"}
    once = {"at": 1_800_000_001.0, "event": {}}
    found = in_order({"every past": past, "every day": daily, "once": once})
    assert [*found] == ["once", "every day"]
    assert "at" not in daily


def test_what_is_taken_goes_unless_it_recurs() -> None:
    event = {"every": {"name": "tea", "at": "<time>"}}
    daily = {"cron": "0 9 * * ? *", "zone": "UTC", "since": 1_800_000_000.0, "event": event}
    schedules = {"every tea": daily, "once": {"at": 1.0, "event": {}}}
    assert take(schedules, "once", 2.0) == {"at": 1.0, "event": {}}
    assert take(schedules, "once", 2.0) is None
    assert take(schedules, "every tea", 1_800_090_000.0) is daily
    assert event["every"]["at"] == "2027-01-15T09:00:00Z"
    assert schedules == {"every tea": daily}


def test_what_is_for_others_is_passed_on() -> None:
    aws: Any = SimpleNamespace(call=lambda *call: call, request=lambda *request: request)
    mine, others = {"QueueUrl": "mine"}, {"QueueUrl": "others"}
    queues = Queues(aws, "mine")
    for each in (queues, Table(aws, "sessions")):
        assert each.call("sqs", "AmazonSQS.SendMessage", others)[2] is others
    assert Schedules(aws).request("s3", "GET", "/x") == ("s3", "GET", "/x")
    gone = {**mine, "ReceiptHandle": "1", "VisibilityTimeout": 5}
    assert queues.call("sqs", "AmazonSQS.ChangeMessageVisibility", gone) == {}
    assert queues.messages == {}


def test_a_condition_that_is_not_met_and_what_is_missing_are_refused() -> None:
    class Refused(Exception):
        pass

    aws: Any = SimpleNamespace(call=None, request=None, ClientError=Refused)
    put = {"TableName": "sessions", "Item": {"id": {"S": "1"}, "version": {"S": "1"}}}
    put["ConditionExpression"] = "attribute_not_exists(version)"
    table = Table(aws, "sessions")
    assert table.call("dynamodb", "DynamoDB_20120810.PutItem", put) == {}
    with pytest.raises(Refused, match="ConditionalCheckFailedException"):
        table.call("dynamodb", "DynamoDB_20120810.PutItem", put)
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        Schedules(aws).request("scheduler", "GET", "/schedules/tea")
