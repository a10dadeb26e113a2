"""The function's client for the Bot API, with the operator's token, for poll and doctor."""

from __future__ import annotations

import os
import re
import secrets
from typing import Any

from botkit.errors import Unreachable
from botkit.telegram import TOKEN, Client

Json = dict[str, Any]

CALL_SECONDS = 10.0


def client() -> Client:
    """Return a client for the bot whose token is in TELEGRAM_BOT_TOKEN.

    Raises ValueError, which names the mistake in the token, and never quotes it.
    """
    token = os.environ.get("TELEGRAM_BOT_TOKEN", "")
    if not token:
        raise ValueError("TELEGRAM_BOT_TOKEN is not set: export the token that @BotFather gave you")
    if not re.fullmatch(TOKEN, token):
        raise ValueError(
            "TELEGRAM_BOT_TOKEN must be a token, as @BotFather gave it: digits, a colon, and at "
            "least 30 letters, digits, hyphens and underscores"
        )
    return Client(api_url(), token, os.environ.get("TELEGRAM_PROXY", ""))


def about(telegram: Client) -> tuple[Json, Json]:
    """Return the answers of getMe and getWebhookInfo.

    Raises TelegramError and Unreachable.
    """
    bot = telegram.post("getMe", {}, CALL_SECONDS)
    check("getMe", isinstance(bot, dict) and {"username", "first_name"} <= {*bot})
    webhook = telegram.post("getWebhookInfo", {}, CALL_SECONDS)
    check("getWebhookInfo", isinstance(webhook, dict) and "url" in webhook)
    return bot, webhook


def check(method: str, is_right: bool) -> None:
    """Raise Unreachable unless an answer has the shape that the Bot API documents."""
    if not is_right:
        raise Unreachable(f"{method}: the answer isn't from the Bot API")


def environment() -> dict[str, str]:
    """Return the module's own variables of a function: those of the operator's that it may have."""
    return {
        "REPLY_MODE": "api",  # no HTTP response could carry a call
        "TELEGRAM_API_URL": api_url(),
        "TELEGRAM_BOT_TOKEN": os.environ.get("TELEGRAM_BOT_TOKEN", ""),
        "TELEGRAM_WEBHOOK_SECRET": secrets.token_hex(16),
        **({"TELEGRAM_PROXY": proxy} if (proxy := os.environ.get("TELEGRAM_PROXY")) else {}),
    }


def api_url() -> str:
    return os.environ.get("TELEGRAM_API_URL") or "https://api.telegram.org"
