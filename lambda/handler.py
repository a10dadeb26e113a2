"""Lambda's entry point: which event is this, who sent it, and who answers it."""

from __future__ import annotations

import json
import logging
import time
from _operator import _compare_digest as compare_digest  # hmac's, without hmac's 2 ms

from botkit import deadline
from botkit.errors import Misconfigured, Refused, Unreachable, loggable
from botkit.host import calls, strict_json
from botkit.host.outcome import Outcome, failed, since, where_raised
from botkit.settings import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]

logger = logging.getLogger("botkit")

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # API Gateway writes names in lower case

CONNECT_SECONDS = 3.0  # at most, to connect to Telegram at start-up
SPARE_SECONDS = 1.0  # of the function's time-out, kept to give the answer in
AWAITED_SECONDS = 24.0  # for a request, whatever the time-out is: API Gateway waits for 30 s
REMEMBERED = 256  # update ids
NEVER_IN_RESPONSE = {"setwebhook", "deletewebhook", "logout", "close"}  # nor any get…

# The last updates of which a call was carried out: their ids, and the call in the response, if any.
answered: dict[int, str | None] = {}

connects = settings.reply_mode == "api"
if connects:
    from botkit import telegram

    telegram.prepare()  # and import the bot while the connection is made

bot: Any = None
# What the import of bot.py raised, if it did. Kept, so that a destroy works all the same.
import_error: BaseException | None = None


def import_bot() -> None:
    """Import bot.py in the time that is left: one that polls at its top would never end."""
    global bot, import_error
    try:
        bot = calls.run_in_time(deadline.left(), __import__, "bot")
        bot.reply  # noqa: B018  # raises if there is none
        import_error = None
    except BaseException as error:  # sys.exit() too
        import_error = error
        logger.debug("exception in bot.py", exc_info=error)
    logger.disabled = False  # as logging.config.dictConfig() makes every logger by default


def usable_bot() -> Any:
    """Return bot.py's module; an import that failed is tried again. Raises Misconfigured."""
    if import_error:
        import_bot()
    if import_error:
        raise Misconfigured(where_raised(import_error, at_import=True))
    return bot


import_bot()

if settings.queue_url:
    from botkit.host import queue

if connects:
    deadline.limit(CONNECT_SECONDS)
    try:
        telegram.connect()
    except Unreachable as error:
        logger.warning("not ready at start-up", extra={"error": str(error)})


class EventFailed(Exception):
    """An event wasn't answered, and may be later: Lambda tries an asynchronous one again."""


def handler(event: Any, context: Any) -> Json | None:
    """Answer any event that Lambda delivers.

    Returns an API Gateway response (`statusCode`, `headers`, `body`) for HTTP events, the webhook's
    state for Terraform's, `batchItemFailures` for the queue's, and None otherwise. Raises
    RegistrationFailed at a registration that Telegram refuses, and EventFailed at any other event.
    """
    deadline.start(context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS)
    if isinstance(event, dict):
        # Every HTTP event has a requestContext, and a client can't set keys beside it, so no client
        # can imitate another kind of event. What Lambda sends to a destination also has one.
        if "requestContext" in event and "requestPayload" not in event:
            return on_http(event)
        if isinstance(event.get("tf"), dict) and isinstance(event.get("url"), str):
            return on_terraform(event)
        if settings.queue_url and (record := queue.record_of(event)):
            deadline.limit(deadline.left() - SPARE_SECONDS)  # one second more, for settle()
            outcome = handle(json.loads(record["body"]), answer, source="queue")
            deadline.start(context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS / 2)
            return queue.settle(record, outcome)
        if event == {"warm": True}:  # what a schedule sends to keep a container warm
            return None
        if event.keys() == {"watch", "namespace"}:  # another schedule's
            from botkit.host import webhook

            webhook.watch(event)
            return None
    on_event(event)
    return None


def on_http(event: Json) -> Json:
    """Answer a request: Telegram's with an update, or one for the bot's page.

    Source: https://core.telegram.org/bots/api#setwebhook
    """
    deadline.limit(AWAITED_SECONDS)
    if event.get("version") != "2.0":
        logger.error("a request that isn't of API Gateway's payload format 2.0 is refused")
        return response(400, "only payload format 2.0 is answered")
    # By the route, which API Gateway chose: a path can be written in many ways.
    if settings.mini_app_url and str(event.get("routeKey")).startswith("ANY /app"):
        from botkit.host import mini_app

        return mini_app.respond(event, usable_bot, ask_bot)
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
    outcome = handle(update, queue.send if settings.queue_url else answer)
    if outcome.body:
        return response(200, outcome.body, "application/json")
    if outcome.status == 200:
        return response(200)  # a body that isn't a call takes a slow path at Telegram
    return response(outcome.status, outcome.name, retry_after=outcome.retry_after)


def handle(update: Json, do: Callable[[Json], Outcome], **how: object) -> Outcome:
    """Handle an update with `do`, and log the outcome."""
    started = time.monotonic()
    # Before the bot gets the update, which it may change.
    kind = next((loggable(key) for key in update if key != "update_id"), None)
    known = {"update_id": update["update_id"], "kind": kind, **how}
    outcome = do(update)
    outcome.log("update", **known, milliseconds=since(started))
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


