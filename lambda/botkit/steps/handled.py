"""Drops a replayed update of a kind that the bot no longer handles, as Telegram would."""

from __future__ import annotations

from .. import bot_module
from ..current import Run, kind_of
from ..outcome import Outcome


def step(run: Run) -> Outcome | None:
    """Ignore an update whose kind isn't in HANDLED of bot.py."""
    if kind_of(run.subject) not in bot_module.load().HANDLED:
        return Outcome("ignored")
    return None
