"""services.py: the stand-ins for AWS, in memory and in files that several processes change.

Tests of the modules that ask them show what else they answer.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from botkit.fakes import services

EACH = 20


def test_concurrent_changes_of_others_stay(tmp_path):
    file = tmp_path / "sessions.json"
    aws = SimpleNamespace(call=None, request=None)

    def change(writer):
        """Write as a function does, and delete as scripts/sessions does."""
        table = services.Table(aws, file)
        for number in range(EACH):
            item = {"id": {"S": f"{writer}/{number}"}, "version": {"S": "1"}}
            condition = "attribute_not_exists(version)"
            params = {"TableName": "sessions", "Item": item, "ConditionExpression": condition}
            table.call("dynamodb", "DynamoDB_20120810.PutItem", params)
            if number % 2:
                with services.alone(file):
                    items = services.read(file)
                    del items[item["id"]["S"]]
                    services.write(file, items)

    with ThreadPoolExecutor() as threads:
        [*threads.map(change, range(4))]
    assert set(services.read(file)) == {f"{w}/{n}" for w in range(4) for n in range(0, EACH, 2)}


def test_calls_for_others_are_passed_on():
    aws = SimpleNamespace(call=lambda *call: call, request=lambda *request: request)
    mine, others = {"QueueUrl": services.QUEUE_URL}, {"QueueUrl": "others"}
    queues = services.Queues(aws)
    for each in (queues, services.Table(aws)):
        assert each.call("sqs", "AmazonSQS.SendMessage", others)[2] is others
    assert services.Schedules(aws).request("s3", "GET", "/x") == ("s3", "GET", "/x")
    gone = {**mine, "ReceiptHandle": "1", "VisibilityTimeout": 5}
    assert queues.call("sqs", "AmazonSQS.ChangeMessageVisibility", gone) == {}
    assert queues.items == {}


# ── What is due, and what has failed

DONE = {"batchItemFailures": []}
AGAIN = {"batchItemFailures": [{"itemIdentifier": "1"}]}


@pytest.fixture
def queues():
    """A queue, whose clock stands still, with two messages of one chat and one of another."""
    queues = services.Queues(None)
    queues.now = lambda: 0.0
    for number, group in ((1, "ada"), (2, "ada"), (3, "bob")):
        queues.send(services.QUEUE_URL, f"{number}", group)
    return queues


def body(event):
    """Return the body of the message in an event."""
    return str(event["Records"][0]["body"])


def test_message_waits_for_its_chat_alone(queues):
    delivered = []

    def invoke(event):
        delivered.append(body(event))
        return AGAIN if delivered == ["1"] else DONE

    poller = services.Poller(queues, invoke)
    assert [poller.run_next() for _ in range(3)] == [False, True, True]
    assert delivered == ["1", "3"]
    assert poller.next_time() == services.HIDDEN_SECONDS
    queues.now = lambda: services.HIDDEN_SECONDS
    assert [poller.run_next() for _ in range(2)] == [True, True]
    assert delivered == ["1", "3", "1", "2"]
    assert (queues.items, poller.next_time()) == ({}, None)


def test_failing_message_is_a_dead_letter_until_a_redrive(queues):
    delivered = []

    def invoke(event):
        delivered.append(body(event))
        return None if body(event) == "1" else DONE  # it timed out

    poller = services.Poller(queues, invoke)

    def run():
        while (due := poller.next_time()) is not None:
            queues.now = lambda due=due: due
            poller.run_next()

    run()
    assert delivered.count("1") == services.MAX_RECEIVES
    assert delivered[-1] == "2"
    assert queues.dead_letters == [1]
    queues.send(services.QUEUE_URL, "3", "ada")
    queues.redrive()
    assert queues.dead_letters == []
    run()
    assert delivered.count("1") == 2 * services.MAX_RECEIVES


def test_duplicate_message_is_dropped_for_five_minutes(queues):
    def send(*deduplication):
        queues.send(services.QUEUE_URL, "new", "ada", *deduplication)
        return len(queues.items)

    assert [send(), send(), send("7"), send("7")] == [4, 4, 5, 5]
    for id_ in [*queues.items]:
        queues.delete(id_)
    queues.now = lambda: 299.0
    assert [send(), send("7")] == [0, 0]
    queues.now = lambda: 300.0
    assert [send(), send("7")] == [1, 2]


def test_scheduler_sends_due_items_to_the_queue(queues):
    """What recurs, for the time that was due. Times that were missed are left out."""
    queues.items.clear()
    about = {"zone": "UTC", "event": {"at": "<aws.scheduler.scheduled-time>"}}
    items = {
        "cron.over": {"cron": "0 9 ? * MON 2026", "since": 1_800_000_000.0, **about},
        "cron.tea": {"cron": "0 9 * * ? *", "since": 1_800_000_000.0, **about},
        "once.tea": {"at": 1_800_000_000.0, **about},
    }
    schedules = services.Schedules(None, items=items)
    scheduler = services.Scheduler(schedules, queues)
    times = []
    for now in (1_800_000_000.0, 1_800_003_600.0, 1_800_200_000.0):
        schedules.now = lambda now=now: now
        times.append(scheduler.next_time())
        scheduler.run_next()
    assert times == [1_800_000_000.0, 1_800_003_600.0, 1_800_090_000.0]
    assert scheduler.next_time() == 1_800_262_800.0, "not the one that was missed"
    assert [(each["group"], json.loads(each["body"])["at"]) for each in queues.items.values()] == [
        ("once.tea", "2027-01-15T08:00:00Z"),
        ("cron.tea", "2027-01-15T09:00:00Z"),
        ("cron.tea", "2027-01-16T09:00:00Z"),
    ]
    del items["cron.tea"]
    scheduler.run_next()
    assert len(queues.items) == 3, "the other one is over"


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
    fakes = services.Services(aws, tmp_path / "sessions.json")
    fakes.install()
    params = {"QueueUrl": services.QUEUE_URL, "MessageBody": "tea", "MessageGroupId": "ada"}
    aws.call("sqs", "AmazonSQS.SendMessage", params)
    assert [each["body"] for each in fakes.queue.items.values()] == ["tea"]
    key = {"TableName": services.TABLE, "Key": {"id": {"S": "1"}}}
    assert aws.call("dynamodb", "DynamoDB_20120810.GetItem", key) == {}
    with pytest.raises(Unreachable, match="there is no AWS here"):
        aws.call("s3", "GetObject", {})


def test_with_credentials_there_is_an_aws(aws, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    services.Services(aws, tmp_path / "sessions.json").install()
    assert aws._send == "AWS"
