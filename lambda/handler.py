"""Lambda events in, HTTP answers out: which event is this, who sent it, what to answer."""

from __future__ import annotations

import json
import logging
import time
from _operator import _compare_digest as compare_digest  # hmac's, without hmac's 2 ms

from botkit.errors import Refused, Unreachable, loggable
from botkit.settings import settings

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would cost 2 ms of every cold start
    from typing import Any

    Json = dict[str, Any]

logger = logging.getLogger("bot")

# An event with any of these came over HTTP, by API Gateway (both payloads) or a load balancer.
# What a client sends is always inside of them, so no client can imitate another kind of event.
HTTP_FIELDS = {"requestContext", "headers", "multiValueHeaders", "body", "httpMethod", "rawPath"}
SECRET_HEADER = "x-telegram-bot-api-secret-token"

STARTUP_SECONDS = 3.0  # at most, to open the connection before the first update
SPARE_SECONDS = 1.0  # of the function's time-out, kept to give the answer in
REMEMBERED = 256  # update ids
NEVER_IN_RESPONSE = {"setwebhook", "deletewebhook", "logout", "close"}  # nor any get…

# What became of an update: the level it is logged at, and the status that Telegram gets. Until that
# is 2xx, Telegram delivers the update again, and keeps back the later ones of its chat.
OUTCOMES = {
    "answered": (logging.INFO, 200),
    "ignored": (logging.INFO, 200),  # the bot has nothing to say to it
    "repeated": (logging.INFO, 200),  # it was answered, but Telegram didn't hear our 200
    "refused": (logging.WARNING, 200),  # by Telegram, which would refuse it again
    "bot_failed": (logging.ERROR, 200),  # bot.py raised an exception, and would again
    "incomplete": (logging.ERROR, 200),  # a later call failed, and an earlier one can't be undone
    "throttled": (logging.WARNING, 503),
    "unreachable": (logging.ERROR, 503),
    "misconfigured": (logging.ERROR, 503),  # a token that Telegram doesn't know, a broken bot.py
}

# The last updates whose calls were carried out: their ids, and the call in the response, if any.
answered: dict[int, Json | None] = {}

# Why bot.py can't be imported, if it can't: a destroy must work all the same.
broken: BaseException | None = None
try:
    import bot
except BaseException as error:  # asyncio's CancelledError, sys.exit()
    broken = error
if settings.reply_mode == "api":
    from botkit import api

    try:
        api.prepare(STARTUP_SECONDS)
    except Unreachable as error:
        logger.warning("not ready at start-up", extra={"error": str(error)})


def handler(event: Any, context: Any) -> Json | None:
    """Answer any event that Lambda delivers. Only a refused registration raises an exception.

    Returns an API Gateway response (`statusCode`, `headers`, `body`) to HTTP events, what the
    webhook is now to Terraform's, nothing to a warm-up, and `{"error": …}` to anything else.
    """
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    if isinstance(event, dict):
        if not HTTP_FIELDS.isdisjoint(event):
            return on_request(event, deadline)
        if isinstance(event.get("tf"), dict) and isinstance(event.get("url"), str):
            return on_terraform(event, deadline)
        if event.get("source") == "aws.events":  # the schedule that keeps a container warm
            return None
    keys = ", ".join(map(str, event)) if isinstance(event, dict) else ""
    error = loggable(f"unknown event: {type(event).__name__} ({keys})")
    logger.error(error)
    return {"error": error}


def on_request(event: Json, deadline: float) -> Json:
    """Answer a webhook request (https://core.telegram.org/bots/api#setwebhook)."""
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
    return on_update(update, deadline)


def is_from_telegram(event: Json) -> bool:
    """Tell whether a request has the secret token, once, in its header."""
    headers = event.get("headers")
    if not isinstance(headers, dict):
        return False
    given = [value for name, value in headers.items() if str(name).lower() == SECRET_HEADER]
    if len(given) != 1 or not isinstance(given[0], str):
        return False
    secret = settings.webhook_secret.encode()
    return compare_digest(given[0].encode("utf-8", "surrogatepass"), secret)


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
        update = json.loads(data, parse_constant=not_json)
    except (ValueError, RecursionError):
        raise ValueError("the body is no JSON") from None
    if not isinstance(update, dict) or type(update.get("update_id")) is not int:
        raise ValueError("the body is no update: an object with an integer update_id")
    return update


def not_json(constant: str) -> None:
    """Refuse NaN and Infinity, which Python's parser takes."""
    raise ValueError(constant)


def on_update(update: Json, deadline: float) -> Json:
    """Answer an update, log one line about it, and return the response to its request."""
    started = time.monotonic()
    kind = next((loggable(key) for key in update if key != "update_id"), None)
    line: Json = {"update_id": update["update_id"], "kind": kind, "methods": []}
    outcome, call = answer(update, line, deadline)
    line["outcome"] = outcome
    line["milliseconds"] = round((time.monotonic() - started) * 1000, 1)
    level, status = OUTCOMES[outcome]
    logger.log(level, "update", extra=line)
    if call:
        return response(status, json.dumps(call), "application/json")
    return response(status, outcome, retry_after=line.get("retry_after"))


