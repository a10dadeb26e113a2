"""People's messages to a bot of a framework, step by step, and the transcript of its answers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from telegram_bot_aws.local.project import LAMBDA, ROOT
from telegram_stand_in import ADA, GRACE, Call, Json, Telegram, text_content

BOTS = ROOT / "tests/bots"
GROUP: Json = {"id": -1000000000042, "type": "supergroup", "title": "Quiz"}
PHOTO = {"file_id": "a photo", "file_unique_id": "a-photo", "width": 20, "height": 10}
AROUND = ("getMe", "getUpdates", "deleteWebhook", "setWebhook", "getWebhookInfo")


class Step(NamedTuple):
    """A person's message, its chat, and the texts of the bot's answers."""

    says: str
    answers: tuple[str, ...]
    who: Json = ADA
    chat: Json | None = None


STEPS = [
    Step("/start", ("Hello, Ada",)),
    Step("press", ("Thank you", "Pressed")),
    Step("/order", ("What would you like?",)),
    Step("Soup", ("How many?",)),
    Step("ignore this", ()),
    Step("many", ("A number, please.",)),
    Step("2", ("2 × Soup",)),
    Step("photo", ("72 bytes",)),
    Step("hello", ("Nothing to do.",)),
    Step("/quiz", ("2 + 2?",), ADA, GROUP),
    Step("/quiz", ("2 + 2?",), GRACE, GROUP),
    Step("/order", ("What would you like?",)),
    Step("5", ("Wrong, Grace",), GRACE, GROUP),
    Step("4", ("Right, Ada",), ADA, GROUP),
    Step("Bread", ("How many?",)),
    Step("4", ("Nothing to do.",), ADA, GROUP),
    Step("1", ("1 × Bread",)),
]


def say(telegram: Telegram, step: Step) -> None:
    """Have somebody say something, or press the button of the bot's first message."""
    if step.says == "press":
        chat, message = next(
            key for key, held in telegram.messages.items() if "reply_markup" in held
        )
        telegram.press(chat, message, "press", step.who)
    elif step.says == "photo":
        telegram.send(telegram.message(user=step.who, photo=[PHOTO]))
    else:
        content = text_content(step.says)
        telegram.send(telegram.message(user=step.who, chat=step.chat, **content))


def play(
    telegram: Telegram, before_each: Callable[[Step], object] = lambda step: None
) -> list[list[Json]]:
    """Have people say all that, one after the other, and return the calls that answer each."""
    transcript = []
    for step in STEPS:
        before_each(step)
        before = len(telegram.calls)
        say(telegram, step)
        telegram.wait(partial(_is_answered, telegram, step, before), 120)
        transcript.append(calls(telegram.calls[before:]))
    return transcript


def _is_answered(telegram: Telegram, step: Step, before: int) -> bool:
    said = {text(call) for call in telegram.calls[before:]}
    return {*step.answers} <= said and not telegram.pending()


def text(call: Call) -> Any:
    return call.params.get("text") or call.params.get("caption")


def calls(made: list[Call]) -> list[Json]:
    """Return the calls that were carried out, without random ids of queries, names of uploads."""
    return [
        {
            "method": call.method,
            **{
                name: _value(value) for name, value in call.params.items() if "query_id" not in name
            },
            "files": sorted(file["size"] for file in call.files.values()),
        }
        for call in made
        if call.method not in AROUND and call.status == 200
    ]


def without_ids(transcript: list[list[Json]]) -> list[list[Json]]:
    """Return a transcript without the ids of messages, which are others the second time."""
    return [
        [{name: value for name, value in call.items() if name != "message_id"} for call in calls]
        for calls in transcript
    ]


def _value(value: Any) -> Any:
    """Return a parameter as JSON, however it was sent."""
    if isinstance(value, str):
        if value.startswith("attach://"):
            return "a file"
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value


@contextlib.contextmanager
def polling(telegram: Telegram, framework: str, token: str, folder: Path) -> Iterator[None]:
    """Run a bot as a program, which polls."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(LAMBDA),
        "TELEGRAM_API_URL": telegram.url,
        "TELEGRAM_BOT_TOKEN": token,
    }
    with (folder / "said.txt").open("wb") as said:
        command = [sys.executable, str(BOTS / framework / "bot.py")]
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            yield
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(60)
