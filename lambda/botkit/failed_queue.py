"""The SQS queue of updates and events that failed. Each message contains one, and the reason:

    {"failed": {"outcome": "incomplete", "error": …, "version": "41", "at": 1767225600},
     "update": …, "calls": […]}

`calls` are those that remain, if that is known. "asked": "on_limit" means that on_limit() answers,
not reply().
Instead of `update`, there may be an `event` with its "id". Lambda itself writes the events that it
gives up, each in "requestPayload". A bare update, as in the dead-letter queue, failed too often.
"""

from __future__ import annotations

import logging
import time

from . import sqs
from .current import Run
from .errors import Unreachable
from .outcome import Outcome
from .packed import packed
from .settings import settings
from .types import Json

logger = logging.getLogger("botkit")


def keep(run: Run, outcome: Outcome, subject: Json, **how: int) -> Outcome:
    """Put a failed update or event (the `subject`) into the queue. Returns its outcome.

    `how` are parameters of SendMessage. If SQS can't be used, the outcome changes to "unreachable"
    or "misconfigured", so that the subject is redelivered, unless people would then see a call
    twice.
    """
    failure = put(outcome, subject, **how)
    if isinstance(failure, Unreachable) and not run.made.seen:
        return outcome.but(failure.outcome)
    return outcome


def put(outcome: Outcome, subject: Json, **how: int) -> Unreachable | sqs.NotTaken | None:
    """Put a failed update or event into the queue. Returns why it isn't there, or None if it is."""
    error = outcome.error or outcome.refusal
    about = {"outcome": outcome.name, "error": error, "version": settings.function_version}
    content = {"failed": {**about, "at": int(time.time())}, **subject}
    if outcome.remaining:
        content["calls"] = packed([*outcome.remaining])
    try:
        sqs.send(settings.failed_queue_url, content, **how)
    except sqs.NotTaken as refusal:
        logger.error("a failed update or event can't be kept", extra={"error": str(refusal)})
        return refusal
    except Unreachable as failure:
        logger.error("a failed update or event was not kept", extra={"error": str(failure)})
        return failure
    return None
