"""The way of an update or event: the steps that it passes until one of them answers, and then back.

Each way reads as a person would tell it. Is the update from somebody who may use the bot? If it
fails, it is kept. Was it answered before? Is it one too many? May it wait in the queue? Then the
bot answers, with its memory if it has one. Only this file knows the order.

Why this order:

- `keep` and `once` stand before `limit`. Otherwise on_limit() would say it twice when a 200 is
  lost, and what it raises wouldn't be kept.
- `enqueue` stands after `limit`, so that a flood stays out of the queue. It stands where the bot
  would: what can't wait goes on to the bot.
- `turns` stands outside of `keep`: a turn is kept first, and then its other messages are noted.
- `on_failure` stands outside of both, where the failure is final. It stands inside of `allow`, so
  that strangers hear nothing. A replay has no such step.
- `once` stands inside of `keep`, so that an update that it gives up is kept. It stands outside of
  `again` and `session`, which may let a run continue.
- `due` stands inside of `again`: if its table can't be used, the calls are scheduled again. `over`
  stands outside: an event that is scheduled again, or that `once` gives up, is over.
- `pace` stands inside of `again`, which schedules what it puts off, and after `due`, so that an
  event that comes twice isn't put off twice.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from types import GeneratorType

from . import bot_module
from .calls import outcome_of
from .current import Run
from .outcome import Outcome
from .settings import settings
from .types import Any

WAYS = {
    "webhook": "allow on_failure keep once limit on_limit enqueue session answer",
    "queue": "allow on_failure turns keep once session answer",  # limited when it came in
    "replay": "handled allow once on_limit session answer",
    "remaining": "once answer",  # a replay of the calls that a kept update or event still needs
    "event": "keep over once again give_back due pace on_event",
    "replayed event": "over once again give_back due on_event",
}

# The setting, or the name in bot.py, that switches a step on: one that isn't listed is always on.
# The steps can't be asked, since one that is off isn't imported.
WANTED: dict[str, Callable[[Any], object]] = {
    "again": lambda bot: settings.later_group,
    "allow": lambda bot: settings.allowed_ids,
    "enqueue": lambda bot: settings.queue_url,
    "keep": lambda bot: settings.failed_queue_url,
    "limit": lambda bot: hasattr(bot, "LIMIT"),
    "on_failure": lambda bot: hasattr(bot, "on_failure"),
    "on_limit": lambda bot: hasattr(bot, "LIMIT"),
    "pace": lambda bot: settings.later_group and settings.session_table,
    "session": lambda bot: hasattr(bot, "SESSION"),
    "turns": lambda bot: hasattr(bot, "TOGETHER"),
}

# The setting that switches on a source which needs something of bot.py.
SOURCES: dict[str, Callable[[], object]] = {"page": lambda: settings.mini_app_url}

Step = Callable[[Run], Any]
Take = Callable[[Run, str], Outcome]  # the type of `take`, with which a source sends its runs
imported: dict[str, Step] = {}  # by name


def steps(way: str) -> list[Step]:
    """Return the steps of a way that the settings and the bot switch on.

    They are looked up for each run: while bot.py can't be imported, each run tries that again, and
    its update may wait in the queue meanwhile.
    """
    names = wanted(way)
    for name in names:
        if name not in imported:  # pragma: no mutate: it only saves time
            imported[name] = import_module(f"botkit.steps.{name}").step
    return [imported[name] for name in names]


def wanted(way: str) -> list[str]:
    """Return the names of the steps of a way that are switched on."""
    bot = bot_module.loaded()
    return [name for name in WAYS[way].split() if name not in WANTED or WANTED[name](bot)]


def parts() -> list[Any]:
    """Return all modules of botkit that the settings and the bot switch on, for the check.

    These are steps, sources, and what bot.py imports. Each may have check_bot(bot), which raises
    Misconfigured if the bot or the settings lack what it needs.
    """
    names = {f"steps.{name}" for way in WAYS for name in wanted(way)}
    names |= {f"sources.{name}" for name, is_wanted in SOURCES.items() if is_wanted()}
    for name in names:
        import_module(f"botkit.{name}")
    return [sys.modules[name] for name in sorted(sys.modules) if name.startswith("botkit.")]


def take(
    run: Run, way: str, outcome_of: Callable[[BaseException], Outcome] = outcome_of
) -> Outcome:
    """Send a run its way and log its outcome, one line for each run.

    An exception becomes an outcome here, so the steps outside of the one that raised it still act.
    """
    started = time.monotonic()
    ahead, waiting = steps(way), list[Any]()
    outcome: Outcome | None = None
    while not outcome:  # the last step of a way always returns one
        try:
            result = ahead.pop(0)(run)
        except BaseException as error:
            result = outcome_of(error)
        if isinstance(result, GeneratorType):
            waiting.append(result)
            result = go_on(result, None, outcome_of)
            if result:  # it doesn't wait
                waiting.pop()
        outcome = result
    while waiting:
        outcome = go_on(waiting.pop(), outcome, outcome_of)
    assert outcome  # each of them returns one
    subject = "update" if run.is_update else "event"
    outcome.log(subject, started, run.made.methods, run.about)
    return outcome


def go_on(
    step: Any, outcome: Outcome | None, outcome_of: Callable[[BaseException], Outcome]
) -> Outcome | None:
    """Resume a step that also acts afterwards. Returns its outcome, or None if it waits."""
    try:
        step.send(outcome)
    except StopIteration as end:
        answer: Outcome = end.value
        return answer
    except BaseException as error:
        return outcome_of(error)
    return None
