"""After a turn failed (TOGETHER), its other messages must not become turns of their own.

So the session gets their ids. If that fails, they do become turns of their own, and the replay of
the whole turn leaves out those that were answered.
"""

from __future__ import annotations

import logging
import sys

from .. import session_key, store, turns
from ..current import Run
from ..deadline import deadline
from ..errors import Failure, Misconfigured
from ..settings import settings
from ..types import Any, Json
from . import Waiting

logger = logging.getLogger("botkit")


def step(run: Run) -> Waiting:
    """Note the other messages of a turn in the session, if it failed and isn't redelivered."""
    with deadline.reserve("note"):
        outcome = yield
    if not run.turn or outcome.is_retried:
        return outcome
    try:
        give_up(str(session_key.key_of(run.turn)), run.others)
    except Failure as failure:
        told = "messages of a failed turn will be answered one by one"
        logger.warning(told, extra={"error": str(failure)})
    return outcome


def give_up(key: str, ids: tuple[int, ...]) -> None:
    """Note in a session that updates failed, unless it knows them. Raises Failure."""
    is_kept = False
    while not is_kept:
        item = store.Item("session", key)
        new = {each: list[Json]() for each in ids if each not in item.updates}
        is_kept = item.keep(new, always=True, state=store.FAILED)


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if messages can't be answered together."""
    turns.seconds()
    if not settings.queue_url:
        raise Misconfigured("TOGETHER in bot.py needs a queue: set queue = true")
    if not hasattr(bot, "SESSION"):
        raise Misconfigured('TOGETHER in bot.py needs SESSION, such as SESSION = "chat"')
    if "botkit.frameworks.adapter" in sys.modules:
        raise Misconfigured(
            "TOGETHER in bot.py doesn't work with a framework, whose handlers would get only the "
            "first message of a turn: leave it out"
        )
