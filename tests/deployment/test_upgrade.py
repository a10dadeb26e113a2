"""A deployment of an earlier module takes this one in one apply, and loses nothing.

earlier.tar.xz contains the module of 29 November 2026, without what the test's bot doesn't import.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Any

from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_stand_in import Fault, Telegram

from tests.support.deployment import Deploy, answer_to, client, texts
from tests.support.telegram import TOKEN

EARLIER = Path(__file__).with_name("earlier.tar.xz")
TABLE = "upgraded-sessions"
PARAMETER = "/upgraded/token"
ALARM = "aws_cloudwatch_metric_alarm.this"
QUEUES = ("upgraded.fifo", "upgraded-dead.fifo", "upgraded-failed")


def test_an_upgrade_takes_one_apply_and_loses_nothing(
    deploy: Deploy, telegram: Telegram, aws: Emulator, tmp_path: Path
) -> None:
    sqs, ssm, dynamodb = (client(aws, name) for name in ("sqs", "ssm", "dynamodb"))
    with tarfile.open(EARLIER) as archive:
        archive.extractall(tmp_path / "earlier", filter="data")
    ssm.put_parameter(Name=PARAMETER, Value=TOKEN, Type="SecureString")
    options: dict[str, Any] = {"failed_retention_in_days": 1, "queue": True}
    options |= {"session_retention_in_days": 1, "telegram_bot_token": None}
    options["telegram_bot_token_parameter"] = PARAMETER
    options["alarm_actions"] = ["arn:aws:sns:us-east-1:000000000000:alarms"]
    older = deploy("upgraded", source=tmp_path / "earlier", **options)
    assert answer_to(telegram, "before") == "Heard: before"

    def url(queue: str) -> str:
        return str(sqs.get_queue_url(QueueName=queue)["QueueUrl"])

    def attributes(queue: str) -> list[str]:
        found = sqs.get_queue_attributes(QueueUrl=url(queue), AttributeNames=["All"])["Attributes"]
        return [found["CreatedTimestamp"], found["ApproximateNumberOfMessages"]]

    # There is something in the table, among what failed and among the dead letters, and updates
    # wait in the queue while the apply runs.
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "42"}})
    dead = {"MessageGroupId": "42", "MessageDeduplicationId": "1"}
    sqs.send_message(QueueUrl=url("upgraded-dead.fifo"), MessageBody="{}", **dead)
    sqs.send_message(QueueUrl=url("upgraded-failed"), MessageBody="{}")
    kept = [attributes(queue) for queue in QUEUES[1:]]
    assert [count for _, count in kept] == ["1", "1"]
    made = attributes(QUEUES[0])[0]
    telegram.faults.append(Fault("refuse", 1_000_000, 500, methods=("sendMessage",)))
    written = [f"message {number}" for number in range(3)]
    for text in written:
        telegram.send(telegram.message(text))
    telegram.wait(lambda: not telegram.pending())
    secret, webhook, calls = telegram.secret, telegram.webhook["url"], len(telegram.calls)

    newer = deploy("newer", apply=False, **{**options, "name": "renamed"})
    state = Path(shutil.move(older.folder / "terraform.tfstate", newer.folder))
    # The resource with its name has another address now. With later, and without sessions, it had
    # one more.
    noted = state.read_text()
    for address in ("later_name", "sessions_name"):
        state.write_text(noted.replace("sessions_name", address))
        assert "would delete the bot upgraded, with" in newer.refused(), address
    newer.variables["name"] = "upgraded"
    # The two alarms that had resources of their own are among the others.
    planned = newer.planned()
    alarms = {address: planned[address] for address in planned if "metric_alarm" in address}
    assert {alarms[f'{ALARM}["{name}"]'] for name in ("failed", "pending_updates")} <= {
        *("move", "update"),
    }
    assert "delete" not in alarms.values()
    newer.apply()
    telegram.faults.clear()
    assert (telegram.secret, telegram.webhook["url"]) == (secret, webhook)
    assert "deleteWebhook" not in [call.method for call in telegram.calls[calls:]]
    telegram.wait(lambda: len(texts(telegram)) == 1 + len(written))
    assert texts(telegram)[1:] == [f"Heard: {text}" for text in written]
    assert attributes(QUEUES[0])[0] == made
    assert [attributes(queue) for queue in QUEUES[1:]] == kept
    assert dynamodb.scan(TableName=TABLE)["Count"] == 1
    assert answer_to(telegram, "after") == "Heard: after"
    # Nothing else is left to do: the emulator forgets some of an alarm's fields.
    left = newer.planned()
    assert {address.partition("[")[0] for address in left} <= {ALARM}
    assert set(left.values()) <= {"update"}
    ssm.delete_parameter(Name=PARAMETER)
