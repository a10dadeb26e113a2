"""Calls and events at times of your choice, such as reminders, by EventBridge Scheduler.

    from datetime import UTC, datetime, timedelta
    from botkit import later

    call = {"method": "sendMessage", "chat_id": 42, "text": "Tea"}
    later.send(call, datetime.now(UTC) + timedelta(minutes=20), "42.tea")
    later.cancel("42.tea")

    later.every(call, "0 16 ? * MON-FRI *", "Europe/Berlin", "42.tea")
    later.cancel_every("42.tea")

If the text is known only then, schedule an event of your own, for on_event() in bot.py:

    later.every({"debts of": 42}, "0 18 ? * FRI *", "Europe/Berlin", "42.debts")

The module's input `later` must be true.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime  # http.client loads it anyway

from . import aws
from .aws import to_json
from .errors import JSON_VALUES, BadSchedule, Misconfigured, Unreachable
from .settings import settings
from .types import Any, Call, Json

# Scheduler also accepts names of only dots, which don't work in a path.
NAME = r"(?=.*[^.])[0-9A-Za-z._-]{1,64}"
# A call's retries alternate between two names, which no other call may have: one retry can wait
# while the one before it, which has just run, isn't deleted yet.
RETRIES = ("1", "2")
OF_EVERY = "every:"  # before the name of a call that recurs: no name of `send` has a colon
OF_RETRIES = rf"retry\.[0-9a-f]{{40}}\.[{''.join(RETRIES)}]"
LARGEST = 255 * 1024  # bytes of calls or an event in JSON: Lambda's 256 KB, less what a retry adds
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
TIME = "<aws.scheduler.scheduled-time>"  # Scheduler replaces it by the time that is due


def send(what: Call | Sequence[Call] | Json, at: datetime, name: str) -> bool:
    """Schedule a call, a list of calls, or an event. It may be up to a minute late.

    An event is any other dict: on_event() in bot.py gets it then, and returns the calls. If that
    fails, it is retried for up to a day. Once people have seen a call, only the remaining calls are
    retried.

    A time that has passed means as soon as possible. Returns False, and changes nothing, if a call
    of this name already waits: so the same request may come twice. Raises BadSchedule for a call or
    an event that can't be scheduled, and Unreachable if Scheduler can't be used.
    """
    content = _content(what)
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise BadSchedule("the time must be a datetime with a time zone, such as datetime.now(UTC)")
    _check_name(name)
    seconds = at.timestamp()
    return _schedule(_first_try(content, seconds, name), seconds, name)


def cancel(name: str) -> bool:
    """Cancel the call or event of this name, and its retry. Returns whether one of them waited.

    Raises BadSchedule for an impossible name, and Unreachable if Scheduler can't be used.
    """
    _check_name(name)
    waited = [_cancel(each, settings.later_group) for each in (name, *_retries(name))]
    return any(waited)


def every(what: Call | Sequence[Call] | Json, cron: str, zone: str, name: str) -> bool:
    """Schedule a call, a list of calls, or an event that recurs, by a cron expression.

    The expression has six fields: minutes, hours, days of the month, months, days of the week and
    years. One of the two for days is "?". "0 9 ? * MON-FRI *" is 9:00 on working days. `zone` is a
    time zone: times that its clocks skip are skipped, and those that they show twice count once.

    Replaces a recurring call of this name, and then returns False. The names of `send` are separate
    from these. If Telegram refuses a call because the bot was blocked or removed (403), the
    schedule is cancelled, unless calls of that time go to other chats. Two containers may take the
    same time twice, unless there is a table (session_retention_in_days). Raises BadSchedule for a
    call or an event that can't be scheduled, and Unreachable if Scheduler can't be used.
    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
    """
    content = _input(_content(what))
    _check_cron(cron)
    if not isinstance(zone, str) or not re.fullmatch(ZONE, zone):
        raise BadSchedule('the zone must be a name of the IANA database, such as "Europe/Berlin"')
    _check_name(name)
    return _recur(content, cron, zone, name)


def cancel_every(name: str) -> bool:
    """Cancel the recurring call or event of this name, and up to two retries.

    Returns whether it recurred. Raises the exceptions of `cancel`.
    """
    _check_name(name)
    recurred = _cancel(name, f"{settings.later_group}-every")
    for each in _retries(f"{OF_EVERY}{name}"):
        _cancel(each, settings.later_group)
    return recurred


def schedule(event: Any, seconds: float, name: str) -> bool:
    """Schedule one invocation with any event. `seconds` is its time, in seconds since 1970.

    If on_event() fails, only Lambda retries it, twice. A time that has passed means as soon as
    possible. Returns False, and changes nothing, if an event of this name already waits.
    Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    """
    _check_name(name)
    calls = event if isinstance(event, list) else [event]
    if calls and all(isinstance(call, dict) and "method" in call for call in calls):
        event = _first_try({"calls": calls}, seconds, name)
    return _schedule(event, seconds, name)


def retry(event: Json, seconds: float, id: str) -> None:
    """Schedule the rest of an event. `id` is that of the invocation that failed.

    If Lambda repeats that invocation, the event is scheduled only once. `cancel` finds it by the
    name in the event, unless other calls of the same name have taken both names for retries.
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


