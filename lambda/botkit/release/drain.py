"""The end of the queue, when Terraform removes it: it must be empty.

    {"tf": {"action": "delete", …}, "url": "https://…/telegram", "is": "queue"}

No more updates come into it: Terraform has had the webhook go around it (registration.py), and has
waited since then until SQS's counts are right.
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

PAUSE_SECONDS = 1.0  # between two readings. The last one has at least as long


def await_empty_queue() -> Json:
    """Wait until the queue is empty, before Terraform removes it.

    Raises QueueNotEmpty if the time is up before, also if SQS can't tell. This fails the apply or
    destroy while nothing is lost. An update that can't be answered leaves for the dead-letter
    queue. A queue that was deleted by hand holds up nothing.
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
        except Exception as error:  # it may pass
            reason = f"{type(error).__name__}: {error}"
            logger.warning("the queue's updates can't be counted", extra={"error": reason})
        if deadline.left() < 2 * pause:
            break
        time.sleep(pause)
    give_up = f"aws sqs purge-queue --queue-url {settings.queue_url}"
    if not waiting:
        give_up += f" (and if SQS can't be reached any more: {forgotten('drain_queue')})"
    raise QueueNotEmpty(
        f"Updates that wait in the queue would be lost with it: {waiting or 'an unknown number'}. "
        "New ones are answered at once. Run the command again to wait on for the answers, or give "
        f"them up: {give_up}"
    )
