"""Who invokes the function: Telegram's webhook, SQS and Scheduler, in this process.

The function's own sources and steps decide what becomes of an update or event. A host only delivers
it, and again if they say so.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from .. import failed, ways
from ..current import Run
from ..deadline import deadline
from ..errors import FailedForGood, Misconfigured, StartFailed
from ..outcome import Outcome
from ..settings import settings
from ..sources import event as events
from ..sources import queue, webhook
from .services import Queue, Schedules, in_order, queue_event, take

Json = dict[str, Any]

MOST_TRIES = 100  # of an update whose calls fail for now
EVENT_TRIES = 3  # Lambda's own, of an event
LATER = 0.01  # seconds that a pause takes too long


class Clock:
    """The module `time` for modules of botkit: `now` is the time, and a pause is over at once."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._paused = 0.0

    def time(self) -> float:
        """Return the seconds since 1970."""
        return self._now() + self._paused

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._paused += seconds + LATER

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class Host:
    """Invokes the function with updates, and with what is due, for so many seconds each.

    `wait` lets seconds pass, for which Telegram or SQS waits before it delivers an update again.
    What the bot raises is raised here, unless the update or event is delivered again.
    """

    def __init__(
        self,
        queued: Queue,
        schedules: Schedules,
        seconds: float,
        wait: Callable[[float], object] = lambda seconds: None,
    ) -> None:
        self._seconds, self._wait = seconds, wait
        self._queued, self._schedules = queued, schedules
        self._outcome = Outcome("ignored")  # of the last run
        self._raised: list[BaseException] = []  # in the last invocation

    def deliver(self, updates: list[Json]) -> None:
        """Deliver updates that came at once, in order, each until it is answered."""
        for update in updates:
            self._until_done("Telegram", partial(self._is_accepted, update))
        while messages := self._queued.items:
            message = next(iter(messages.values()))
            self._until_done("the queue", partial(self._is_deleted, message))
            del messages[message["id"]]

    def next_time(self) -> float | None:
        """Return when something is due next, in seconds since 1970, or None."""
        return next((each["at"] for each in in_order(self._schedules.items).values()), None)

    def run_next(self) -> None:
        """Deliver what is due next, again while Lambda would."""
        name = next(iter(in_order(self._schedules.items)))
        schedule: Any = take(self._schedules.items, name, self._schedules.now())
        event, request_id = schedule["event"], f"{uuid.uuid4()}"
        for _ in range(EVENT_TRIES):
            try:
                self._invoke(partial(events.receive, event, request_id, self._take))
                return
            except events.EventFailed as error:
                last = error
        raise (self._raised or [last])[0]

    def _until_done(self, who: str, deliver: Callable[[], bool]) -> None:
        for _ in range(MOST_TRIES):
            if self._invoke(deliver):
                return
            if pause := self._outcome.retry_after:
                self._wait(pause)
        again = "delivers this update again and again"
        raise AssertionError(f"{who} {again}: {self._outcome.name}")

    def _is_accepted(self, update: Json) -> bool:
        """Deliver an update by the webhook. Returns whether Telegram then drops it."""
        headers = {webhook.SECRET_HEADER: settings.webhook_secret}
        response = webhook.receive({"headers": headers, "body": json.dumps(update)}, self._take)
        return bool(response["statusCode"] == 200)

    def _is_deleted(self, message: Json) -> bool:
        """Deliver a message of the queue. Returns whether SQS then deletes it."""
        message["received"] += 1
        return not queue.receive(queue_event(message), self._take)["batchItemFailures"]

    def _invoke(self, deliver: Callable[[], Any]) -> Any:
        """Invoke the function and return its result. False: it is invoked again.

        Raises what the bot raised, unless another invocation may succeed.
        """
        deadline.start(self._seconds)
        self._raised = []
        result = deliver()
        for error in self._raised[:1]:
            if result is not False or isinstance(error, Misconfigured):
                raise error.error if isinstance(error, (FailedForGood, StartFailed)) else error
        return result

    def _take(self, run: Run, way: str) -> Outcome:
        self._outcome = ways.take(run, way, self._outcome_of)
        return self._outcome

    def _outcome_of(self, error: BaseException) -> Outcome:
        self._raised.append(error)
        return failed.outcome_of(error)