def answer(update: Json, line: Json, deadline: float) -> tuple[str, Json | None]:
    """Answer an update, and note in its log line how.

    Returns the outcome, and the call that Telegram is to find in the response, if any.
    """
    update_id = update["update_id"]
    if update_id in answered:
        return "repeated", answered[update_id]
    if broken:
        line["error"] = where_raised(broken)
        return "misconfigured", None
    try:
        calls = checked(bot.reply(update))
    except Unreachable as error:  # a bot of one's own may have asked AWS
        line["error"] = str(error)
        return "unreachable", None
    except BaseException as error:
        line["error"] = where_raised(error)
        return "bot_failed", None
    if not calls:
        return "ignored", None
    last = calls.pop() if fits_response(calls[-1]) else None
    outcome, carried_out = carry_out(calls, line, deadline)
    if OUTCOMES[outcome][1] != 200 or outcome == "incomplete":
        last = None
    if last:
        line["methods"].append(last["method"])
    if carried_out:
        remember(update_id, last)
    return outcome, last


def fits_response(call: Json) -> bool:
    """Tell whether a call may be the response's body: Telegram then makes it by itself.

    Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
    """
    method = call["method"].lower()
    never = method.startswith("get") or method in NEVER_IN_RESPONSE
    return settings.reply_mode == "webhook" and not never


def carry_out(calls: list[Json], line: Json, deadline: float) -> tuple[str, bool]:
    """Make calls in their order. Returns the outcome, and whether any was carried out."""
    outcome, carried_out = "answered", False
    for call in calls:
        from botkit import api

        params = {**call}
        method = params.pop("method")
        line["methods"].append(method)
        try:
            api.call(method, params, deadline)
            carried_out = True
            continue
        except Refused as refusal:
            line["refusal"] = str(refusal)
            line["retry_after"] = refusal.retry_after
            outcome = verdict(refusal)
        except Unreachable as error:
            line["error"] = str(error)
            outcome = "unreachable"
        if outcome != "refused":  # the rest waits for the next delivery, if there is to be one
            return "incomplete" if carried_out else outcome, carried_out
    return outcome, carried_out


def checked(calls: Any) -> list[Json]:
    """Return a copy of a bot's calls. Raises TypeError or ValueError if they can't be made."""
    if not isinstance(calls, list):
        raise TypeError("reply() must return a list of calls")
    for call in calls:
        method = call.get("method") if isinstance(call, dict) else None
        if not isinstance(method, str) or not (method.isascii() and method.isalnum()):
            raise TypeError("a call must be a dict with the name of a method")
    json.dumps(calls, allow_nan=False)
    return [*calls]


def verdict(refusal: Refused) -> str:
    """Return the outcome of a refused call."""
    if refusal.is_about_the_token:
        return "misconfigured"
    return "throttled" if refusal.code == 429 else "refused"


def remember(update_id: int, call: Json | None) -> None:
    """Note an answered update, in case it is delivered to this container again."""
    answered[update_id] = call
    if len(answered) > REMEMBERED:
        del answered[next(iter(answered))]


def response(
    status: int, body: str, content_type: str = "text/plain", retry_after: int | None = None
) -> Json:
    """Return an API Gateway response. Telegram honours a `retry_after` of 0 to 3600 seconds."""
    headers = {"Content-Type": content_type}
    if status == 503 and retry_after is not None and retry_after >= 0:
        headers["Retry-After"] = str(min(retry_after, 3600))
    return {"statusCode": status, "headers": headers, "body": body}


def on_terraform(event: Json, deadline: float) -> Json:
    """Register the webhook, or remove it. A refused registration raises, and fails the apply."""
    from botkit import api, webhook

    if settings.token_parameter:  # it may have changed since it was fetched
        api.client.token = ""

    def call(method: str, params: Json) -> Any:
        return api.call(method, params, deadline)

    if event["tf"].get("action") == "register":
        if broken:
            raise webhook.RegistrationFailed(
                f"bot.py can't be imported: {where_raised(broken)}: {broken}"
            )
        return webhook.register(event, call, settings.webhook_secret, list(bot.HANDLED), deadline)
    if event["tf"].get("action") == "delete":
        try:
            webhook.remove(event, call)
        except Exception as error:  # a dead token, Telegram away: no reason to hold up a destroy
            logger.error(
                "the webhook was not removed", extra={"error": f"{type(error).__name__}: {error}"}
            )
    return {}


def where_raised(error: BaseException) -> str:
    """Return an exception's type and where it was raised. Its text may quote a message."""
    file: str | None = None
    number: int | None = None
    trace = error.__traceback__
    while trace:
        file, number, trace = trace.tb_frame.f_code.co_filename, trace.tb_lineno, trace.tb_next
    if error is broken and isinstance(error, SyntaxError):  # a file that can't be run
        file, number = error.filename, error.lineno
    return loggable(f"{type(error).__name__} at {str(file).rpartition('/')[2]}:{number}")
