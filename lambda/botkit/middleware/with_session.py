"""The last middleware for a bot with SESSION: calls reply() with the session, and saves it.

Telegram delivers an update at least once, and several containers answer at the same time. The
session's item contains the ids of its last updates, and the calls that answered them. So each
update changes the session once, and its answer never contradicts the saved session.

If reply() changed the session, a crash between two calls makes the next delivery repeat all of
them: what remains is saved only if a call fails, since a write after each call would make every
answer slower. If reply() changed nothing, it runs again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from .. import bot_module, context, store
from ..calls import execute
from ..context import Context
from ..deadline import deadline
from ..errors import BotkitError, InvalidReply, Unreachable
from ..files import decode_calls, encode_calls
from ..outcome import Outcome
from ..session import key_of
from ..types import Json

logger = logging.getLogger("botkit")


def with_session(ctx: Context, _: Callable[[], Outcome]) -> Outcome:
    """Answer an update with its session, and save what reply() changes in it.

    If another update has changed the session, reply() is called again, while there is time.
    """
    key = key_of(ctx.payload)
    if key is None:
        return execute(ctx, call_reply(ctx))
    ctx.save_original()
    is_rerun = False
    while True:
        item = store.Item(key)
        is_known = ctx.id in item.updates
        ctx.is_retry |= is_known
        is_answered = is_known and item.updates[ctx.id] != store.IN_PROGRESS
        if is_answered and ctx.redriven_outcome == "bot_error" and ctx.attempt == 1:
            return Outcome("duplicate")  # another delivery has answered it before this redrive
        saved = saved_calls(ctx, item)
        if saved is not None:
            return send_calls(ctx, item, decode_calls(saved)) if saved else Outcome("duplicate")
        calls = call_reply(ctx, item, is_rerun=is_rerun)
        try:
            # An earlier delivery may have saved the changes, though its calls were dropped since.
            is_saved = is_known or item.save(ctx.id, encode_calls(calls))
        except BotkitError as error:
            if error.retryable:
                ctx.calls.allow_redelivery()
            raise
        if is_saved:
            return send_calls(ctx, item, calls)
        ctx.is_retry = is_rerun = True  # another container has changed the session
        ctx.calls.allow_redelivery()


def saved_calls(ctx: Context, item: store.Item) -> list[Json] | None:
    """Return the calls that answer an update, or None if they aren't saved.

    Nor are they after a redrive of an incomplete answer: reply() made some of it itself.
    """
    if ctx.redriven_outcome == "incomplete" and item.updates.get(ctx.id) != store.IN_PROGRESS:
        return None
    return item.calls(ctx.id)


def call_reply(
    ctx: Context, item: store.Item | None = None, *, is_rerun: bool = False
) -> list[Json]:
    """Return the calls with which reply() answers an update. Raises what it raises.

    Without an item, reply() gets a session that isn't saved. If no time is left because others kept
    changing the session, this raises Unreachable, so that the update is redelivered.
    """
    had_time = deadline.left() > 0
    context.current.session_key = item.key if item else ""
    try:
        calls = bot_module.get_calls(
            "reply", ctx.original() if item else ctx.payload, item.session if item else {}
        )
        if item and had_time and deadline.left() <= 0 and item.session != json.loads(item.text):
            raise InvalidReply("reply() left no time to keep its session")
    except BaseException:
        if not is_rerun or deadline.left() > 0:
            raise
        ctx.calls.allow_redelivery()
        raise Unreachable(
            "other updates changed the session, and no time was left to run reply() again (with "
            "queue = true, updates of a session wait for each other)"
        ) from None
    finally:
        context.current.session_key = None
    return calls


def send_calls(ctx: Context, item: store.Item, calls: list[Json]) -> Outcome:
    """Make the calls.

    If one fails temporarily, save the remaining ones, and let the next delivery continue with them.
    """
    with deadline.reserve("save_progress"):
        outcome = execute(ctx, calls)
    state = item.updates.get(ctx.id)
    if not outcome.redeliver:
        if state == store.IN_PROGRESS:  # the rest, if any, is in the response
            save_progress(ctx, item, calls, outcome.calls_done, store.ANSWERED)
    elif not ctx.calls.can_redeliver or state == store.ANSWERED:
        if save_progress(ctx, item, calls, outcome.calls_done, store.IN_PROGRESS):
            ctx.calls.allow_redelivery()
    return outcome


def save_progress(ctx: Context, item: store.Item, calls: list[Json], done: int, state: int) -> bool:
    """Save which calls of an update remain after the first `done` ones, and its state.

    Returns False if they are too large for a session. If DynamoDB can't be used, the update is
    redelivered all the same, and repeats calls: better twice than lost.
    """
    all_calls = encode_calls(calls)
    remaining = all_calls[done:]
    try:
        while True:
            saved = saved_calls(ctx, item)
            # Another container is processing the same update and is further along, or has other
            # calls: keep what it saved.
            if saved is not None and (
                len(saved) < len(remaining) or saved != all_calls[len(all_calls) - len(saved) :]
            ):
                return True
            if item.save_progress(ctx.id, remaining, state):
                return True
            item = store.Item(item.key)
    except BotkitError as error:
        logger.warning("remaining calls not saved", extra={"error": str(error)})
        return error.retryable
