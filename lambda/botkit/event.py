"""Events from other services. Each is a call, a list of calls, or answered by on_event().

It goes into the queue, if there is one. Otherwise Lambda retries it twice if it fails.
"""

from __future__ import annotations

from . import context, pipeline
from .context import Context
from .errors import encodable
from .types import Any


class EventFailed(Exception):
    """A retry may succeed. Lambda retries the events that it delivers asynchronously."""


def handle(event: Any, request_id: str) -> None:
    """Answer an event. Raises EventFailed if Lambda should try it again."""
    ctx = context.activate(Context("event", event, request_id, {"source": service_of(event)}))
    calls: Any = event if isinstance(event, list) else [event]
    if calls and all(isinstance(call, dict) and "method" in call for call in calls):
        ctx.given_calls = calls
    outcome = pipeline.process(ctx, "event")
    # Without a queue, which would make it a dead letter, Lambda retries what failed in the bot.
    if outcome.redeliver or (outcome.name == "bot_error" and ctx.calls.can_redeliver):
        raise EventFailed(f"{outcome.name}: {outcome.error or outcome.telegram_error}")


def service_of(event: Any) -> str | None:
    """Return the service that sent an event, such as "aws.s3" or "aws:sns", if it says so."""
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else event
    if not isinstance(first, dict):
        return None
    names = (first.get(key) for key in ("source", "eventSource", "EventSource"))
    return next((encodable(name) for name in names if isinstance(name, str)), None)
