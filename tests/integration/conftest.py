"""Bots of the frameworks in examples/moved."""

from __future__ import annotations

import pytest
from telebot import apihelper

from tests.conftest import BotApi, StartBot
from tests.support.moved import FRAMEWORKS, MOVED, Bots


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(MOVED / request.param / "bot")
    if request.param == "aiogram":
        request.getfixturevalue("aiogram")
    if request.param == "telebot":  # whose parts the adapter replaces, for other tests, too
        for part in ("CUSTOM_REQUEST_SENDER", "download_file", "get_file_url"):
            monkeypatch.setattr(apihelper, part, getattr(apihelper, part))
    return str(request.param)


@pytest.fixture
def bots(framework: str, start_with_sessions: StartBot, bot_api: BotApi) -> Bots:
    return Bots(framework, start_with_sessions, bot_api)
