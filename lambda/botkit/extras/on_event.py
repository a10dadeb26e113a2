"""Events from other services. Each is a call, a list of calls, or answered by on_event().

With the input `later`, the calls that remain are scheduled again if they may succeed later, for a
day:

    {"later": {"since": 1767225600, "tries": 1}, "calls": [{"method": "sendMessage", …}]}

A call that recurs, by `later.every`, comes with the time that is due, since Scheduler and Lambda
may deliver an event twice:

    {"every": {"name": "42.tea", "at": "2026-01-01T16:00:00Z"}, "calls": [{…}]}
"""

from __future__ import annotations

import logging
import random  # urllib loads it anyway
import time
from collections.abc import Callable

from ..deadline import deadline
from ..errors import BadSchedule, Failure, Unreachable, encodable
from ..host import bot_module
from ..host.calls import checked, make_calls
from ..host.outcome import Outcome, outcome_of
from ..invocation.journal import journal
from ..invocation.settings import settings
from ..types import Any, Json

logger = logging.getLogger("botkit")

LONGEST_PAUSE = 900  # seconds between two tries, without what is added at random
LONGEST_TRIES = 24 * 3600  # seconds from the first try
SCHEDULE_SECONDS = 3.0  # before the deadline: for Scheduler, if Telegram is silent
MOST_TIMES = 10  # of a call that recurs, which are kept
TIMES_DAYS = 2  # for which they are kept: Scheduler tries for one
OVER = "over"
REMEMBERED = 256  # calls that recur, whose times a container remembers

# Without a table: the last times of calls that recur, by name, and then as in `take`.
recent: dict[str, Json] = {}


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
    due, nothing = None, "ignored"
    todo: Any = event if isinstance(event, list) else [event]
    match event:
        case {"later": {"since": int(since), "tries": int(tries)}, "calls": list(todo)}:
            journal.is_repeat |= tries > 0
        case {"every": {"name": str(name), "at": str(at)}, "calls": list(todo)}:
            due = DueTime(name, at, request_id)
    calls = None  # those in the event
    try:
        if todo and all(isinstance(call, dict) and "method" in call for call in todo):
            todo = calls = checked(todo, "the event")
            if due and not due.take():
                todo, due, nothing = [], None, "repeated"
        elif hasattr(bot_module.load(), "on_event"):
            todo = bot_module.ask_for_calls("on_event", event)
        else:
            todo = None
    except BaseException as error:
        outcome = outcome_of(error)
        outcome.remaining = calls or []
    else:
        if todo is None:
            raise EventFailed(f"bot.py has no on_event() for {described(event)}")
        with deadline.sparing(SCHEDULE_SECONDS if calls and settings.later_group else 0):
            outcome = make_calls(todo) if todo else Outcome(nothing)
    is_scheduled = False
    if calls and outcome.status != 200 and settings.later_group:
        is_scheduled = schedule_again(outcome, since, tries, request_id)
    if not is_scheduled:
        outcome.give_up_if_seen()
    if due and (outcome.status == 200 or is_scheduled):
        due.end(outcome)
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


class DueTime:
    """A time of a call that recurs. One invocation takes it, and Lambda may repeat that one.

    `times` has who took the last times, by an invocation's id, or OVER. It is in the table of
    sessions, if there is one, and else only in the container.
    """

    def __init__(self, name: str, at: str, request_id: str) -> None:
        self._name, self._at, self._id = name, at, request_id

    def take(self) -> bool:
        """Tell whether no other invocation took it, and this one didn't end it. Raises Failure.

        A replay takes what another one has not ended: Lambda gave that one up.
        """

        def take(times: Json) -> bool:
            taken = times.setdefault(self._at, self._id)
            if taken != self._id and (taken == OVER or not journal.is_repeat):
                return False
            for at in sorted(times)[:-MOST_TIMES]:
                del times[at]
            return True

        return bool(self._change(take))

    def end(self, outcome: Outcome) -> None:
        """Have nobody take it again, and no other come if Telegram doesn't let the bot write."""
        from .. import later

        try:
            self._change(lambda times: times.update({self._at: OVER}))
            if outcome.code == 403 and later.cancel_every(self._name):
                logger.warning("a call that Telegram refuses recurs no more")
        except Failure as error:
            logger.warning("a call that recurs was not noted", extra={"error": str(error)})

    def _change(self, function: Callable[[Json], Any]) -> Any:
        if settings.session_table:
            from .. import session

            return session.change(f"every:{self._name}", function, days=TIMES_DAYS)
        times = recent.setdefault(self._name, {})
        if len(recent) > REMEMBERED:
            del recent[next(iter(recent))]
        return function(times)


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
