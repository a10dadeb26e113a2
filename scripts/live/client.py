"""The Bot API as poll and doctor call it: with the operator's token, by the function's client."""

from __future__ import annotations

import http.client
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from local.project import LAMBDA

sys.path.append(str(LAMBDA))

from botkit.errors import Refused, Unreachable  # noqa: E402
from botkit.telegram import TOKEN, Client  # noqa: E402

__all__ = [
    "CALL_SECONDS",
    "REGISTER",
    "TOO_LARGE",
    "Client",
    "Refused",
    "Unreachable",
    "about",
    "api_url",
    "ask",
    "check",
    "client",
]

Json = dict[str, Any]

CALL_SECONDS = 10.0
TOO_LARGE = "an endless response"  # how an Unreachable ends whose answer has more than 4 MB
REGISTER = (
    "terraform apply -replace=aws_lambda_invocation.webhook "
    "(if a configuration calls the module, with module.NAME. before the address)"
)


def client() -> Client:
    """Return a client for the bot whose token is in TELEGRAM_BOT_TOKEN.

    Raises ValueError, which says what is wrong with the token, and never quotes it.
    """
    token = os.environ.get("TELEGRAM_BOT_TOKEN", "")
    if not token:
        raise ValueError("TELEGRAM_BOT_TOKEN is not set: export the token that @BotFather gave you")
    if not TOKEN.fullmatch(token):
        raise ValueError(
            "TELEGRAM_BOT_TOKEN does not look like a token: digits, a colon, and at least 30 "
            "letters, digits, hyphens and underscores, as @BotFather gave it"
        )
    return Client(api_url(), token, os.environ.get("TELEGRAM_PROXY", ""))


# Fields of the answers that are read here. Those of the first two lines are always there.
BOT = {"username": str, "first_name": str}
WEBHOOK = {"url": str}
IF_ANY = {
    "allowed_updates": list,
    "last_error_date": int,
    "last_error_message": str,
    "max_connections": int,
    "pending_update_count": int,
}


def about(telegram: Client) -> tuple[Json, Json]:
    """Return the bot and its webhook, as getMe and getWebhookInfo tell them.

    Raises Refused and Unreachable.
    """
    found = []
    for method, fields in (("getMe", BOT), ("getWebhookInfo", WEBHOOK)):
        answer = telegram.call(method, {}, CALL_SECONDS)
        check(method, isinstance(answer, dict))
        kinds = {**fields, **{name: IF_ANY[name] for name in IF_ANY if name in answer}}
        check(method, all(isinstance(answer.get(name), kinds[name]) for name in kinds))
        check(method, all(isinstance(kind, str) for kind in answer.get("allowed_updates", [])))
        found.append(answer)
    bot, webhook = found
    return bot, webhook


def check(method: str, is_right: bool) -> None:
    """Raise Unreachable if an answer hasn't the shape of the Bot API's."""
    if not is_right:
        raise Unreachable(f"{method}: an answer that isn't the Bot API's")


def api_url() -> str:
    return os.environ.get("TELEGRAM_API_URL") or "https://api.telegram.org"


def ask(url: str, headers: dict[str, str], body: bytes | None, seconds: float) -> tuple[int, str]:
    """Post a body to an address, or get what is there. Raises OSError.

    Returns status and content type. Names below localhost, such as an emulated API's, are this
    machine.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(".localhost"):
        host = "127.0.0.1"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, parts.port, timeout=seconds)
    method = "GET" if body is None else "POST"
    try:
        connection.request(method, parts.path or "/", body, {"Host": parts.netloc, **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", "no content type")
    except (http.client.HTTPException, UnicodeError) as error:  # the latter: no name of a host
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
