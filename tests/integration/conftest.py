"""Bots of the frameworks in examples/moved."""

import pytest
from telebot import apihelper

from tests.support.moved import FRAMEWORKS, MOVED, Bots


@pytest.fixture(params=FRAMEWORKS)
def framework(request, monkeypatch):
    monkeypatch.syspath_prepend(MOVED / request.param / "bot")
    if request.param == "aiogram":
        request.getfixturevalue("aiogram")
    if request.param == "telebot":  # whose parts the adapter replaces, for other tests, too
        for part in ("CUSTOM_REQUEST_SENDER", "download_file", "get_file_url"):
            monkeypatch.setattr(apihelper, part, getattr(apihelper, part))
    return str(request.param)


@pytest.fixture
def bots(framework, start_with_sessions, bot_api):
    return Bots(framework, start_with_sessions, bot_api)
