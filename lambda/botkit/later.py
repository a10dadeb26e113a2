"""Calls at a time of your choice, such as reminders, by EventBridge Scheduler.

    from datetime import UTC, datetime, timedelta
    from botkit import later

    call = {"method": "sendMessage", "chat_id": 42, "text": "Tea"}
    later.send(call, datetime.now(UTC) + timedelta(minutes=20), "42.tea")
    later.cancel("42.tea")

The module's input `later` must be true.
"""

from __future__ import annotations

import re
import time
from datetime import datetime  # http.client loads it anyway

from . import aws
from .aws import to_json
from .errors import BadSchedule, Misconfigured, Unreachable
from .invocation.settings import settings
from .types import Any, Call

# Scheduler also takes names of dots alone, which a path can't have.
NAME = r"(?=.*[^.])[0-9A-Za-z._-]{1,64}"
LARGEST = 255 * 1024  # bytes of a call in JSON: Lambda's 256 KB, less what a retry adds
SOONEST = 5  # seconds from now: the time must not have passed when the request arrives


def send(call: Call, at: datetime, name: str) -> bool:
    """Have a call made at a time, or within the minute that follows.

    If the time has passed, the call is made as soon as possible. Returns False if a call of this
    name waits already: then nothing changes, so the same request may come twice. Raises BadSchedule
    for what can't be scheduled, and Unreachable if Scheduler can't be used.
    """
    method = call.get("method") if isinstance(call, dict) else None
    if not isinstance(method, str) or not (method.isascii() and method.isalnum()):
        raise BadSchedule('a call must be a dict with a "method", such as "sendMessage"')
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise BadSchedule("the time must be a datetime with a zone, such as datetime.now(UTC)")
    try:
        size = len(_input(call).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise BadSchedule(
            f"a call that is made later must be JSON, with file_id or URL for a file: {error}"
        ) from None
    if size > LARGEST:
        raise BadSchedule(f"a call that is made later has up to {LARGEST:,} bytes, not {size:,}")
    return schedule(call, at.timestamp(), name)


def cancel(name: str) -> bool:
    """Drop the call of this name. Returns whether it still waited.

    Raises BadSchedule for an impossible name, and Unreachable if Scheduler can't be used.
    """
    _check(name)
    query = {"groupName": settings.later_group}
    return _request("DELETE", name, "ResourceNotFoundException", query=query)


def schedule(event: Any, seconds: float, name: str) -> bool:
    """Have the function invoked once with an event, at a time in seconds since 1970.

    If the time has passed, that is as soon as possible. Returns False if an event of this name
    waits already: then nothing changes.
    Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    """
    _check(name)
    # The role is in the function's account.
    _, partition, _, _, account, _ = settings.later_role.split(":")
    place = f"{settings.aws_region}:{account}"
    target = {
        "Arn": f"arn:{partition}:lambda:{place}:function:{settings.function_name}:live",
        "Input": _input(event),
        "RoleArn": settings.later_role,
    }
    at = max(seconds, time.time() + SOONEST)
    body = {
        "ActionAfterCompletion": "DELETE",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "GroupName": settings.later_group,
        "ScheduleExpression": time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(at)),
        "Target": target,
    }
    if settings.later_key:
        body["KmsKeyArn"] = settings.later_key
    try:
        return _request("POST", name, "ConflictException", body=body)
    except BadSchedule:
        if time.time() < at:
            raise
    return schedule(event, seconds, name)  # the time has passed while the request was on its way


def _input(event: Any) -> str:
    """Return an event in JSON, in which Scheduler finds nothing to replace.

    It would fill in "<aws.scheduler.schedule-arn>", for example, which names the account.
    """
    return to_json(event).replace("<", "\\u003c")


def _check(name: str) -> None:
    """Raise BadSchedule for an impossible name, and Misconfigured without the input `later`."""
    if not settings.later_group:
        raise Misconfigured("there is nothing to schedule with: set later = true")
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise BadSchedule(
            "the name of a call must have 1 to 64 letters of ASCII, digits, dots, hyphens or "
            "underscores, and not dots alone"
        )


def _request(method: str, name: str, expected: str, **content: Any) -> bool:
    """Make a request for a schedule. Returns False if it is refused with the expected code."""
    try:
        aws.request("scheduler", method, f"/schedules/{name}", **content)
    except aws.ClientError as error:
        reason = str(error)
        # A schedule that is about to run, or a group that changes.
        if error.code == "ConflictException" and "already exists" not in reason:
            raise Unreachable(reason) from None
        if error.code == expected:
            return False
        if error.code == "ValidationException":  # its text may quote the call
            if "role" not in reason:
                raise BadSchedule(f"Scheduler refuses the call or its time: {error.code}") from None
            # The role may be so new that Scheduler doesn't know it yet.
            reason = f"{error.code} about the role {settings.later_role}"
        raise Misconfigured(f"Scheduler can't be used: {reason}") from None
    return True
