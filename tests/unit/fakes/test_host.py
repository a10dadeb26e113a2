"""host.py: the stand-ins that invoke the function when something is due, and after a failure."""

import json

import pytest
from botkit.fakes.services import Queues, Schedules

from tests.support.stubs import another

host = another("botkit.fakes.host")
HIDDEN_SECONDS, MAX_RECEIVES = host.HIDDEN_SECONDS, host.MAX_RECEIVES
Poller, Scheduler = host.Poller, host.Scheduler

DONE = {"batchItemFailures": []}
AGAIN = {"batchItemFailures": [{"itemIdentifier": "1"}]}


@pytest.fixture
def queues():
    """A queue, whose clock stands still, with two messages of one chat and one of another."""
    queues = Queues(None)
    queues.now = lambda: 0.0
    for number, group in ((1, "ada"), (2, "ada"), (3, "bob")):
        queues.send(queues.url, f"{number}", group)
    return queues


def body(event):
    """Return the body of the message in an event."""
    return str(event["Records"][0]["body"])


def test_message_waits_for_its_chat_alone(queues):
    delivered = []

    def invoke(event, request_id):
        delivered.append(body(event))
        return (AGAIN if delivered == ["1"] else DONE), ""

    poller = Poller(queues, invoke)
    assert [poller.run_next() for _ in range(3)] == [False, True, True]
    assert delivered == ["1", "3"]
    assert poller.next_time() == HIDDEN_SECONDS
    queues.now = lambda: HIDDEN_SECONDS
    assert [poller.run_next() for _ in range(2)] == [True, True]
    assert delivered == ["1", "3", "1", "2"]
    assert (queues.items, poller.next_time()) == ({}, None)


def test_failing_message_is_a_dead_letter_until_a_redrive(queues):
    delivered = []

    def invoke(event, request_id):
        delivered.append(body(event))
        return (None, "it timed out") if body(event) == "1" else (DONE, "")

    poller = Poller(queues, invoke)

    def run():
        while (due := poller.next_time()) is not None:
            queues.now = lambda due=due: due
            poller.run_next()

    run()
    assert delivered.count("1") == MAX_RECEIVES
    assert delivered[-1] == "2"
    assert queues.dead_letters == [1]
    queues.send(queues.url, "3", "ada")
    queues.redrive()
    assert queues.dead_letters == []
    run()
    assert delivered.count("1") == 2 * MAX_RECEIVES


def test_duplicate_message_is_dropped_for_five_minutes(queues):
    def send(*deduplication):
        queues.send(queues.url, "new", "ada", *deduplication)
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
    daily = {"cron": "0 9 * * ? *", "zone": "UTC", "since": 1_800_000_000.0}
    at = {"at": "<aws.scheduler.scheduled-time>"}
    items = {"once.tea": {"at": 1_800_000_000.0, "event": {**at}}}
    schedules = Schedules(None, items={**items, "cron.tea": {**daily, "event": {**at}}})
    scheduler = Scheduler(schedules, queues)
    times = []
    for now in (1_800_000_000.0, 1_800_003_600.0, 1_800_090_030.0):
        schedules.now = lambda now=now: now
        times.append(scheduler.next_time())
        scheduler.run_next()
    assert times == [1_800_000_000.0, 1_800_003_600.0, 1_800_090_000.0]
    assert [(each["group"], json.loads(each["body"])["at"]) for each in queues.items.values()] == [
        ("once.tea", "2027-01-15T08:00:00Z"),
        ("cron.tea", "2027-01-15T09:00:00Z"),
        ("cron.tea", "2027-01-16T09:00:00Z"),
    ]
    schedules.items.clear()
    scheduler.run_next()
    assert len(queues.items) == 3, "it is over"
