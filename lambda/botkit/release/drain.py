"""Waits until the queue is empty, before Terraform removes it.

    {"tf": {"action": "delete", …}, "url": "https://…/telegram", "is": "queue"}

No more updates come into it: Terraform has changed the webhook to bypass it (registration.py), and
has waited since then until SQS's counts are right.
"""

from __future__ import annotations

import logging
import time

from .. import aws, sqs
from ..deadline import deadline
from ..settings import settings
from ..types import Json
from .registration import QueueNotEmpty, forgotten

logger = logging.getLogger("botkit")

PAUSE_SECONDS = 1.0  # between two readings. The last one gets at least as much time


def await_empty_queue() -> Json:
    """Wait until the queue is empty, before Terraform removes it.

    Raises QueueNotEmpty if the time runs out first, or if SQS doesn't tell. This fails the apply or
    destroy before anything is lost. Updates that can't be answered move to the dead-letter queue in
    the end. If the queue was deleted by hand, there is nothing to wait for.
    """
    waiting = 0
    pause = min(PAUSE_SECONDS, deadline.left() / 4)
    while True:
        try:
            waiting = sqs.waiting(settings.queue_url)
            if not waiting:
                return {}
        except aws.ClientError as error:  # there is no such queue
            logger.error("the queue's updates can't be counted", extra={"error": str(error)})
            return {}
        except Exception as error:  # a retry may succeed
            reason = f"{type(error).__name__}: {error}"
            logger.warning("the queue's updates can't be counted", extra={"error": reason})
        if deadline.left() < 2 * pause:
            break
        time.sleep(pause)
    give_up = f"aws sqs purge-queue --queue-url {settings.queue_url}"
    if not waiting:
        give_up += f" (and if SQS can no longer be reached: {forgotten('drain_queue')})"
    raise QueueNotEmpty(
        f"The queue still has {waiting or 'an unknown number of'} updates, which would be lost "
        "with it. New ones are answered at once. Run the command again to wait until these are "
        f"answered, or give them up: {give_up}"
    )
