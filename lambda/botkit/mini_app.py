"""The bot's page (a Mini App): files of the folder app/ beside bot.py, and requests to the bot.

    GET /app/index.html   a file, for anyone
    … /app/api/…          bot.on_request(request), if Telegram signed the request's initData

A page sends that as `Authorization: tma <initData>` (https://core.telegram.org/bots/webapps).
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
import re
import sys
import time
from base64 import b64decode, b64encode
from binascii import crc32
from urllib.parse import parse_qsl, quote, unquote

from . import calls, init_data, strict_json
from .errors import Unreachable
from .outcome import Outcome, failed, since

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]

FOLDER = next((path for path in sys.path if os.path.isfile(os.path.join(path, "bot.py"))), "")
HEADERS = {
    # Only Telegram's web clients may show the page in a frame.
    "Content-Security-Policy": "frame-ancestors https://web.telegram.org "
    "https://webk.telegram.org https://webz.telegram.org",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# The same on each machine: Python's own table, and what some versions of it lack.
TYPES = {
    **mimetypes.MimeTypes().types_map[True],
    ".map": "application/json",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
# A name with a hash of its content, as bundlers write it: main.3f2a1b0c.css, or in Vite's folder
# assets/index-B1wrgTda.js. Without a digit before a letter the latter may be words, as in
# icon-MainMenu.svg and logo-V2_Final.png.
HASHED = re.compile(
    r"[.-](?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,64}\.[^/]+$"
    r"|^/assets/.*-(?=.[\w-]*[A-Z])(?=[\w-]*[0-9][A-Za-z])[\w-]{8}\.[^/]+$",
    re.ASCII,
)
LARGEST_BODY = 6291556 - 2000  # bytes of Lambda's response, without its headers
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
# Keys that a request always has: None where Telegram didn't send them.
OPTIONAL = ("chat", "chat_type", "chat_instance", "start_param", "query_id")


def respond(event: Json, usable_bot: Callable[[], Any], ask_bot: Callable[..., Outcome]) -> Json:
    """Answer a request to /app or below it, which API Gateway has recognised as one.

    `usable_bot` and `ask_bot` are the handler's functions.
    """
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    method = _text(http, "method")
    # API Gateway decodes all but %25, and takes several slashes for the first one.
    path = unquote("/" + _text(event, "rawPath").lstrip("/")).removeprefix("/app")
    if path == "/api" or path.startswith("/api/"):
        answer = on_request(event, method, path.removeprefix("/api"), usable_bot, ask_bot)
    elif method not in ("GET", "HEAD"):
        answer = response(405, "A page's files take GET and HEAD only.", Allow="GET, HEAD")
    elif path in ("", "/"):
        query = quote(_text(event, "rawQueryString"), "%&+,/:;=?@", errors="replace")
        answer = response(302, Location="/app/index.html" + (f"?{query}" if query else ""))
    else:
        answer = send_file(path, event.get("headers"))
    if method == "HEAD":
        answer["body"] = ""
    return answer


def response(status: int, body: str | bytes = "", **headers: str) -> Json:
    """Return a response as API Gateway takes it; an underscore in a header's name is a hyphen."""
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


