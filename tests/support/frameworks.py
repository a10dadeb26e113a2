"""What the tests of bots that are written with a framework share."""

from __future__ import annotations

import json
from typing import Any

from tests.support.stubs import Container, Json, message

# Telegram's answers.
MESSAGE: Json = {"message_id": 8, "date": 1767225600, "chat": {"id": 42, "type": "private"}}
ME: Json = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}


def result(
    container: Container, status: int = 200, update_id: int = 1, text: str = "x", **fields: Any
) -> tuple[str, str]:
    """Deliver a message, and return the outcome and what went wrong."""
    update = message(update_id, text=text, **fields)
    assert container.deliver(update, 60_000)[0] == status
    line = container.line
    return line["outcome"], line.get("error") or line.get("refusal") or ""


def kept(container: Container, key: str) -> Any:
    """Return the session that the table has."""
    return json.loads(container.table.items[key]["session"]["S"])
