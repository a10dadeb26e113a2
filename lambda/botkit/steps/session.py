"""The end of the way for a bot with SESSION: reply() gets a session.

Telegram delivers an update at least once, and several containers answer at the same time. The
session's item contains the ids of its last updates, and the calls that answered them. So each
update changes the session once, and its answer never contradicts the saved session.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from .. import bot_module, current, session_key, store
from ..calls import make
from ..current import Run
from ..deadline import deadline
from ..errors import BotkitError, InvalidReply, Misconfigured, Unreachable
from ..outcome import Outcome
from ..packed import packed, unpacked
from ..settings import settings
from ..types import Any, Json

logger = logging.getLogger("botkit")


def step(run: Run, _: Callable[[], Outcome]) -> Outcome:
    """Answer an update with its session, and keep reply()'s changes of it.

    If others have changed the session meanwhile, reply() is called again, while there is time.
    """
    key = session_key.key_of(run.subject)
    if key is None:
        return make(run, ask(run))
    run.keep_copy()
    while True:
        item = store.Item("session", key)
        run.known = run.id in item.updates
        calls = recall(run, item)
        if calls is not None:
            return finish(run, item, calls) if calls else Outcome("duplicate")
        calls = ask(run, item)
        if save(run, item, calls):
            return finish(run, item, calls)
        run.was_asked = True
        run.made.forgive()


def recall(run: Run, item: store.Item) -> list[Json] | None:
    """Return the calls with which the session answers an update that it knows: [] if it is over.

    These are the remaining ones if they are noted, or else all. None if the bot has to be asked.
    """
    if run.known and run.is_redriven and run.attempt == "first":
        return []  # no redrive of it has ended half-way, so another delivery has answered it
    calls = item.calls(run.id)
    return None if calls is None else unpacked(calls)


def ask(run: Run, item: store.Item | None = None) -> list[Json]:
    """Return the calls with which reply() answers an update. Raises what it raises.

    Without an item, reply() gets a session that isn't kept. If no time is left because others kept
    changing the session, this raises Unreachable, so that the update is redelivered.
    """
    had_time = deadline.left() > 0
    current.asking.session = item.key if item else ""
    try:
        calls = bot_module.ask_for_calls(
            "reply", run.as_sent() if item else run.subject, item.session if item else {}
        )
        if item and had_time and deadline.left() <= 0 and item.session != json.loads(item.text):
            raise InvalidReply("reply() left no time to keep its session")
    except BaseException:
        if not run.was_asked or deadline.left() > 0:
            raise
        run.made.forgive()
        raise Unreachable(
            "other updates changed the session, and no time was left to run reply() again (with "
            "queue = true, updates of a session wait for each other)"
        ) from None
    finally:
        current.asking.session = None
    return calls


def save(run: Run, item: store.Item, calls: list[Json]) -> bool:
    """Keep the session with the calls. Returns False if somebody was faster.

    Raises SessionError or Unreachable.
    """
    if run.known:  # the session has its changes already: only its calls were dropped
        return True
    try:
        return item.keep({run.id: packed(calls)}, always=run.id in item.updates)
    except Unreachable:
        run.made.forgive()
        raise


def finish(run: Run, item: store.Item, calls: list[Json]) -> Outcome:
    """Make the calls. If one has to wait, the next delivery continues with it."""
    with deadline.reserve("note"):
        outcome = make(run, calls)
    state = item.updates.get(run.id)
    if not outcome.is_retried:
        if state == store.UNFINISHED:  # the rest, if any, is in the response
            note(run, item, calls, outcome.done, store.KEPT)
    elif run.made.seen or state == store.KEPT:
        if note(run, item, calls, outcome.done, store.UNFINISHED):
            run.made.forgive()
    return outcome


def note(run: Run, item: store.Item, calls: list[Json], done: int, state: int) -> bool:
    """Note in an update's session which calls remain after the first `done` ones, and its state.

    Returns False if they are too large for a session. If DynamoDB can't be used, the update is
    redelivered all the same, and repeats calls: better twice than lost.
    """
    all_calls = packed(calls)
    remaining = all_calls[done:]
    try:
        while True:
            known = item.calls(run.id)
            # Another container answers the same update, and is ahead or has other calls: leave its
            # note.
            if known is not None and (
                len(known) < len(remaining) or known != all_calls[len(all_calls) - len(known) :]
            ):
                return True
            if item.note(run.id, remaining, state):
                return True
            item = store.Item("session", item.key)
    except BotkitError as error:
        logger.warning("the remaining calls can't be noted", extra={"error": str(error)})
        return error.retryable


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if updates can't be answered with a session."""
    from ..signature import check_function

    check_function(bot, "reply", "update, session")
    check_function(bot, "SESSION", "update")  # if it is one
    session_key.choice(bot)
    if not settings.session_table:
        raise Misconfigured("SESSION in bot.py needs a table: set session_retention_in_days")
