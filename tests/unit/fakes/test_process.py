"""process.py: all that is for AWS goes to the stand-ins of a process, or is refused."""

from types import SimpleNamespace

import pytest
from botkit.fakes.services import QUEUE_URL

from tests.support.stubs import another

process = another("botkit.fakes.process")
TABLE, Services = process.TABLE, process.Services


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
