"""The end of the queue, when Terraform removes it: it must be empty.

    {"tf": {"action": "delete", …}, "url": "https://…/telegram", "is": "queue", "quiet_seconds": 60}

`quiet_seconds` is for an emulated AWS, whose counts are exact: how long the queue must be empty.
"""

from __future__ import annotations

import logging
import time

from .. import aws
from ..deadline import deadline
from ..settings import settings
from ..types import Json

logger = logging.getLogger("botkit")

PAUSE_SECONDS = 1.0  # between two readings. The last one has at least as long
# For how long the queue must be empty: SQS's counts are right a minute after the last update came.
QUIET_SECONDS = 60.0


class QueueNotEmpty(Exception):
    """The queue still has updates, or may get some, which would be lost with it."""


def await_empty_queue(event: Json) -> Json:
    """Wait until the queue has been empty for a minute, before Terraform removes it.

    If the time is up before, it must have been empty for the last half of it. Raises QueueNotEmpty
    otherwise, also if SQS can't tell. This fails the apply or destroy while nothing is lost. An
    update that can't be answered leaves for the dead-letter queue. A queue that was deleted by hand
    holds up nothing.
    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    """
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "Delayed", "NotVisible")]
    params = {"QueueUrl": settings.queue_url, "AttributeNames": names}
    waiting = 0
    empty_from = float("-inf")  # the seconds that were left
    whole = deadline.left()
    pause = min(PAUSE_SECONDS, whole / 4)
    while True:
        is_empty = False
        try:
            counts = aws.call("sqs", "AmazonSQS.GetQueueAttributes", params)["Attributes"]
            waiting = sum(int(counts[name]) for name in names)
            is_empty = not waiting
        except aws.ClientError as error:  # there is no such queue
            logger.error("the queue's updates can't be counted", extra={"error": str(error)})
            return {}
        except Exception as error:  # it may pass
            reason = f"{type(error).__name__}: {error}"
            logger.warning("the queue's updates can't be counted", extra={"error": reason})
        left = deadline.left()
        empty_from = max(empty_from, left) if is_empty else float("-inf")
        seconds = empty_from - left
        if seconds >= event.get("quiet_seconds", QUIET_SECONDS):
            return {}
        if left < 2 * pause:
            break
        time.sleep(pause)
    if seconds >= whole / 2:
        logger.warning(
            "the queue was empty, but not for a minute", extra={"seconds": round(seconds)}
        )
        return {}
    raise QueueNotEmpty(
        f"Updates that wait in the queue would be lost with it: {waiting or 'an unknown number'}. "
        "Telegram keeps new ones. Run the command again to wait on for their answers, or give them "
        f"up: aws sqs purge-queue --queue-url {settings.queue_url}"
    )
