"""The queue for slow answers, between a webhook and a bot that Terraform deployed.

One deployment for most tests: the provider waits for half a minute at each of its two queues. Its
pauses are of no time, since SQS counts in seconds; tests/unit/sources/test_queue.py has them.
test_lifecycle.py has queue = false, which takes no update with it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.container import Function
from telegram_bot_aws.local.events import webhook_event
from telegram_bot_aws.local.terraform import REGION
from telegram_stand_in import Call, Fault, Server

from tests.support.deployment import Deployment, change, client, everything, texts
from tests.support.provider import Providers
from tests.support.telegram import TOKEN, FailingTelegram, said, say

SEED = 20260101
CHATS, MESSAGES = 20, 120

# What the tests' bot does beside: it thinks until it may end, fails until it is repaired, or its
# process ends at the first try.
BOT = """
    import os, time
    text = message["text"]
    if text == "break" and os.path.isdir(os.environ["BROKEN"]):
        raise ValueError
    while text == "think" and os.path.isdir(os.environ["THINKING"]):
        time.sleep(0.05)
    if text == "die":
        try:
            os.rmdir(os.environ["ALIVE"])
        except FileNotFoundError:
            pass
        else:
            os._exit(1)
"""
ON_EVENT = """
def on_event(event):
    import os
    if os.path.isdir(os.environ["BROKEN"]):
        raise ValueError
    return [{"method": "sendMessage", "chat_id": 5, "text": "Heard: an event"}]


HANDLED = """
# In place of the AWS CLI: an invocation, or what RESULTS says that the next ones answer.
AWS = """#!{python}
import json, os, sys
import botocore.session

assert sys.argv[1:3] == ["lambda", "invoke"], sys.argv
*options, outfile = sys.argv[3:]
given = dict(zip(options[::2], options[1::2], strict=True))
read, query = given.pop("--cli-read-timeout"), given.pop("--query")
assert (read, query, given.pop("--output")) == ("0", "FunctionError", "text"), sys.argv
path = given["--payload"].removeprefix("fileb://")
assert path != given["--payload"]
with open(path, "rb") as file:
    payload = file.read()
if results := os.environ.get("RESULTS"):
    [result, *left] = open(results).read().splitlines()
    open(results, "w").write("\\n".join(left))
    error = "None" if "done" in result else "Unhandled"
    if result == "refused":
        sys.exit(254)
else:
    session = botocore.session.get_session()
    answer = session.create_client("lambda", region_name=given["--region"]).invoke(
        FunctionName=given["--function-name"], Qualifier=given["--qualifier"], Payload=payload
    )
    result, error = answer["Payload"].read().decode(), answer.get("FunctionError", "None")
with open(outfile, "w") as file:
    file.write(result)
print(error)
"""


# It also answers an album as one. Only albums have a session, so that all else goes on as it is.
ALBUMS = """
def SESSION(update):
    return "albums" if "media_group_id" in update.get("message", {}) else None

TOGETHER = {"albums": 5}  # a busy machine takes that long at most for the next part

def reply(update: Json, session: Json) -> list[Json]:
    together = update.get("together", [])
    if together and "media_group_id" in together[0]:
        session["n"] = session.get("n", 0) + len(together)
        text = f"{len(together)} of {session['n']}"
        return [{"method": "sendMessage", "chat_id": together[0]["chat"]["id"], "text": text}]
    return reply_to_one(update)

"""


# A bot whose first answers are made only while two chats are answered at the same time.
TOGETHER = """
import os, time

def reply(update):
    message = update["message"]
    chat = message["chat"]["id"]
    os.makedirs(os.path.join(os.environ["CHATS"], str(chat)), exist_ok=True)
    while len(os.listdir(os.environ["CHATS"])) < 2:
        time.sleep(0.01)
    return [{"method": "sendMessage", "chat_id": chat, "text": "Heard: " + message["text"]}]