def send_file(path: str, headers: Any) -> Json:
    """Return the response with a file of app/, which scripts/package may have gzipped beside it."""
    content, encoding = read_file(path), None
    if GZIP.search(_text(headers, "accept-encoding")):
        packed = read_file(path + ".gz")
        if packed is not None and (content is None or is_gzip_of(packed, content)):
            content, encoding = packed, "gzip"
    if content is None:
        return response(404, "There is no such file.", Vary="Accept-Encoding")
    kind = TYPES.get(os.path.splitext(path)[1].lower(), "application/octet-stream")
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    more = {
        "Cache_Control": "no-cache",  # kept, and asked about each time
        "Content_Type": kind + ("; charset=utf-8" if kind.startswith("text/") else ""),
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if HASHED.search(path) and kind != "text/html":
        more["Cache_Control"] = "public, max-age=31536000, immutable"
    if tag in _text(headers, "if-none-match"):
        return response(304, **more)
    if encoding:
        more["Content_Encoding"] = encoding
    return response(200, content, **more)


def is_gzip_of(packed: bytes, content: bytes) -> bool:
    """Tell whether a file is another one gzipped, and not what is left of an older version.

    It ends with that one's checksum and length (https://www.rfc-editor.org/rfc/rfc1952).
    """
    end = crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    return packed.endswith(end)


def read_file(path: str) -> bytes | None:
    """Return the content of a file of app/, or None where there is none.

    No path leaves the folder: no part of it may be empty or begin with a dot, and a link must stay.
    """
    parts = path[1:].split("/")
    if not FOLDER or not all(part and part[0] != "." for part in parts):
        return None
    folder = os.path.realpath(os.path.join(FOLDER, "app"))
    try:
        file = os.path.realpath(os.path.join(folder, *parts))
        if not file.startswith(folder + "/"):
            return None
        with open(file, "rb") as opened:
            return opened.read()
    except (OSError, ValueError):  # none, a folder, a NUL, half a surrogate pair
        return None


def on_request(
    event: Json,
    method: str,
    path: str,
    usable_bot: Callable[[], Any],
    ask_bot: Callable[..., Outcome],
) -> Json:
    """Return what bot.on_request() answers to a request whose initData Telegram signed."""
    started = time.monotonic()
    headers = event.get("headers")
    try:
        bot = usable_bot()
        seconds = getattr(bot, "INIT_DATA_SECONDS", init_data.VALID_SECONDS)
        signed = authenticate(_text(headers, "authorization"), seconds)
        body = read_body(event)
    except init_data.Unauthorized as error:
        return problem(401, error.error, str(error))
    except ValueError as error:
        return problem(400, "bad_request", str(error))
    except Unreachable as error:  # bot.py can't be imported, or there is no token to check with
        outcome = failed(error)
    else:
        if not hasattr(bot, "on_request"):
            return problem(404, "not_found", "bot.py has no on_request(request).")
        query = dict(parse_qsl(_text(event, "rawQueryString"), keep_blank_values=True))
        request = {"method": method, "path": path or "/", "query": query, "body": body}
        request = {**dict.fromkeys(OPTIONAL), **signed, **request}
        outcome = ask_bot(
            "on_request", request, lambda a: Outcome("answered", page_answer=a), ask_for_answer
        )
        if outcome.name in ("bot_failed", "refused"):
            outcome = outcome._replace(name="page_failed")
    status, text = outcome.page_answer or (outcome.status, "")
    outcome.log("request", method=method, status=status, milliseconds=since(started))
    if outcome.page_answer:
        return response(status, text, Content_Type="application/json")
    if outcome.status == 500:
        return problem(500, "failed", "The bot failed. Its log says why.")
    later = {"Retry_After": str(outcome.retry_after)} if outcome.retry_after else {}
    return problem(503, "unavailable", "The bot can't answer now. Try again later.", **later)


def problem(status: int, error: str, message: str, **headers: str) -> Json:
    """Return a response that tells the page, and its author, what is wrong."""
    body = json.dumps({"error": error, "message": message})
    return response(status, body, Content_Type="application/json", **headers)


def authenticate(authorization: str, seconds: float) -> Json:
    """Return what Telegram signed. Raises Unauthorized, or Unreachable where there is no token."""
    from . import telegram

    scheme, _, data = authorization.partition(" ")
    if scheme.lower() != "tma" or not data:
        raise init_data.Unauthorized("The header must be Authorization: tma <initData>.")
    token = telegram.token()
    try:
        return init_data.check(data, token, seconds)
    except init_data.Unauthorized:  # a token in Parameter Store may have changed
        return init_data.check(data, telegram.token(token), seconds)


def read_body(event: Json) -> Any:
    """Return a request's body: parsed JSON, text, bytes of another type, or None if it is empty.

    Raises ValueError, which says what is wrong.
    """
    kind = _text(event.get("headers"), "content-type").partition(";")[0].strip().lower()
    text = _text(event, "body")
    data = text.encode("utf-8", "replace")
    if event.get("isBase64Encoded"):
        try:
            data = b64decode(text, validate=True)
        except ValueError:
            raise ValueError("The body isn't valid base64.") from None
    if not data:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return strict_json.parse(data)
        except ValueError:
            raise ValueError("The body isn't valid JSON.") from None
    return data.decode("utf-8", "replace") if kind.startswith("text/") else data


def ask_for_answer(bot: Any, name: str, argument: Any) -> tuple[int, str]:
    """Call a function of the bot's, and return the status and the JSON that it answers with.

    Raises BadCalls, TimeIsUp, or what the function raises.
    """
    answer = calls.run(bot, name, argument)
    status, value = answer if type(answer) is tuple and len(answer) == 2 else (200, answer)
    if not isinstance(status, int) or not 200 <= status <= 599:
        # Without its value, unless it is a number: it may quote people.
        wrong = status if isinstance(status, int) else f"a {type(status).__name__}"
        raise calls.BadCalls(
            f"{name}() must return its answer, or a pair of a status from 200 to 599 and its "
            f"answer: {wrong} is no status"
        )
    try:
        text = "" if status == 204 else json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise calls.BadCalls(f"{name}() must return what JSON can hold: {error}") from None
    if len(json.dumps(text)) > LARGEST_BODY:  # as Lambda counts it, in the JSON of the response
        raise calls.BadCalls(f"{name}() must return less than 6 MB of JSON")
    return int(status), text


def _text(mapping: Any, key: str) -> str:
    """Return a text of a part of the event, or "" where there is none."""
    value = mapping.get(key) if isinstance(mapping, dict) else None
    return value if isinstance(value, str) else ""
