"""Stand-ins for AWS's services: DynamoDB's table, SQS's queues and Scheduler's schedules.

Each replaces `aws.call` or `aws.request`, and passes on calls that aren't for it. Its items are in
a file, if one is given, or else in memory. `Services` has all of them for a process. `Poller` and
`Scheduler` do what is due: the function itself decides what becomes of an update or event.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from .cron import as_scheduled, next_time

Json = dict[str, Any]

TABLE = "sessions"
HIDDEN_SECONDS = 60.0  # for which the queue hides a message (queue.tf)
MAX_RECEIVES = 20  # of a message, which then becomes a dead letter (queue.tf)
QUEUE_URL = "https://sqs.local/123456789012/bot.fifo"
DEAD_LETTERS_URL = QUEUE_URL.replace(".fifo", "_dlq.fifo")
# The settings of a function that uses them.
ENVIRONMENT = {
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/scheduler",
    "QUEUE_URL": QUEUE_URL,
    "SESSION_TABLE": TABLE,
}
NO_AWS = (
    "there is no AWS here: leave the call out, or run demo on a configuration, which has your "
    "tables and permissions"
)


class _Kept:
    """Items in `file`, or in memory, where they may be given as `items`.

    `aws` is the module of botkit, None for a host, which makes no calls. `now` is the clock.
    """

    def __init__(
        self, aws: ModuleType | None, file: Path | None = None, items: Json | None = None
    ) -> None:
        self._aws: Any = aws
        # For the other services.
        self._call: Any = aws and aws.call
        self._request: Any = aws and aws.request
        self._file = file
        self._items: Json = {} if items is None else items
        self.now: Callable[[], float] = time.time

    @property
    def items(self) -> Json:
        """The items by their keys, names or ids, the oldest first."""
        return read(self._file) if self._file else self._items

    @contextlib.contextmanager
    def changing(self) -> Iterator[Json]:
        """Yield the items, and keep the changes unless an exception is raised."""
        with alone(self._file):
            items = self.items
            yield items
            if self._file:
                write(self._file, items)


class Table(_Kept):
    """A table: GetItem, PutItem with the conditions of botkit/store.py, and UpdateItem as
    botkit/middleware/rate_limit.py asks for it.
    """

    def call(self, service: str, target: str, params: Json, **more: Any) -> Any:
        """Make a call as aws.call does."""
        if (service, params.get("TableName")) != ("dynamodb", TABLE):
            return self._call(service, target, params, **more)
        if target.endswith(".GetItem"):
            items, key = self.items, params["Key"]["id"]["S"]
            return {"Item": items[key]} if key in items else {}
        change = {"PutItem": self._put, "UpdateItem": self._update}[target.partition(".")[2]]
        with self.changing() as items:
            return change(items, params)

    def _put(self, items: Json, params: Json) -> Json:
        """Replace an item, if it has the version that the call has read, or none."""
        key = params["Item"]["id"]["S"]
        version = items[key].get("version") if key in items else None
        if version != params.get("ExpressionAttributeValues", {}).get(":read"):
            raise self._condition_failed()
        items[key] = params["Item"]
        return {}

    def _update(self, items: Json, params: Json) -> Json:
        """Count an update in the item of a window, or close the window."""
        key = params["Key"]["id"]["S"]
        item: Json = items[key] if key in items else params["Key"]
        values = params["ExpressionAttributeValues"]
        ids, update_id = item.get("ids", {"NS": []})["NS"], values[":id"]["N"]
        if "beyond" in params["UpdateExpression"]:
            is_met, new = bool(ids), {"beyond": item.get("beyond", values[":id"])}
        else:
            is_met = not ids or len(ids) < int(values[":most"]["N"]) or update_id in ids
            new = {"ids": {"NS": [*{*ids, update_id}]}, "expires_at": values[":end"]}
        if not is_met:
            raise self._condition_failed()
        items[key] = item | new
        return {"Attributes": item | new} if params.get("ReturnValues") == "ALL_NEW" else {}

    def _condition_failed(self) -> Exception:
        error: Exception = self._aws.ClientError(
            "ConditionalCheckFailedException", "The conditional request failed"
        )
        return error


class Schedules(_Kept):
    """The group of Scheduler's schedules.

    An item is the message ("event"), and the time in seconds since 1970 ("at"). One that recurs has
    "cron" and "zone" instead, and runs at the times after "since".
    """

    def request(self, service: str, method: str, path: str, **content: Any) -> Any:
        """Make a request as aws.request does."""
        if service != "scheduler":
            return self._request(service, method, path, **content)
        name = path.removeprefix("/schedules/")
        with self.changing() as items:
            if method == "POST" and name in items:
                raise self._aws.ClientError("ConflictException", f"Schedule {name} already exists.")
            if method != "POST" and name not in items:
                about = "ResourceNotFoundException", f"Schedule {name} does not exist."
                raise self._aws.ClientError(*about)
            if method == "DELETE":
                del items[name]
            else:
                assert method in ("POST", "PUT"), f"no stand-in for {method} of a schedule"
                items[name] = self._item(content["body"])
        return {}

    def _item(self, body: Json) -> Json:
        event, expression = json.loads(body["Target"]["Input"]), body["ScheduleExpression"]
        assert body["Target"]["SqsParameters"]["MessageGroupId"]
        if not expression.startswith("cron("):
            return {"at": seconds_of(expression), "event": event}
        zone, cron = body["ScheduleExpressionTimezone"], expression[len("cron(") : -1]
        try:
            next_time(cron, zone, self.now())
        except (KeyError, OSError, ValueError):
            raise self._aws.ClientError("ValidationException", "Invalid expression.") from None
        return {"cron": cron, "zone": zone, "since": self.now(), "event": event}


class Queues(_Kept):
    """The queue and its dead-letter queue (SQS FIFO).

    A message has its "queue", "body", "group" and "deduplication", how often it was "received", and
    the time until which it is "hidden", in seconds since 1970. The later ones of a group wait for
    it. A second one with the same deduplication is dropped, for five minutes.
    """

    def __init__(
        self, aws: ModuleType | None, file: Path | None = None, items: Json | None = None
    ) -> None:
        super().__init__(aws, file, items)
        self._sent: dict[tuple[str, ...], float] = {}  # deleted ones, too

    @property
    def dead_letters(self) -> list[Json]:
        """What the messages of the dead-letter queue contain."""
        return self.contents(DEAD_LETTERS_URL)

    def contents(self, url: str) -> list[Json]:
        """Return what the messages of a queue contain."""
        return [json.loads(each["body"]) for each in self.items.values() if each["queue"] == url]

    def next_time(self) -> float | None:
        """Return when the next message can be received, in seconds since 1970, or None."""
        return min((each["hidden"] for each in self.first_ones().values()), default=None)

    def receive(self, seconds: float) -> Json | None:
        """Return a message with its "id", hidden for so many seconds, or None."""
        with self.changing() as messages:
            for id_, each in self.first_ones(messages).items():
                if each["hidden"] <= self.now():
                    each["received"] += 1
                    each["hidden"] = self.now() + seconds
                    return {"id": id_, **each}
        return None

    def send(self, url: str, body: str, group: str, deduplication: str = "") -> None:
        """Put a message into a queue, unless it was there."""
        message = {"queue": url, "group": group, "deduplication": deduplication or body}
        with self.changing() as messages:
            now, key = self.now(), tuple(message.values())
            is_there = any(each.items() >= message.items() for each in messages.values())
            if is_there or now - self._sent.get(key, float("-inf")) < 300:
                return
            self._sent[key] = now
            messages[f"{uuid.uuid4()}"] = {**message, "body": body, "received": 0, "hidden": now}

    def delete(self, id_: str) -> None:
        """Delete a message, if it is still there."""
        with self.changing() as messages:
            messages.pop(id_, None)

    def bury(self, id_: str) -> None:
        """Move a message to the dead-letter queue."""
        with self.changing() as messages:
            messages[id_]["queue"] = DEAD_LETTERS_URL

    def redrive(self) -> None:
        """Move all dead letters back into the queue."""
        with self.changing() as messages:
            for id_, each in [*messages.items()]:
                if each["queue"] == DEAD_LETTERS_URL:
                    back = {"queue": QUEUE_URL, "received": 0, "hidden": self.now()}
                    messages[id_] = messages.pop(id_) | back

    def call(self, service: str, target: str, params: Json, **more: Any) -> Any:
        """Make a call as aws.call does."""
        url = params.get("QueueUrl")
        if service != "sqs" or url not in (QUEUE_URL, DEAD_LETTERS_URL):
            return self._call(service, target, params, **more)
        if target.endswith(".SendMessage"):
            group, id_ = params["MessageGroupId"], params.get("MessageDeduplicationId", "")
            self.send(url, params["MessageBody"], group, id_)
        else:
            assert target.endswith(".ChangeMessageVisibility"), f"no stand-in for {target}"
            with self.changing() as messages:
                if found := messages.get(params["ReceiptHandle"]):
                    found["hidden"] = self.now() + params["VisibilityTimeout"]
        return {}

    def first_ones(self, messages: Json | None = None) -> Json:
        """Return the messages of the queue that wait for no other one in their group."""
        first: Json = {}
        for id_, each in (self.items if messages is None else messages).items():
            is_first = all(each["group"] != other["group"] for other in first.values())
            if each["queue"] == QUEUE_URL and is_first:
                first[id_] = each
        return first


class Poller:
    """Invokes the function with each message of the queue, and deletes those that are done.

    One that failed in all its tries becomes a dead letter. `invoke` returns the function's result.
    """

    def __init__(self, queues: Queues, invoke: Callable[[Json], Any]) -> None:
        self._queues, self._invoke = queues, invoke

    def next_time(self) -> float | None:
        """Return when a message can be received next, in seconds since 1970, or None."""
        return self._queues.next_time()

    def run_next(self) -> bool:
        """Deliver the next message. Returns whether it won't be redelivered."""
        message = self._queues.receive(HIDDEN_SECONDS)
        if not message:
            return True
        if self._invoke(queue_event(message)) == {"batchItemFailures": []}:
            self._queues.delete(message["id"])
        elif message["received"] == MAX_RECEIVES:
            self._queues.bury(message["id"])
        else:
            return False
        return True


