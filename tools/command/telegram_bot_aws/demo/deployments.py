"""Shared by all ways to run the demo's bots."""

from __future__ import annotations

import abc
import contextlib
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requirements
from telegram_stand_in import Json, Telegram, post

from telegram_bot_aws.local.container import Invocation, Look
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import LAMBDA
from telegram_bot_aws.local.sources import Sources, read_sources
from telegram_bot_aws.local.terraform import REGION

MAX_CONNECTIONS = 40
PAGE = "/app/index.html"  # a bot's page, in its folder and below its API's address
DEFAULT_MEMORY_SIZE = 128  # MB, as variables.tf has it
MENU_BUTTON = "Open"  # the text of the menu button, unless a configuration has one


# How the secret part of each token begins. The rest is new for each start, so that no one else on
# this machine, such as a web page, knows it.
TOKENS_BEGIN = "AAE-of-the-demo-"
TOKENS_END = secrets.token_urlsafe(16)


def token(number: int) -> str:
    """Return the token of a bot of the stand-in; the first is number 1."""
    return f"{1234567889 + number}:{TOKENS_BEGIN}{TOKENS_END}"


TOKEN = token(1)
WEBHOOK_SECRET = secrets.token_hex(16)

CHECK = {"tf": {"action": "check"}}  # the event with which Terraform checks a new version


class Unavailable(ToolError):
    """This machine lacks something for the emulated AWS. The text names it, and the remedy."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text}\nWithout AWS and Terraform the bot runs by --direct.")


@dataclass
class Hosted:
    """A running bot: its token, the folder of its bot.py, and where it is deployed.

    `name` is the function's, `address` that of the module's call in a configuration. `inputs` tells
    which this call has of those that bot.py may need, and `variables` are names that may be in its
    environment. `timeout` is the function's, in seconds. `remembers` tells whether the bot may keep
    something that scripts/sessions shows.
    """

    token: str
    folder: Path
    name: str = "telegram-bot"
    address: str = ""
    webhook_url: str = ""
    page_url: str = ""  # the bot's MINI_APP_URL, if it has a page
    region: str = REGION
    runtime: str = "python3.13"  # the default of the module's input
    timeout: float = 0
    inputs: dict[str, bool] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    remembers: bool = False

    @property
    def title(self) -> str:
        """The name for people: the module's, or that of the folder if only that is given."""
        if self.address or self.folder == LAMBDA:
            return self.name
        return self.folder.parent.name if self.folder.name == "bot" else self.folder.name


class Deployment(abc.ABC):
    """One or more running bots, which are removed when the `with` block ends.

    `from_queue` is called with each invocation by a queue, when it is over, `on_event` with each by
    another service, and `on_log` with each of all kinds, when its log is read.
    """

    way = ""  # in which way the bots run, in words
    parameters: dict[str, str] = {}  # of Parameter Store, where the deployment has one

    def __init__(self, telegram: Telegram, bot: Path, variables: dict[str, str]) -> None:
        self.telegram = telegram
        self.bots = [Hosted(TOKEN, bot)]
        self.variables = variables  # the bot's environment
        self.opened = contextlib.ExitStack()
        self.invocations: dict[str, Invocation] = {}  # by request id
        self.from_queue: Callable[[Invocation], None] = lambda invocation: None
        self.on_event: Callable[[Invocation], object] = lambda invocation: None
        self.on_log: Callable[[Invocation], None] = lambda invocation: None
        self._sources: list[Sources] = []
        self._reloading = threading.Lock()

    def __enter__(self) -> Deployment:
        with contextlib.ExitStack() as opened:
            self.opened = opened
            self.open()
            self._sources = [read_sources(bot.folder) for bot in self.bots]
            self.opened = opened.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self.opened.close()

    @abc.abstractmethod
    def open(self) -> None:
        """Deploy the bot. Raises Unavailable or ToolError."""

    def environment(self, variables: dict[str, str]) -> dict[str, str]:
        """Return a function's environment: the bot's variables, and the module's own."""
        return {
            **variables,
            "REPLY_MODE": "api",
            "TELEGRAM_API_URL": self.telegram.url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET,
        }

    def deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        """Post an update to the webhook, as `post` does."""
        return post(url, headers, body)

    def details(self, request_id: str) -> Invocation:
        """Return the invocation for the request with this id of API Gateway."""
        return self.invocations.get(request_id) or Invocation()

    def came(self, invocation: Invocation) -> None:
        """Tell of an invocation by the queue or another service of AWS."""
        if "update_id" in invocation.outcome:
            self.from_queue(invocation)
        else:
            self.on_event(invocation)

    def refresh(self) -> Json:
        """Replace a bot's code, and register it again, if a file in its folder was changed.

        Returns what the page shows of that: `error` says why the code doesn't work, if so.
        """
        with self._reloading:
            now = [read_sources(bot.folder) for bot in self.bots]
            changed: set[str] = set()
            errors = []
            started = time.monotonic()
            for bot, before, sources in zip(self.bots, self._sources, now, strict=True):
                if sources == before:
                    continue
                names = sources.keys() | before.keys()
                changed |= {name for name in names if sources.get(name) != before.get(name)}
                try:
                    errors.append(self.replace(bot))
                except (ToolError, OSError) as failure:
                    errors.append(str(failure) or type(failure).__name__)
            self._sources = now
            if not changed:
                return {}
            error = "\n".join(filter(None, errors))
            milliseconds = (time.monotonic() - started) * 1000
            return {"milliseconds": milliseconds, "error": error, "files": sorted(changed)}

    @abc.abstractmethod
    def replace(self, bot: Hosted) -> str:
        """Replace a bot's code, and register it again. Returns why it isn't registered, if so.

        Raises ToolError or OSError if the code can't work.
        """

    @abc.abstractmethod
    def answer(self, bot: Hosted, event: Any) -> Any:
        """Return what a bot's function answers to a request for its page."""

    def advance(self, seconds: float) -> int:
        """Do what is scheduled for this time, and return how much: nothing with AWS's own clock."""
        return 0

    @abc.abstractmethod
    def commands(self) -> list[str]:
        """Return what can be typed in another terminal meanwhile, with a heading."""

    @abc.abstractmethod
    def send_event(self, bot: Hosted, event: Any) -> Invocation:
        """Invoke a bot's function with an event, as an AWS service does."""


