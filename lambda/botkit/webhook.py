"""Webhook requests: their sender, the update in them, and the response.

Source: https://core.telegram.org/bots/api#setwebhook
"""

from __future__ import annotations

import json
import logging
from _operator import _compare_digest as compare_digest  # hmac's, without hmac's 2 ms

from . import context, pipeline
from .context import Context
from .outcome import Outcome
from .settings import settings
from .types import Any, Json

logger = logging.getLogger("botkit")

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # API Gateway writes names in lower case


def handle(event: Json) -> Json:
    """Answer the update in a request, and return the response."""
    if not has_secret_token(event):
        return response(401, "the secret token is missing or wrong")
    try:
        update = parse(event)
    except ValueError as error:
        logger.warning("bad request", extra={"reason": str(error)})
        return response(400, str(error))
    ctx = context.activate(Context.of_update("webhook", update))
    ctx.can_use_webhook_reply = settings.reply_mode == "webhook"
    return to_response(pipeline.process(ctx, "webhook"))


def to_response(outcome: Outcome) -> Json:
    """Return the response that tells Telegram whether to redeliver the update."""
    if outcome.body:
        return response(200, outcome.body, "application/json")
    if outcome.status == 200:
        return response(200)  # without a body: Telegram is slow with one that isn't a call
    return response(outcome.status, outcome.name, retry_after=outcome.retry_after)


def has_secret_token(event: Json) -> bool:
    """Tell whether a request has the secret token in its header."""
    headers = event.get("headers")
    given = headers.get(SECRET_HEADER) if isinstance(headers, dict) else None
    if not isinstance(given, str) or not settings.webhook_secret:
        return False
    return compare_digest(given.encode("utf-8", "surrogatepass"), settings.webhook_secret.encode())


def parse(event: Json) -> Json:
    """Return the update in the body of a request. Raises ValueError with the problem."""
    body: Any = event.get("body")
    try:
        if event.get("isBase64Encoded"):
            from binascii import a2b_base64

            body = a2b_base64(body)
        update = parse_json(body)
    except (TypeError, ValueError):
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


def parse_json(text: str | bytes) -> Any:
    """Parse JSON from outside. Raises ValueError.

    Half a surrogate pair ("\\ud800") becomes U+FFFD, since UTF-8 can't encode it.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    try:
        value = json.loads(text)
        # Only if the text has a surrogate or an escaped one, which is rare.
        if "\\ud" in text or "\\uD" in text or text.encode(errors="replace").decode() != text:
            text = json.dumps(value, ensure_ascii=False)
            value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        return value
    except RecursionError:
        raise ValueError("nested too deeply") from None
