"""The queue, between a webhook, Scheduler and a bot that Terraform deployed.

One deployment for all tests, since the provider waits for half a minute at each queue. Its pauses
are of no time, since SQS counts in seconds; tests/unit/test_queue.py has them. That a queue without
messages is removed is in test_deployer_policy.py.
"""

import itertools
import json
import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from telegram_bot_aws.local.terraform import REGION
from telegram_stand_in import Fault

from tests.support.deployment import change, client, everything, texts
from tests.support.telegram import said, say

CHATS = 20

# What the tests' bot does beside: it thinks until it may end, or fails until it is repaired. It
# reminds, once and each minute.
BOT = """
    import os, time
    from datetime import UTC, datetime
    from botkit import schedule
    text, chat = message["text"], to["chat_id"]
    if text == "break" and os.path.isdir(os.environ["BROKEN"]):
        raise ValueError
    while text == "think" and os.path.isdir(os.environ["THINKING"]):
        time.sleep(0.05)
    if text == "remind":
        call = {"method": "sendMessage", **to, "text": "Heard: reminder"}
        assert schedule.once(call, datetime.now(UTC), f"{chat}.tea")
        assert schedule.cron({"tell": chat}, "* * * * ? *", "UTC", f"{chat}.tea")
    if text == "stop":
        schedule.cancel(f"{chat}.tea")
"""
ON_EVENT = """
def on_event(event):
    import os
    if event.get("source") == "tests" and os.path.isdir(os.environ["BROKEN"]):
        raise ValueError
    text = f"Heard: {sorted(event)}"
    return [{"method": "sendMessage", "chat_id": event.get("tell", 5), "text": text}]


QUEUED_UPDATES = ["message"]
ALLOWED_UPDATES = """
QUEUED = 'QUEUED_UPDATES = ["message"]\n'


@pytest.fixture(scope="module")
def module(deploy, tmp_path_factory):
    """The module with a queue."""
    folder = tmp_path_factory.mktemp("queue")
    environment = {name: str(folder / name.lower()) for name in ("BROKEN", "THINKING")}
    for path in environment.values():
        Path(path).mkdir()
    options = {"queue": True, "timeout": 300, "environment": environment}
    options["alarm_actions"] = ["arn:aws:sns:us-east-1:000000000000:alarms"]
    module = deploy("patient", apply=False, **options)
    change(module, '\n    text = message["text"]\n', BOT)
    change(module, "\nALLOWED_UPDATES = ", ON_EVENT)
    longest, source = "MAX_RETRY_DELAY_SECONDS = ", "botkit/queue.py"
    change(module, f"{longest}11 * 3600", f"{longest}0", file=source)
    # The queue's own time holds, which a test shortens.
    change(module, "MIN_VISIBILITY_SECONDS = 60", "MIN_VISIBILITY_SECONDS = 3600", file=source)
    module.apply()
    return module


def url(aws, name):
    """Return a queue's URL."""
    return str(client(aws, "sqs").get_queue_url(QueueName=name)["QueueUrl"])


def count(aws, name):
    """Return how many messages a queue has, also those that are hidden."""
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible")]
    asked = {"QueueUrl": url(aws, name), "AttributeNames": names}
    found = client(aws, "sqs").get_queue_attributes(**asked)["Attributes"]
    return sum(map(int, found.values()))


def wait_for_count(aws, name, expected):
    """Wait until a queue has so many messages: Telegram doesn't notice."""
    end = time.monotonic() + 300
    while (found := count(aws, name)) != expected:
        assert time.monotonic() < end, found
        time.sleep(0.1)


