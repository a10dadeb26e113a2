"""The end of the way: bot.py is asked, and its calls are made."""

from __future__ import annotations

from .. import bot_module
from ..calls import make
from ..current import Run
from ..outcome import Outcome
from ..types import Any


def step(run: Run) -> Outcome | None:
    """Ask bot.py for the calls that answer an update, and make them."""
    calls = run.calls
    if calls is None:
        calls = bot_module.ask_for_calls("reply", run.subject)
    return make(run, calls)


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if reply() doesn't take an update. With SESSION, `session` calls it."""
    from ..signature import check_function

    if not hasattr(bot, "SESSION"):
        check_function(bot, "reply", "update")
