"""Webhook requests: their sender, the update in them, and the response.

Source: https://core.telegram.org/bots/api#setwebhook
"""

from __future__ import annotations

import logging
from _operator import _compare_digest as compare_digest  # hmac's, without hmac's 2 ms

from .. import current, ways
from ..current import Run
from ..outcome import Outcome
from ..settings import settings
from ..types import Json
from . import parse_json

logger = logging.getLogger("botkit")

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # API Gateway writes names in lower case


def receive(event: Json) -> Json:
    """Answer the update in a request, and return the response."""
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
    run = Run.of_update("webhook", update)
    run.may_respond = settings.reply_mode == "webhook"
    return settle(ways.take(current.begin(run), "webhook"))


def settle(outcome: Outcome) -> Json:
    """Return the response that tells Telegram whether to redeliver the update."""
    if outcome.body:
        return response(200, outcome.body, "application/json")
    if outcome.status == 200:
        return response(200)  # without a body: Telegram is slow with one that isn't a call
    return response(outcome.status, outcome.name, retry_after=outcome.retry_after)


def is_from_telegram(event: Json) -> bool:
    """Tell whether a request has the secret token in its header."""
    headers = event.get("headers")
    given = headers.get(SECRET_HEADER) if isinstance(headers, dict) else None
    if not isinstance(given, str):
        return False
    return compare_digest(given.encode("utf-8", "surrogatepass"), settings.webhook_secret.encode())


def parse(event: Json) -> Json:
    """Return the update in the body of a request. Raises ValueError with the problem."""
    body = event.get("body")
    if not isinstance(body, str):
        raise ValueError("the body is missing")
    data: str | bytes = body
    if event.get("isBase64Encoded"):
        from binascii import a2b_base64

        try:
            data = a2b_base64(body, strict_mode=True)
        except ValueError:
            raise ValueError("the body is not valid base64") from None
    try:
        update = parse_json(data)
    except ValueError:
        raise ValueError("the body is not valid JSON") from None
    if not isinstance(update, dict) or type(update.get("update_id")) is not int:
        raise ValueError("the body is not an update: an object with an integer update_id")
    return update


def response(
    status: int, body: str = "", content_type: str = "text/plain", retry_after: int | None = None
) -> Json:
    """Return a response for API Gateway."""
    headers = {"Content-Type": content_type}
    # Telegram honours at most an hour.
    if retry_after is not None and retry_after >= 0:
        headers["Retry-After"] = str(min(retry_after, 3600))
    return {"statusCode": status, "headers": headers, "body": body}