def dead_letters(aws):
    """Return the dead letters of the tests' bot, and leave them there."""
    look = {"AttributeNames": ["All"], "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
    dead = url(aws, "patient_dlq.fifo")
    return client(aws, "sqs").receive_message(QueueUrl=dead, **look).get("Messages", [])


def redrive(module, aws):
    """Do what the output redrive_command says, in place of the AWS CLI."""
    program, service, action, *flags = shlex.split(module.outputs()["redrive_command"])
    assert (program, service, action) == ("aws", "sqs", "start-message-move-task")
    given = dict(zip(flags[::2], flags[1::2], strict=True))
    assert given["--region"] == REGION
    task = {"SourceArn": given["--source-arn"], "DestinationArn": given["--destination-arn"]}
    client(aws, "sqs").start_message_move_task(**task)


def answered(telegram, chat):
    """Return what the bot answered in a chat, in its order; what it said twice, once."""
    calls = [call for call in telegram.calls if call.status == 200 and "text" in call.params]
    heard = [said(call) for call in calls if call.params["chat_id"] == chat]
    return [text for text, _ in itertools.groupby(heard)]


def tries(telegram, text):
    """Return how often the bot tried to say a text."""
    return [call.params.get("text") for call in telegram.calls].count(f"Heard: {text}")


def test_slow_reply_delays_only_its_own_chat(module, telegram):
    telegram.faults.append(Fault("refuse", 1, 500, "Oops"))
    for text in ("first", "think", "second", "third"):
        say(telegram, text, chat=1)
    telegram.wait(lambda: tries(telegram, "first") == 2)
    for number in range(60):
        say(telegram, f"message {number}", chat=50 + number % CHATS)
    telegram.wait(lambda: not telegram.pending())
    assert "think" not in answered(telegram, 1), "it is still thinking"
    assert {delivery.status for delivery in telegram.deliveries} == {200}
    Path(module.variables["environment"]["THINKING"]).rmdir()
    telegram.wait(lambda: len(texts(telegram)) == 64)
    assert answered(telegram, 1) == ["first", "think", "second", "third"]
    for chat in range(50, 50 + CHATS):
        assert answered(telegram, chat) == [f"message {n}" for n in range(chat - 50, 60, CHATS)]


def test_update_is_dead_lettered_after_twenty_failures_and_redriven(module, telegram, aws):
    telegram.faults.append(Fault("refuse", 20, 500, "Oops"))
    say(telegram, "never", chat=4)
    telegram.wait(lambda: tries(telegram, "never") == 20)
    say(telegram, "and then", chat=4)
    telegram.wait(lambda: answered(telegram, 4) == ["and then"])
    [letter] = dead_letters(aws)
    assert json.loads(letter["Body"])["update"]["message"]["text"] == "never"
    assert letter["Attributes"]["MessageGroupId"] == "4"
    redrive(module, aws)
    telegram.wait(lambda: answered(telegram, 4) == ["and then", "never"])


def test_permanent_failures_are_redriven_after_a_repair(module, telegram, aws):
    """An update, which is redriven twice, and an event of an AWS service."""
    say(telegram, "break", chat=5)
    say(telegram, "and then", chat=5)
    telegram.wait(lambda: answered(telegram, 5) == ["and then"])
    [first] = dead_letters(aws)
    redrive(module, aws)
    event = {"FunctionName": "patient", "Qualifier": "live", "InvocationType": "Event"}
    client(aws, "lambda").invoke(**event, Payload=json.dumps({"source": "tests"}))
    wait_for_count(aws, "patient_dlq.fifo", 2)
    updates = [letter for letter in dead_letters(aws) if "update" in json.loads(letter["Body"])]
    assert len(updates) == 1
    assert updates[0]["Body"] != first["Body"], "SQS would drop it"
    Path(module.variables["environment"]["BROKEN"]).rmdir()
    redrive(module, aws)
    telegram.wait(lambda: len(answered(telegram, 5)) == 3)
    assert sorted(answered(telegram, 5)) == ["['source']", "and then", "break"]
    assert count(aws, "patient_dlq.fifo") == 0


@pytest.mark.usefixtures("module")
def test_scheduled_calls_arrive_once_each_time_until_cancelled(telegram):
    say(telegram, "remind", chat=2)
    telegram.wait(lambda: {"reminder", "['at', 'tell']"} <= set(answered(telegram, 2)))
    say(telegram, "stop", chat=2)
    telegram.wait(lambda: "stop" in answered(telegram, 2))
    reminders = [text for text in texts(telegram) if text == "Heard: reminder"]
    assert len(reminders) == 1


def test_queue_stays_while_it_gets_updates_or_has_dead_letters(module, telegram, aws):
    # As long as updates come into it, the apply fails before anything changes.
    module.variables |= {"queue": False, "timeout": 25}
    assert "first remove QUEUED_UPDATES from bot.py" in module.refused()
    module.variables |= {"queue": True, "timeout": 300}
    change(module, QUEUED, "")
    module.apply()

    # So it does while there are dead letters.
    broken = Path(module.variables["environment"]["BROKEN"])
    broken.mkdir(exist_ok=True)
    say(telegram, "break", chat=8)
    wait_for_count(aws, "patient_dlq.fifo", 1)
    module.variables |= {"queue": False, "timeout": 25}
    assert "0 messages and 1 dead letters, which would be lost" in module.refused()
    assert {"queue patient.fifo", "queue patient_dlq.fifo"} <= set(everything(aws))
    client(aws, "sqs").purge_queue(QueueUrl=url(aws, "patient_dlq.fifo"))

    # Then nothing more comes into it, even if the release is refused: Telegram redelivers failures.
    change(module, "def reply(", "1 / 0\n\n\ndef reply(")
    assert "ZeroDivisionError" in module.refused()
    say(telegram, "break", chat=8)
    telegram.wait(lambda: telegram.deliveries[-1].status == 503)
    assert count(aws, "patient_dlq.fifo") == 0
    broken.rmdir()
    telegram.wait(lambda: answered(telegram, 8) == ["break"])

    # It comes back.
    module.variables |= {"queue": True, "timeout": 300}
    change(module, "1 / 0\n\n\n", "")
    change(module, "ALLOWED_UPDATES = ", f"{QUEUED}ALLOWED_UPDATES = ")
    module.apply()
    assert module.planned() == {}


def test_destroy_removes_the_webhook_and_then_drains_the_queue(module, telegram):
    thinking = Path(module.variables["environment"]["THINKING"])
    thinking.mkdir(exist_ok=True)
    say(telegram, "think", chat=30)
    telegram.wait(lambda: not telegram.pending())
    before = len(telegram.calls)
    with ThreadPoolExecutor(1) as pool:
        destroyed = pool.submit(module.destroy, "-refresh=false")
        try:
            telegram.wait(lambda: telegram.webhook["url"] == "")
        finally:
            thinking.rmdir()
        destroyed.result()
    made = [call.method for call in telegram.calls[before:]]
    assert made.index("deleteWebhook") < made.index("sendMessage")
