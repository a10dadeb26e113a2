"""Webhook requests: who sent one, what update is in it, and what Telegram gets.

Source: https://core.telegram.org/bots/api#setwebhook
"""

from __future__ import annotations

import logging
import time
from _operator import _compare_digest as compare_digest  # hmac's, without hmac's 2 ms
from collections.abc import Callable

from ..errors import loggable
from ..settings import settings
from ..types import Json
from . import author, strict_json
from .calls import make_or_respond
from .outcome import Outcome, failed

logger = logging.getLogger("botkit")

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # API Gateway writes names in lower case
REMEMBERED = 256  # update ids

# Recently answered updates: their ids, and the call in the response, if any.
answered: dict[int, str | None] = {}


def respond(event: Json, take: Callable[[Json], Outcome]) -> Json:
    """Return the response to a request; `take` answers the update in it, or queues it."""
    if event.get("version") != "2.0":
        logger.error("a request that isn't of API Gateway's payload format 2.0 is refused")
        return response(400, "only payload format 2.0 is answered")
    if not settings.webhook_secret:
        logger.error("every update is refused: TELEGRAM_WEBHOOK_SECRET is not set")
        return response(401, "no secret token is configured")
    if not is_from_telegram(event):
        return response(401, "the secret token is missing or wrong")
    try:
        update = parse(event)
    except ValueError as error:
        logger.warning("bad request", extra={"reason": str(error)})
        return response(400, str(error))
    outcome = process(update, take)
    if outcome.body:
        return response(200, outcome.body, "application/json")
    if outcome.status == 200:
        return response(200)  # a body that isn't a call takes a slow path at Telegram
    return response(outcome.status, outcome.name, retry_after=outcome.retry_after)


def process(update: Json, take: Callable[[Json], Outcome], **how: object) -> Outcome:
    """Have an update answered or queued, and log the outcome."""
    started = time.monotonic()
    # Before the bot gets the update, which it may change.
    kind = next((loggable(key) for key in update if key != "update_id"), None)
    known = {"update_id": update["update_id"], "kind": kind, **how}
    outcome = take(update)
    outcome.log("update", started, **known)
    return outcome


def answer(update: Json) -> Outcome:
    """Answer an update, unless it was answered before."""
    update_id = update["update_id"]
    if update_id in answered:
        return Outcome("repeated", body=answered[update_id])
    try:
        todo = author.ask_for_calls("reply", update)
    except BaseException as error:
        return failed(error)
    outcome = make_or_respond(todo) if todo else Outcome("ignored")
    if outcome.carried_out:  # in case the update is delivered to this container again
        answered[update_id] = outcome.body
        if len(answered) > REMEMBERED:
            del answered[next(iter(answered))]
    return outcome


def is_from_telegram(event: Json) -> bool:
    """Tell whether a request has the secret token in its header."""
    headers = event.get("headers")
    given = headers.get(SECRET_HEADER) if isinstance(headers, dict) else None
    if not isinstance(given, str):
        return False
    return compare_digest(given.encode("utf-8", "surrogatepass"), settings.webhook_secret.encode())


def parse(event: Json) -> Json:
    """Return the update in a request's body. Raises ValueError, which says what is wrong."""
    body = event.get("body")
    if not isinstance(body, str):
        raise ValueError("no body")
    data: str | bytes = body
    if event.get("isBase64Encoded"):
        from binascii import a2b_base64

        try:
            data = a2b_base64(body, strict_mode=True)
        except ValueError:
            raise ValueError("the body is no base64") from None
    try:
        update = strict_json.parse(data)
    except ValueError:
        raise ValueError("the body is no JSON") from None
    if not isinstance(update, dict) or type(update.get("update_id")) is not int:
        raise ValueError("the body is no update: an object with an integer update_id")
    return update


def response(
    status: int, body: str = "", content_type: str = "text/plain", retry_after: int | None = None
) -> Json:
    """Return a response as API Gateway takes it."""
    headers = {"Content-Type": content_type}
    # Telegram honours this for an hour at most.
    if retry_after is not None and retry_after >= 0:
        headers["Retry-After"] = str(min(retry_after, 3600))
    return {"statusCode": status, "headers": headers, "body": body}
