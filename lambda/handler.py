"""Lambda events in, HTTP answers out: which event is this, who sent it, what to answer."""

from __future__ import annotations

import json
import logging
import time
from _operator import _compare_digest as compare_digest  # hmac's, without hmac's 2 ms

import telegram
from settings import Settings

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

# What became of an update: the level it is logged at, and the status that Telegram gets, which
# delivers an update again, after all later ones of its chat were held up, until the status is 2xx.
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

settings = Settings()
api = telegram.Client(settings.api_url, settings.token, settings.proxy)
answered: dict[int, None] = {}  # ids of updates whose calls were carried out, the latest last
broken: Exception | None = None  # why bot.py can't be imported: a destroy must work all the same
try:
    import bot
except Exception as error:
    broken = error
try:
    api.connect(STARTUP_SECONDS)
except telegram.Unreachable as error:
    logger.warning("no connection at start-up", extra={"error": str(error)})


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
    keys = ", ".join(map(str, event))[:200] if isinstance(event, dict) else ""
    error = f"unknown event: {type(event).__name__} ({keys})"
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
    kind = next((key for key in update if key != "update_id"), None)
    line: Json = {"update_id": update["update_id"], "kind": kind, "methods": []}
    line["outcome"] = answer(update, line, deadline)
    line["milliseconds"] = round((time.monotonic() - started) * 1000, 1)
    level, status = OUTCOMES[line["outcome"]]
    logger.log(level, "update", extra=line)
    return response(status, line["outcome"], line.get("retry_after"))


def answer(update: Json, line: Json, deadline: float) -> str:
    """Make the calls that answer an update, note them in its log line, and return its outcome."""
    if update["update_id"] in answered:
        return "repeated"
    if broken:
        line["error"] = place(broken)
        return "misconfigured"
    try:
        calls = checked(bot.reply(update))
    except Exception as error:
        line["error"] = place(error)
        return "bot_failed"
    outcome = "answered" if calls else "ignored"
    carried_out = False
    for call in calls:
        line["methods"].append(call["method"])
        try:
            make(call, deadline)
            carried_out = True
            continue
        except telegram.Refused as refusal:
            line["refusal"] = str(refusal)
            outcome = verdict(refusal)
            if outcome == "throttled":
                line["retry_after"] = refusal.retry_after
        except telegram.Unreachable as error:
            line["error"] = str(error)
            outcome = "unreachable"
        if outcome != "refused":  # the rest waits for the next delivery, if there is to be one
            outcome = "incomplete" if carried_out else outcome
            break
    if carried_out:
        remember(update["update_id"])
    return outcome


def checked(calls: Any) -> list[Json]:
    """Return a bot's calls. Raises TypeError or ValueError if they can't be made."""
    if not isinstance(calls, list):
        raise TypeError("reply() must return a list of calls")
    for call in calls:
        method = call.get("method") if isinstance(call, dict) else None
        if not isinstance(method, str) or not (method.isascii() and method.isalnum()):
            raise TypeError("a call must be a dict with the name of a method")
    json.dumps(calls, allow_nan=False)
    return calls


def make(call: Json, deadline: float) -> None:
    """Make a call, once more if its chat has a new id. Raises Refused or Unreachable."""
    params = {**call}
    method = params.pop("method")
    try:
        api.call(method, params, deadline - time.monotonic())
    except telegram.Refused as refusal:
        if refusal.migrate_to_chat_id is None:
            raise
        params["chat_id"] = refusal.migrate_to_chat_id
        api.call(method, params, deadline - time.monotonic())


def verdict(refusal: telegram.Refused) -> str:
    """Return the outcome of a refused call."""
    if refusal.is_about_the_token:
        return "misconfigured"
    return "throttled" if refusal.code == 429 else "refused"


def remember(update_id: int) -> None:
    """Note an answered update, in case it is delivered to this container again."""
    answered[update_id] = None
    if len(answered) > REMEMBERED:
        del answered[next(iter(answered))]


def response(status: int, reason: str, retry_after: int | None = None) -> Json:
    """Return an API Gateway response. Telegram honours a `retry_after` of 0 to 3600 seconds."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if retry_after is not None and retry_after >= 0:
        headers["Retry-After"] = str(min(retry_after, 3600))
    return {"statusCode": status, "headers": headers, "body": reason}


def on_terraform(event: Json, deadline: float) -> Json:
    """Register the webhook, or remove it. A refused registration raises, and fails the apply."""
    import webhook

    def call(method: str, params: Json) -> Any:
        return api.call(method, params, deadline - time.monotonic())

    if event["tf"].get("action") != "delete":
        if broken:
            raise webhook.RegistrationFailed(f"bot.py can't be imported: {place(broken)}: {broken}")
        return webhook.register(event, call, settings.webhook_secret, list(bot.HANDLED), deadline)
    try:
        webhook.remove(event, call)
    except Exception as error:  # a dead token, Telegram away: no reason to hold up a destroy
        logger.error(
            "the webhook was not removed", extra={"error": f"{type(error).__name__}: {error}"}
        )
    return {}


def place(error: Exception) -> str:
    """Return an exception's type and where it was raised. Its text may quote a message."""
    file, number = getattr(error, "filename", None), getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace and not isinstance(error, SyntaxError):
        file, number = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return f"{type(error).__name__} at {str(file).rpartition('/')[2]}:{number}"
