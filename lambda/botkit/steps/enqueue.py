"""The queue between the webhook and the bot (SQS FIFO), for answers that take longer than 25 s."""

from __future__ import annotations

import hashlib
import logging

from .. import bot_module, sqs
from ..current import Run
from ..errors import Failure, Misconfigured, Unreachable
from ..outcome import Outcome
from ..place import Place
from ..settings import settings
from ..types import Json

logger = logging.getLogger("botkit")

# Kinds that can't wait in the queue: Telegram expects the answer soon, or they stop one that is
# under way. A chat_join_request with a query_id can't wait either. How long Telegram waits for the
# answer to a guest_message isn't documented; a late one is refused.
AT_ONCE = {
    "guest_message",
    "inline_query",
    "pre_checkout_query",
    "shared_widget_query",
    "shipping_query",
    "stopped_message_generation",
    "widget_query",
}


def step(run: Run) -> Outcome | None:
    """Put an update into the queue, which drops duplicates with the same `update_id`.

    One that has no time to wait, or that the queue can't take, goes on at once.
    """
    if run.is_at_once or not waits(run.subject):
        return None
    try:
        _list(run)
        about = {"MessageDeduplicationId": str(run.id), "MessageGroupId": group(run.subject)}
        sqs.send(settings.queue_url, run.subject, **about)
    except sqs.NotTaken as error:
        logger.warning("the queue can't take an update", extra={"error": str(error)})
        return None
    return Outcome("queued")


def waits(update: Json) -> bool:
    """Tell whether an update may wait in the queue: AT_ONCE in bot.py adds kinds that may not."""
    place = Place(update)
    if place.kind in AT_ONCE or (place.kind == "chat_join_request" and "query_id" in place.content):
        return False
    return place.kind not in getattr(bot_module.loaded(), "AT_ONCE", ())


def _list(run: Run) -> None:
    """List an update that may be a part of a turn, if bot.py has TOGETHER, before it is queued.

    Raises Unreachable: Telegram then delivers it again at once, before the turn is over. Any other
    failure leaves it a turn by itself.
    """
    if not hasattr(bot_module.loaded(), "TOGETHER"):
        return
    from .. import turns as together

    try:
        together.enlist(run.subject)
    except Misconfigured:  # it is logged when the update comes out of the queue
        pass
    except Unreachable:
        raise
    except BaseException as error:  # from bot.py
        logger.warning("an update is not listed", extra={"error": type(error).__name__})


def group(update: Json) -> str:
    """Return the group of an update. Each group is answered in order.

    Usually it is the chat, or the topic in it. A tap may concern any chat, and has the group of the
    person. With SESSION it is the session, also for taps, so that no two updates of it are
    answered at once. Raises Failure if SESSION may succeed later.
    """
    if settings.session_table:
        from .. import session_key

        try:
            key = session_key.key_of(update)
        except BaseException as error:  # from bot.py
            # In another group it would lose its order, and come twice: Telegram delivers it again.
            # While bot.py can't be imported, or SESSION fails for good, it waits in the queue, and
            # the failure is logged when it comes out.
            if isinstance(error, Failure) and error.may_pass and bot_module.loaded():
                raise
            key = None
        if key is not None:
            return "session:" + hashlib.sha256(str(key).encode(errors="replace")).hexdigest()
    place = Place(update)
    if place.kind == "callback_query":
        return f"query:{place.user}"
    if place.room is None:
        return str(place.user or place.kind or "update")
    return place.room if place.topic is None else f"{place.room}:{place.topic}"
