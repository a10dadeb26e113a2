"""Stand-ins for the function's invokers: Lambda's poller of the queue, and Scheduler.

`invoke(event, request_id)` invokes the function, and returns its result and its error, "" if there
is none. The function itself decides what becomes of an update or event.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from typing import Any

from .cron import as_scheduled, next_time
from .services import QUEUE_URL, Queues, Schedules, in_order

Json = dict[str, Any]
Invoke = Callable[[Json, str], tuple[Any, str]]

HIDDEN = 60.0  # seconds for which the queue hides a message (queue.tf)
MOST_RECEIVES = 20  # of a message, which then becomes a dead letter (queue.tf)
PAUSES = (60.0, 120.0)  # seconds between Lambda's three tries of an event
AGAIN = "again."  # before the names of events that wait for a retry


class Poller:
    """Invokes the function with each message of its queue, and deletes those that are done.

    `bury` is called with a message that failed in all its tries: it becomes a dead letter.
    """

    def __init__(self, queued: Queues, invoke: Invoke, bury: Callable[[Json], object]) -> None:
        self._queued, self._invoke, self._bury = queued, invoke, bury

    def __repr__(self) -> str:
        return f"Poller({self._queued})"

    def next_time(self) -> float | None:
        """Return when a message can be received next, in seconds since 1970, or None."""
        return self._queued.next_time(QUEUE_URL)

    def run_next(self) -> bool:
        """Deliver the next message. Returns whether it is over, and won't be redelivered."""
        message = self._queued.receive(QUEUE_URL, HIDDEN)
        if not message:
            return True
        result, _ = self._invoke(queue_event(message), f"{uuid.uuid4()}")
        if result != {"batchItemFailures": []}:
            if message["received"] < MOST_RECEIVES:
                return False
            self._bury(message)
        self._queued.delete(message["id"])
        return True


class Scheduler:
    """Invokes the function with each schedule when it is due, and retries as Lambda does.

    `pauses` are the seconds before each retry. `give_up` is called with an event that failed in all
    tries, the id of its invocation, and the error.
    """

    def __init__(
        self,
        schedules: Schedules,
        invoke: Invoke,
        give_up: Callable[[Json, str, str], object] = lambda event, request_id, error: None,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self._schedules, self._invoke, self._pauses = schedules, invoke, pauses
        self._give_up = give_up

    def __repr__(self) -> str:
        return f"Scheduler({self._schedules})"

    def next_time(self) -> float | None:
        """Return when something is due next, in seconds since 1970, or None."""
        return next((each["at"] for each in in_order(self._schedules.items).values()), None)

    def run_next(self) -> bool:
        """Deliver the next event. Returns whether it is over, and won't be redelivered."""
        return self.run(next(iter(in_order(self._schedules.items)), ""))

    def run(self, name: str) -> bool:
        """Deliver a schedule, if it is still there."""
        with self._schedules.changing() as items:
            schedule = take(items, name, self._schedules.now())
        if not schedule:
            return True
        event, request_id = schedule["event"], schedule.get("id") or f"{uuid.uuid4()}"
        _, error = self._invoke(event, request_id)
        if not error:
            return True
        tries = schedule.get("tries", 0)
        if tries < len(self._pauses):
            at = self._schedules.now() + self._pauses[tries]
            again = {"at": at, "event": copy.deepcopy(event), "id": request_id, "tries": tries + 1}
            with self._schedules.changing() as items:
                items[AGAIN + request_id] = again
            return False
        self._give_up(event, request_id, error)
        return True


def take(schedules: Json, name: str, now: float) -> Json | None:
    """Return a schedule, None if it is gone, with the "event" as Scheduler delivers it now.

    The schedule is deleted, unless it recurs. If it recurs, missed times are left out.
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
    """Return the event with which Lambda delivers a message of the queue."""
    record = {"messageId": message["id"], "receiptHandle": message["id"], "body": message["body"]}
    record["attributes"] = {"ApproximateReceiveCount": str(message["received"])}
    account, name = QUEUE_URL.split("/")[-2:]
    return {"Records": [{**record, "eventSourceARN": f"arn:aws:sqs:local:{account}:{name}"}]}