def _first_try(content: Json, seconds: float, name: str) -> Json:
    """Return calls or an event in an envelope with its name, for its retries."""
    return {"later": {"since": int(seconds), "tries": 0, "name": name}, **content}


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
    content = f'{{"every":{{"name":"{name}","at":"{TIME}"}},{content[1:]}'
    group = f"{settings.later_group}-every"
    body = _body(group, f"cron({cron})", content, ScheduleExpressionTimezone=zone)
    is_new = _request("POST", name, "ConflictException", body=body)
    if not is_new and not _request("PUT", name, "ResourceNotFoundException", body=body):
        raise Unreachable("the recurring call was cancelled while it was being replaced")
    return is_new


def _content(what: Any) -> Json:
    """Return the content of an envelope: calls or an event. Raises BadSchedule."""
    text = _input(what)
    size = len(text.encode())
    if size > LARGEST:
        raise BadSchedule(f"a call or event must have at most {LARGEST:,} bytes, not {size:,}")
    if isinstance(what, dict) and "method" not in what:
        if json.loads(text) != what:
            raise BadSchedule(f"an event must contain only {JSON_VALUES}")
        bot = sys.modules.get("bot")
        if bot and not hasattr(bot, "on_event"):
            raise BadSchedule(
                "an event needs on_event() in bot.py, which has none. A call must have a "
                '"method", such as "sendMessage"'
            )
        return {"event": what}
    calls = what if isinstance(what, list) else [what]
    for call in calls or [None]:
        method = call.get("method") if isinstance(call, dict) else None
        if not isinstance(method, str) or not (method.isascii() and method.isalnum()):
            raise BadSchedule('a call must be a dict with a "method", such as "sendMessage"')
    return {"calls": calls}


def _input(event: Any) -> str:
    """Return an event in JSON, without anything that Scheduler would replace.

    For example, it would replace "<aws.scheduler.schedule-arn>" by an ARN with the account's id.
    Raises BadSchedule if JSON can't hold the event.
    """
    try:
        return to_json(event).replace("<", "\\u003c")
    except (TypeError, ValueError, RecursionError) as error:
        raise BadSchedule(
            f"a call or event must be JSON, with the file_id or URL of each file: {error}"
        ) from None


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
    """Raise BadSchedule for a cron expression that Scheduler would refuse, without quoting it.

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
                f"the {name} of a cron expression must have a form that Scheduler knows: 9, 9-17, "
                "1,15 or */5, and for days of the week also MON-FRI or 2#1"
            )


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if a bot that imports this can't schedule anything."""
    if not settings.later_group:
        raise Misconfigured("bot.py uses botkit.later: set later = true")


def _check_name(name: str) -> None:
    """Raise BadSchedule for an impossible name, and Misconfigured without the input `later`."""
    if not settings.later_group:
        raise Misconfigured("bot.py schedules calls: set later = true")
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise BadSchedule(
            "the name of a call must have 1 to 64 ASCII letters, digits, dots, hyphens or "
            "underscores, and not only dots"
        )
    if re.fullmatch(OF_RETRIES, name):
        raise BadSchedule("this name is reserved for botkit's retries: choose another one")


def _cancel(name: str, group: str) -> bool:
    query = {"groupName": group}
    return _request("DELETE", name, "ResourceNotFoundException", query=query)


def _request(method: str, name: str, expected: str, **content: Any) -> bool:
    """Make a request for a schedule. Returns False if it is refused with the expected code."""
    try:
        aws.request("scheduler", method, f"/schedules/{name}", **content)
    except aws.ClientError as error:
        reason = str(error)
        # The schedule is about to run, or its group is changing.
        if error.code == "ConflictException" and "already exists" not in reason:
            raise Unreachable(reason) from None
        if error.code == expected:
            return False
        if error.code == "ValidationException":  # its text may quote the call
            if "role" not in reason:
                raise BadSchedule(
                    "Scheduler refuses the call, its time or its zone (a zone has a name such as "
                    f"Europe/Berlin): {error.code}"
                ) from None
            # The role may be so new that Scheduler doesn't know it yet.
            reason = f"{error.code} about the role {settings.later_role}"
        raise Misconfigured(f"Scheduler can't be used: {reason}") from None
    return True
