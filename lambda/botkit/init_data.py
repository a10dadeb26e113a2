"""The `initData` of a Mini App, which Telegram signs when a user opens the page.

Source: https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
"""

from __future__ import annotations

import hmac
import json
import re
import time
from hmac import compare_digest
from urllib.parse import parse_qsl

from .types import Json

MAX_AGE_SECONDS = 24 * 3600  # since clients keep initData that long
MAX_CLOCK_SKEW_SECONDS = 60  # by which Telegram's clock may be ahead
OBJECTS = ("chat", "receiver", "user")
INTEGERS = ("auth_date", "can_send_after")


class Unauthorized(Exception):
    """Telegram didn't sign this initData for this bot. `error` is the code that the page gets."""

    error = "unauthorized"


class Expired(Unauthorized):
    """Telegram signed this initData for this bot, but too long ago."""

    error = "expired"


def verify(init_data: str, token: str, max_age: float = MAX_AGE_SECONDS) -> Json:
    """Verify the signature, and return the fields without `hash` and `signature`.

    `user`, `receiver` and `chat` are objects, `auth_date` and `can_send_after` are integers, and
    all others are text. `token` is the token of the bot. Raises Unauthorized, also if there is no
    user, or Expired if `auth_date` is more than `max_age` seconds ago.
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
            raise Expired("This initData is too old. Open the page again.")
        return fields
    except (KeyError, TypeError, ValueError, RecursionError):
        raise Unauthorized("Telegram didn't sign this initData for this bot.") from None
