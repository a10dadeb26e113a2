"""The end of a recurring call's time: it is over, even if the rest is scheduled again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..current import Run
from ..errors import Failure
from ..outcome import Outcome
from ..types import Any
from .due import due_time

logger = logging.getLogger("botkit")


def step(run: Run, go_on: Callable[[], Outcome]) -> Outcome:
    """Mark the time as over, so that no other invocation takes it.

    If Telegram forbids the bot to write (403), the schedule is cancelled. It stays if the calls
    were for several chats, since another one may still want them.
    """
    outcome = go_on()
    due = due_time(run)
    try:
        if due and not outcome.is_retried and outcome.name != "repeated":
            due.end()
        if outcome.code == 403 and len(run.made.chats) <= 1:
            cancel(due.name if due else retried(run.subject))
    except Failure as error:
        logger.warning("a recurring call was not noted as over", extra={"error": str(error)})
    return outcome


def retried(event: Any) -> str | None:
    """Return the name of the recurring call that an event tries again, such as one that was put
    off. None if it is a part of the calls: the others may have been for another chat.
    """
    from ..later import OF_EVERY

    match event:
        case {"later": {"name": str(name), **about}} if "is_part" not in about:
            return name.removeprefix(OF_EVERY) if name.startswith(OF_EVERY) else None
    return None


def cancel(name: str | None) -> None:
    """Cancel a recurring call, if it still recurs. Raises Failure."""
    from .. import later

    if name and later.cancel_every(name):
        logger.warning("a recurring call was cancelled: the bot may not write to the chat")
