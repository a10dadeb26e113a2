"""The Mini App of a bot: the files in the folder app/ beside bot.py, and requests to the bot.

    GET /app/index.html   a file, for anyone
    … /app/api/…          bot.on_request(request), after the user's signature is verified

The page sends `Authorization: tma <initData>` (https://core.telegram.org/bots/webapps).
"""

from __future__ import annotations

import hmac
import json
import mimetypes
import os
import re
import sys
import time
from base64 import b64decode, b64encode
from hmac import compare_digest
from urllib.parse import parse_qsl, unquote

from . import bot_module, context
from .errors import InvalidReply, outcome_of
from .outcome import Outcome
from .settings import settings
from .types import Any, Json
from .webhook import parse_json

FOLDER = next((path for path in sys.path if os.path.isfile(os.path.join(path, "bot.py"))), "")
HEADERS = {
    # Only Telegram's web clients may show the page in a frame.
    "Content-Security-Policy": "frame-ancestors https://web.telegram.org "
    "https://weba.telegram.org https://webk.telegram.org https://webz.telegram.org",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Python's built-in tables, which are the same on all machines.
TYPES = mimetypes.MimeTypes().types_map[False] | mimetypes.MimeTypes().types_map[True]
# Keys that a request always has. They are None if Telegram didn't send them.
OPTIONAL = ("chat", "chat_type", "chat_instance", "start_param", "query_id")
MAX_AGE_SECONDS = 24 * 3600  # of initData, since clients keep it that long
MAX_CLOCK_SKEW_SECONDS = 60  # by which Telegram's clock may be ahead
# The fields of initData that aren't text.
OBJECTS = ("chat", "receiver", "user")
INTEGERS = ("auth_date", "can_send_after")


def handle(event: Json) -> Json:
    """Return the response to a request for a path below /app/."""
    context.activate(context.Context("mini_app"))
    method = event["requestContext"]["http"]["method"]
    # API Gateway has decoded all but %25. It takes several slashes at the beginning as one.
    path = unquote("/" + event["rawPath"].lstrip("/")).removeprefix("/app")
    if path == "/api" or path.startswith("/api/"):
        return call_bot(event, method, path.removeprefix("/api"))
    if method != "GET":
        return response(405, "Files of the page allow GET.", Allow="GET")
    return send_file(path)


def response(status: int, body: str | bytes = "", **headers: str) -> Json:
    """Return a response for API Gateway. In the names of headers, underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "statusCode": status,
        "headers": {
            **HEADERS,
            "Cache-Control": "no-store",
            "Content-Type": "text/plain; charset=utf-8",
            **named,
        },
        "body": b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": isinstance(body, bytes),
    }


def send_file(path: str) -> Json:
    """Return the response with a file of app/.

    No path leads out of the folder: a part of it must not be empty or begin with a dot, and a link
    must lead to a file in the folder.
    """
    parts = path[1:].split("/")
    folder = os.path.realpath(os.path.join(FOLDER, "app"))
    try:
        file = os.path.realpath(os.path.join(folder, *parts))
        is_inside = all(part and part[0] != "." for part in parts) and file.startswith(folder + "/")
        if not (FOLDER and is_inside):
            raise FileNotFoundError
        with open(file, "rb") as opened:
            content = opened.read()
    except (OSError, ValueError):  # no file, a folder, a NUL, half a surrogate pair
        return response(404, "There is no such file.")
    kind = TYPES.get(os.path.splitext(path)[1].lower(), "application/octet-stream")
    kind += "; charset=utf-8" if kind.startswith("text/") else ""
    return response(200, content, Content_Type=kind, Cache_Control="no-cache")


class HTTPException(Exception):
    """A request is refused before it reaches the bot. `response` tells the page why."""

    def __init__(self, status: int, name: str, sentence: str) -> None:
        self.response = error_response(status, name, sentence)


def call_bot(event: Json, method: str, path: str) -> Json:
    """Return the response of bot.on_request(), after the user's signature is verified."""
    started = time.monotonic()
    try:
        request = read_request(event, method, path)
        ids = [who["id"] for who in (request["user"], request["chat"]) if who]
        if settings.allowed_ids and settings.allowed_ids.isdisjoint(ids):
            outcome = Outcome("ignored", log_fields={"sender_ids": ids})
            answer = error_response(403, "forbidden", "This bot isn't for everyone.")
        else:
            status, text = status_and_json(bot_module.call_function("on_request", request))
            outcome = Outcome("answered")
            answer = response(status, text, Content_Type="application/json")
    except HTTPException as error:
        return error.response
    except BaseException as error:
        outcome = outcome_of(error)
        answer = error_response(503, "unavailable", "The bot can't answer now. Try again later.")
        if outcome.status == 200:
            outcome = outcome.replace("mini_app_error")
            answer = error_response(500, "failed", "The bot failed. Its log says why.")
    fields = {"method": method, "status": answer["statusCode"]}
    outcome.log("request", started, context.current.calls.methods, fields)
    return answer


def error_response(status: int, error: str, message: str) -> Json:
    """Return a response that names the problem, for the page and its author."""
    body = json.dumps({"error": error, "message": message})
    return response(status, body, Content_Type="application/json")


def read_request(event: Json, method: str, path: str) -> Json:
    """Return the argument of on_request().

    Raises HTTPException, or Unreachable if bot.py or the token can't be used.
    """
    bot = bot_module.load()
    seconds = getattr(bot, "INIT_DATA_MAX_AGE", MAX_AGE_SECONDS)
    signed = authenticate(event["headers"].get("authorization", ""), seconds)
    body = read_body(event)
    if not hasattr(bot, "on_request"):
        raise HTTPException(404, "not_found", "bot.py has no on_request(request).")
    query = dict(parse_qsl(event["rawQueryString"], keep_blank_values=True))
    request = {"method": method, "path": path or "/", "query": query, "body": body}
    return {**dict.fromkeys(OPTIONAL), **signed, **request}


def authenticate(authorization: str, seconds: float) -> Json:
    """Verify who sends a request. Raises HTTPException, or Unreachable for want of the token."""
    from . import telegram

    scheme, _, data = authorization.partition(" ")
    if scheme.lower() != "tma" or not data:
        raise HTTPException(
            401, "unauthorized", "The header must be Authorization: tma <initData>."
        )
    token = telegram.token()
    try:
        return verify(data, token, seconds)
    except HTTPException:  # the token in Parameter Store may have changed
        return verify(data, telegram.token(token), seconds)


def verify(init_data: str, token: str, max_age: float = MAX_AGE_SECONDS) -> Json:
    """Verify the signature, and return the fields without `hash` and `signature`.

    `user`, `receiver` and `chat` are objects, `auth_date` and `can_send_after` are integers, and
    all others are text. `token` is the token of the bot. Raises HTTPException, also if there is no
    user, or if `auth_date` is more than `max_age` seconds ago.
    Source: https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
    """
    try:
        pairs = parse_qsl(init_data, True, True, errors="strict")  # blank values count
        fields: Json = dict(pairs)
        if len(fields) < len(pairs):
            raise ValueError("a field occurs twice")
        # Telegram signs lines of name=value, so a field that contains a line would hide another.
        if any("\n" in name + value or "=" in name for name, value in pairs):
            raise ValueError("two fields in one")
        given = fields.pop("hash").encode()
        signed = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
        key = hmac.digest(b"WebAppData", token.encode(), "sha256")
        if not compare_digest(hmac.digest(key, signed.encode(), "sha256").hex().encode(), given):
            raise ValueError("the hash doesn't match")
        if not re.fullmatch("[0-9]{1,12}", fields["auth_date"]):
            raise ValueError("auth_date isn't a time")
        fields.pop("signature", None)
        fields |= {name: json.loads(fields[name]) for name in OBJECTS if name in fields}
        fields |= {name: int(fields[name]) for name in INTEGERS if name in fields}
        if type(fields["user"]["id"]) is not int:
            raise TypeError("the user has no id")
        age = time.time() - fields["auth_date"]
        if age < -MAX_CLOCK_SKEW_SECONDS:
            raise ValueError("auth_date is in the future")
        if age > max_age:
            raise HTTPException(401, "expired", "This initData is too old. Open the page again.")
        return fields
    except (KeyError, TypeError, ValueError, RecursionError):
        sentence = "Telegram didn't sign this initData for this bot."
        raise HTTPException(401, "unauthorized", sentence) from None


def read_body(event: Json) -> Any:
    """Return the body of a request: parsed JSON, text, bytes of another type, or None if empty.

    Raises HTTPException.
    """
    kind = event["headers"].get("content-type", "").partition(";")[0].strip().lower()
    text = event.get("body", "")
    data = b64decode(text) if event.get("isBase64Encoded") else text.encode("utf-8", "replace")
    if not data:
        return None
    if kind == "application/json":
        try:
            return parse_json(data)
        except ValueError:
            raise HTTPException(400, "bad_request", "The body isn't valid JSON.") from None
    return data.decode("utf-8", "replace") if kind.startswith("text/") else data


def status_and_json(answer: Any) -> tuple[int, str]:
    """Return the status and the JSON of the answer from on_request(). Raises InvalidReply."""
    status, value = answer if type(answer) is tuple and len(answer) == 2 else (200, answer)
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise InvalidReply(
            "on_request() must return an answer, or a status from 200 to 599 and an answer, such "
            "as (404, None)"
        )
    try:
        text = "" if status == 204 else json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidReply(
            f"on_request() must return a value that JSON can hold: {error}"
        ) from None
    return int(status), text
