"""The queue between the webhook and the bot (SQS FIFO), for answers that take longer than 25 s."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

from .. import bot_module, sqs
from ..current import Run
from ..errors import Failure
from ..outcome import Outcome
from ..place import Place
from ..settings import settings
from ..types import Json

logger = logging.getLogger("botkit")

# Kinds that can't wait in the queue: Telegram expects the answer soon, or the update stops an
# answer that is being made. A chat_join_request with a query_id can't wait either. How long
# Telegram waits for the answer to a guest_message isn't documented. It refuses a late one.
NEVER_QUEUED = {
    "guest_message",
    "inline_query",
    "pre_checkout_query",
    "shared_widget_query",
    "shipping_query",
    "stopped_message_generation",
    "widget_query",
}


def step(run: Run, go_on: Callable[[], Outcome]) -> Outcome:
    """Put an update into the queue, which drops duplicates with the same `update_id`.

    An update that can't wait, or that the queue can't take, is answered at once.
    """
    if run.is_at_once or not waits(run.subject):
        return go_on()
    try:
        about = {"MessageDeduplicationId": str(run.id), "MessageGroupId": group(run.subject)}
        sqs.send(settings.queue_url, run.subject, **about)
    except sqs.NotTaken as error:
        logger.warning("the queue can't take an update", extra={"error": str(error)})
        return go_on()
    return Outcome("queued")


def waits(update: Json) -> bool:
    """Tell whether an update may wait in the queue: AT_ONCE in bot.py adds kinds that may not."""
    place = Place(update)
    if place.kind == "chat_join_request" and "query_id" in place.content:
        return False
    at_once = getattr(bot_module.loaded(), "AT_ONCE", ())
    return place.kind not in NEVER_QUEUED and place.kind not in at_once


def group(update: Json) -> str:
    """Return the group of an update. Each group is answered in order.

    Usually it is the chat, or the topic in it. A tap may concern any chat, so its group is the
    person. With SESSION the group is the session, also for taps, so that no two updates of a
    session are answered at the same time. Raises Failure if SESSION may succeed later.
    """
    if hasattr(bot_module.loaded(), "SESSION"):
        from .. import session_key

        try:
            key = session_key.key_of(update)
        except BaseException as error:  # from bot.py
            # In another group the update would lose its order, so let Telegram redeliver it. But if
            # SESSION fails for good, let it wait in the queue: the failure is logged when it comes
            # out.
            if isinstance(error, Failure) and error.may_pass:
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
