"""Gives the tests the bot, without AWS and without Telegram."""

import importlib.util
import sys
from pathlib import Path

import pytest

BOT = Path(__file__).parent / "bot" / "bot.py"


@pytest.fixture
def bot(monkeypatch):
    """The bot, imported for this test only, under the name that it has in the function."""
    pytest.importorskip("aiogram")
    spec = importlib.util.spec_from_file_location("bot", BOT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bot", module)
    spec.loader.exec_module(module)
    yield module
    if loop := sys.modules["botkit.frameworks.event_loop"]._loop:
        loop.close()


@pytest.fixture
def calls(monkeypatch):
    """The calls that the bot makes, in the place of Telegram, which answers with a message."""
    from botkit import telegram

    made = []

    def call(method, /, **params):
        made.append({"method": method, **{k: v for k, v in params.items() if v is not None}})
        if method in ("answerCallbackQuery", "deleteMessage"):
            return True
        return {"message_id": 1, "date": 0, "chat": {"id": 42, "type": "private"}}

    monkeypatch.setattr(telegram, "call", call)
    monkeypatch.setattr(telegram, "token", lambda: "42:token")
    return made