class Scheduler:
    """Sends each schedule's message to the queue when it is due."""

    def __init__(self, schedules: Schedules, queues: Queues) -> None:
        self._schedules, self._queues = schedules, queues

    def next_time(self) -> float | None:
        """Return when something is due next, in seconds since 1970, or None."""
        return next((each["at"] for each in in_order(self._schedules.items).values()), None)

    def run_next(self) -> None:
        """Send the next message. One that recurs leaves out the times that were missed."""
        with self._schedules.changing() as items:
            waiting = in_order(items)
            if not waiting:
                return
            name, due = next(iter(waiting.items()))
            if "cron" in due:
                items[name]["since"] = max(self._schedules.now(), due["at"])
            else:
                del items[name]
            event = due["event"] | {"at": as_scheduled(due["at"])}
            self._queues.send(QUEUE_URL, json.dumps(event), name)


class Services:
    """The stand-ins of a function, in files beside that of its sessions.

    `aws` is the module of botkit in the function's process, None for a host.
    """

    def __init__(self, aws: ModuleType | None, sessions: Path) -> None:
        self.aws: Any = aws
        self.schedules = Schedules(aws, sessions.with_suffix(".schedules.json"))
        self.table = Table(aws, sessions)
        self.queue = Queues(aws, file=sessions.with_suffix(".queue.json"))

    def install(self) -> None:
        """Make the function use these. There is nothing to connect to at start-up.

        Other requests to AWS are refused, unless there are credentials, as in an --env-file.
        """
        if not os.environ.get("AWS_ACCESS_KEY_ID"):
            self.aws._send = partial(_refuse, self.aws)
        self.aws.request = self.schedules.request
        self.aws.call = self._call
        self.aws.start_connecting = lambda service: lambda: None

    def _call(self, service: str, target: str, params: Any, **more: Any) -> Any:
        stand_in = self.queue if service == "sqs" else self.table
        return stand_in.call(service, target, params, **more)