HANDLED = ["message"]
"""


@pytest.fixture(scope="module")
def telegram() -> Iterator[FailingTelegram]:
    """A Telegram that fails when a test wants it to."""
    telegram = FailingTelegram(TOKEN, SEED, pace=0.01)
    telegram.failing = 0
    with Server(telegram):
        yield telegram


@pytest.fixture(scope="module")
def module(
    aws: Emulator,
    providers: Providers,
    telegram: FailingTelegram,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployment]:
    """The module with a queue; at the end nothing may be left of it."""
    folder = tmp_path_factory.mktemp("queue")
    names = ("ALIVE", "BROKEN", "THINKING")
    environment = {name: str(folder / name.lower()) for name in names}
    for path in environment.values():
        Path(path).mkdir()
    options: dict[str, Any] = {"telegram_bot_token": TOKEN, "telegram_api_url": telegram.url}
    options |= {"name": "patient", "queue": True, "timeout": 300, "environment": environment}
    options["failed_retention_in_days"] = options["session_retention_in_days"] = 1
    with Deployment(providers, aws.url, folder / "module", **options) as module:
        change(module, '\n    text = message["text"]\n', BOT)
        change(module, "def reply(", "def reply_to_one(")
        change(module, "\nHANDLED = ", ALBUMS + ON_EVENT)
        source = "botkit/sources/queue.py"
        change(module, "LONGEST_PAUSE = 11 * 3600", "LONGEST_PAUSE = 0", file=source)
        # The queue's own time holds, which a test shortens.
        change(module, "ALWAYS_HIDDEN = 60", "ALWAYS_HIDDEN = 3600", file=source)
        module.apply()
        yield module
    assert [thing for thing in everything(aws) if "patient" in thing] == []


def url(aws: Emulator, name: str) -> str:
    """Return a queue's URL."""
    return str(client(aws, "sqs").get_queue_url(QueueName=name)["QueueUrl"])


def answered(telegram: FailingTelegram, chat: int) -> list[str]:
    """Return what the bot answered in a chat, in its order; what it said twice, once."""
    calls = [call for call in telegram.calls if call.status == 200 and "text" in call.params]
    heard = [said(call) for call in calls if call.params["chat_id"] == chat]
    return [text for text, _ in itertools.groupby(heard)]


def test_a_long_answer_holds_up_its_own_chat_and_no_webhook(
    module: Deployment, telegram: FailingTelegram
) -> None:
    telegram.faults.append(Fault("refuse", 1, 500, "Oops"))
    for text in ("first", "think", "second", "third"):
        say(telegram, text, chat=1)
    telegram.wait(lambda: telegram.tries["Heard: first"] == 2)
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


def test_an_album_is_one_turn_and_a_late_part_another(
    module: Deployment, telegram: FailingTelegram
) -> None:
    """The emulated AWS takes one message after the other: the album waits while the bot thinks."""
    thinking = Path(module.variables["environment"]["THINKING"])
    thinking.mkdir(exist_ok=True)
    chat = {"id": 20, "type": "private"}

    def send_part() -> None:
        photo: Any = {"photo": [{"file_id": "x"}], "media_group_id": "album"}
        telegram.send(telegram.message(chat=chat, **photo))

    say(telegram, "think", chat=21)
    for _ in range(3):
        send_part()
    telegram.wait(lambda: not telegram.pending())
    thinking.rmdir()
    telegram.wait(lambda: answered(telegram, 20) == ["3 of 3"])
    send_part()
    telegram.wait(lambda: answered(telegram, 20) == ["3 of 3", "1 of 4"])


def test_no_message_is_lost_and_each_chat_has_its_order(telegram: FailingTelegram) -> None:
    telegram.failing = 0.3
    sent: dict[int, list[str]] = {}
    before = len(telegram.calls)
    for number in range(MESSAGES):
        chat = 100 + number % CHATS
        sent.setdefault(chat, []).append(f"one of many {number}")
        say(telegram, sent[chat][-1], chat)

    def made() -> list[Call]:
        return [call for call in telegram.calls[before:] if "text" in call.params]

    def expected() -> Counter[str]:
        """A message whose answer was lost is said once more, and nothing else."""
        unheard = Counter(said(call) for call in made() if call.fault == "lost")
        return Counter({text: 1 + unheard[text] for text in itertools.chain(*sent.values())})

    telegram.wait(lambda: Counter(said(c) for c in made() if c.status == 200) == expected())
    telegram.failing = 0
    assert {chat: answered(telegram, chat) for chat in sent} == sent
    assert 0.15 < len([call for call in made() if call.fault]) / len(made()) < 0.45


