"""Calls at times of your choice, such as reminders, by EventBridge Scheduler.

    from datetime import UTC, datetime, timedelta
    from botkit import later

    call = {"method": "sendMessage", "chat_id": 42, "text": "Tea"}
    later.send(call, datetime.now(UTC) + timedelta(minutes=20), "42.tea")
    later.cancel("42.tea")

    later.every(call, "0 16 ? * MON-FRI *", "Europe/Berlin", "42.tea")
    later.cancel_every("42.tea")

The module's input `later` must be true.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime  # http.client loads it anyway

from . import aws
from .aws import to_json
from .errors import BadSchedule, Misconfigured, Unreachable
from .settings import settings
from .types import Any, Call, Json

# Scheduler also takes names of dots alone, which a path can't have.
NAME = r"(?=.*[^.])[0-9A-Za-z._-]{1,64}"
# The names of a call's retries, which no other call may have: one may wait while the other, which
# has just been made, isn't deleted yet.
RETRIES = ("1", "2")
OF_EVERY = "every:"  # stands before the name of a call that recurs: no call of `send` has this name
OF_RETRIES = rf"retry\.[0-9a-f]{{40}}\.[{''.join(RETRIES)}]"
LARGEST = 255 * 1024  # bytes of a call in JSON: Lambda's 256 KB, less what a retry adds
SOONEST = 5  # seconds from now: the time must not have passed when the request arrives

# The values that the fields of a cron expression may have, and their other forms.
FIELDS = {
    "minutes": (r"[0-5]?\d", ""),
    "hours": (r"([01]?\d|2[0-3])", ""),
    "days of the month": (r"(0?[1-9]|[12]\d|3[01])", r"\?|LW?|\d\d?W"),
    "months": ("(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)", ""),
    "days of the week": (
        "([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)",
        r"\?|L|[1-7]L|([1-7]|[A-Z]{3})#[1-5]",
    ),
    "years": (r"(19[7-9]|20\d|21\d)\d", ""),
}
ZONE = "[0-9A-Za-z_+/-]{1,50}"
TIME = "<aws.scheduler.scheduled-time>"  # for which Scheduler fills in the time that is due


def send(call: Call, at: datetime, name: str) -> bool:
    """Schedule a call for a time. It is made then, or within the minute that follows.

    If the time has passed, the call is made as soon as possible. Returns False if a call of this
    name waits already: then nothing changes, so the same request may come twice. Raises BadSchedule
    for a call that can't be scheduled, and Unreachable if Scheduler can't be used.
    """
    _call_input(call)
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise BadSchedule("the time must be a datetime with a zone, such as datetime.now(UTC)")
    return schedule(call, at.timestamp(), name)


def cancel(name: str) -> bool:
    """Drop the call of this name, and its retry. Returns whether one of them still waited.

    Raises BadSchedule for an impossible name, and Unreachable if Scheduler can't be used.
    """
    _check_name(name)
    waited = [_cancel(each, settings.later_group) for each in (name, *_retries(name))]
    return any(waited)


def every(call: Call, cron: str, zone: str, name: str) -> bool:
    """Schedule a call that recurs, at the times of a cron expression in a time zone.

    The expression has six fields: minutes, hours, days of the month, months, days of the week and
    years. One of the two for days is "?". "0 9 ? * MON-FRI *" is 9:00 on working days. Times that
    the zone's clocks skip are skipped; those that they show twice are meant once.

    Replaces the call of this name that recurs, if there is one, and returns False then. These names
    are others than those of `send`. If Telegram refuses the call since the bot was blocked or
    removed (403), it doesn't recur any more. Raises BadSchedule for a call that can't be
    scheduled, and Unreachable if Scheduler can't be used.
    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
    """
    content = _call_input(call)
    _check_cron(cron)
    if not isinstance(zone, str) or not re.fullmatch(ZONE, zone):
        raise BadSchedule('the zone must be a name of the IANA database, such as "Europe/Berlin"')
    _check_name(name)
    return _recur(content, cron, zone, name)


def cancel_every(name: str) -> bool:
    """Let the call of this name recur no more, and drop up to two retries.

    Returns whether it recurred. Raises the exceptions of `cancel`.
    """
    _check_name(name)
    recurred = _cancel(name, f"{settings.later_group}-every")
    for each in _retries(f"{OF_EVERY}{name}"):
        _cancel(each, settings.later_group)
    return recurred


def schedule(event: Any, seconds: float, name: str) -> bool:
    """Schedule an event, with which the function is invoked once, in seconds since 1970.

    If the time has passed, that is as soon as possible. Returns False if an event of this name
    waits already: then nothing changes.
    Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    """
    _check_name(name)
    return _schedule(_with_name(event, seconds, name), seconds, name)


def retry(event: Json, seconds: float, id: str) -> None:
    """Schedule an event for the calls that remain: `id` is that of the invocation that failed.

    If Lambda repeats that invocation, the event is scheduled only once. `cancel` finds it by the
    name in the event, unless that had to make room for other calls of the same name.
    """
    if "name" in event["later"]:
        event = {**event, "later": {**event["later"], "id": id}}
        for name in _retries(event["later"]["name"]):
            if _schedule(event, seconds, name) or _is_retry_of(name, id):
                return
    _schedule(event, seconds, f"retry.{id}")


def _retries(name: str) -> Iterator[str]:
    from hashlib import sha256  # aws has loaded it

    digest = sha256(name.encode()).hexdigest()[:40]
    return (f"retry.{digest}.{number}" for number in RETRIES)


def _is_retry_of(name: str, id: str) -> bool:
    """Tell whether the retry of this name was scheduled by this invocation."""
    try:
        found = aws.request(
            "scheduler", "GET", f"/schedules/{name}", query={"groupName": settings.later_group}
        )
        return bool(json.loads(found["Target"]["Input"])["later"]["id"] == id)
    except aws.ClientError:  # it has run, and is deleted
        return False


def _with_name(event: Any, seconds: float, name: str) -> Any:
    """Return an event of calls with its name, for its retries."""
    calls = event if isinstance(event, list) else [event]
    if not calls or not all(isinstance(call, dict) and "method" in call for call in calls):
        return event
    return {"later": {"since": int(seconds), "tries": 0, "name": name}, "calls": calls}


def _schedule(event: Any, seconds: float, name: str) -> bool:
    at = max(seconds, time.time() + SOONEST)
    expression = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(at))
    body = _body(settings.later_group, expression, _input(event), ActionAfterCompletion="DELETE")
    try:
        return _request("POST", name, "ConflictException", body=body)
    except BadSchedule:
        if time.time() < at:
            raise
    return _schedule(event, seconds, name)  # the time has passed while the request was on its way


def _recur(content: str, cron: str, zone: str, name: str) -> bool:
    content = f'{{"every":{{"name":"{name}","at":"{TIME}"}},"calls":[{content}]}}'
    group = f"{settings.later_group}-every"
    body = _body(group, f"cron({cron})", content, ScheduleExpressionTimezone=zone)
    is_new = _request("POST", name, "ConflictException", body=body)
    if not is_new and not _request("PUT", name, "ResourceNotFoundException", body=body):
        raise Unreachable("a call that recurs was cancelled while it was replaced")
    return is_new


def _call_input(call: Call) -> str:
    """Return a call as `_input` does. Raises BadSchedule if it can't be made later."""
    method = call.get("method") if isinstance(call, dict) else None
    if not isinstance(method, str) or not (method.isascii() and method.isalnum()):
        raise BadSchedule('a call must be a dict with a "method", such as "sendMessage"')
    try:
        content = _input(call)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadSchedule(
            f"a call that is made later must be JSON, with file_id or URL for a file: {error}"
        ) from None
    size = len(content.encode())
    if size > LARGEST:
        raise BadSchedule(f"a call that is made later has up to {LARGEST:,} bytes, not {size:,}")
    return content


