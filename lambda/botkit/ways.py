"""The way of an update or event: steps, each of which is around those that follow.

A way reads as a person would tell it. Is the update from somebody who may use the bot? If it fails,
people are told, and it is kept. Was it answered before? Is it one too many? May it wait in the
queue? Then the bot answers, with its memory if it has one.

A step is a function of a run and of `go_on`, which sends the run through the steps that follow and
returns its outcome. It never raises: an exception becomes an outcome. A large step, or one that few
bots switch on, is a module in steps/.

Why this order:

- `keep` and `once` stand before `limit`. Otherwise on_limit() would say it twice when a 200 is
  lost, and what it raises wouldn't be kept.
- `enqueue` stands after `limit`, so that a flood stays out of the queue. It stands where the bot
  would: what can't wait goes on to the bot.
- `on_failure` stands outside of both, where the failure is final. It stands inside of `allow`, so
  that strangers hear nothing. A replay has no such step.
- `once` stands inside of `keep`, so that an update that it gives up is kept. It stands outside of
  `again` and `session`, which may let a run continue.
- `due` stands inside of `again`: if its table can't be used, the calls are scheduled again. `over`
  stands outside: an event that is scheduled again, or that `once` gives up, is over.
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
from .types import Any, Json

logger = logging.getLogger("botkit")

WAYS = {
    "webhook": "allow on_failure keep once limit on_limit enqueue session answer",
    "queue": "allow on_failure keep once session answer",  # limited when it came in
    "replay": "handled allow once on_limit session answer",
    "remaining": "once answer",  # a replay of the calls that a kept update or event still needs
    "event": "keep over once again give_back due on_event",
    "replayed event": "over once again give_back due on_event",
}
# The setting, or the name in bot.py, that switches a step on: one that isn't listed is always on.
WANTED: dict[str, Callable[[Any], object]] = {
    "again": lambda bot: settings.later_group,
    "allow": lambda bot: settings.allowed_ids,
    "enqueue": lambda bot: settings.queue_url,
    "keep": lambda bot: settings.failed_queue_url,
    "limit": lambda bot: hasattr(bot, "LIMIT"),
    "on_failure": lambda bot: hasattr(bot, "on_failure"),
    "session": lambda bot: hasattr(bot, "SESSION"),
}
REMEMBERED = 256  # updates
# The outcomes of recent updates for which calls were carried out, by update id.
recent: dict[int, Outcome] = {}
# The ids of recent updates whose failure was told: Telegram may not have received the 200.
told: dict[int, bool] = {}

GoOn = Callable[[], Outcome]
Step = Callable[[Run, GoOn], Outcome]
Take = Callable[[Run, str], Outcome]  # the type of `take`, with which a source sends its runs


def take(
    run: Run, way: str, outcome_of: Callable[[BaseException], Outcome] = outcome_of
) -> Outcome:
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


def handled(run: Run, go_on: GoOn) -> Outcome:
    """Drop a replayed update of a kind that the bot no longer handles, as Telegram would."""
    is_handled = kind_of(run.subject) in bot_module.load().HANDLED
    return go_on() if is_handled else Outcome("ignored")


def on_failure(run: Run, go_on: GoOn) -> Outcome:
    """Let on_failure() in bot.py tell people that the bot failed. The outcome stays.

    It is asked only at the first attempt, if people saw nothing yet.
    """
    run.keep_copy()
    with deadline.reserve("tell"):
        outcome = go_on()
    is_first = run.attempt == "first" and not run.before and run.id not in told
    if outcome.name != "bot_failed" or run.made.seen or not is_first:
        return outcome
    _remember(told, run.id, True)
    try:
        answer = make(run, bot_module.ask_for_calls("on_failure", run.as_sent()))
    except BaseException as error:
        answer = outcome_of(error)
    if answer.error or answer.refusal:
        about = {"error": answer.error or answer.refusal, **(answer.told or {})}
        logger.warning("on_failure() failed, too", extra=about)
    return outcome.but(body=answer.body)


def keep(run: Run, go_on: GoOn) -> Outcome:
    """Keep an update or event as it came, if it failed and isn't redelivered."""
    from . import failed_queue

    run.keep_copy()
    with deadline.reserve("keep"):
        outcome = go_on()
    if not outcome.is_kept or outcome.is_retried:
        return outcome
    subject: Json = {}
    if run.is_update:
        subject = {"update": run.as_sent()}
        if run.asked != "reply":
            subject["asked"] = run.asked
    elif not outcome.remaining:
        subject = {"event": run.as_sent(), "id": run.id}
    return failed_queue.keep(run, outcome, subject)


def once(run: Run, go_on: GoOn) -> Outcome:
    """Answer an update unless it is over, and give it up rather than show something twice.

    Telegram redelivers an update if our 200 didn't reach it. And once people have seen an answer,
    the update must not be redelivered, whatever failed afterwards.
    """
    before = recent.get(run.id)  # None for an event, whose id is a string
    # An update that failed for good is over for Telegram, but not for a replay.
    if before and not before.is_retried and not (before.is_kept and run.source == "replay"):
        return Outcome("repeated", body=before.body)
    run.before = before is not None
    outcome = go_on()
    if outcome.is_retried and run.made.seen:
        outcome = outcome.but("incomplete")
    # Don't remember a failure if people saw nothing: at a redelivery, the update can still be kept.
    is_over = run.made.seen or not outcome.is_kept
    if run.is_update and run.made.answered and is_over:
        _remember(recent, run.id, outcome.but(remaining=()))  # their files would fill the memory
    return outcome


def on_limit(run: Run, go_on: GoOn) -> Outcome:
    """Let on_limit() answer an update that is for it, now or in a replay, and let others pass."""
    if run.asked != "on_limit":
        return go_on()
    if not hasattr(bot_module.load(), "on_limit"):  # it was removed since
        return Outcome("limited")
    return make(run, bot_module.ask_for_calls("on_limit", run.subject), "limited")


def give_back(run: Run, go_on: GoOn) -> Outcome:
    """Let Lambda retry an event at which the bot failed, if nobody saw anything of it.

    Updates don't go back to Telegram like this: the chat's next ones would have to wait.
    """
    outcome = go_on()
    is_given_back = outcome.name == "bot_failed" and not run.made.seen
    return outcome.but(is_retried=True) if is_given_back else outcome


def answer(run: Run, _: GoOn) -> Outcome:
    """Ask bot.py for the calls that answer an update, and make them."""
    calls = run.calls
    if calls is None:
        calls = bot_module.ask_for_calls("reply", run.subject)
    return make(run, calls)


def on_event(run: Run, _: GoOn) -> Outcome:
    """Make the calls of an event, or those that on_event() returns for it."""
    if run.calls is not None:
        return make(run, checked(run.calls, "the event"))
    bot_module.check_on_event(run.event)
    return make(run, bot_module.ask_for_calls("on_event", run.event))


def _remember(these: dict[int, Any], id: int, value: Any) -> None:
    these[id] = value
    if len(these) > REMEMBERED:
        del these[next(iter(these))]
