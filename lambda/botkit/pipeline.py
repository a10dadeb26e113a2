"""The pipeline of an update or event: middleware, each wrapped around the next one.

A middleware is a function of a context and of `call_next`, which runs the rest of the pipeline and
returns its outcome. `call_next` never raises: an exception becomes an outcome. Those that few bots
enable are in middleware/ and sqs.py.

Why this order:

- `allowlist` comes first, so that people who aren't allowed get no answer, and cost nothing.
- `on_error` and `dead_letter` are around all others, because only there a failure is final.
- `deduplicate` is inside of them, so that an update that it gives up becomes a dead letter. It is
  outside of `rate_limit`, so that a redelivered update doesn't trigger on_rate_limit() again.
- `enqueue` comes after `rate_limit`, so that a flood stays out of the queue. Updates that must not
  wait continue to the bot.
- `deduplicate` is outside of `with_session`, which may let a redelivered update continue.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from importlib import import_module

from . import bot_module
from .calls import execute, validate
from .context import BoundedDict, Context
from .deadline import deadline
from .errors import InvalidReply, outcome_of
from .outcome import Outcome
from .settings import settings
from .types import Any

logger = logging.getLogger("botkit")

CallNext = Callable[[], Outcome]
Middleware = Callable[[Context, CallNext], Outcome]

PIPELINES = {
    "webhook": "allowlist on_error dead_letter deduplicate rate_limit enqueue with_session reply",
    # Without rate_limit: it was counted when it came in.
    "queue": "allowlist on_error dead_letter deduplicate with_session reply",
    "event": "enqueue deduplicate on_event",
    "queued event": "dead_letter deduplicate on_event",
}
# The module of each middleware that isn't always enabled, and the setting, or the name in bot.py,
# that enables it.
OPTIONAL: dict[str, tuple[str, Callable[[Any], object]]] = {
    "allowlist": ("middleware.allowlist", lambda bot: settings.allowed_ids),
    "dead_letter": ("sqs", lambda bot: settings.queue_url),
    "enqueue": ("sqs", lambda bot: settings.queue_url),
    "on_error": ("pipeline", lambda bot: hasattr(bot, "on_error")),
    "rate_limit": ("middleware.rate_limit", lambda bot: hasattr(bot, "RATE_LIMIT")),
    "with_session": ("middleware.with_session", lambda bot: hasattr(bot, "SESSION")),
}
# By pipeline, once bot.py is imported: the middleware that it and the settings enable.
enabled: dict[str, list[Middleware]] = {}
MAX_REMEMBERED = 256  # updates
# The outcomes of recent updates and events with calls, by id: Telegram may have missed our 200.
recent = BoundedDict(MAX_REMEMBERED)


def process(ctx: Context, pipeline: str) -> Outcome:
    """Run a pipeline and log the outcome: one line for each update or event."""
    ahead, started = iter(enabled_middleware(pipeline)), time.monotonic()

    def call_next() -> Outcome:
        try:
            return next(ahead)(ctx, call_next)
        except BaseException as error:
            return outcome_of(error)

    outcome = call_next()
    message = "update" if ctx.is_update else "event"
    outcome.log(message, started, ctx.calls.methods, ctx.log_fields)
    return outcome


def enabled_middleware(pipeline: str) -> list[Middleware]:
    """Return the middleware of a pipeline that the settings and the bot enable.

    After a failed import of bot.py, each update tries the import again. Until it succeeds, updates
    may still be queued.
    """
    if pipeline not in enabled:
        bot = bot_module.load_or_none()
        chain = []
        for name in PIPELINES[pipeline].split():
            module, is_enabled = OPTIONAL.get(name, ("pipeline", lambda bot: True))
            if is_enabled(bot):
                chain.append(getattr(import_module(f"botkit.{module}"), name))
        if not bot:
            return chain
        enabled[pipeline] = chain
    return enabled[pipeline]


def on_error(ctx: Context, call_next: CallNext) -> Outcome:
    """Let on_error() in bot.py tell people that the bot failed. The outcome stays.

    It isn't called again at a retry, nor if people have seen something.
    """
    ctx.save_original()
    is_first = not ctx.is_retry  # as its source knows: `deduplicate` sets it, too
    with deadline.reserve("on_error"):
        outcome = call_next()
    if outcome.name != "bot_error" or not (ctx.calls.can_redeliver and is_first):
        return outcome
    try:
        answer = execute(ctx, bot_module.get_calls("on_error", ctx.original()))
    except BaseException as error:
        answer = outcome_of(error)
    if answer.error or answer.telegram_error:
        fields = {"error": answer.error or answer.telegram_error, **(answer.log_fields or {})}
        logger.warning("on_error() failed, too", extra=fields)
    outcome = outcome.replace(body=answer.body)
    recent[ctx.id] = outcome
    return outcome


def deduplicate(ctx: Context, call_next: CallNext) -> Outcome:
    """Skip an update that is already done. A retry that would repeat a visible call is given up.

    Telegram redelivers an update if our 200 didn't reach it. And once people have seen an answer,
    the update must not be redelivered, whatever failed afterwards.
    """
    earlier = recent.get(ctx.id)
    # What failed for good is done for Telegram, but not after a redrive.
    if earlier and not earlier.redeliver and not (earlier.dead_letter and ctx.redriven_outcome):
        return Outcome("duplicate", body=earlier.body)
    ctx.is_retry |= earlier is not None
    outcome = call_next()
    if outcome.redeliver and not ctx.calls.can_redeliver:
        outcome = outcome.replace("incomplete")
    # A failure isn't remembered if people saw nothing: its redelivery may become a dead letter.
    is_done = not (ctx.calls.can_redeliver and outcome.dead_letter)
    if ctx.calls.any_succeeded and is_done:
        recent[ctx.id] = outcome.replace(calls_remaining=())  # their files would fill the memory
    return outcome


def reply(ctx: Context, _: CallNext) -> Outcome:
    """Execute the calls that reply() returns for an update."""
    return execute(ctx, bot_module.get_calls("reply", ctx.payload))


def on_event(ctx: Context, _: CallNext) -> Outcome:
    """Execute the calls in an event, or those that on_event() returns for it."""
    if ctx.given_calls is not None:
        return execute(ctx, validate(ctx.given_calls, "the event"))
    event = ctx.payload
    if not hasattr(bot_module.load(), "on_event"):
        keys = ", ".join(map(str, event)) if isinstance(event, dict) else ""
        raise InvalidReply(f"bot.py has no on_event() for {type(event).__name__} ({keys})")
    return execute(ctx, bot_module.get_calls("on_event", event))