def answer(update: Json) -> Outcome:
    """Answer an update, unless it was answered before."""
    update_id = update["update_id"]
    if update_id in answered:
        return Outcome("repeated", body=answered[update_id])
    outcome = ask_bot("reply", update, make_calls)
    if outcome.carried_out:  # in case the update is delivered to this container again
        answered[update_id] = outcome.body
        if len(answered) > REMEMBERED:
            del answered[next(iter(answered))]
    return outcome


def ask_bot(
    name: str,
    argument: Any,
    carry_out: Callable[[Any], Outcome],
    ask: Callable[[Any, str, Any], Any] = calls.ask_for_calls,
) -> Outcome:
    """Call a function of bot.py by `ask`, and carry out what it returns. Returns the outcome."""
    try:
        todo = ask(usable_bot(), name, argument)
    except (Refused, Unreachable) as error:  # of a call that the bot made itself, too
        return failed(error)
    except calls.BadCalls as error:
        return Outcome("bot_failed", error=str(error))
    except BaseException as error:
        logger.debug("exception in bot.py", exc_info=error)  # its text may quote people
        return Outcome("bot_failed", error=where_raised(error))
    return carry_out(todo) if todo else Outcome("ignored")


def make_calls(todo: list[Json]) -> Outcome:
    """Make calls, of which the last one may be left for Telegram to find in the response."""
    last = todo.pop() if fits_response(todo[-1]) else None
    outcome = calls.carry_out(todo)
    if last and outcome.name in ("answered", "refused"):
        # As text, since the bot may change its dict before the update is delivered again.
        body = json.dumps({name: value for name, value in last.items() if value is not None})
        outcome = outcome._replace(body=body, methods=[*outcome.methods, last["method"]])
    return outcome


def fits_response(call: Json) -> bool:
    """Tell whether a call may be the response's body: Telegram then makes it by itself.

    Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
    """
    if settings.reply_mode != "webhook":
        return False
    method = call["method"].lower()
    if method.startswith("get") or method in NEVER_IN_RESPONSE:
        return False
    return not any(isinstance(value, (bytes, tuple)) for value in call.values())  # files


def response(
    status: int, body: str = "", content_type: str = "text/plain", retry_after: int | None = None
) -> Json:
    """Return a response as API Gateway takes it."""
    headers = {"Content-Type": content_type}
    # Telegram honours this for an hour at most.
    if retry_after is not None and retry_after >= 0:
        headers["Retry-After"] = str(min(retry_after, 3600))
    return {"statusCode": status, "headers": headers, "body": body}


def on_event(event: Any) -> None:
    """Make the calls that an event is, or those that the bot's on_event() returns for it.

    Raises EventFailed where a later try may succeed, unless a call was carried out.
    """
    started = time.monotonic()
    todo = event if isinstance(event, list) else [event]
    if todo and all(isinstance(call, dict) and "method" in call for call in todo):
        try:
            outcome = calls.carry_out(calls.checked(todo, "the event"))
        except calls.BadCalls as error:
            outcome = Outcome("bot_failed", error=str(error))
    elif import_error or hasattr(bot, "on_event"):
        outcome = ask_bot("on_event", event, calls.carry_out)
    else:
        raise EventFailed(f"bot.py has no on_event() for {described(event)}")
    outcome.log("event", source=source_of(event), milliseconds=since(started))
    if outcome.status != 200 or outcome.name == "bot_failed":
        raise EventFailed(f"{outcome.name}: {outcome.error or outcome.refusal}")


def described(event: Any) -> str:
    """Say what kind of event it is, by its type and keys."""
    keys = ", ".join(map(str, event)) if isinstance(event, dict) else ""
    return loggable(f"{type(event).__name__} ({keys})")


def source_of(event: Any) -> str | None:
    """Return the service that sent an event, as "aws.s3" or "aws:sns", if the event says so."""
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else event
    if not isinstance(first, dict):
        return None
    names = (first.get(key) for key in ("source", "eventSource", "EventSource"))
    return next((loggable(name) for name in names if isinstance(name, str)), None)


def on_terraform(event: Json) -> Json:
    """Register the webhook, or remove it. A refused registration raises, and fails the apply."""
    from botkit import telegram
    from botkit.host import webhook

    deadline.limit(AWAITED_SECONDS)
    telegram.forget_token()  # it may have changed
    action = event["tf"].get("action")
    if action == "register":
        if import_error:
            import_bot()
        if import_error and not bot:
            where = where_raised(import_error, at_import=True)
            raise webhook.RegistrationFailed(f"bot.py can't be imported: {where}: {import_error}")
        return webhook.register(event, bot, settings.webhook_secret)
    if action == "delete":
        try:
            webhook.remove(event)
        except Exception as error:  # a dead token, Telegram away: no reason to hold up a destroy
            reason = f"{type(error).__name__}: {error}"
            what = event.get("is", "webhook")
            logger.error(f"the {what} was not removed", extra={"error": reason})
    return {}