def _input(event: Any) -> str:
    """Return an event in JSON, in which Scheduler finds nothing to replace.

    It would fill in "<aws.scheduler.schedule-arn>", for example, which names the account.
    """
    return to_json(event).replace("<", "\\u003c")


def _body(group: str, expression: str, content: str, **more: str) -> Json:
    """Return the body of a request for a schedule that invokes this function with JSON."""
    # The role is in the function's account.
    _, partition, _, _, account, _ = settings.later_role.split(":")
    place = f"{settings.aws_region}:{account}"
    if settings.later_key:
        more["KmsKeyArn"] = settings.later_key
    return {
        **more,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "GroupName": group,
        "ScheduleExpression": expression,
        "Target": {
            "Arn": f"arn:{partition}:lambda:{place}:function:{settings.function_name}:live",
            "Input": content,
            "RoleArn": settings.later_role,
        },
    }


def _check_cron(cron: str) -> None:
    """Raise BadSchedule for a cron expression that Scheduler wouldn't take. It quotes nothing.

    Scheduler itself checks whether a range or a list makes sense.
    """
    fields = cron.split(" ") if isinstance(cron, str) else []
    if len(fields) != len(FIELDS) or (fields[2] == "?") == (fields[4] == "?"):
        raise BadSchedule(
            'a cron expression must have six fields, such as "0 9 ? * MON-FRI *": '
            f"{', '.join(FIELDS)}; one of the two for days must be ?"
        )
    named = zip(fields, FIELDS.items(), strict=True)  # pragma: no mutate: compared above
    for field, (name, (value, other)) in named:
        part = rf"(\*|{value}(-{value})?)(/[1-9]\d{{0,3}})?"
        if not re.fullmatch(rf"{part}(,{part})*|{other or part}", field, re.ASCII):
            raise BadSchedule(
                f"the {name} of a cron expression must be what Scheduler takes, such as 9, 9-17, "
                "1,15 or */5, and MON-FRI or 2#1 for days of the week"
            )


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if a bot that imports this can't schedule anything."""
    if not settings.later_group:
        raise Misconfigured("bot.py uses botkit.later: set later = true")


def _check_name(name: str) -> None:
    """Raise BadSchedule for an impossible name, and Misconfigured without the input `later`."""
    if not settings.later_group:
        raise Misconfigured("there is nothing to schedule with: set later = true")
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise BadSchedule(
            "the name of a call must have 1 to 64 letters of ASCII, digits, dots, hyphens or "
            "underscores, and not dots alone"
        )
    if re.fullmatch(OF_RETRIES, name):
        raise BadSchedule("this name is for retries of botkit: choose another one")


def _cancel(name: str, group: str) -> bool:
    query = {"groupName": group}
    return _request("DELETE", name, "ResourceNotFoundException", query=query)


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
                raise BadSchedule(
                    f"Scheduler refuses the call, its time or its zone: {error.code}"
                ) from None
            # The role may be so new that Scheduler doesn't know it yet.
            reason = f"{error.code} about the role {settings.later_role}"
        raise Misconfigured(f"Scheduler can't be used: {reason}") from None
    return True
