"""Gives the tests the bot, without AWS and without Telegram."""

import importlib
import sys
from pathlib import Path

import pytest

BOT = Path(__file__).parent / "bot" / "bot.py"
OWN = [file.stem for file in BOT.parent.glob("*.py") if file != BOT]


@pytest.fixture
def bot(monkeypatch):
    """The bot, imported for this test only. Its owner is the person 1."""
    monkeypatch.setenv("OWNER_ID", "1")
    monkeypatch.setenv("TABLE", "newsletter-bot")
    monkeypatch.syspath_prepend(BOT.parent)
    spec = importlib.util.spec_from_file_location("newsletter_bot", BOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in OWN:
        sys.modules.pop(name, None)
