"""The log of a function of the emulated AWS in CloudWatch, by invocation."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from telegram_bot_aws.local.container import INVOCATION, Invocation

LATE_MILLISECONDS = 2000  # how late a line may reach the log


class FunctionLog:
    """The log of a function. Each invocation is returned once.

    The emulator writes the lines of each invocation to a separate stream, before it answers the
    request. `logs` is botocore's client. `tell` is called with each
    invocation.
    """

    def __init__(
        self,
        logs: Any,
        group: str,
        tell: Callable[[Invocation], None] = lambda invocation: None,
    ) -> None:
        self._logs = logs
        self._group = group
        self._tell = tell
        self._seen: set[str] = set()  # the streams that were read
        self._since = 0  # milliseconds: the time of the latest line
        self._unclaimed: list[Invocation] = []

    def take(self, is_wanted: Callable[[Invocation], bool]) -> list[Invocation]:
        """Return the wanted invocations among those that nobody has taken, in order."""
        self._unclaimed += self.new()
        found = [each for each in self._unclaimed if is_wanted(each)]
        self._unclaimed = [each for each in self._unclaimed if not is_wanted(each)]
        return found

    def new(self) -> list[Invocation]:
        """Return the invocations that ended since the last call, in order."""
        since = max(0, self._since - LATE_MILLISECONDS)
        try:
            found = self._logs.filter_log_events(logGroupName=self._group, startTime=since)
        except self._logs.exceptions.ResourceNotFoundException:  # it is destroyed
            return []
        events = found.get("events", [])
        streams: dict[str, list[str]] = {}
        for event in events:
            if event["logStreamName"] not in self._seen:
                streams.setdefault(event["logStreamName"], []).append(event["message"])
            self._since = max(self._since, event["timestamp"])
        self._seen |= {event["logStreamName"] for event in events}
        invocations = [*filter(None, map(invocation, streams.values()))]
        for each in invocations:
            self._tell(each)
        return invocations


def has_come(invocation: Invocation) -> bool:
    """Tell whether the queue or another service of AWS made an invocation."""
    return invocation.is_from_queue or is_event(invocation)


def is_event(invocation: Invocation) -> bool:
    """Tell whether a service made an invocation, and the bot got to know (unlike of a warm-up)."""
    came = invocation.event is not None and not invocation.is_from_queue
    return came and bool(invocation.error or invocation.outcome)


def invocation(lines: list[str]) -> Invocation | None:
    """Return the invocation that wrote these lines."""
    for text in lines:
        with contextlib.suppress(ValueError):
            line = json.loads(text)
            if isinstance(line, dict) and line.get("message") == INVOCATION and "of" in line:
                return Invocation(**line["of"])
    return None
