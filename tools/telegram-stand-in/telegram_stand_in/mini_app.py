"""Mini Apps: the initData that a page gets, signed as Telegram signs it.

Source: https://core.telegram.org/bots/webapps
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import urllib.parse

from .bot_api import Json


def init_data(token: str, fields: dict[str, str]) -> str:
    """Return fields as a query string, with their hash by a bot's token.

    Source: https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
    """
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    hash = hmac.digest(secret, lines.encode(), hashlib.sha256).hex()
    return urllib.parse.urlencode({**fields, "hash": hash}, quote_via=urllib.parse.quote)


def launch_data(token: str, user: Json, now: float) -> str:
    """Return the initData of a page that a person opens in the private chat with a bot.

    The `signature` is made up, since only Telegram has the key for it.
    """
    names = ("id", "first_name", "last_name", "username", "language_code")
    about = {name: user[name] for name in names if name in user} | {"allows_write_to_pm": True}
    query_id = base64.urlsafe_b64encode(secrets.token_bytes(15)).decode()
    text = json.dumps(about, ensure_ascii=False, separators=(",", ":"))
    signature = base64.urlsafe_b64encode(secrets.token_bytes(64)).decode().rstrip("=")
    fields = {"query_id": query_id, "user": text, "auth_date": f"{int(now)}"}
    return init_data(token, {**fields, "signature": signature})
