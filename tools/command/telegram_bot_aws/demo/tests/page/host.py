"""The demo in this process, with a running bot."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from telegram_stand_in import Server, Telegram

from telegram_bot_aws.demo.chat import Chat
from telegram_bot_aws.demo.deployments import token
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from telegram_bot_aws.demo.server import PageServer
from tests.support.programs import save

PACE = 0.1  # of Telegram's seconds


@dataclass
class Demo:
    """A chat with a bot: the address of its page, and the bot's folder, which a test may edit."""

    url: str
    folder: Path
    chat: Chat

    def edit(self, old, new, file="bot.py"):
        """Change a line of the bot, and reload it, as scripts/demo does by itself."""
        save(self.folder / file, old, new)
        self.chat.bots.refresh()


@contextlib.contextmanager
def running(original, folder):
    """Run a copy of a bot, and serve the chat with it."""
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns("__pycache__"))
    telegram = Telegram(token(1), pace=PACE)
    telegram.bots_in_groups = "administrator"
    chat = Chat(telegram)
    with contextlib.ExitStack() as opened:
        opened.enter_context(Server(telegram))
        deployment = LocalDeployment(
            telegram.url, lambda name: contextlib.nullcontext(), folder, {}
        )
        opened.enter_context(deployment)
        chat.bots.deployment = deployment
        deployment.from_queue = chat.traces.from_queue
        telegram.deliver = deployment.deliver
        page = opened.enter_context(PageServer(chat))
        chat.serve_pages(opened, page.url)
        yield Demo(f"{page.url}/", folder, chat)
