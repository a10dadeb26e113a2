"""Lets on_failure() in bot.py tell people that the bot failed.

It is asked only at the first attempt, if people saw nothing yet. Whatever it does, the outcome
stays.
"""

from __future__ import annotations

import logging

from .. import bot_module
from ..calls import make, outcome_of
from ..current import Run
from ..deadline import deadline
from ..outcome import Outcome
from ..types import Any
from . import Waiting

logger = logging.getLogger("botkit")

REMEMBERED = 256  # updates

# The ids of recent updates whose failure was told: Telegram may not have received the 200.
told: dict[int, bool] = {}


def step(run: Run) -> Waiting:
    """Let on_failure() answer an update at which the bot failed."""
    run.keep_copy()
    with deadline.reserve("tell"):
        outcome = yield
    is_first = run.attempt == "first" and not run.before and run.id not in told
    if outcome.name != "bot_failed" or run.made.seen or not is_first:
        return outcome
    told[run.id] = True
    if len(told) > REMEMBERED:
        del told[next(iter(told))]
    answer = tell(run)
    if answer.error or answer.refusal:
        about = {"error": answer.error or answer.refusal, **(answer.told or {})}
        logger.warning("on_failure() failed, too", extra=about)
    return outcome.but(body=answer.body)


def tell(run: Run) -> Outcome:
    """Make the calls of on_failure(). Returns their outcome, also if it raises."""
    try:
        update = run.turn or run.as_sent()
        if hasattr(bot_module.load(), "TOGETHER"):
            from ..turns import joined

            update = joined([update])
        return make(run, bot_module.ask_for_calls("on_failure", update))
    except BaseException as error:
        return outcome_of(error)


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if on_failure() doesn't take an update."""
    from ..signature import check_function

    check_function(bot, "on_failure", "update", "it answers when the bot failed")