@pytest.mark.usefixtures("module")
def test_what_can_never_be_answered_ends_in_the_dead_letter_queue(
    telegram: FailingTelegram, aws: Emulator
) -> None:
    before = telegram.tries["Heard: never"]
    telegram.faults.append(Fault("refuse", 20, 500, "Oops"))
    say(telegram, "never", chat=5)
    telegram.wait(lambda: telegram.tries["Heard: never"] == before + 20)
    say(telegram, "and then", chat=5)
    telegram.wait(lambda: answered(telegram, 5) == ["and then"])
    dead = url(aws, "patient-dead.fifo")
    look = {"QueueUrl": dead, "AttributeNames": ["All"], "VisibilityTimeout": 0}
    [letter] = client(aws, "sqs").receive_message(**look)["Messages"]
    assert json.loads(letter["Body"])["message"]["text"] == "never"
    assert letter["Attributes"]["MessageGroupId"] == "5"


def counts(aws: Emulator, *names: str) -> list[int]:
    """Return how many messages queues have."""
    attribute = "ApproximateNumberOfMessages"
    asked = {"AttributeNames": [attribute]}
    found = [client(aws, "sqs").get_queue_attributes(QueueUrl=url(aws, n), **asked) for n in names]
    return [int(each["Attributes"][attribute]) for each in found]


def replay(module: Deployment, folder: Path, *results: str) -> subprocess.CompletedProcess[str]:
    """Run the replay's command with a stand-in for the AWS CLI."""
    (folder / "aws").write_text(AWS.format(python=sys.executable))
    (folder / "aws").chmod(0o700)
    environment = {**module.environment, "PATH": f"{folder}:{os.environ['PATH']}"}
    if results:
        environment["RESULTS"] = str(folder / "results")
        (folder / "results").write_text("\n".join(results))
    command = module.outputs()["replay_command"]
    return subprocess.run(["sh"], input=command, env=environment, capture_output=True, text=True)


def test_what_failed_is_answered_after_the_repair(
    module: Deployment, telegram: FailingTelegram, aws: Emulator, tmp_path: Path
) -> None:
    """An update, an event that Lambda gave up, and the dead letter of the test above."""
    say(telegram, "break", chat=5)
    event = {"FunctionName": "patient", "Qualifier": "live", "InvocationType": "Event"}
    client(aws, "lambda").invoke(**event, Payload=json.dumps({"source": "tests"}))
    queues = ("patient-failed", "patient-dead.fifo")
    end = time.monotonic() + 240
    while counts(aws, *queues) != [2, 1]:
        assert time.monotonic() < end, counts(aws, *queues)
        time.sleep(0.1)
    broken = replay(module, tmp_path)
    assert (broken.returncode, json.loads(broken.stdout)["failed"]) == (1, 2), broken
    Path(module.variables["environment"]["BROKEN"]).rmdir()
    repaired = replay(module, tmp_path)
    assert repaired.returncode == 0, repaired
    assert json.loads(repaired.stdout) == {"done": 2, "failed": 0, "error": None, "more": False}
    assert sorted(answered(telegram, 5)) == ["an event", "and then", "break", "never"]
    assert counts(aws, *queues) == [0, 0]


MORE, DONE, FAILED = (
    f'{{"done": 1, "failed": {failed}, "error": null, "more": {more}}}'
    for failed, more in ((0, "true"), (0, "false"), (1, "true"))
)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([MORE, DONE], 0),
        ([FAILED, MORE, DONE], 1),
        (['{"errorMessage": "Unreachable"}'], 1),
        ([MORE, "refused"], 2),
    ],
    ids=["done", "one failed", "the function fails", "AWS refuses"],
)
def test_the_replays_exit_code_tells_whether_all_is_done(
    module: Deployment, tmp_path: Path, results: list[str], code: int
) -> None:
    done = replay(module, tmp_path, *results)
    assert done.returncode == code, done
    assert done.stdout.startswith(results[0])
    assert (tmp_path / "results").read_text() == "", "it made all invocations"


