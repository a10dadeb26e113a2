"""local_deployment.py: the bot in a process, which goes on while a change of it doesn't work."""

import contextlib

from telegram_stand_in import Server, Telegram

from telegram_bot_aws.demo.deployments import TOKEN, WEBHOOK_SECRET
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from telegram_bot_aws.local.events import webhook_event

SAYS = """
import os
ALLOWED_UPDATES = ["message"]

def reply(update):
    print("one")
    return []
"""
SECRET = {"x-telegram-bot-api-secret-token": WEBHOOK_SECRET}


def event(number):
    return webhook_event(f'{{"update_id": {number}, "message": {{}}}}', SECRET)


def test_a_change_that_does_not_work_is_in_no_new_container(tmp_path):
    file = tmp_path / "bot.py"
    file.write_text(SAYS)
    with Server(telegram := Telegram(TOKEN)):
        deployment = LocalDeployment(
            telegram.url, lambda name: contextlib.nullcontext(), tmp_path, {}
        )
        with deployment:
            [bot] = deployment.bots
            file.write_text("raise Exception")
            changed = deployment.refresh()
            assert changed and not changed.is_live
            assert changed.error.endswith("Exception at bot.py:1")
            deployment.function.stop()
            assert deployment.send_event(bot, event(1)).printed == "one\n"
            file.write_text(SAYS.replace("one", "two"))
            changed = deployment.refresh()
            assert changed and changed.is_live
            file.write_text("raise Exception")  # not looked at yet
            deployment.function.stop()
            assert deployment.send_event(bot, event(2)).printed == "two\n"