def identity(name: str) -> dict[str, str]:
    """Return a bot's name and user name, made from the module's `name`.

    Source: https://core.telegram.org/bots/features#creating-a-new-bot
    """
    username = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:28]
    if not username.lower().endswith("bot"):
        username += "_bot"
    return {"first_name": name, "username": username}


def has_page(folder: Path) -> bool:
    """Tell whether a bot's folder has a page."""
    return (folder / PAGE[1:]).is_file()


def registration(url: str) -> Json:
    """Return the event with which Terraform registers the webhook."""
    return {"url": url, "max_connections": MAX_CONNECTIONS, "tf": {"action": "register"}}


def inputs(bot: Path, look: Look) -> Json:
    """Return the inputs without which a bot doesn't work, with the least values that do."""
    found: Json = {}
    missing = "; ".join(look.missing)
    if has_page(bot):
        found["mini_app"] = MENU_BUTTON
    if "session_retention_in_days" in missing:
        found["session_retention_in_days"] = 1
    if "queue = true" in missing or "stopped_message_generation" in look.kinds:
        found["queue"] = True
    return found


def python_note(runtime: str) -> list[str]:
    """Return in sentences that a function's Python isn't its runtime's here, if it isn't."""
    here = requirements.runs_on(runtime)
    if here == runtime:
        return []
    return [
        f"AWS runs the bot on {runtime}, but the demo on {here}, since this machine has no "
        f"{runtime}. Differences between them don't show here: install {runtime}, and start the "
        "demo again."
    ]


def notes(bot: Path, look: Look) -> list[str]:
    """Return in a sentence which inputs a bot needs that no configuration beside it sets."""
    missing = [name for name in inputs(bot, look) if not written(bot, name)]
    names = ", ".join("queue = true" if name == "queue" else name for name in missing)
    return [f"To deploy the bot, set these inputs of the module: {names}."] if names else []


def memory_size(bot: Path) -> int:
    """Return the function's memory in MB, or 0 if only Terraform can tell."""
    size = written(bot, "memory_size") or str(DEFAULT_MEMORY_SIZE)
    found = re.match("[0-9]+", size)
    return int(found[0]) if found else 0


def written(bot: Path, name: str) -> str:
    """Return an input as a configuration beside the bot's folder has it, or nothing."""
    files = () if bot == LAMBDA else bot.parent.glob("*.tf")  # that is the module's own
    for file in files:
        text = file.read_text("utf-8", "replace")
        if found := re.search(rf"^[ \t]*{name}[ \t]*=[ \t]*(.+)", text, re.MULTILINE):
            return found[1]
    return ""
