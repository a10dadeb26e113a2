"""The way of an update or event: steps, each of which is around those that follow.

A way reads as a person would tell it. Is the update from somebody who may use the bot? If it fails,
people are told, and it becomes a dead letter. Was it answered before? Is it one too many? May it
wait in the queue? Then the bot answers, with its memory if it has one.

A step is a function of a run and of `go_on`, which sends the run through the steps that follow and
returns its outcome. It never raises: an exception becomes an outcome. A large step, or one that few
bots switch on, is a module in steps/.

Why this order:

- `deduplicate` stands before `limit`. Otherwise on_rate_limit() would say it twice when a
  200 is lost.
- `enqueue` stands after `limit`, so that a flood stays out of the queue. It stands where the bot
  would: what can't wait goes on to the bot.
- `on_error` stands outside of both, where the failure is final. It stands inside of `allow`, so
  that strangers hear nothing.
- `deduplicate` stands inside of `dead_letter`, so that what it gives up is kept. It stands outside
  of `session`, which may let a run continue.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from importlib import import_module

from . import bot_module
from .calls import checked, make, outcome_of
from .current import Run, kind_of
from .deadline import deadline
from .outcome import Outcome
from .settings import settings
from .types import Any

logger = logging.getLogger("botkit")

WAYS = {
    "webhook": "allow on_error dead_letter deduplicate limit on_rate_limit enqueue session answer",
    "queue": "allow on_error dead_letter deduplicate session answer",  # limited when it came in
    "event": "enqueue deduplicate on_event",
    "queued event": "dead_letter deduplicate on_event",
}
# The setting, or the name in bot.py, that switches a step on: one that isn't listed is always on.
WANTED: dict[str, Callable[[Any], object]] = {
    "allow": lambda bot: settings.allowed_ids,
    "dead_letter": lambda bot: settings.queue_url,
    "enqueue": lambda bot: settings.queue_url,
    "limit": lambda bot: hasattr(bot, "RATE_LIMIT"),
    "on_error": lambda bot: hasattr(bot, "on_error"),
    "session": lambda bot: hasattr(bot, "SESSION"),
}
REMEMBERED = 256  # updates
# The outcomes of recent updates and events for which calls were carried out, by id.
recent: dict[Any, Outcome] = {}
# The ids of recent updates whose failure was told: Telegram may not have received the 200.
told: dict[Any, bool] = {}

GoOn = Callable[[], Outcome]
Step = Callable[[Run, GoOn], Outcome]


def take(run: Run, way: str) -> Outcome:
    """Send a run its way and log its outcome, one line for each run."""
    ahead, started = iter(steps(way)), time.monotonic()

    def go_on() -> Outcome:
        try:
            return next(ahead)(run, go_on)
        except BaseException as error:
            return outcome_of(error)

    outcome = go_on()
    subject = "update" if run.is_update else "event"
    outcome.log(subject, started, run.made.methods, run.about)
    return outcome


def steps(way: str) -> list[Step]:
    """Return the steps of a way that the settings and the bot switch on.

    They are looked up for each run: while bot.py can't be imported, each run tries that again, and
    its update may wait in the queue meanwhile.
    """
    bot = bot_module.loaded()
    names = (name for name in WAYS[way].split() if name not in WANTED or WANTED[name](bot))
    return [globals().get(name) or import_module(f"botkit.steps.{name}").step for name in names]


def parts() -> list[Any]:
    """Return the modules of botkit that the settings and the bot switch on, for the check."""
    for way in WAYS:
        steps(way)
    if settings.mini_app_url:
        import_module("botkit.sources.page")
    return [sys.modules[name] for name in sorted(sys.modules) if name.startswith("botkit.")]


def on_error(run: Run, go_on: GoOn) -> Outcome:
    """Let on_error() in bot.py tell people that the bot failed. The outcome stays.

    It is asked only at the first attempt, if people saw nothing yet.
    """
    run.keep_copy()
    with deadline.reserve("tell"):
        outcome = go_on()
    is_old = run.attempt != "first" or run.before or run.is_redriven
    if outcome.name != "bot_error" or run.made.seen or is_old or run.id in told:
        return outcome
    _remember(told, run.id, True)
    try:
        answer = make(run, bot_module.ask_for_calls("on_error", run.as_sent()))
    except BaseException as error:
        answer = outcome_of(error)
    if answer.error or answer.telegram_error:
        about = {"error": answer.error or answer.telegram_error, **(answer.told or {})}
        logger.warning("on_error() failed, too", extra=about)
    return outcome.but(body=answer.body)


def dead_letter(run: Run, go_on: GoOn) -> Outcome:
    """Send what failed for good to the dead-letter queue, and what remains to the queue."""
    from . import queue

    run.keep_copy()
    with deadline.reserve("dead letter"):
        outcome = go_on()
    return queue.take_over(run, outcome)


def deduplicate(run: Run, go_on: GoOn) -> Outcome:
    """Answer an update unless it is over, and give it up rather than show something twice.

    Telegram redelivers an update if our 200 didn't reach it. And once people have seen an answer,
    the update must not be redelivered, whatever failed afterwards.
    """
    before = recent.get(run.id)
    # What failed for good is over for Telegram, but not after a redrive.
    if before and not before.is_retried and not (before.is_kept and run.is_redriven):
        return Outcome("duplicate", body=before.body)
    run.before = before is not None
    outcome = go_on()
    if outcome.is_retried and run.made.seen:
        outcome = outcome.but("incomplete")
    # Don't remember a failure if people saw nothing: at a redelivery, the update can still be kept.
    is_over = run.made.seen or not outcome.is_kept
    if run.made.answered and is_over:
        _remember(recent, run.id, outcome.but(remaining=()))  # their files would fill the memory
    return outcome


def on_rate_limit(run: Run, go_on: GoOn) -> Outcome:
    """Let on_rate_limit() answer an update that is for it, and let others pass."""
    if run.asked != "on_rate_limit":
        return go_on()
    return make(run, bot_module.ask_for_calls("on_rate_limit", run.subject), "rate_limited")


def enqueue(run: Run, go_on: GoOn) -> Outcome:
    """Put an event into the queue, or an update of a kind in QUEUED_UPDATES of bot.py."""
    queued = getattr(bot_module.loaded(), "QUEUED_UPDATES", ())
    if run.is_update and kind_of(run.subject) not in queued:
        return go_on()
    from . import queue

    try:
        queue.put(run)
    except queue.MessageRejected as error:
        logger.warning("the queue can't take this", extra={"error": str(error)})
        return go_on()
    return Outcome("queued")


def answer(run: Run, _: GoOn) -> Outcome:
    """Ask bot.py for the calls that answer an update, and make them."""
    return make(run, bot_module.ask_for_calls("reply", run.subject))


def on_event(run: Run, _: GoOn) -> Outcome:
    """Make the calls of an event, or those that on_event() returns for it."""
    if run.calls is not None:
        return make(run, checked(run.calls, "the event"))
    bot_module.check_on_event(run.subject)
    return make(run, bot_module.ask_for_calls("on_event", run.subject))


def _remember(these: dict[Any, Any], id: Any, value: Any) -> None:
    these[id] = value
    if len(these) > REMEMBERED:
        del these[next(iter(these))]
