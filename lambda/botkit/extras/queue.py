"""The queue between the webhook and the bot (SQS FIFO), for answers that take longer than 25 s.

The webhook puts each update that fits into the queue, unless it has no time to wait. Lambda takes
them out, and invokes the function with one update of each group at a time. This module is loaded
only if there is a queue.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random  # urllib loads it anyway

from .. import aws
from ..deadline import deadline
from ..errors import Misconfigured, Unreachable
from ..host import bot_module, webhook
from ..host.outcome import Outcome, outcome_of
from ..invocation.journal import journal
from ..invocation.place import Place
from ..invocation.settings import settings
from ..types import Any, Json
from . import sqs

logger = logging.getLogger("botkit")

# Kinds that can't wait in the queue: Telegram expects the answer within seconds, or they stop one
# that is under way. A chat_join_request with a query_id can't wait either.
AT_ONCE = {
    "inline_query",
    "pre_checkout_query",
    "shared_widget_query",
    "shipping_query",
    "stopped_message_generation",
    "widget_query",
}
SETTLE_SECONDS = 1.5  # before the deadline: to tell SQS when to deliver again
LONGEST_BACKOFF = 900  # seconds
LONGEST_PAUSE = 11 * 3600  # seconds: SQS hides a message for at most 12 hours in total


def take(update: Json) -> Outcome:
    """Put an update into the queue, or answer it if it has no time to wait, or is one too many."""
    if not waits(update):
        return webhook.answer(update)
    try:
        is_over = _is_over(update)
    except Unreachable as error:
        return outcome_of(error)
    return webhook.answer(update) if is_over else enqueue(update)


def _is_over(update: Json) -> bool:
    """Count an update when it comes, and tell whether it is one too many by LIMIT in bot.py.

    Raises Misconfigured, or Unreachable if DynamoDB can't be used.
    """
    try:
        bot = bot_module.load()
    except Misconfigured:  # it is logged when the update comes out of the queue
        return False
    if not hasattr(bot, "LIMIT"):
        return False
    from . import limit

    return limit.count(update) is not None


def waits(update: Json) -> bool:
    """Tell whether an update may wait in the queue: AT_ONCE in bot.py adds kinds that may not."""
    place = Place(update)
    if place.kind in AT_ONCE or (place.kind == "chat_join_request" and "query_id" in place.content):
        return False
    try:
        return place.kind not in getattr(bot_module.load(), "AT_ONCE", ())
    except Misconfigured:  # it is logged when the update comes out of the queue
        return True


def enqueue(update: Json) -> Outcome:
    """Put an update into the queue, which drops duplicates with the same `update_id`.

    An update that the queue can't take is answered at once: a retry can't help.
    """
    params = {
        "MessageDeduplicationId": str(update["update_id"]),
        "MessageGroupId": group(update),
    }
    try:
        _note(update)
        sqs.send(settings.queue_url, update, **params)
    except Unreachable as error:
        return outcome_of(error)
    except sqs.NotTaken as error:
        logger.warning("the queue can't take an update", extra={"error": str(error)})
        return webhook.answer(update)
    return Outcome("queued")


def _note(update: Json) -> None:
    """List an update that may be a part of a turn, if bot.py has TOGETHER, before it is queued.

    Raises Unreachable: Telegram then delivers it again at once, before the turn is over. Any other
    failure leaves it a turn by itself.
    """
    try:
        if not hasattr(bot_module.load(), "TOGETHER"):
            return
        from . import together

        together.note(update)
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
    answered at once.
    """
    if settings.session_table:
        from . import session_key

        try:
            key = session_key.key_of(update)
        except BaseException:  # from bot.py: it is logged when the update comes out of the queue
            key = None
        if key is not None:
            return "session:" + hashlib.sha256(str(key).encode(errors="replace")).hexdigest()
    place = Place(update)
    if place.kind == "callback_query":
        return f"query:{place.user}"
    if place.room is None:
        return str(place.user or place.kind or "update")
    return place.room if place.topic is None else f"{place.room}:{place.topic}"


def is_ours(event: Any) -> bool:
    """Tell whether an event has a message from our queue.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    try:
        [record] = event["Records"]
        account, name = record["eventSourceARN"].split(":")[-2:]
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return settings.queue_url.endswith(f"/{account}/{name}")


def receive(event: Json) -> Json:
    """Answer the update in a message from our queue. Returns the response for Lambda."""
    [record] = event["Records"]
    journal.is_queued, journal.is_repeat = True, received(record) > 1
    journal.is_counted = True  # when it came
    with deadline.within(deadline.left() - SETTLE_SECONDS):
        outcome = webhook.process(json.loads(record["body"]), webhook.answer, source="queue")
    return settle(record, outcome)


def received(record: Json) -> int:
    """Return how many times a message has been received."""
    return int(record["attributes"]["ApproximateReceiveCount"])


def settle(record: Json, outcome: Outcome) -> Json:
    """Return the response that tells Lambda whether to deliver a message again.

    An exception would do so too, but would count as an error of the function.
    """
    if outcome.status == 200:
        return {"batchItemFailures": []}
    # Up to half as long again at random, or the updates of a burst would come back together, and
    # meet a rate limit again. Telegram's pause may be a second: 20 tries would take 20 seconds.
    pause = round(min(2 ** received(record), LONGEST_BACKOFF) * random.uniform(1, 1.5))
    pause = max(pause, outcome.retry_after or pause)
    params = {
        "ReceiptHandle": record["receiptHandle"],
        "VisibilityTimeout": min(pause, LONGEST_PAUSE),
    }
    try:
        sqs.call("ChangeMessageVisibility", settings.queue_url, **params)
    except (aws.ClientError, Unreachable) as error:
        # Then SQS delivers it again after the visibility time-out.
        logger.warning("the pause was not set", extra={"error": str(error)})
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
