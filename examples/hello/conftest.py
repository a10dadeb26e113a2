"""Gives the tests the bot, without AWS and without Telegram."""

import importlib.util
from pathlib import Path

import pytest

BOT = Path(__file__).parent / "bot" / "bot.py"


@pytest.fixture
def bot():
    """The bot, imported for this test only."""
    spec = importlib.util.spec_from_file_location("hello_bot", BOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