def test_an_invocation_that_was_killed_is_tried_again(
    module: Deployment, telegram: FailingTelegram, aws: Emulator
) -> None:
    sqs, queue = client(aws, "sqs"), url(aws, "patient.fifo")
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "330"
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    say(telegram, "die", chat=6)
    say(telegram, "and then", chat=6)
    telegram.wait(lambda: answered(telegram, 6) == ["die", "and then"])
    assert not Path(module.variables["environment"]["ALIVE"]).exists(), "it did die"
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "330"})


def test_chats_are_answered_side_by_side(aws: Emulator, tmp_path: Path) -> None:
    """The emulated AWS invokes one function at a time, so this takes messages as Lambda does."""
    telegram = FailingTelegram(TOKEN, SEED)
    telegram.failing = 0
    sqs = client(aws, "sqs")
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "60"}
    queue = sqs.create_queue(QueueName="together.fifo", Attributes=attributes)["QueueUrl"]
    # The functions may write to where their sessions would be.
    bot, chats = tmp_path / "bot", tmp_path / "shared" / "chats"
    bot.mkdir()
    chats.mkdir(parents=True)
    (bot / "bot.py").write_text(TOGETHER)
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "test",
        "CHATS": str(chats),
        "QUEUE_URL": queue,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": "secret",
    }

    def receive() -> list[Any]:
        """Return the event with the next message, unless each chat has one that is answered."""
        received = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"])
        arn = f"arn:aws:sqs:{REGION}:000000000000:together.fifo"
        return [
            {
                "Records": [
                    {
                        "messageId": message["MessageId"],
                        "receiptHandle": message["ReceiptHandle"],
                        "body": message["Body"],
                        "attributes": message["Attributes"],
                        "eventSource": "aws:sqs",
                        "eventSourceARN": arn,
                    }
                ]
            }
            for message in received.get("Messages", [])
        ]

    with contextlib.ExitStack() as opened:
        environment["TELEGRAM_API_URL"] = opened.enter_context(Server(telegram)).url
        one, two = (
            opened.enter_context(Function(bot, environment, sessions=chats.parent / name))
            for name in ("one", "two")
        )
        for text in ("first", "second"):
            for chat in (11, 12):
                update = telegram.message(text, chat={"id": chat, "type": "private"})
                body = json.dumps({"update_id": telegram.send(update), **update})
                headers = {"X-Telegram-Bot-Api-Secret-Token": "secret"}
                assert one.invoke(webhook_event(body, headers)).result["statusCode"] == 200
        for _ in range(2):
            events = receive() + receive()
            assert receive() == [], "each chat waits for its answer"
            with ThreadPoolExecutor(2) as pool:
                invocations = list(pool.map(Function.invoke, (one, two), events))
            assert [each.result for each in invocations] == [{"batchItemFailures": []}] * 2
            for event in events:
                handle = event["Records"][0]["receiptHandle"]
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    assert answered(telegram, 11) == answered(telegram, 12) == ["first", "second"]
    sqs.delete_queue(QueueUrl=queue)


def test_there_is_nothing_left_to_do(module: Deployment) -> None:
    assert module.is_up_to_date()


def test_a_destroy_waits_for_the_queue_and_removes_the_webhook_last(
    module: Deployment, telegram: FailingTelegram
) -> None:
    thinking = Path(module.variables["environment"]["THINKING"])
    thinking.mkdir(exist_ok=True)
    say(telegram, "think", chat=30)
    telegram.wait(lambda: not telegram.pending())
    before = len(telegram.calls)
    with ThreadPoolExecutor(1) as pool:
        destroyed = pool.submit(module.destroy, "-refresh=false")
        try:
            telegram.wait(lambda: telegram.webhook["url"].endswith("?at-once"))
        finally:
            thinking.rmdir()
        destroyed.result()
    made = [call.method for call in telegram.calls[before:]]
    around, answer, removal = map(made.index, ("setWebhook", "sendMessage", "deleteWebhook"))
    assert around < answer < removal
    assert made.count("setWebhook") == 1
    assert telegram.webhook["url"] == ""
