"""The Bot API as poll and doctor call it: with the operator's token, by the function's client."""

from __future__ import annotations

import http.client
import os
import sys
from urllib.parse import urlsplit

from project import LAMBDA

sys.path.append(str(LAMBDA))

from botkit.errors import Refused, Unreachable  # noqa: E402
from botkit.telegram import TOKEN, Client  # noqa: E402

__all__ = ["REGISTER", "Client", "Refused", "Unreachable", "api_url", "ask", "client"]

REGISTER = "terraform apply -replace=aws_lambda_invocation.webhook"


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
