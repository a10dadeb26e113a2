"""scripts/dev update-bot-api: the types, made from the table of the Bot API."""

import json

from maintenance.update_bot_api import STUB, TABLE, stub_text


def test_stub_matches_the_table():
    """Nobody edited it, and a new table isn't forgotten. tests/unit/test_types.py uses it."""
    assert STUB.read_text() == stub_text(json.loads(TABLE.read_text()))
