"""Bots of frameworks: polled by the framework itself, or in the function. What do people see?

tests/bots/FRAMEWORK has handlers.py as its author wrote it, poll.py and bot.py.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from emulators.telegram import ADA, GRACE, Call, Fault, Json, Telegram
from emulators.telegram.files import picture

BOTS = Path(__file__).parents[1] / "bots"
FRAMEWORKS = ("ptb", "telebot")
GROUP: Json = {"id": -1000000000042, "type": "supergroup", "title": "Lunch"}
PICTURE = picture(20, 10)

# What people do: who, where, what they write (None: a photo), and how many calls answer it.
TALK: list[tuple[Json, Json | None, str | None, int]] = [
    (ADA, None, "/start", 1),
    (ADA, None, "Press", 2),
    (ADA, None, "ping", 1),
    (ADA, None, "spam", 0),
    (ADA, None, "/order", 1),
    (ADA, None, "soup", 1),
    (ADA, None, "2", 1),
    (ADA, None, "Ada", 1),
    (ADA, None, "ping", 1),
    (ADA, None, None, 2),
    (ADA, GROUP, "/order", 1),
    (GRACE, GROUP, "/order", 1),
    (ADA, GROUP, "tea", 1),
    (GRACE, GROUP, "cake", 1),
    (GRACE, GROUP, "1", 1),
    (GRACE, GROUP, "Grace", 1),
    (ADA, GROUP, "/cancel", 1),
    (ADA, GROUP, "ping", 1),
    (GRACE, None, "ping", 1),
]
COUNTS = [(ADA, None), (ADA, GROUP), (GRACE, GROUP), (GRACE, None), (ADA, None)]
TALKS = {
    "ptb": [*TALK, *((who, where, "/count", 1) for who, where in COUNTS)],
    "telebot": TALK,
}


def talk(telegram: Telegram, framework: str, *faults: Fault) -> list[Json]:
    """Do what people do, and return the transcript: what the bot has done.

    Each update meets these faults.
    """
    for who, where, text, answers in TALKS[framework]:
        expected = len(done(telegram)) + answers
        telegram.faults.extend(map(copy.copy, faults if answers else ()))
        act(telegram, who, where, text)
        telegram.wait(partial(is_over, telegram, expected))
    return [seen(call) for call in done(telegram)]


def is_over(telegram: Telegram, calls: int) -> bool:
    return not telegram.pending() and len(done(telegram)) >= calls


def act(telegram: Telegram, who: Json, where: Json | None, text: str | None) -> None:
    """Write a text, press the button of that name, or send a photo."""
    if text == "Press":
        message = max(telegram.messages.values(), key=lambda message: message["message_id"])
        telegram.press(message["chat"]["id"], message["message_id"], "pressed", who)
        return
    content: Json = {"text": text}
    if text is None:
        file = telegram.files.add("photo", PICTURE)
        content = {"photo": [{**file.about(), "width": 20, "height": 10}]}
    elif text.startswith("/"):
        command = {"type": "bot_command", "offset": 0, "length": len(text)}
        content["entities"] = [command]
    telegram.send(telegram.message(chat=where, user=who, **content))


def done(telegram: Telegram) -> list[Call]:
    """Return the calls that people can see, and that were carried out."""
    not_seen = ("get", "set", "delete")
    calls = [call for call in telegram.calls if call.status == 200]
    return [call for call in calls if not call.method.startswith(not_seen)]


def seen(call: Call) -> Json:
    """Return a call without what depends on how it was sent."""
    files = {name: (file["name"], file["size"]) for name, file in call.files.items()}
    return {"method": call.method, **{k: plain(v) for k, v in call.params.items()}, **files}


def without_repetitions(transcript: list[Json]) -> list[Json]:
    """Return a transcript without what was said again, and without the ids of messages."""
    told: list[Json] = []
    for call in transcript:
        kept = {k: v for k, v in call.items() if k not in ("message_id", "reply_parameters")}
        kept["callback_query_id"] = None
        if kept not in told[-2:]:
            told.append(kept)
    return told


def plain(value: Any) -> Any:
    """Return a parameter as JSON has it: a form's are texts."""
    with contextlib.suppress(TypeError, ValueError):
        return json.loads(value)
    return value


@contextlib.contextmanager
def polled(framework: str, telegram: Telegram) -> Iterator[None]:
    """Have the framework itself poll, in a process of its own."""
    environment = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": telegram.bot.token}
    process = subprocess.Popen(
        [sys.executable, "poll.py"],
        cwd=BOTS / framework,
        env={"PATH": os.environ["PATH"], **environment},
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore, after a test, what the adapters replace in their frameworks."""
    import telebot
    from telebot import apihelper, util
    from telegram.ext import Application

    for owner, names in (
        (apihelper, ("CUSTOM_REQUEST_SENDER", "download_file", "get_file_url")),
        (telebot.TeleBot, ("polling", "infinity_polling", "run_webhooks")),
        (util, ("AsyncTask",)),
        (Application, ("run_polling", "run_webhook")),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
