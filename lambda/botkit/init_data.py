"""A Mini App's `initData`: what Telegram signs when a person opens the page.

Source: https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
"""

from __future__ import annotations

import hmac
import json
import re
import time
from hmac import compare_digest
from urllib.parse import parse_qsl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VALID_SECONDS = 24 * 3600  # clients keep initData that long
FUTURE_SECONDS = 60  # by which Telegram's clock may be ahead of this one
OBJECTS = ("chat", "receiver", "user")
INTEGERS = ("auth_date", "can_send_after")


class Unauthorized(Exception):
    """Telegram didn't sign this for this bot. `error` is the name that the page gets."""

    error = "unauthorized"


class Expired(Unauthorized):
    """Telegram signed this for this bot, but too long ago."""

    error = "expired"


def check(init_data: str, token: str, valid_seconds: float = VALID_SECONDS) -> dict[str, Any]:
    """Return the fields that Telegram signed, without `hash` and `signature`.

    `user`, who opened the page, `receiver` and `chat` are objects, `auth_date` and `can_send_after`
    integers, all others text. `token` is the bot's. Raises Unauthorized, also where there is no
    user, or Expired `valid_seconds` after `auth_date`.
    """
    try:
        pairs = parse_qsl(init_data, True, True, errors="strict")  # blank values count
        fields: dict[str, Any] = dict(pairs)
        if len(fields) < len(pairs):
            raise ValueError("a field is there twice")
        # Telegram signs lines of name=value. What holds such a line would pass for a field more.
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
        if age < -FUTURE_SECONDS:
            raise ValueError("auth_date is in the future")
        if age > valid_seconds:
            raise Expired("This initData is too old. Open the page again.")
        return fields
    except (KeyError, TypeError, ValueError, RecursionError):
        raise Unauthorized("Telegram didn't sign this initData for this bot.") from None
