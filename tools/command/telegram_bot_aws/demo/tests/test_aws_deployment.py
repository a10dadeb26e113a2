"""aws_deployment.py: what it asks the emulated AWS."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

from telegram_stand_in import Json

from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.own_apply import OwnApply
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.terraform import REGION


def test_to_look_at_what_failed_is_no_replay(tmp_path: Path) -> None:
    deployment = AwsDeployment("", lambda name: contextlib.nullcontext(), tmp_path, {})
    [bot] = deployment.bots

    def sqs(action: str, **params: object) -> Json:
        return deployment._aws(REGION, "sqs", "POST", "/", params, f"AmazonSQS.{action}")

    with Emulator() as deployment.emulator:
        bot.failed_url = sqs("CreateQueue", QueueName="bot-failed")["QueueUrl"]
        for number in range(11):  # more than one request would receive
            failed = {"failed": {"outcome": "lost", "error": None}, "event": number}
            sqs("SendMessage", QueueUrl=bot.failed_url, MessageBody=json.dumps(failed))
        for _ in range(2):
            found = [each["about"]["event"] for each in deployment.failed(bot)]
            assert found == [*range(11)]
        count = "ApproximateReceiveCount"
        received = sqs("ReceiveMessage", QueueUrl=bot.failed_url, AttributeNames=[count])
        assert [each["Attributes"][count] for each in received["Messages"]] == ["1"]


def test_what_a_function_keeps_is_known_by_its_variables(tmp_path: Path) -> None:
    deployment = OwnApply("", lambda name: contextlib.nullcontext(), tmp_path, {})
    deployment._logs, deployment._lock = {}, threading.Lock()
    deployment._aws = lambda *asked: {}  # type: ignore[method-assign]
    variables = {"FAILED_QUEUE_URL": "bot-failed", "LATER_GROUP": "bot"}
    function = {"FunctionName": "bot", "Runtime": "python3.13", "Timeout": 10}
    bot = deployment._hosted({**function, "Environment": {"Variables": variables}})
    assert (bot.failed_url, bot.later_group, bot.has_queue) == ("bot-failed", "bot", False)
