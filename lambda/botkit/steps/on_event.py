"""The end of an event's way: the calls in it are made, or those that on_event() returns for it."""

from __future__ import annotations

from .. import bot_module
from ..calls import checked, make
from ..current import Run
from ..outcome import Outcome


def step(run: Run) -> Outcome | None:
    """Make the calls of an event."""
    if run.calls is not None:
        return make(run, checked(run.calls, "the event"))
    bot_module.check_on_event(run.subject)
    return make(run, bot_module.ask_for_calls("on_event", run.subject))
