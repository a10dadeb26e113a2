"""The log of a function of the emulated AWS in CloudWatch, by invocation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from telegram_stand_in import Json

from telegram_bot_aws.emulated_aws.function_site.sitecustomize import EVENT, START
from telegram_bot_aws.local.container import Invocation

LATE_MILLISECONDS = 2000  # how late a line may reach the log
CODE = re.compile(r'"[^"]*/ministack-lambda-[^"/]*/code/')  # where the emulator unpacks a function


class FunctionLog:
    """The log of a function. Each invocation is returned once.

    The emulator writes the lines of each invocation to a separate stream, between START and REPORT,
    before it answers the request. `logs` is botocore's client. `tell` is called with each
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
        invocations = [invocation(lines) for lines in streams.values()]
        for each in invocations:
            self._tell(each)
        return invocations


def answers(update_id: Any, alone: bool, invocation: Invocation) -> bool:
    """Tell whether an invocation answered a delivery of an update.

    If that was `alone`, with no other under way, an invocation without an update id will do.
    """
    answered = invocation.outcome.get("update_id")
    is_it = answered == update_id and not invocation.is_from_queue
    return is_it or (alone and answered is None)


def has_come(invocation: Invocation) -> bool:
    """Tell whether the queue or another service of AWS made an invocation."""
    return invocation.is_from_queue or is_event(invocation)


def is_event(invocation: Invocation) -> bool:
    """Tell whether a service made an invocation, and the bot got to know (unlike of a warm-up)."""
    came = invocation.event is not None and not invocation.is_from_queue
    return came and bool(invocation.error or invocation.outcome)


def invocation(lines: list[str]) -> Invocation:
    """Return the invocation that wrote these lines."""
    found = Invocation(cold=False)
    output: list[str | Json] = []
    for text in lines:
        if text.startswith(("START RequestId: ", "END RequestId: ")):
            continue
        if report := re.match(r"REPORT RequestId: \S+\s+Duration: ([\d.]+) ms", text):
            found.milliseconds = float(report[1])
            continue
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            output.append(f"{text}\n")
        elif line.get("message") == START and set(line) == {"message", "milliseconds"}:
            found.cold, found.start_milliseconds = True, line["milliseconds"]
        elif line.get("message") == EVENT and set(line) == {"message", "event", "error"}:
            found.event, found.error = line["event"], line["error"]
        elif {"level", "message", "timestamp"} <= set(line):
            output.append(readable(line))
        else:
            output.append(f"{text}\n")
    found.take_output(output)
    return found


def readable(line: Json) -> Json:
    """Return a line from AWS's runtime, with its exception as a traceback."""
    frames = line.pop("stackTrace", None)
    if frames is None:
        return line
    error = f"{line.pop('errorType', '')}: {line.pop('errorMessage', '')}"
    trace = CODE.sub('"/var/task/', "".join(frames))
    return {**line, "traceback": f"Traceback (most recent call last):\n{trace}{error}"}
