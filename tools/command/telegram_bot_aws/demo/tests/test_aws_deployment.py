"""aws_deployment.py: what it asks the emulated AWS."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import defaultdict
from pathlib import Path

import pytest
from telegram_stand_in import Json

from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.configuration import blocks
from telegram_bot_aws.demo.own_apply import HOW, OwnApply
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.terraform import REGION, Module


@pytest.mark.slow
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
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        bot.dead_url = sqs("CreateQueue", QueueName="bot-dead.fifo", Attributes=fifo)["QueueUrl"]
        dead = {"QueueUrl": bot.dead_url, "MessageBody": '{"update_id": 7}', "MessageGroupId": "7"}
        sqs("SendMessage", **dead)
        told = deployment.failed(bot)[-1]
        assert (told["outcome"], told["about"]) == ("given up", {"update_id": 7})


def test_the_variable_for_ones_own_apply_needs_no_value_elsewhere(tmp_path: Path) -> None:
    """The configuration is the author's: later it is applied to AWS, or by demo --config."""
    [variable] = re.findall("^variable .*", HOW.format_map(defaultdict(str)), re.MULTILINE)
    (tmp_path / "main.tf").write_text(f"{variable}\n")
    [block] = blocks(tmp_path)
    assert block.labels == ["telegram_api_url"]
    assert block.text("default") == "https://api.telegram.org"


CHECKS = """
locals { heat = 20 }

check "hot" {
  assert {
    condition     = local.heat > 50
    error_message = "The tea is cold."
  }
}

check "drinkable" {
  assert {
    condition     = local.heat < 90
    error_message = "The tea is too hot."
  }
}
"""


@pytest.mark.usefixtures("quick_terraform")
def test_terraforms_checks_are_told(tmp_path: Path) -> None:
    module = Module("http://127.0.0.1:9", tmp_path / "module")
    module.root = tmp_path / "root"
    module.root.mkdir()
    (module.root / "main.tf").write_text(CHECKS)
    module.terraform("init")
    module.apply()
    assert module.failed_checks() == ["The tea is cold."]


def test_what_a_function_keeps_is_known_by_its_variables(tmp_path: Path) -> None:
    deployment = OwnApply("", lambda name: contextlib.nullcontext(), tmp_path, {})
    deployment._logs, deployment._lock = {}, threading.Lock()
    deployment._aws = lambda *asked: {}  # type: ignore[method-assign]
    variables = {"FAILED_QUEUE_URL": "bot-failed", "SCHEDULE_GROUP": "bot"}
    variables["DEAD_LETTERS_URL"] = "bot-dead.fifo"
    function = {"FunctionName": "bot", "Runtime": "python3.13", "Timeout": 10}
    bot = deployment._hosted({**function, "Environment": {"Variables": variables}})
    assert (bot.failed_url, bot.schedule_group, bot.has_queue) == ("bot-failed", "bot", False)
    assert bot.dead_url == "bot-dead.fifo"
