"""Lambda's entry point: start-up, and which module of botkit/ answers an event."""

from __future__ import annotations

import logging
import threading
from functools import partial

from botkit.deadline import deadline
from botkit.errors import Misconfigured, Unreachable
from botkit.invocation.journal import journal
from botkit.invocation.settings import settings
from botkit.types import Any

logger = logging.getLogger("botkit")

# For each purpose of an event: how many seconds it may take, and how many seconds before the
# time-out of the function it must end.
TIMES = {
    "webhook": (24.0, 1.0),  # API Gateway waits for 30 s
    "page": (24.0, 1.0),
    "queue": (900.0, 0.5),
    "terraform": (900.0, 1.0),  # 900 s is Lambda's own limit
    "event": (900.0, 1.0),
}
CONNECT_SECONDS = 3.0  # at start-up, for each service


def handler(event: Any, context: Any) -> Any:
    """Answer any event that Lambda delivers.

    Returns an API Gateway response (`statusCode`, `headers`, `body`) for HTTP events,
    `batchItemFailures` for the queue, and the result of `terraform.answer` for its events. Raises
    what that raises, and EventFailed if a retry of another event may succeed.
    """
    purpose = purpose_of(event)
    set_deadline(purpose, context)
    journal.begin()
    match purpose:
        case "webhook":
            from botkit.host import webhook

            if not settings.queue_url:
                return webhook.respond(event, webhook.answer)
            from botkit.extras import queue

            return webhook.respond(event, queue.take)
        case "page":
            from botkit.extras import page

            return page.respond(event)
        case "queue":
            from botkit.extras import queue

            return queue.receive(event)
        case "terraform":
            from botkit.host import terraform

            return terraform.answer(event, lambda event: purpose_of(event) == "event")
        case _:
            from botkit.extras import on_event

            return on_event.receive(event, context.aws_request_id)


def purpose_of(event: Any) -> str:
    """Return what an event is for.

    Every HTTP event has a requestContext. A client can't set keys beside it, so it can't imitate
    another event. Events that Lambda sends to a destination also have one.
    """
    match event:
        case {"requestContext": _} if "requestPayload" not in event:
            # API Gateway has chosen the route. The path could be written in many ways.
            route = str(event.get("routeKey"))
            return "page" if settings.mini_app_url and route.startswith("ANY /app") else "webhook"
        case {"tf": _}:
            from botkit.host import terraform

            if terraform.is_ours(event):
                return "terraform"
    if settings.queue_url:
        from botkit.extras import queue

        if queue.is_ours(event):
            return "queue"
    return "event"


def set_deadline(purpose: str, context: Any) -> None:
    """Set the deadline of an event by its purpose."""
    most, spare = TIMES[purpose]
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
        from botkit.host import in_response  # noqa: F401
    for service, is_used in (("sqs", settings.queue_url), ("dynamodb", settings.session_table)):
        if is_used:
            from botkit import aws

            aws.prepare(service)
            connects.insert(0, partial(aws.connect, service))  # nearer, so sooner ready
    from botkit.host import bot_module, outcome, webhook  # noqa: F401

    threading.excepthook = outcome.log_thread
    if settings.queue_url:
        from botkit.extras import queue  # noqa: F401
    if settings.session_table:
        from botkit.extras import with_session  # noqa: F401
    if settings.failed_queue_url:
        from botkit.extras import failures  # noqa: F401
    if settings.allowed_ids:
        from botkit.extras import allowed  # noqa: F401
    try:
        bot = bot_module.load()
        if hasattr(bot, "LIMIT"):
            from botkit.extras import limit  # noqa: F401
        if hasattr(bot, "TOGETHER"):
            from botkit.extras import together  # noqa: F401
    except Misconfigured:  # the first update logs it; a destroy works all the same
        pass
    for connect in connects:
        try:
            with deadline.within(CONNECT_SECONDS):  # one that hangs takes only its own time
                connect()
        except Unreachable as error:
            logger.warning("not ready at start-up", extra={"error": str(error)})


start_up()
