"""Stand-ins for the function's invokers: Lambda's poller of the queue, and Scheduler.

`invoke(event, request_id)` invokes the function, and returns its result and its error, "" if there
is none. The function itself decides what becomes of an update or event.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from .cron import as_scheduled, next_time
from .services import Queues, Schedules, in_order

Json = dict[str, Any]
Invoke = Callable[[Json, str], tuple[Any, str]]

HIDDEN_SECONDS = 60.0  # for which the queue hides a message (queue.tf)
MAX_RECEIVES = 20  # of a message, which then becomes a dead letter (queue.tf)


class Poller:
    """Invokes the function with each message of the queue, and deletes those that are done.

    One that failed in all its tries becomes a dead letter.
    """

    def __init__(self, queues: Queues, invoke: Invoke) -> None:
        self._queues, self._invoke = queues, invoke

    def next_time(self) -> float | None:
        """Return when a message can be received next, in seconds since 1970, or None."""
        return self._queues.next_time()

    def run_next(self) -> bool:
        """Deliver the next message. Returns whether it won't be redelivered."""
        message = self._queues.receive(HIDDEN_SECONDS)
        if not message:
            return True
        result, _ = self._invoke(queue_event(message, self._queues.url), f"{uuid.uuid4()}")
        if result == {"batchItemFailures": []}:
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
        now = self._schedules.now()
        with self._schedules.changing() as items:
            name = next(iter(in_order(items)), "")
            schedule = items.get(name)
            if schedule and "cron" in schedule:
                due = next_time(schedule["cron"], schedule["zone"], schedule["since"])
                at = now if due is None or due > now else due
                schedule["since"] = max(now, schedule["since"])
            elif schedule:
                at = schedule["at"]
                del items[name]
        if schedule:
            event = schedule["event"] | {"at": as_scheduled(at)}
            self._queues.send(self._queues.url, json.dumps(event), name)


def queue_event(message: Json, url: str) -> Json:
    """Return the event with which Lambda delivers a message of a queue."""
    record = {"messageId": message["id"], "receiptHandle": message["id"], "body": message["body"]}
    record["attributes"] = {
        "ApproximateReceiveCount": str(message["received"]),
        "MessageGroupId": message["group"],
    }
    account, name = url.split("/")[-2:]
    return {"Records": [{**record, "eventSourceARN": f"arn:aws:sqs:local:{account}:{name}"}]}
