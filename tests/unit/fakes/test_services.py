"""services.py: the stand-ins for AWS, in memory and in files that several processes change."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from botkit.fakes.services import (
    QUEUE_URL,
    TABLE,
    Queues,
    Schedules,
    Services,
    Table,
    alone,
    in_order,
    read,
    write,
)

EACH = 20


def test_concurrent_changes_of_others_stay(tmp_path):
    file = tmp_path / "sessions.json"
    aws = SimpleNamespace(call=None, request=None)

    def change(writer):
        """Write as a function does, and delete as scripts/sessions does."""
        table = Table(aws, file)
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


def test_schedules_that_have_ended_are_left_out():
    past = {"cron": "0 9 ? * MON 2026", "zone": "UTC", "since": 1_800_000_000.0, "event": {}}
    daily = {**past, "cron": "0 9 * * ? *"}
    once = {"at": 1_800_000_001.0, "event": {}}
    found = in_order({"cron.past": past, "cron.day": daily, "once": once})
    assert [*found] == ["once", "cron.day"]
    assert "at" not in daily


def test_calls_for_others_are_passed_on():
    aws = SimpleNamespace(call=lambda *call: call, request=lambda *request: request)
    mine, others = {"QueueUrl": "mine"}, {"QueueUrl": "others"}
    queues = Queues(aws, "mine")
    for each in (queues, Table(aws)):
        assert each.call("sqs", "AmazonSQS.SendMessage", others)[2] is others
    assert Schedules(aws).request("s3", "GET", "/x") == ("s3", "GET", "/x")
    gone = {**mine, "ReceiptHandle": "1", "VisibilityTimeout": 5}
    assert queues.call("sqs", "AmazonSQS.ChangeMessageVisibility", gone) == {}
    assert queues.items == {}


def test_failed_condition_and_missing_item_are_errors():
    class Refused(Exception):
        pass

    aws = SimpleNamespace(call=None, request=None, ClientError=Refused)
    put = {"TableName": "sessions", "Item": {"id": {"S": "1"}, "version": {"S": "1"}}}
    put["ConditionExpression"] = "attribute_not_exists(version)"
    table = Table(aws)
    assert table.call("dynamodb", "DynamoDB_20120810.PutItem", put) == {}
    with pytest.raises(Refused, match="ConditionalCheckFailedException"):
        table.call("dynamodb", "DynamoDB_20120810.PutItem", put)
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        Schedules(aws).request("scheduler", "GET", "/schedules/tea")


# ── All of them, for a function in its own process


class Unreachable(Exception):
    pass


@pytest.fixture
def aws(monkeypatch):
    """The module of botkit, as far as a stand-in uses it."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    aws = SimpleNamespace(Unreachable=Unreachable, request=None, _send="AWS")
    aws.call = lambda service, *call: aws._send(service)
    return aws


def test_each_service_has_its_stand_in(aws, tmp_path):
    services = Services(aws, tmp_path / "sessions.json")
    services.install()
    params = {"QueueUrl": QUEUE_URL, "MessageBody": "tea", "MessageGroupId": "ada"}
    aws.call("sqs", "AmazonSQS.SendMessage", params)
    assert [each["body"] for each in services.queue.items.values()] == ["tea"]
    key = {"TableName": TABLE, "Key": {"id": {"S": "1"}}}
    assert aws.call("dynamodb", "DynamoDB_20120810.GetItem", key) == {}
    with pytest.raises(Unreachable, match="there is no AWS here"):
        aws.call("s3", "GetObject", {})


def test_with_credentials_there_is_an_aws(aws, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    Services(aws, tmp_path / "sessions.json").install()
    assert aws._send == "AWS"
