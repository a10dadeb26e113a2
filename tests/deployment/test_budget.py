"""Answers that grow at once in the topics of one group, on the emulated AWS."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.events import webhook_event
from telegram_stand_in import Json, Limits, Telegram

from tests.support.deployment import Deploy, client
from tests.support.stubs import SECRET_HEADER

SPEED = 5  # how much faster than the machine's the clock of the answers and the limits runs
TOPICS, TIMES, SECONDS = 4, 2, 20
BOT = f"""
import time
from types import SimpleNamespace
from botkit import budget, limited, stream

SESSION = "topic"
HANDLED = ["message"]
clock = SimpleNamespace(
    time=lambda: time.time() * {SPEED},
    monotonic=lambda: time.monotonic() * {SPEED},
    sleep=lambda seconds: time.sleep(seconds / {SPEED}),
)
budget.time = limited.time = stream.time = clock


def reply(update, session):
    return stream.answer(update["message"], words())


def words():
    for number in range(2 * {SECONDS}):
        clock.sleep(0.5)
        yield f"{{number}} "
"""


@pytest.mark.slow
def test_eight_answers_in_topics_stay_within_their_groups_limit(
    aws: Emulator, deploy: Deploy, telegram: Telegram, tmp_path: Path
) -> None:
    bot = tmp_path / "bot"
    bot.mkdir()
    (bot / "bot.py").write_text(BOT)
    deploy("budget", source_dir=str(bot), timeout=25, session_retention_in_days=1)
    [registered] = [call for call in telegram.calls if call.method == "setWebhook"]
    secret = registered.params["secret_token"]
    group: Json = {"id": -1000000000042, "type": "supergroup", "title": "Club", "is_forum": True}
    telegram.bot.chats[group["id"]] = group
    telegram.limits = Limits(lambda: time.time() * SPEED)
    before, function = len(telegram.calls), client(aws, "lambda")

    def ask(topic: int) -> None:
        for number in range(TIMES):
            content = telegram.message("Why?", chat=group, thread=topic)
            update: Json = {"update_id": 10 * topic + number, **content}
            event = webhook_event(json.dumps(update), {SECRET_HEADER: secret})
            answer = function.invoke(FunctionName="budget:live", Payload=json.dumps(event))
            assert json.load(answer["Payload"])["statusCode"] == 200

    with ThreadPoolExecutor(TOPICS) as pool:
        [*pool.map(ask, range(1, TOPICS + 1))]
    calls = telegram.calls[before:]
    assert {call.status for call in calls} == {200}
    whole = " ".join(map(str, range(2 * SECONDS)))
    ends = [call for call in calls if call.params.get("text") == whole]
    assert len(ends) == TOPICS * TIMES
