"""Fixtures: the stand-in for Telegram."""

import pytest

from telegram_stand_in import Server, Telegram
from tests.calls import PACE, TOKEN, Played, done


@pytest.fixture
def telegram():
    """A Telegram that knows a chat, its message 1, and a press of a button, "query"."""
    telegram = Telegram(TOKEN, pace=PACE)
    with Server(telegram):
        first = telegram.message("first")
        telegram.send(first)
        telegram.send({"callback_query": {"id": "query", **first}})
        done(telegram, "deleteWebhook", drop_pending_updates=True)
        yield telegram


@pytest.fixture
def stage():
    return Played()
