"""local_deployment.py: the bot in a process, which goes on while a change of it doesn't work."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from telegram_stand_in import Server, Telegram

from telegram_bot_aws.demo.deployments import REPLAY, TOKEN, WEBHOOK_SECRET
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from telegram_bot_aws.local.container import TIMEOUT
from telegram_bot_aws.local.events import webhook_event

SAYS = """
import os
HANDLED = ["message"]
reply = print

def on_event(event):
    print("one")
    assert event["x"] == 1
    return []
"""


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [False, True])
def test_a_change_that_does_not_work_is_in_no_new_container(tmp_path: Path, fresh: bool) -> None:
    file = tmp_path / "bot.py"
    file.write_text(SAYS)
    with Server(telegram := Telegram(TOKEN)):
        deployment = LocalDeployment(
            telegram.url, lambda name: contextlib.nullcontext(), tmp_path, {}
        )
        deployment.fresh = fresh
        with deployment:
            [bot] = deployment.bots
            file.write_text("raise Exception")
            changed = deployment.refresh()
            assert changed and not changed.is_live
            assert changed.error.endswith("Exception at bot.py:1")
            deployment.stop_container()
            assert deployment.send_event(bot, {"x": 1}).printed == "one\n"
            assert f'File "{file}", line 8' in deployment.send_event(bot, {"x": 2}).traceback
            file.write_text(SAYS.replace("one", "two"))
            changed = deployment.refresh()
            assert changed and changed.is_live
            logged = list[object]()
            deployment.on_log = lambda invocation: logged.append(invocation.event)
            assert deployment.replay(bot).result["done"] == 0
            assert logged == [REPLAY]
            file.write_text("raise Exception")  # not looked at yet
            deployment.stop_container()
            assert deployment.send_event(bot, {"x": 1}).printed == "two\n"


def test_a_bot_has_the_time_of_the_default_configuration(tmp_path: Path) -> None:
    """That keeps no failed updates, which takes time that the demo adds. The clock stands still."""
    (tmp_path / "bot.py").write_text(
        "import time\n"
        "from botkit.deadline import deadline\n"
        "HANDLED = ['message']\n"
        "time.monotonic = deadline.clock = lambda: 100.0\n"
        "def reply(update):\n"
        "    print(deadline.left())\n"
        "    return []\n"
    )
    with Server(telegram := Telegram(TOKEN)):
        deployment = LocalDeployment(
            telegram.url, lambda name: contextlib.nullcontext(), tmp_path, {}
        )
        with deployment:
            [bot] = deployment.bots
            secret = {"x-telegram-bot-api-secret-token": WEBHOOK_SECRET}
            event = webhook_event('{"update_id": 1, "message": {}}', secret)
            assert deployment.send_event(bot, event).printed == f"{TIMEOUT - 1}\n"
