"""The queue's messages: Lambda invokes the function with one update of each group at a time.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import json
import logging
import math
import random  # urllib loads it anyway

from .. import aws, current, sqs, ways
from ..current import Run
from ..deadline import LIMITS, deadline
from ..errors import Unreachable
from ..outcome import Outcome
from ..settings import settings
from ..types import Json

logger = logging.getLogger("botkit")

ALWAYS_HIDDEN = 60  # seconds for which the queue hides a message at least (queue.tf)
SPARE = 30  # seconds for which a message stays hidden after the function's time-out (queue.tf)
LONGEST_BACKOFF = 900  # seconds
LONGEST_PAUSE = 11 * 3600  # seconds: SQS hides a message for at most 12 hours in total


def receive(event: Json, take: ways.Take = ways.take) -> Json:
    """Answer the update in a message from the queue. Returns the response for Lambda."""
    [record] = event["Records"]
    run = Run.of_update("queue", json.loads(record["body"]), source="queue")
    run.attempt = "again" if received(record) > 1 else "first"
    current.begin(run)
    hide(record)
    with deadline.reserve("settle"):
        outcome = take(run, "queue")
    return settle(record, outcome)


def hide(record: Json) -> None:
    """Hide a message until its answer must have ended.

    The queue does that by itself, for the newest `timeout`. If a release with a shorter `timeout`
    was refused, this version still has the longer one.
    """
    seconds = math.ceil(deadline.left()) + SPARE
    if seconds <= ALWAYS_HIDDEN:
        return
    params = {"ReceiptHandle": record["receiptHandle"], "VisibilityTimeout": seconds}
    try:
        with deadline.within(LIMITS["hide"]):
            sqs.call("ChangeMessageVisibility", settings.queue_url, **params)
    except (aws.ClientError, Unreachable) as error:
        # The queue's own time is long enough, except after a release that was refused.
        logger.warning("the update was not hidden", extra={"error": str(error)})


def received(record: Json) -> int:
    """Return how many times a message has been received."""
    return int(record["attributes"]["ApproximateReceiveCount"])


def settle(record: Json, outcome: Outcome) -> Json:
    """Return the response that tells Lambda whether to redeliver a message.

    An exception would redeliver it, too, but would count as an error of the function.
    """
    if outcome.status == 200:
        return {"batchItemFailures": []}
    # At random up to half as long again: otherwise the updates of a burst come back together, and
    # meet a rate limit again. Telegram's pause may be only a second, which 20 tries would use up.
    pause = round(min(2 ** received(record), LONGEST_BACKOFF) * random.uniform(1, 1.5))
    pause = max(pause, outcome.retry_after or pause)
    params = {
        "ReceiptHandle": record["receiptHandle"],
        "VisibilityTimeout": min(pause, LONGEST_PAUSE),
    }
    try:
        sqs.call("ChangeMessageVisibility", settings.queue_url, **params)
    except (aws.ClientError, Unreachable) as error:
        # Then SQS redelivers it after the visibility time-out.
        logger.warning("the pause before a retry was not set", extra={"error": str(error)})
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
