"""initData for the tests' bot, signed as Telegram does it."""

import json
import time

from telegram_stand_in.mini_app import init_data

from tests.support.stubs import TOKEN

DAY = 24 * 3600
ADA = {"id": 42, "first_name": "Ada", "language_code": "en", "allows_write_to_pm": True}
USER = json.dumps(ADA, separators=(",", ":"))
SIGNATURE = "F4ke-Ed25519_signature"


def launch(age=1, **fields):
    """Return the fields, without the hash, of a page that was opened `age` seconds ago."""
    common = {"user": USER, "auth_date": str(int(time.time() - age)), "signature": SIGNATURE}
    return {name: value for name, value in {**common, **fields}.items() if value}


def sign(fields, token=TOKEN):
    """Return signed initData, encoded as Telegram's clients do it. The hash is its last field."""
    return init_data(token, fields)
