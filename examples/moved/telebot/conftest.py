"""Gives the tests the bot, without AWS and without Telegram."""

import importlib.util
import sys
from pathlib import Path

import pytest

BOT = Path(__file__).parent / "bot" / "bot.py"


@pytest.fixture
def bot(monkeypatch):
    """The bot, imported for this test only, under the name that it has in the function."""
    telebot = pytest.importorskip("telebot")
    for owner, names in (  # what the adapter replaces
        (telebot.apihelper, ("CUSTOM_REQUEST_SENDER", "download_file", "get_file_url")),
        (telebot.TeleBot, ("polling", "infinity_polling", "run_webhooks")),
        (telebot.util, ("AsyncTask",)),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    spec = importlib.util.spec_from_file_location("bot", BOT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bot", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def calls(monkeypatch):
    """The calls that the bot makes, in the place of Telegram."""
    from botkit import telegram

    made = []

    def call(method, /, **params):
        if method == "getMe":
            return {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
        made.append({"method": method, **params})
        return {"message_id": 1, "date": 0, "chat": {"id": 42, "type": "private"}}

    monkeypatch.setattr(telegram, "call", call)
    return made
