"""The middleware that sends to the queue and its dead-letter queue (SQS FIFO).

queue.py shows the messages, and answers them. What failed for good has the reason in "failed". The
time in it makes the message unique, so that SQS doesn't drop it as a duplicate. A redrive moves it
back into the queue:

    aws sqs start-message-move-task --source-arn … --destination-arn …

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable

from . import aws, bot_module
from .context import Context, update_type
from .deadline import deadline
from .errors import BotkitError, Misconfigured
from .files import encode_calls
from .outcome import Outcome
from .settings import settings
from .types import Any, Json
from .update_info import UpdateInfo

logger = logging.getLogger("botkit")

MAX_MESSAGE_BYTES = 256 * 1024  # in UTF-8: the AWS provider sets a queue to that


class MessageRejected(Exception):
    """A queue can never take this message. The text says why, and quotes nothing of it."""


def enqueue(ctx: Context, call_next: Callable[[], Outcome]) -> Outcome:
    """Put an event into the queue, or an update whose type is in QUEUED_UPDATES of bot.py.

    SQS drops a second one of the same id within five minutes, its deduplication interval. A later
    one is another message, which `deduplicate` or the session recognizes.
    """
    queued = getattr(bot_module.load_or_none(), "QUEUED_UPDATES", ())
    if ctx.is_update and update_type(ctx.payload) not in queued:
        return call_next()
    group = message_group_id(ctx.payload) if ctx.is_update else str(ctx.id)
    try:
        send(settings.queue_url, content_of(ctx), group, MessageDeduplicationId=str(ctx.id))
    except MessageRejected as error:
        logger.warning("SQS rejected a message", extra={"error": str(error)})
        return call_next()
    return Outcome("queued")


def dead_letter(ctx: Context, call_next: Callable[[], Outcome]) -> Outcome:
    """Send what failed for good to the dead-letter queue, and the remaining calls to the queue.

    What Telegram or SQS redelivers stays where it is. If SQS can't be used, the outcome changes to
    "unreachable" or "misconfigured", so that it is redelivered, too, unless people would then see
    a call twice.
    """
    ctx.save_original()
    with deadline.reserve("dead_letter"):
        outcome = call_next()
    if outcome.redeliver or not outcome.dead_letter:
        return outcome
    ctx.payload, url = ctx.original(), settings.queue_url
    if outcome.calls_remaining:
        ctx.given_calls = [*outcome.calls_remaining]
    content = content_of(ctx)
    if not outcome.calls_remaining:
        url = dead_letter_queue_url()
        content["failed"] = {
            "outcome": outcome.name,
            "error": outcome.error or outcome.telegram_error,
            "version": settings.function_version,
            "at": time.time(),
        }
    try:
        send(url, content, ctx.message_group or message_group_id(ctx.payload))
    except (BotkitError, MessageRejected) as error:
        logger.error("dead letter or remaining calls not sent to SQS", extra={"error": str(error)})
        if isinstance(error, MessageRejected) or not ctx.calls.can_redeliver:
            return outcome
        return outcome.replace(error.outcome)
    return outcome.replace("queued") if outcome.calls_remaining else outcome


def message_group_id(update: Json) -> str:
    """Return the group of an update. Each group is answered in order.

    Usually it is the chat, or the topic in it. A tap may concern any chat, so its group is the
    person. With SESSION the group is the session, also for taps, so that no two updates of a
    session are answered at the same time. Raises BotkitError if SESSION may succeed later.
    """
    if hasattr(bot_module.load_or_none(), "SESSION"):
        from . import session

        try:
            key = session.key_of(update)
        except BaseException as error:  # from bot.py
            # In another message group, the update would lose its order. So after a temporary
            # failure, let Telegram redeliver it; a permanent one is logged when it comes out.
            if isinstance(error, BotkitError) and error.retryable:
                raise
            key = None
        if key is not None:
            return "session:" + hashlib.sha256(str(key).encode(errors="replace")).hexdigest()
    info = UpdateInfo(update)
    if info.update_type == "callback_query":
        return f"query:{info.user_id}"
    if info.chat_key is None:
        return str(info.user_id or info.update_type or "update")
    return info.chat_key if info.topic_id is None else f"{info.chat_key}:{info.topic_id}"


def content_of(ctx: Context) -> Json:
    """Return the message of an update or event, or of its remaining calls."""
    origin = ctx.log_fields.get("of", ctx.id)
    if ctx.given_calls is not None:
        return {"calls": encode_calls(ctx.given_calls), "of": origin}
    return {"update": ctx.payload} if ctx.is_update else {"event": ctx.payload, "of": origin}


def dead_letter_queue_url() -> str:
    """Return the URL of the dead-letter queue (queue.tf)."""
    return f"{settings.queue_url.removesuffix('.fifo')}_dlq.fifo"


def send(url: str, content: Json, group: str, **params: str) -> None:
    """Send a message. SQS drops a second one with the same content, or MessageDeduplicationId.

    Raises MessageRejected, Unreachable, or Misconfigured if the queue can't be used.
    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    body = aws.to_json(content)
    size = len(body.encode())
    # Not left to SQS: it answers a request of over 1.6 MB as if it were a fault, without a code.
    if size > MAX_MESSAGE_BYTES:
        limit = f"{MAX_MESSAGE_BYTES:,} bytes"
        raise MessageRejected(f"an SQS message must have at most {limit}, not {size:,}")
    try:
        call("SendMessage", url, MessageBody=body, MessageGroupId=group, **params)
    except aws.ClientError as error:
        if error.code.startswith(("InvalidParameterValue", "InvalidMessage")):
            raise MessageRejected(str(error)) from None
        raise Misconfigured(f"the queue can't be used: {error}") from None


def call(action: str, url: str, **params: Any) -> Any:
    """Call SQS. Raises aws.ClientError or Unreachable."""
    return aws.call("sqs", f"AmazonSQS.{action}", {"QueueUrl": url, **params})
