"""initData as Telegram signs it for the tests' bot, and signed wrongly."""

import hmac
import json
import time
from urllib.parse import quote, urlencode

from tests.support.stubs import TOKEN

DAY = 24 * 3600
ADA = {"id": 42, "first_name": "Ada", "language_code": "en", "allows_write_to_pm": True}
USER = json.dumps(ADA, separators=(",", ":"))
SIGNATURE = "F4ke-Ed25519_signature"


def launch(age=1, **fields):
    """Return the fields, without the hash, of a page that was opened `age` seconds ago."""
    common = {"user": USER, "auth_date": str(int(time.time() - age)), "signature": SIGNATURE}
    return {name: value for name, value in {**common, **fields}.items() if value}


def key_of(token):
    return hmac.digest(b"WebAppData", token.encode(), "sha256")


KEY = key_of(TOKEN)


def hash_of(fields, key=KEY, less="hash"):
    """Return the hash as Telegram documents it, or with another key, or without a field."""
    text = "\n".join(f"{name}={fields[name]}" for name in sorted(fields) if name != less)
    return hmac.digest(key, text.encode(), "sha256").hex()


def sign(fields):
    """Return signed initData, encoded as Telegram's clients do it."""
    return urlencode({**fields, "hash": hash_of(fields)}, quote_via=quote)
