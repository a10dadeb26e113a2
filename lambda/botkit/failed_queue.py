"""The queue (SQS) of updates and events that failed. A message of it contains one, and the reason:

    {"failed": {"outcome": "incomplete", "error": …, "version": "41", "at": 1767225600},
     "update": …, "calls": […]}

`calls` are those that remain, if that is known; "asked": "on_limit" tells that reply() isn't to be
asked. `ids` are those of the updates in a turn (TOGETHER), whose messages the update has. Instead
of `update` there may be an `event`, with its "id". Lambda itself writes the events that it gives
up, with the event in "requestPayload". An update alone, as in the queue's dead letters, is one that
failed too often.
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
    """Put what failed into the queue. Returns its outcome.

    `subject` is its update or event, and `how` are parameters of SendMessage. If SQS can't be used,
    the outcome is one after which the subject is delivered again, unless people would then see a
    call twice.
    """
    failure = put(outcome, subject, **how)
    if isinstance(failure, Unreachable) and not run.made.seen:
        return outcome.but(failure.outcome)
    return outcome


def put(outcome: Outcome, subject: Json, **how: int) -> Unreachable | sqs.NotTaken | None:
    """Put what failed into the queue. Returns why it isn't there, or None if it is."""
    error = outcome.error or outcome.refusal
    about = {"outcome": outcome.name, "error": error, "version": settings.function_version}
    content = {"failed": {**about, "at": int(time.time())}, **subject}
    if outcome.remaining:
        content["calls"] = packed([*outcome.remaining])
    try:
        sqs.send(settings.failed_queue_url, content, **how)
    except sqs.NotTaken as refusal:
        logger.error("what failed can't be kept", extra={"error": str(refusal)})
        return refusal
    except Unreachable as failure:
        logger.error("what failed was not kept", extra={"error": str(failure)})
        return failure
    return None
