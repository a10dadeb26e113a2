"""Stand-ins for AWS's services: DynamoDB's table, SQS's queues and Scheduler's schedules.

Each takes the place of `aws.call` or `aws.request`, and passes on what isn't for it. Its items are
in a file, if one is given, and else in memory.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from .cron import as_scheduled, next_time
from .files import alone, read, write

Json = dict[str, Any]

EVERY = "every "  # before the names of schedules that recur
QUEUE_URL = "https://sqs.local/000000000000/updates.fifo"


class _Kept:
    """Items in `file`, or in memory: those of another stand-in, if they are given.

    `aws` is the module of botkit. `now` is the clock.
    """

    def __init__(
        self, aws: ModuleType, file: Path | None = None, items: Json | None = None
    ) -> None:
        self._aws, self._file = aws, file
        self._items: Json = {} if items is None else items
        self.now: Callable[[], float] = time.time

    @property
    def items(self) -> Json:
        """The items by their keys, names or ids, the oldest first."""
        return read(self._file) if self._file else self._items

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Json]:
        """Yield the items, and keep the changes unless an exception is raised."""
        with alone(self._file):
            items = self.items
            yield items
            if self._file:
                write(self._file, items)


class Table(_Kept):
    """A table: GetItem, PutItem with the conditions of botkit/session.py, and UpdateItem as
    botkit/steps/limit.py asks for it.
    """

    def __init__(
        self, aws: ModuleType, name: str, file: Path | None = None, items: Json | None = None
    ) -> None:
        super().__init__(aws, file, items)
        self._name = name
        self._others = aws.call

    def call(self, service: str, target: str, params: Json, **more: Any) -> Any:
        """Make a call as aws.call does."""
        if (service, params.get("TableName")) != ("dynamodb", self._name):
            return self._others(service, target, params, **more)
        if target.endswith(".GetItem"):
            items, key = self.items, params["Key"]["id"]["S"]
            return {"Item": items[key]} if key in items else {}
        change = {"PutItem": self._put, "UpdateItem": self._update}[target.partition(".")[2]]
        with self._changing() as items:
            return change(items, params)

    def _put(self, items: Json, params: Json) -> Json:
        key = params["Item"]["id"]["S"]
        version = items[key].get("version") if key in items else None
        expected = params.get("ExpressionAttributeValues", {}).get(":read")
        condition = params["ConditionExpression"]
        assert condition == ("version = :read" if expected else "attribute_not_exists(version)")
        if version != expected:
            raise self._failed()
        items[key] = params["Item"]
        return {}

    def _update(self, items: Json, params: Json) -> Json:
        """Count an update in the item of a window, close the window, or note who was told.

        Or decide the window of an album.
        """
        key = params["Key"]["id"]["S"]
        item: Json = items[key] if key in items else params["Key"]
        values = params["ExpressionAttributeValues"]
        ids, update_id = item.get("ids", {"NS": []})["NS"], values[":id"]["N"]
        change, condition = params["UpdateExpression"], params.get("ConditionExpression")
        item = {**item}
        if change == "SET beyond = if_not_exists(beyond, :id)":
            assert condition == "attribute_exists(ids)"
            is_met, new = bool(ids), {"beyond": item.get("beyond", values[":id"])}
        elif change == "SET starts = if_not_exists(starts, :id), expires_at = :end":
            assert condition is None
            is_met, new = True, {"starts": item.get("starts", values[":id"])}
            new["expires_at"] = values[":end"]
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
        return {"Attributes": item | new} if params.get("ReturnValues") == "ALL_NEW" else {}

    def _failed(self) -> Exception:
        error: Exception = self._aws.ClientError(
            "ConditionalCheckFailedException", "The conditional request failed"
        )
        return error


class Schedules(_Kept):
    """The two groups of Scheduler's schedules.

    An item is the event, and the time in seconds since 1970 ("at"). One that recurs has "cron" and
    "zone" instead, runs at the times after "since", and is named after EVERY.
    """

    def __init__(
        self, aws: ModuleType, file: Path | None = None, items: Json | None = None
    ) -> None:
        super().__init__(aws, file, items)
        self._others = aws.request

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
        with self._changing() as items:
            self._change(items, method, name, content)
        return {}

    def _missing(self, name: str) -> Exception:
        about = "ResourceNotFoundException", f"Schedule {name} does not exist."
        error: Exception = self._aws.ClientError(*about)
        return error

    def _change(self, items: Json, method: str, name: str, content: Json) -> None:
        body = content.get("body", {})
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
        return {"cron": cron, "zone": zone, "since": self.now(), "event": event}


class Queue(_Kept):
    """An SQS FIFO queue: SendMessage, and ChangeMessageVisibility.

    Its messages have ids of deduplication: the "id", "group" and "body" of each, how often it was
    "received", and until when it is "hidden", in seconds since 1970.
    """

    def __init__(self, aws: ModuleType, file: Path | None = None) -> None:
        super().__init__(aws, file)
        self._others = aws.call

    def call(self, service: str, target: str, params: Json, **more: Any) -> Any:
        """Make a call as aws.call does."""
        if (service, params.get("QueueUrl")) != ("sqs", QUEUE_URL):
            return self._others(service, target, params, **more)
        with self._changing() as messages:
            if target.endswith(".SendMessage"):
                id_, group = params["MessageDeduplicationId"], params["MessageGroupId"]
                new = {"id": id_, "group": group, "body": params["MessageBody"]}
                messages.setdefault(id_, {**new, "received": 0, "hidden": 0})
            else:
                assert target.endswith(".ChangeMessageVisibility"), f"no stand-in for {target}"
                hidden = self.now() + params["VisibilityTimeout"]
                messages[params["ReceiptHandle"]]["hidden"] = hidden
        return {}


class Queues(_Kept):
    """SQS queues. A message is hidden from others while somebody has it.

    It has its "queue" and "body", how often it was "received", and the time in seconds until which
    it is "hidden".
    """

    def __init__(
        self, aws: ModuleType, *urls: str, file: Path | None = None, items: Json | None = None
    ) -> None:
        super().__init__(aws, file, items)
        self._urls = urls
        self._others = aws.call

    @property
    def messages(self) -> Json:
        """The messages by their ids, the oldest first."""
        return self.items

    def call(self, service: str, target: str, params: Json, **more: Any) -> Any:
        """Make a call as aws.call does."""
        if service != "sqs" or params["QueueUrl"] not in self._urls:
            return self._others(service, target, params, **more)
        with self._changing() as messages:
            return self._call(messages, target, params)

    def _call(self, messages: Json, target: str, params: Json) -> Any:
        queue, action = params["QueueUrl"], target.partition(".")[2]
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
        return answer


def seconds_of(expression: str) -> float:
    """Return the time of a schedule that runs once, in seconds since 1970."""
    at = datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)")
    return at.replace(tzinfo=UTC).timestamp()


def in_order(schedules: Json) -> Json:
    """Return schedules by their names, the first one first: each with its next time, "at".

    One that recurs no more is left out.
    """
    coming = {}
    for name, item in schedules.items():
        if "cron" in item:
            item = {**item, "at": next_time(item["cron"], item["zone"], item["since"])}
        if item["at"] is not None:
            coming[name] = item
    return dict(sorted(coming.items(), key=lambda each: each[1]["at"]))


def take(schedules: Json, name: str, now: float) -> Json | None:
    """Return a schedule, None if it is gone, with the "event" as Scheduler delivers it now.

    The schedule is deleted, unless it recurs. Then the times that were missed are left out.
    """
    schedule: Json | None = schedules.get(name)
    if schedule and "cron" in schedule:
        due = next_time(schedule["cron"], schedule["zone"], schedule["since"])
        at = now if due is None or due > now else due
        schedule["event"]["every"]["at"] = as_scheduled(at)
        schedule["since"] = max(now, schedule["since"])
    else:
        schedules.pop(name, None)
    return schedule


def queue_event(message: Json) -> Json:
    """Return the event in which Lambda hands over a message of a `Queue`."""
    record = {"messageId": message["id"], "receiptHandle": message["id"], "body": message["body"]}
    record["attributes"] = {"ApproximateReceiveCount": str(message["received"])}
    account, name = QUEUE_URL.split("/")[-2:]
    return {"Records": [{**record, "eventSourceARN": f"arn:aws:sqs:local:{account}:{name}"}]}