@contextlib.contextmanager
def alone(file: Path | None) -> Iterator[None]:
    """Lock a file, if one is given, for a block: other processes also write it."""
    if not file:
        yield
        return
    import fcntl  # not on Windows, where tests need no file

    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(file: Path) -> Json:
    """Return the items in a file, {} if there is no file."""
    with contextlib.suppress(FileNotFoundError):
        items: Json = json.loads(file.read_text())
        return items
    return {}


def write(file: Path, items: Json) -> None:
    """Write items into a file that only its owner can read, all of them or none."""
    new = file.with_name(f"{file.name}.new")
    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    new.touch(0o600)
    new.write_text(json.dumps(items))
    new.replace(file)


def seconds_of(expression: str) -> float:
    """Return the time of a schedule that runs once, in seconds since 1970."""
    at = datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)")
    return at.replace(tzinfo=UTC).timestamp()


def in_order(schedules: Json) -> Json:
    """Return schedules by their names, in the order of their next times, "at".

    A recurring one without another time is left out.
    """
    coming = {}
    for name, item in schedules.items():
        if "cron" in item:
            item = {**item, "at": next_time(item["cron"], item["zone"], item["since"])}
        if item["at"] is not None:
            coming[name] = item
    return dict(sorted(coming.items(), key=lambda each: each[1]["at"]))


def queue_event(message: Json, url: str = QUEUE_URL) -> Json:
    """Return the event with which Lambda delivers a message of a queue."""
    record = {"messageId": message["id"], "receiptHandle": message["id"], "body": message["body"]}
    record["attributes"] = {
        "ApproximateReceiveCount": str(message["received"]),
        "MessageGroupId": message["group"],
    }
    account, name = url.split("/")[-2:]
    return {"Records": [{**record, "eventSourceARN": f"arn:aws:sqs:local:{account}:{name}"}]}


def _refuse(aws: Any, *request: Any) -> None:
    raise aws.Unreachable(NO_AWS)
