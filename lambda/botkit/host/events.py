"""Events from other services. Each is a call, a list of calls, or answered by on_event()."""

from __future__ import annotations

import time

from ..errors import loggable
from ..types import Any
from . import author
from .calls import checked, make_calls
from .outcome import Outcome, failed


class EventFailed(Exception):
    """A retry may succeed. Lambda retries the events that it delivers asynchronously."""


def receive(event: Any) -> None:
    """Make the calls in an event, or those that on_event() in bot.py returns for it.

    Raises EventFailed if a retry may succeed and no call was carried out.
    """
    started = time.monotonic()
    todo: Any = event if isinstance(event, list) else [event]
    try:
        if todo and all(isinstance(call, dict) and "method" in call for call in todo):
            todo = checked(todo, "the event")
        elif hasattr(author.module(), "on_event"):
            todo = author.ask_for_calls("on_event", event)
        else:
            todo = None
    except BaseException as error:
        outcome = failed(error)
    else:
        if todo is None:
            raise EventFailed(f"bot.py has no on_event() for {described(event)}")
        outcome = make_calls(todo) if todo else Outcome("ignored")
    outcome.log("event", started, source=source_of(event))
    if outcome.status != 200 or outcome.name == "bot_failed":
        raise EventFailed(f"{outcome.name}: {outcome.error or outcome.refusal}")


def described(event: Any) -> str:
    """Describe an event by its type and keys."""
    keys = ", ".join(map(str, event)) if isinstance(event, dict) else ""
    return loggable(f"{type(event).__name__} ({keys})")


def source_of(event: Any) -> str | None:
    """Return the service that sent an event, such as "aws.s3" or "aws:sns", if it says so."""
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else event
    if not isinstance(first, dict):
        return None
    names = (first.get(key) for key in ("source", "eventSource", "EventSource"))
    return next((loggable(name) for name in names if isinstance(name, str)), None)
