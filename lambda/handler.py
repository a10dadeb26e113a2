"""Lambda's entry point: start-up, and which module of botkit/ handles an event."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from importlib import import_module

from botkit.deadline import LIMITS, TIMES, deadline
from botkit.errors import BotkitError
from botkit.settings import settings
from botkit.types import Any

logger = logging.getLogger("botkit")


def handler(event: Any, context: Any) -> Any:
    """Answer any event that Lambda delivers.

    Returns an API Gateway response (`statusCode`, `headers`, `body`) for HTTP events,
    `batchItemFailures` for the queue, and what `release.handle` returns for Terraform's events.
    Raises what that raises, and EventFailed if a retry of another event may succeed.
    """
    source = source_of(event)
    seconds, margin = TIMES[source]
    deadline.start(min(seconds, context.get_remaining_time_in_millis() / 1000 - margin))
    module = import_module(f"botkit.{source}")
    if source == "event":
        return module.handle(event, context.aws_request_id)
    return module.handle(event)


def source_of(event: Any) -> str:
    """Return the source of an event, which is also the module of botkit that handles it.

    Every HTTP event has a requestContext. A client can't set keys beside it, so it can't imitate
    another event. Events that Lambda sends to a destination also have one.
    """
    match event:
        case {"requestContext": _} if "requestPayload" not in event:
            # API Gateway has chosen the route. The path could be written in many ways.
            is_app = str(event.get("routeKey")).startswith("ANY /app")
            return "mini_app" if settings.mini_app_url and is_app else "webhook"
        case {"tf": {"action": "register" | "delete" | "watch"}, "url": str()}:
            return "release"
        case {"tf": {"action": "check" | "create" | "update" | "warm"}}:
            return "release"
        case {"Records": [{"eventSourceARN": str(arn)}]} if settings.queue_url:
            account, name = arn.split(":")[-2:] if arn.count(":") else ("", "")
            return "queue" if settings.queue_url.endswith(f"/{account}/{name}") else "event"
    return "event"


def start_up() -> None:
    """Import bot.py and open the connections now, since start-up has a whole CPU."""
    # Pin Lambda's log handlers and level, because bot.py may reconfigure the root logger.
    logger.handlers, logger.propagate = logging.getLogger().handlers[:], False
    logger.setLevel(logger.getEffectiveLevel())
    waits: list[Callable[[], None]] = []
    # The imports below run while these connect.
    if settings.reply_mode == "api":
        from botkit import telegram

        waits.append(telegram.start_connecting())
    # DynamoDB, which is nearer than Telegram, is ready first.
    for service, is_used in (("sqs", settings.queue_url), ("dynamodb", settings.session_table)):
        if is_used:
            from botkit import aws

            waits.insert(0, aws.start_connecting(service))
    from botkit import pipeline, webhook  # noqa: F401

    threading.excepthook = log_thread
    pipeline.enabled_middleware("webhook")  # this imports bot.py, and what it enables
    if settings.queue_url:
        from botkit import queue  # noqa: F401
    for wait in waits:
        try:
            with deadline.within(LIMITS["connect"]):
                wait()
        except BotkitError as error:
            logger.warning("connection failed at start-up", extra={"error": str(error)})


def log_thread(failed: threading.ExceptHookArgs) -> None:
    """Log what a thread of the bot raised. Python would print a text that may quote people."""
    if failed.exc_value and not isinstance(failed.exc_value, SystemExit):
        from botkit.stack_trace import error_location, stack_trace

        error = failed.exc_value
        fields = {"error": error_location(error), **stack_trace(error)}
        logger.error("a thread failed", extra=fields)


start_up()
