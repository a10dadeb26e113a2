"""The data of a function on this machine, without AWS: sessions, schedules, updates, failures.

Functions' processes execute this file alone, so it imports only the standard library.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Tell = Callable[[Json], None]

EVERY = "every "  # before the names of schedules that recur
NO_AWS = (
    "there is no AWS here: leave it out, or try it with its tables and permissions by "
    "scripts/demo --config DIR"
)
QUEUE_URL = "https://sqs.local/000000000000/updates.fifo"


class Table:
    """Stands in for a table: GetItem, PutItem with the conditions of botkit/session.py, and
    UpdateItem as botkit/steps/limit.py asks for it.

    Its items are in a file, if one is given, and else in memory. `aws` is the module of botkit,
    which makes all other calls.
    """

    def __init__(self, aws: ModuleType, name: str, file: Path | None = None) -> None:
        self._aws, self._name, self._file = aws, name, file
        self._others = aws.call
        self._items: Json = {}

    @property
    def items(self) -> Json:
        """The items by their keys."""
        return read(self._file) if self._file else self._items

    def call(self, service: str, target: str, params: Json) -> Any:
        """Make a call as aws.call does."""
        if (service, params.get("TableName")) != ("dynamodb", self._name):
            return self._others(service, target, params)
        if target.endswith(".GetItem"):
            items, key = self.items, params["Key"]["id"]["S"]
            return {"Item": items[key]} if key in items else {}
        change = {"PutItem": self._put, "UpdateItem": self._update}[target.partition(".")[2]]
        with alone(self._file):
            return change(params)

    def _put(self, params: Json) -> Json:
        items, key = self.items, params["Item"]["id"]["S"]
        version = items.get(key, {}).get("version")
        expected = params.get("ExpressionAttributeValues", {}).get(":read")
        condition = params["ConditionExpression"]
        assert condition == ("version = :read" if expected else "attribute_not_exists(version)")
        if version != expected:
            raise self._failed()
        items[key] = params["Item"]
        if self._file:
            write(self._file, items)
        return {}

    def _update(self, params: Json) -> Json:
        """Count an update in the item of a window, close the window, or note who was told."""
        items, key = self.items, params["Key"]["id"]["S"]
        item: Json = items[key] if key in items else params["Key"]
        values = params["ExpressionAttributeValues"]
        ids, update_id = item.get("ids", {"NS": []})["NS"], values[":id"]["N"]
        change, condition = params["UpdateExpression"], params["ConditionExpression"]
        item = {**item}
        if change == "SET beyond = if_not_exists(beyond, :id)":
            assert condition == "attribute_exists(ids)"
            is_met, new = bool(ids), {"beyond": item.get("beyond", values[":id"])}
        elif change == "SET told = :id":
            assert condition == "attribute_exists(ids) AND attribute_not_exists(told)"
            is_met, new = bool(ids) and "told" not in item, {"told": values[":id"]}
        elif change == "REMOVE told":
            assert condition == "told = :id"
            is_met, new = item.pop("told", None) == values[":id"], {}
        else:
            assert change == "ADD ids :ids SET expires_at = :end"
            assert condition == (
                "attribute_not_exists(ids) OR size(ids) < :most OR contains(ids, :id)"
            )
            assert values[":ids"] == {"NS": [update_id]}
            is_met = not ids or len(ids) < int(values[":most"]["N"]) or update_id in ids
            new = {"ids": {"NS": [*{*ids, update_id}]}, "expires_at": values[":end"]}
        if not is_met:
            raise self._failed()
        items[key] = item | new
        if self._file:
            write(self._file, items)
        return {"Attributes": item | new} if params.get("ReturnValues") == "ALL_NEW" else {}

    def _failed(self) -> Exception:
        error: Exception = self._aws.ClientError(
            "ConditionalCheckFailedException", "The conditional request failed"
        )
        return error


class Schedules:
    """Stands in for the two groups of Scheduler's schedules.

    An item is the event, and the time in seconds since 1970 ("at"). One that recurs has "cron" and
    "zone" instead, runs at the times after "since", and is named after EVERY. The items are in a
    file, if one is given, and else in memory. `aws` is the module of botkit, which makes all other
    requests.
    """

    def __init__(self, aws: ModuleType, file: Path | None = None) -> None:
        self._aws, self._file = aws, file
        self._others = aws.request
        self._items: Json = {}

    @property
    def items(self) -> Json:
        """The schedules by their names."""
        return read(self._file) if self._file else self._items

    def request(self, service: str, method: str, path: str, **content: Any) -> Any:
        """Make a request as aws.request does."""
        if service != "scheduler":
            return self._others(service, method, path, **content)
        name = path.removeprefix("/schedules/")
        if method == "GET":
            if name not in self.items:
                raise self._missing(name)
            event = self.items[name]["event"]
            return {"Target": {"Input": json.dumps(event)}}
        with alone(self._file):
            self._change(method, name, content)
        return {}

    def _missing(self, name: str) -> Exception:
        about = "ResourceNotFoundException", f"Schedule {name} does not exist."
        error: Exception = self._aws.ClientError(*about)
        return error

    def _change(self, method: str, name: str, content: Json) -> None:
        items, body = self.items, content.get("body", {})
        if (body.get("GroupName") or content["query"]["groupName"]).endswith("-every"):
            name = EVERY + name
        if method == "POST" and name in items:
            raise self._aws.ClientError("ConflictException", f"Schedule {name} already exists.")
        if method != "POST" and name not in items:
            raise self._missing(name)
        if method == "DELETE":
            del items[name]
        else:
            assert method in ("POST", "PUT"), f"no stand-in for {method} of a schedule"
            items[name] = self._item(body)
        if self._file:
            write(self._file, items)

    def _item(self, body: Json) -> Json:
        event, expression = json.loads(body["Target"]["Input"]), body["ScheduleExpression"]
        if not expression.startswith("cron("):
            return {"at": seconds_of(expression), "event": event}
        zone = body["ScheduleExpressionTimezone"]
        try:
            ZoneInfo(zone)
        except (KeyError, OSError, ValueError):
            raise self._aws.ClientError("ValidationException", "Invalid time zone.") from None
        cron = expression[len("cron(") : -1]
        return {"cron": cron, "zone": zone, "since": time.time(), "event": event}


class Queue:
    """Stands in for an SQS FIFO queue: SendMessage, and ChangeMessageVisibility.

    The file has the messages by their ids of deduplication, the first one first: the "id", "group"
    and "body" of each, how often it was "received", and until when it is "hidden", in seconds since
    1970. `aws` is the module of botkit, which makes all other calls.
    """

    def __init__(self, aws: ModuleType, file: Path) -> None:
        self._file = file
        self._others = aws.call

    def call(self, service: str, target: str, params: Json) -> Any:
        """Make a call as aws.call does."""
        if (service, params.get("QueueUrl")) != ("sqs", QUEUE_URL):
            return self._others(service, target, params)
        with alone(self._file):
            messages = read(self._file)
            if target.endswith(".SendMessage"):
                id_, group = params["MessageDeduplicationId"], params["MessageGroupId"]
                new = {"id": id_, "group": group, "body": params["MessageBody"]}
                messages.setdefault(id_, {**new, "received": 0, "hidden": 0})
            else:
                assert target.endswith(".ChangeMessageVisibility"), f"no stand-in for {target}"
                hidden = time.time() + params["VisibilityTimeout"]
                messages[params["ReceiptHandle"]]["hidden"] = hidden
            write(self._file, messages)
        return {}


class Queues:
    """Stands in for SQS queues. A message is hidden from others while somebody has it.

    A message has its "queue" and "body", how often it was "received", and the time in seconds until
    which it is "hidden". They are in a file, if one is given, and else in memory. `aws` is the
    module of botkit, which makes all other calls.
    """

    def __init__(self, aws: ModuleType, *urls: str, file: Path | None = None) -> None:
        self._aws, self._urls, self._file = aws, urls, file
        self._others = aws.call
        self._messages: Json = {}
        self.now: Callable[[], float] = time.time

    @property
    def messages(self) -> Json:
        """The messages by their ids, the oldest first."""
        return read(self._file) if self._file else self._messages

    def call(self, service: str, target: str, params: Json) -> Any:
        """Make a call as aws.call does."""
        if service != "sqs" or params["QueueUrl"] not in self._urls:
            return self._others(service, target, params)
        with alone(self._file):
            return self._call(target, params)

    def _call(self, target: str, params: Json) -> Any:
        messages, queue, action = self.messages, params["QueueUrl"], target.partition(".")[2]
        answer: Json = {}
        if action == "SendMessage":
            hidden = self.now() + params.get("DelaySeconds", 0)
            new = {"queue": queue, "body": params["MessageBody"], "received": 0, "hidden": hidden}
            number = max(map(int, messages), default=0) + 1
            messages[f"{number}"] = new
        elif action == "ReceiveMessage":
            for id_, each in messages.items():
                if each["queue"] == queue and each["hidden"] <= self.now():
                    each["received"] += 1
                    each["hidden"] = self.now() + params["VisibilityTimeout"]
                    found = {"MessageId": id_, "ReceiptHandle": id_, "Body": each["body"]}
                    count = {"ApproximateReceiveCount": f"{each['received']}"}
                    answer = {"Messages": [{**found, "Attributes": count}]}
                    break
        elif action == "DeleteMessage":
            messages.pop(params["ReceiptHandle"], None)
        else:
            assert action == "ChangeMessageVisibility", f"no stand-in for {action}"
            timeout = params["VisibilityTimeout"]
            if message := messages.get(params["ReceiptHandle"]):
                message["hidden"] = self.now() + timeout
        if self._file:
            write(self._file, messages)
        return answer


def seconds_of(expression: str) -> float:
    """Return the time of a schedule that runs once, in seconds since 1970."""
    at = datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)")
    return at.replace(tzinfo=UTC).timestamp()


def install(aws: ModuleType, sessions: str, schedules: str, failed: str) -> None:
    """Have a function keep these in files. There is nothing to connect to at start-up.

    Without credentials, which an --env-file may have, other requests to AWS are refused.
    """
    if not os.environ.get("AWS_ACCESS_KEY_ID"):
        aws._Request = partial(_refuse, aws)  # type: ignore[attr-defined]
    aws.call = Queue(aws, queue_beside(Path(sessions))).call  # type: ignore[attr-defined]
    aws.call = Table(aws, os.environ["SESSION_TABLE"], Path(sessions)).call  # type: ignore[attr-defined]
    if queue := os.environ.get("FAILED_QUEUE_URL"):
        aws.call = Queues(aws, queue, file=Path(failed)).call  # type: ignore[attr-defined]
    aws.request = Schedules(aws, Path(schedules)).request  # type: ignore[attr-defined]
    aws.prepare = aws.connect = lambda service: None  # type: ignore[attr-defined]


def _refuse(aws: ModuleType, *request: Any) -> None:
    raise aws.Unreachable(NO_AWS)


def watch(aws: ModuleType, tell: Tell) -> None:
    """Tell of each session that a function reads ("before") or writes ("after"), as text."""
    call = aws.call

    def watched(service: str, target: str, params: Json) -> Any:
        answer = call(service, target, params)
        is_session = not target.endswith(".UpdateItem")  # which counts, for LIMIT
        if is_session and params.get("TableName") == os.environ.get("SESSION_TABLE"):
            written = params.get("Item")
            item = written or answer.get("Item", {})
            key = (written or params["Key"])["id"]["S"]
            text = item.get("session", {"S": "{}"})["S"]
            tell({"session": key, "after" if written else "before": text})
        return answer

    aws.call = watched  # type: ignore[attr-defined]


def queue_beside(sessions: Path) -> Path:
    """Return the file of the queue next to that of the sessions."""
    return sessions.with_suffix(".queue.json")


@contextlib.contextmanager
def alone(file: Path | None) -> Iterator[None]:
    """Give a block a file, if there is one, that other processes also write."""
    if not file:
        yield
        return
    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(file: Path) -> Json:
    """Return the items in a file, none if there is no file."""
    with contextlib.suppress(FileNotFoundError):
        items: Json = json.loads(file.read_text())
        return items
    return {}


def write(file: Path, items: Json) -> None:
    """Write items into a file that only its owner can read, all of it or nothing."""
    new = file.with_name(f"{file.name}.new")
    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    new.touch(0o600)
    new.write_text(json.dumps(items))
    new.replace(file)
