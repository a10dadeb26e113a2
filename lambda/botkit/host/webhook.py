"""Webhook requests: their sender, and the response.

On its way to the bot, an update passes `process` (the log), `let_in` (allowed_ids), the queue if
there is one, `answer` (failed updates are kept), `answer_once` (repetitions), and `_answer` (LIMIT,
and then SESSION or reply() alone).
With a queue, it passes the first two again when it comes out, and LIMIT on its way in only.
Source: https://core.telegram.org/bots/api#setwebhook
"""

from __future__ import annotations

import json
import logging
import re
import time
from _operator import _compare_digest as compare_digest  # hmac's, without hmac's 2 ms
from collections.abc import Callable

from ..invocation import kind_of
from ..invocation.journal import journal
from ..invocation.settings import settings
from ..types import Any, Json
from . import bot_module
from .calls import make_or_respond
from .outcome import Outcome, outcome_of

logger = logging.getLogger("botkit")

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # API Gateway writes names in lower case
REMEMBERED = 256  # update ids
MAY_BE_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")  # of a surrogate pair

# The outcomes of recent updates for which calls were carried out, by update id.
recent: dict[int, Outcome] = {}


def respond(event: Json, take: Callable[[Json], Outcome]) -> Json:
    """Return the response to a request. `take` answers the update, or puts it into the queue."""
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
        return response(200)  # Telegram handles a body that isn't a call slowly
    return response(outcome.status, outcome.name, retry_after=outcome.retry_after)


def process(update: Json, take: Callable[[Json], Outcome], **how: object) -> Outcome:
    """Answer an update, or put it into the queue, and log the outcome."""
    started = time.monotonic()
    known = described(update)  # now, since the bot may change it
    outcome = let_in(update, take)
    outcome.log("update", started, **known, **how)
    return outcome


def let_in(update: Json, then: Callable[[Json], Outcome]) -> Outcome:
    """Let `then` answer an update, unless it is from a stranger and allowed_ids lists others."""
    if not settings.allowed_ids:
        return then(update)
    from ..extras import allowed

    return allowed.take(update, then)


def described(update: Json) -> Json:
    """Return what the log may say of an update."""
    return {"update_id": update["update_id"], "kind": kind_of(update) or None}


def answer(update: Json) -> Outcome:
    """Answer an update, and keep it if it failed and failed_retention_in_days says so."""
    if not settings.failed_queue_url:
        return answer_once(update)
    from ..extras import failures

    return failures.answer(update)


def answer_once(update: Json) -> Outcome:
    """Answer an update, unless this container has made calls for it, and is done."""
    journal.update_id = update_id = update["update_id"]
    before = recent.get(update_id)
    if before and before.status == 200:
        outcome = Outcome("repeated")
        outcome.body = before.body
        return outcome
    journal.is_repeat |= before is not None
    outcome = _answer(update)
    outcome.give_up_if_seen()
    if journal.has_calls:
        recent[update_id] = outcome
        if len(recent) > REMEMBERED:
            del recent[next(iter(recent))]
    return outcome


def _answer(update: Json) -> Outcome:
    try:
        bot = bot_module.load()
        if hasattr(bot, "LIMIT"):
            from ..extras import limit

            if outcome := limit.answer(update):
                return outcome
        if hasattr(bot, "SESSION"):
            from ..extras import with_session

            return with_session.answer(update)
        return make_or_respond(bot_module.ask_for_calls("reply", update))
    except BaseException as error:
        return outcome_of(error)


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


def parse_json(text: str | bytes) -> Any:
    """Parse JSON from outside. Raises ValueError, also for values that only Python takes for JSON:
    NaN, Infinity and 1e999.

    Half a surrogate pair ("\\ud800") becomes U+FFFD, since UTF-8 can't encode it.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
        if MAY_BE_HALF.search(text):
            text = json.dumps(value, ensure_ascii=False)
            value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        return value
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(number: str) -> float:
    value = float(number)
    if not abs(value) < float("inf"):  # NaN is neither less nor greater
        raise ValueError(number)
    return value


def response(
    status: int, body: str = "", content_type: str = "text/plain", retry_after: int | None = None
) -> Json:
    """Return a response for API Gateway."""
    headers = {"Content-Type": content_type}
    # Telegram honours at most an hour.
    if retry_after is not None and retry_after >= 0:
        headers["Retry-After"] = str(min(retry_after, 3600))
    return {"statusCode": status, "headers": headers, "body": body}
