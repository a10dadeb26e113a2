"""Answers updates with the session that SESSION in bot.py chooses.

Telegram delivers an update at least once, and several containers answer at once. The item of the
session has the ids of its last updates, and the calls that answered them. So each update changes
the session once, and the answer agrees with the saved session.
"""

from __future__ import annotations

import json
import logging
import marshal

from .. import session
from ..deadline import deadline
from ..errors import BadSession, Failure, Handled, Misconfigured, Unreachable
from ..host import bot_module
from ..host.calls import make_or_respond
from ..host.outcome import BadAnswer, Outcome, outcome_of
from ..invocation.journal import journal
from ..invocation.settings import settings
from ..types import Any, Json
from . import session_key
from .held import held, released

logger = logging.getLogger("botkit")

NOTE_SECONDS = 0.5  # before the deadline: to note which calls are over


def answer(update: Json) -> Outcome:
    """Answer an update with its session, and keep reply()'s changes of it.

    If a call has to wait after others were carried out, the session gets a note of the calls that
    remain, and the next delivery goes on there. Raises what `_ask_for_calls` raises.
    """
    item, calls = _ask_for_calls(update)
    if calls is None:
        return Outcome("repeated")
    if item is None:
        return make_or_respond(calls)
    with deadline.sparing(NOTE_SECONDS):
        outcome = make_or_respond(calls)
    update_id = update["update_id"]
    state = item.updates.get(update_id)
    if outcome.status == 200:
        if state == session.UNFINISHED:  # what remains is in the response, or nothing
            _note(item, update_id, calls, outcome.done, session.KEPT)
    elif journal.is_seen or state == session.KEPT:
        if _note(item, update_id, calls, outcome.done, session.UNFINISHED):
            journal.forgive()
    return outcome


def _ask_for_calls(update: Json) -> tuple[session.Item | None, list[Json] | None]:
    """Return the item of an update's session, if it has one, and the calls that answer it.

    The calls are None if the update was answered without any before. Raises what
    `bot_module.ask_for_calls` raises, BadSession, and Unreachable. If reply() raises Handled, the
    session is also kept.
    """
    key = session_key.key_of(update)
    together = _together()
    if key is None:
        calls, handled = _ask(together.joined([update]) if together else update, {}, "")
        if handled:
            raise handled
        return None, calls
    update_id = update["update_id"]
    as_sent = marshal.dumps(update)  # the bot may change it
    is_retry = False
    while True:
        item = session.Item(key)
        journal.is_repeat |= update_id in item.updates
        if journal.trusts_session and update_id in item.updates:
            return item, None
        known = item.calls(update_id)
        if known is not None:
            return item, released(known) or None
        asked, ids = marshal.loads(as_sent), [update_id]
        if together:
            if journal.is_queued:
                asked, ids = together.turn(asked, key, item.updates)
            else:
                asked = together.joined([asked])
        others = ids[1:]
        whole = marshal.dumps(asked) if others else b""
        had_time = deadline.left() > 0
        try:
            calls, handled = _ask(asked, item.session, key)
            if had_time and deadline.left() <= 0 and item.session != json.loads(item.text):
                raise BadAnswer("reply() left no time to keep its session")
        except BaseException as error:
            if is_retry and deadline.left() <= 0:
                journal.forgive()
                raise Unreachable(
                    "others changed the session, and there was no time to ask reply() again"
                ) from None
            _give_up(key, others, whole, error)
            raise
        # Its own last: the calls of the newest stay.
        answers = {**{each: [] for each in others}, update_id: held(calls)}
        always = together is not None and together.is_listed(update)
        try:
            # An update that the item knows has changed the session before: only its calls are gone.
            is_kept = update_id in item.updates or item.keep(answers, always=always)
        except Unreachable:
            journal.forgive()
            raise
        except BadSession as error:
            _give_up(key, others, whole, error)
            raise
        if is_kept:
            if handled:
                raise handled
            return item, calls
        is_retry = journal.is_repeat = True
        journal.forgive()


def _give_up(key: str, others: list[int], whole: bytes, error: BaseException) -> None:
    """Have a session know the other messages of a turn if its first one isn't redelivered.

    `whole` is the update with all of them, by marshal, for a replay.
    """
    if not others:
        return
    outcome = outcome_of(error)
    outcome.give_up_if_seen()
    if outcome.status != 200:
        return
    deadline.start(max(deadline.left(), NOTE_SECONDS))  # the bot may have used up all of it
    try:
        is_kept = False
        while not is_kept:
            item = session.Item(key)
            new: dict[int, list[Json]] = {each: [] for each in others if each not in item.updates}
            is_kept = item.keep(new, always=True)
        journal.turn = whole
    except Failure as failure:  # they are turns by themselves
        logger.warning("a turn can't be given up", extra={"error": str(failure)})


def _note(item: session.Item, update_id: int, calls: list[Json], done: int, state: int) -> bool:
    """Note in an update's session which of its calls remain when so many are done, and its state.

    Returns False if they are too large for a session. If DynamoDB can't be used, the update is
    redelivered all the same, and repeats what is done: nothing is lost.
    """
    all_calls = held(calls)
    remaining = all_calls[done:]
    try:
        while True:
            known = item.calls(update_id)
            # Another container answers the same update: it is ahead, or has other calls.
            if known is not None and (
                len(known) < len(remaining) or known != all_calls[len(all_calls) - len(known) :]
            ):
                return True
            if item.note(update_id, remaining, state):
                return True
            item = session.Item(item.key)
    except Failure as error:
        logger.warning("it can't be noted which calls remain", extra={"error": str(error)})
        return error.may_pass


def _ask(update: Json, state: Json, key: str) -> tuple[list[Json], Handled | None]:
    session.current = key
    try:
        return bot_module.ask_for_calls("reply", update, state), None
    except Handled as handled:
        return [], handled
    finally:
        session.current = None


def _together() -> Any:
    """Return the module that joins messages, if bot.py has TOGETHER."""
    if not hasattr(bot_module.load(), "TOGETHER"):
        return None
    from . import together

    return together


def check(bot: Any) -> None:
    """Raise Misconfigured if updates can't be answered with a session."""
    session_key.choice(bot)
    if not settings.session_table:
        raise Misconfigured("SESSION in bot.py needs a table: set session_retention_in_days")
    from inspect import signature

    try:
        signature(bot.reply).bind({}, {})
    except TypeError:
        raise Misconfigured("with SESSION, bot.py must have reply(update, session)") from None
