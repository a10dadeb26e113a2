"""Events from other services. Each is a call, a list of calls, or answered by on_event().

With the input `later`, the calls that remain are scheduled again if they may succeed later, for a
day:

    {"later": {"since": 1767225600, "tries": 1}, "calls": [{"method": "sendMessage", …}]}
"""

from __future__ import annotations

import logging
import random  # urllib loads it anyway
import time

from ..deadline import deadline
from ..errors import BadSchedule, Unreachable, encodable
from ..host import bot_module
from ..host.calls import checked, make_calls
from ..host.outcome import Outcome, outcome_of
from ..invocation.journal import journal
from ..invocation.settings import settings
from ..types import Any

logger = logging.getLogger("botkit")

LONGEST_PAUSE = 900  # seconds between two tries, without what is added at random
LONGEST_TRIES = 24 * 3600  # seconds from the first try
SCHEDULE_SECONDS = 3.0  # before the deadline: for Scheduler, if Telegram is silent


class EventFailed(Exception):
    """A retry may succeed. Lambda retries the events that it delivers asynchronously."""


def receive(event: Any, request_id: str) -> None:
    """Answer an event, and log the outcome. Raises EventFailed if Lambda should try it again."""
    started = time.monotonic()
    answer_event = answer
    if settings.failed_queue_url:
        from .failures import answer_event
    source = source_of(event)
    outcome, again = answer_event(event, request_id)
    outcome.log("event", started, source=source)
    if again:
        raise EventFailed(f"{outcome.name}: {outcome.error or outcome.refusal}")


def answer(event: Any, request_id: str) -> tuple[Outcome, bool]:
    """Make the calls in an event, or those that on_event() in bot.py returns for it.

    Returns the outcome, and whether a retry may succeed and repeats nothing that people see, and
    no call is scheduled again. Raises EventFailed if nobody answers the event.
    """
    since, tries = int(time.time()), 0
    match event:
        case {"later": {"since": int(since), "tries": int(tries)}, "calls": list(event)}:
            journal.is_repeat |= tries > 0
    todo: Any = event if isinstance(event, list) else [event]
    calls = None  # those in the event
    try:
        if todo and all(isinstance(call, dict) and "method" in call for call in todo):
            todo = calls = checked(todo, "the event")
        elif hasattr(bot_module.load(), "on_event"):
            todo = bot_module.ask_for_calls("on_event", event)
        else:
            todo = None
    except BaseException as error:
        outcome = outcome_of(error)
    else:
        if todo is None:
            raise EventFailed(f"bot.py has no on_event() for {described(event)}")
        with deadline.sparing(SCHEDULE_SECONDS if calls and settings.later_group else 0):
            outcome = make_calls(todo) if todo else Outcome("ignored")
        if outcome.status != 200:
            outcome.remaining = todo[outcome.done :]
    is_scheduled = False
    if calls and outcome.status != 200 and settings.later_group:
        is_scheduled = schedule_again(outcome, since, tries, request_id)
    if not is_scheduled:
        outcome.give_up_if_seen()
    has_failed = outcome.name == "bot_failed" and not journal.is_seen
    return outcome, (outcome.status != 200 and not is_scheduled) or has_failed


def schedule_again(outcome: Outcome, since: int, tries: int, request_id: str) -> bool:
    """Schedule the remaining calls of an outcome again, or give them up after a day.

    Returns whether they are scheduled. The outcome gets the pause, or becomes "lost".
    """
    from .. import later

    # Up to half as long again at random, or what was due at the same time would stay together.
    pause = round(min(60 * 2**tries, LONGEST_PAUSE) * random.uniform(1, 1.5))
    pause = max(pause, outcome.retry_after or pause)
    now = time.time()
    if now + pause > since + LONGEST_TRIES:
        outcome.name = "lost"
        return False
    event = {"later": {"since": since, "tries": tries + 1}, "calls": outcome.remaining}
    try:
        # If Lambda delivers the event again, the id is the same.
        later.schedule(event, now + pause, f"retry.{request_id}")
    except (BadSchedule, Unreachable) as error:
        logger.warning("the calls were not scheduled again", extra={"error": str(error)})
        return False
    outcome.retry_after = pause
    return True


def described(event: Any) -> str:
    """Describe an event by its type and keys."""
    keys = ", ".join(map(str, event)) if isinstance(event, dict) else ""
    return encodable(f"{type(event).__name__} ({keys})")


def source_of(event: Any) -> str | None:
    """Return the service that sent an event, such as "aws.s3" or "aws:sns", if it says so."""
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else event
    if not isinstance(first, dict):
        return None
    names = (first.get(key) for key in ("source", "eventSource", "EventSource"))
    return next((encodable(name) for name in names if isinstance(name, str)), None)
