"""The parts of telebot that its adapter replaces, for the whole process."""

from __future__ import annotations

import pytest


def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore it after a test."""
    import telebot
    from telebot import apihelper, util

    for owner, names in (
        (apihelper, ("CUSTOM_REQUEST_SENDER", "download_file", "get_file_url")),
        (telebot.TeleBot, ("polling", "infinity_polling", "run_webhooks")),
        (util, ("AsyncTask",)),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
