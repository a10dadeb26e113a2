"""The answer to the first update beyond LIMIT, now or in a replay."""

from __future__ import annotations

from .. import bot_module
from ..calls import make
from ..current import Run
from ..outcome import Outcome
from ..types import Any


def step(run: Run) -> Outcome | None:
    """Let on_limit() answer an update that is for it, and let others pass."""
    if run.asked != "on_limit":
        return None
    if not hasattr(bot_module.load(), "on_limit"):  # it was removed since
        return Outcome("limited")
    return make(run, bot_module.ask_for_calls("on_limit", run.subject), "limited")


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if on_limit() doesn't take an update."""
    from ..signature import check_function

    check_function(bot, "on_limit", "update", "it answers the first update beyond LIMIT")
