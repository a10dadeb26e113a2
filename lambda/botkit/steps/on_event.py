"""The end of an event's way: the calls in it are made, or those that on_event() returns for it."""

from __future__ import annotations

from .. import bot_module
from ..calls import checked, make
from ..current import Run
from ..outcome import Outcome
from ..types import Any


def step(run: Run) -> Outcome | None:
    """Make the calls of an event."""
    if run.calls is not None:
        return make(run, checked(run.calls, "the event"))
    bot_module.check_on_event(run.event)
    return make(run, bot_module.ask_for_calls("on_event", run.event))


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if on_event() doesn't take an event."""
    from ..signature import RENAME, check_function

    check_function(bot, "on_event", "event", f"it answers events of other services. {RENAME}")
