"""The stand-ins in a function's process: all that is for AWS goes to them, or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botkit.fakes.services import QUEUE_URL

from tests.support.stubs import another

process = another("botkit.fakes.process")
DEAD_LETTERS_URL, FAILED_URL, TABLE = process.DEAD_LETTERS_URL, process.FAILED_URL, process.TABLE
Services = process.Services


class Unreachable(Exception):
    pass


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of botkit, as far as a stand-in uses it."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    aws: Any = SimpleNamespace(Unreachable=Unreachable, request=None, _Request="AWS")
    aws.call = lambda service, *call: aws._Request(service)
    return aws


def test_each_service_has_its_stand_in(aws: Any, tmp_path: Path) -> None:
    services = Services(aws, tmp_path / "sessions.json")
    services.install()
    for url in (QUEUE_URL, FAILED_URL, DEAD_LETTERS_URL):
        aws.call("sqs", "AmazonSQS.SendMessage", {"QueueUrl": url, "MessageBody": url})
    assert [each["body"] for each in services.queue.messages.values()] == [QUEUE_URL]
    assert [each["queue"] for each in services.failed.messages.values()] == [
        FAILED_URL,
        DEAD_LETTERS_URL,
    ]
    key = {"TableName": TABLE, "Key": {"id": {"S": "1"}}}
    assert aws.call("dynamodb", "DynamoDB_20120810.GetItem", key) == {}
    with pytest.raises(Unreachable, match="there is no AWS here"):
        aws.call("s3", "GetObject", {})


def test_with_credentials_there_is_an_aws(
    aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    Services(aws, tmp_path / "sessions.json").install()
    assert aws._Request == "AWS"


def test_what_is_given_up_is_kept_as_lambda_and_sqs_do(tmp_path: Path) -> None:
    services = Services(None, tmp_path / "sessions.json")
    services.give_up({"x": 1}, "id-1", "EventFailed: away")
    services.bury({"body": '{"update_id": 7}', "group": "ada"})
    event, dead = services.failed.messages.values()
    assert (event["queue"], json.loads(event["body"])) == (
        FAILED_URL,
        {
            "requestContext": {"requestId": "id-1"},
            "requestPayload": {"x": 1},
            "responsePayload": {"errorMessage": "EventFailed: away"},
        },
    )
    assert (dead["queue"], dead["group"]) == (DEAD_LETTERS_URL, "ada")
