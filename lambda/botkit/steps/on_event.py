"""The end of an event's way: the calls in it are made, or those that on_event() returns for it."""

from __future__ import annotations

from .. import bot_module
from ..calls import checked, make
from ..current import Run
from ..failed import outcome_of
from ..outcome import Outcome


def step(run: Run) -> Outcome | None:
    """Make the calls. An event at which the bot fails before anybody sees something comes again."""
    try:
        if run.calls is not None:
            outcome = make(run, checked(run.calls, "the event"))
        else:
            bot_module.check_on_event(run.subject)
            outcome = make(run, bot_module.ask_for_calls("on_event", run.subject))
    except BaseException as error:
        outcome = outcome_of(error)
    if outcome.name == "bot_failed" and not run.made.seen:
        return outcome.but("bot_failed", comes_again=True)
    return outcome
