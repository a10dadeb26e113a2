"""Lambda's entry point: start-up, and which source of botkit/sources/ an event goes to."""

from __future__ import annotations

import logging
import threading
from functools import partial

from botkit import sources
from botkit.deadline import LIMITS, TIMES, deadline
from botkit.errors import Unreachable
from botkit.settings import settings
from botkit.types import Any

logger = logging.getLogger("botkit")


def handler(event: Any, context: Any) -> Any:
    """Answer any event that Lambda delivers.

    Returns an API Gateway response (`statusCode`, `headers`, `body`) for HTTP events,
    `batchItemFailures` for the queue, and what `terraform.receive` returns for Terraform's events.
    Raises what that raises, and EventFailed if a retry of another event may succeed.
    """
    source = sources.source_of(event)
    set_deadline(source, context)
    match source:
        case "webhook":
            from botkit.sources import webhook

            return webhook.receive(event)
        case "queue":
            from botkit import queue

            return queue.receive(event)
        case "page":
            from botkit.sources import page

            return page.receive(event)
        case "terraform":
            from botkit.sources import terraform

            return terraform.receive(event)
        case _:
            from botkit.sources import event as events

            return events.receive(event, context.aws_request_id)


def set_deadline(source: str, context: Any) -> None:
    """Set the deadline of an event by its source."""
    most, spare = TIMES[source]
    deadline.start(min(most, context.get_remaining_time_in_millis() / 1000 - spare))


def start_up() -> None:
    """Import bot.py and open the connections now, since start-up has a whole CPU."""
    # Lambda's handlers and level, for good: the bot may change those of the root logger.
    logger.handlers, logger.propagate = logging.getLogger().handlers[:], False
    logger.setLevel(logger.getEffectiveLevel())
    connects = []
    # The imports below run while these connect.
    if settings.reply_mode == "api":
        from botkit import telegram

        telegram.prepare()
        connects.append(telegram.connect)
    else:
        from botkit import in_response  # noqa: F401
    if settings.queue_url:
        from botkit import aws

        aws.prepare("sqs")
        connects.insert(0, partial(aws.connect, "sqs"))
    if settings.session_table:
        from botkit import aws

        aws.prepare("dynamodb")
        connects.insert(0, partial(aws.connect, "dynamodb"))  # nearer, so ready sooner
    from botkit import ways
    from botkit.sources import webhook  # noqa: F401

    threading.excepthook = log_thread
    ways.steps("webhook")  # this imports bot.py, and the steps that it switches on
    if settings.queue_url:
        from botkit import queue  # noqa: F401
    for connect in connects:
        try:
            with deadline.within(LIMITS["connect"]):
                connect()
        except Unreachable as error:
            logger.warning("not ready at start-up", extra={"error": str(error)})


def log_thread(failed: threading.ExceptHookArgs) -> None:
    """Log what a thread of the bot raised. Python would print a text that may quote people."""
    if failed.exc_value and not isinstance(failed.exc_value, SystemExit):
        from botkit.raised import frames, where_raised

        error = failed.exc_value
        logger.error("a thread failed", extra={"error": where_raised(error), **frames(error)})


start_up()
