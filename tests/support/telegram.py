"""Calls to the stand-in, as a bot makes them, and what people send."""

from __future__ import annotations

import json
from typing import Any

from emulators.telegram import Json, Telegram, post

TOKEN = "1234567890:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
OTHER_TOKEN = "1234567890:BBbbCCccDDddEEeeFFffGGggHHhhIIiiJJj"
PACE = 0.001  # of Telegram's seconds
CHAT = 4242
SECRET = "s" * 256


def call(telegram: Telegram, method: str, **params: Any) -> tuple[int, Json]:
    """Call the Bot API, and return the status and the answer."""
    url = f"{telegram.url}/bot{TOKEN}/{method}"
    status, _, answer = post(url, {}, json.dumps(params).encode())
    return status, json.loads(answer)


def accepted(telegram: Telegram, method: str, **params: Any) -> Any:
    """Make a call that must succeed, and return its result."""
    status, answer = call(telegram, method, **params)
    assert (status, answer["ok"]) == (200, True), answer
    return answer["result"]


def refused(code: int, description: str, **more: Any) -> tuple[int, Json]:
    return code, {"ok": False, "error_code": code, "description": description, **more}


def say(telegram: Telegram, text: str, chat: int = CHAT) -> None:
    telegram.send(telegram.message(text, chat={"id": chat, "type": "private"}))
