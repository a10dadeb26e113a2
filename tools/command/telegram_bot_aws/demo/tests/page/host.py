"""The demo in this process: a running bot, and for each test its own Telegram and chat."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from telegram_stand_in import Call, Delivery, Server, Telegram

from telegram_bot_aws.demo.chat import Chat
from telegram_bot_aws.demo.deployments import Deployment, token
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from telegram_bot_aws.demo.page_server import BotPageServer
from telegram_bot_aws.demo.server import PageServer
from telegram_bot_aws.demo.web_app_script import WebAppScript
from telegram_bot_aws.local.sources import read_sources
from tests.support.programs import save

PACE = 0.1  # of Telegram's seconds
LONGEST = 60.0  # seconds that a delivery is held at most

Deploy = Callable[[Telegram, Path], Deployment]


class NewTelegram(Telegram):
    """A Telegram that never reuses an update id, since a container remembers the last ones."""

    next_updates = itertools.count(900000001)

    def __init__(self) -> None:
        super().__init__(token(1), pace=PACE)
        self.update_ids = self.next_updates


@dataclass
class Demo:
    """A chat with a bot: the address of its page, and the bot's folder, which a test may edit."""

    url: str
    folder: Path
    telegram: Telegram
    chat: Chat
    script: WebAppScript
    releases: list[threading.Event] = field(default_factory=list)

    def edit(self, old: str, new: str, file: str = "bot.py") -> None:
        """Change a line of the bot, and reload it, as scripts/demo does by itself."""
        save(self.folder / file, old, new)
        self.chat.setup.refresh()

    def hold(self, which: Callable[[Delivery], bool]) -> threading.Event:
        """Hold deliveries for which `which` is true, until the returned event is set.

        So a test can see a state that would otherwise last too short a time.
        """
        released = threading.Event()
        self.releases.append(released)
        note = self.telegram.watch

        def watch(event: Delivery | Call) -> None:
            if isinstance(event, Delivery) and which(event):
                released.wait(LONGEST)
            note(event)

        self.telegram.watch = watch
        return released


class Host:
    """A bot that is deployed once for many chats. It runs from a copy of its folder."""

    def __init__(self, original: Path, folder: Path) -> None:
        self.original, self.folder = original, folder
        self.steps: list[tuple[str, float]] = []
        self._copy()
        self.sources = read_sources(folder)

    def _copy(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(self.original, self.folder, ignore=ignored)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.steps.append((name, time.monotonic() - started))

    @contextlib.contextmanager
    def running(self, deploy: Deploy | None = None) -> Iterator[Host]:
        """Run it in a process, or as `deploy` does."""
        telegram = NewTelegram()
        with Server(telegram) as self.server:
            if deploy:
                self.deployment = deploy(telegram, self.folder)
            else:
                self.deployment = LocalDeployment(telegram.url, self.step, self.folder, {})
            self.deployment.__enter__()
            self.menu_buttons = telegram.bot.menu_buttons
            with self.deployment.opened:  # stops it without `terraform destroy`
                yield self

    @contextlib.contextmanager
    def chat(self) -> Iterator[Demo]:
        """Begin an empty chat with the bot, whose folder is as it was at first."""
        telegram = self.server.telegram = NewTelegram()
        telegram.url = self.server.url
        telegram.deliver = self.deployment.deliver
        telegram.bot.menu_buttons |= self.menu_buttons  # Terraform sets it only once
        chat = Chat(telegram)
        for name, seconds in self.steps:
            chat.setup.step(name, seconds)
        chat.setup.deployment = self.deployment
        self.deployment.from_queue = chat.traces.from_queue
        if read_sources(self.folder) != self.sources:  # the last chat's test has changed the bot
            self._copy()
        if reload := self.deployment.refresh():
            assert not reload.error
        else:  # its container goes on: a new one for each chat would take longer than most tests
            for hosted in self.deployment.bots:
                assert not self.deployment.register(hosted)
        with contextlib.ExitStack() as opened:
            page = opened.enter_context(PageServer(chat))
            script = WebAppScript("")
            for bot in telegram.bots:
                if chat.setup.page_of(bot):
                    opened.enter_context(BotPageServer(chat.pages, bot.id, page.url, script))
            demo = Demo(f"{page.url}/", self.folder, telegram, chat, script)
            yield demo
            for release in demo.releases:
                release.set()
        telegram.stop()
