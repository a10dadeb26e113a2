"""A Telegram for one test: people act by words, and wait for the bot's answers.

    with BotApi() as bot_api:
        start_my_bot(bot_api.url, bot_api.token)
        ada = bot_api.user("Ada")
        ada.send("/price 3")
        assert ada.receive().text == "3 × 4 € = 12 €"

pytest_telegram_stand_in makes it the fixture `bot_api`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .bot_api import METHODS, Json, Refusal, did_you_mean, method_named
from .limits import Limits
from .people import Business, Group, Person
from .server import Server, params_of
from .stand_in import FAULTS, Telegram
from .state import Bot, deep_copy, private_chat
from .words import latest, lines

TOKEN = "1234567890:AAstandInForTelegramInTestsAAAAAAAA"
PATIENCE = 30.0  # seconds: what never comes fails a test after so long
TICK_SECONDS = 0.1  # after which a waiting test looks again
# A refusal that only the bot's author sees: the call isn't as documented.
MISTAKE = re.compile("has no (parameter|field|value) |^no such method")


class Stage:
    """The people, the chats and the time of a test, and `telegram`, which knows all of them.

    With `answer`, the bot is in this process and needs no server: `answer` gets the updates that
    wait, after each action. `strict`: what isn't documented fails the test. `patience` is how many
    seconds `receive` waits. An existing `telegram` may be given, and which `bot` people write to.
    """

    def __init__(
        self,
        answer: Callable[[list[Json]], object] | None = None,
        token: str = TOKEN,
        telegram: Telegram | None = None,
        bot: Bot | None = None,
    ) -> None:
        self.strict = True
        self.patience = 0.0 if answer else PATIENCE
        self.token = token
        self.telegram = telegram or Telegram(token)
        self.bot = bot or self.telegram.bot
        if not telegram:
            about = {"first_name": "Bot", "username": "test_bot", "supports_inline_queries": True}
            self.bot.me.update(about)
        self._answer = answer
        self._offset = 0  # of the updates that were answered
        self._told = 0  # how many mistakes
        self._users: dict[str, Json] = {}
        self._persons: dict[Any, Person] = {}

    # People and chats.

    def user(self, name: str, **about: Any) -> Person:
        """Return somebody in a private chat with the bot. `about` are fields of a User."""
        return self.person(self.known_user(name, about))

    def group(
        self, title: str, *, privacy: bool = True, admin: bool = False, **about: Any
    ) -> Group:
        """Return a new group, or with `type="channel"` a channel. `about` are fields of a Chat.

        In it the bot gets what privacy mode lets through, such as commands and replies to it: all
        messages only without `privacy`, as /setprivacy of @BotFather does, or as an administrator.
        """
        id = -1000000000000 - int(self.telegram.new_id())
        self.bot.chats[id] = chat = {"id": id, "type": "supergroup", "title": title, **about}
        member = self.telegram.member_as("administrator" if admin else "member", self.bot.user)
        self.telegram.members[chat["id"], self.bot.id] = member
        if not privacy:
            self.bot.me["can_read_all_group_messages"] = True
            self.bot.open_groups.add(chat["id"])
        return Group(self, chat)

    def business(self, name: str) -> Business:
        """Return somebody's business account, for which the bot answers, with all rights."""
        return Business(self, self.known_user(name, {}))

    def person(self, user: Json, chat: Json | None = None, **place: Any) -> Person:
        """Return a User in a chat, by default the private one.

        `place` are fields of the person's messages: the topic, or the business account.
        """
        chat = chat or private_chat(user)
        key = chat["id"], user["id"], tuple(place.items())
        return self._persons.setdefault(key, Person(self, chat, user, place))

    def known_user(self, name: str, about: Json) -> Json:
        """Return the User with a first name, who may be new."""
        if name not in self._users:
            user = {"id": int(self.telegram.new_id()), "is_bot": False, "first_name": name}
            self._users[name] = {**user, "language_code": "en"}
        self._users[name].update(about)
        return self._users[name]

    # Faults and time.

    def fails(self, kind: str, times: int = 1, *, method: str = "") -> None:
        """Let the next calls fail: "429", "403", "500", "silence" (no answer), or "lost" (carried
        out, but the answer is lost).

        Without a method, getUpdates never fails.
        """
        if kind not in FAULTS:
            raise ValueError(f"a fault must be one of {', '.join(FAULTS)}, not {kind!r}")
        named = method_named(method)
        if method and not named:
            raise ValueError(f"there is no method {method}{did_you_mean(method, METHODS)}")
        fault = FAULTS[kind](times)
        others = tuple(name for name in METHODS if name != "getUpdates")
        fault.methods = (named,) if named else others
        with self.telegram.changed:
            self.telegram.faults.append(fault)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass for Telegram: its dates, its retries.

        A bot in another process has its own clock.
        """
        self.telegram.advance(seconds)
        self.settle()

    def limits(self) -> None:
        """Let Telegram limit how often the bot writes, from now on: 429 with a `retry_after`."""
        self.telegram.limits = Limits(self.telegram.now)

    # The bot's actions.

    def settle(self) -> None:
        """Have a bot in this process answer the updates that wait."""
        if self._answer:
            while updates := self._waiting():
                self._offset = updates[-1]["update_id"] + 1
                self._answer(updates)
        self.check()

    def _waiting(self) -> list[Json]:
        with self.telegram.changed:
            return [deep_copy(each) for each in self.bot.outbox.waiting(self._offset)]

    def request(self, path: str, content_type: str, body: bytes | None) -> tuple[int, bytes]:
        """Carry out a request to the Bot API without a server; None as the body gets a file.

        Returns the status and the body of the answer. Status 0: there is no answer.
        """
        if body is None:
            file = self.telegram.files.at(unquote(path.partition(f"/file/bot{self.token}/")[2]))
            return (200, file.data) if file else (404, b"")
        method = path.rpartition("/")[2]
        try:
            params, uploads = params_of(method, "", content_type, body)
        except Refusal as refusal:
            return refusal.code, refusal.description.encode()
        call = self.telegram.answer(method, params, uploads=uploads)
        if call.fault in ("silence", "lost"):
            return 0, b""
        return call.status, json.dumps(call.answer).encode()

    # For a subclass.

    def before_action(self) -> None:
        """Called before a person acts."""

    def finish(self) -> None:
        """Called when a test's function has ended, by the plugin of pytest."""

    def failed(self) -> str:
        """Tell that the bot is no more, if it is known."""
        return ""

    def mistakes(self) -> list[str]:
        """Return what the bot's calls had that isn't documented, if the stage is strict."""
        calls = [*self.telegram.calls] if self.strict else []
        hints = ((call.method, hint) for call in calls for hint in call.hints)
        found = [f"{method}: {hint}" for method, hint in hints if MISTAKE.search(hint)]
        return found[self._told :]

    def check(self) -> None:
        """Fail if there are mistakes. Each is told once."""
        if mistakes := self.mistakes():
            self._told += len(mistakes)
            told = latest(dict.fromkeys(mistakes))
            raise AssertionError(f"this isn't in the Bot API (strict = False allows it):\n{told}")

    def wait_for(self, found: Callable[[], Any], timeout: float | None) -> Any:
        """Wait until something is found, and return it, or None if time is up."""
        wait = self.patience if timeout is None else timeout
        with self.telegram.changed:
            self.until(lambda: found() or self.mistakes() or self.failed(), wait)
            self.check()
            return found()

    def until(self, condition: Callable[[], Any], seconds: float) -> None:
        """Wait until something is true, which may come by itself, as the end of a program."""
        end = time.monotonic() + seconds
        while not condition() and (left := end - time.monotonic()) > 0:
            self.telegram.changed.wait(min(left, TICK_SECONDS))

    @property
    def transcript(self) -> str:
        """The actions of people and the bot, a line each."""
        return "\n".join(line for event in self.telegram.events for line in lines(event))


class BotApi(Stage):
    """A Bot API server on loopback, until its `with` block ends: `url`, for `token`."""

    def __init__(self) -> None:
        super().__init__()
        self._server = Server(self.telegram)
        self._at_end = contextlib.ExitStack()
        self._started: list[subprocess.Popen[bytes]] = []
        self.url = self._server.url

    def __enter__(self) -> BotApi:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._at_end.close()
        self._server.__exit__(*exception)

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start a bot, which ends with the server, and so do the programs that it started.

        It gets this process's environment, TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN, and `environment`.
        Raises OSError if there is no such program.
        """
        direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        direct = f"{direct},127.0.0.1".lstrip(",")  # a proxy would be asked for this machine
        told = {"TELEGRAM_API_URL": self.url, "TELEGRAM_BOT_TOKEN": self.token}
        told |= {"NO_PROXY": direct, "no_proxy": direct, **environment}
        process = subprocess.Popen(command, env={**os.environ, **told}, start_new_session=True)
        self._started.append(process)
        self._at_end.callback(process.wait)
        self._at_end.callback(_kill, process)
        return process

    def failed(self) -> str:
        # Killed by a test, it may be about to start again; and with 0, it may run elsewhere.
        code = self._started[-1].poll() if self._started else None
        return f"the bot has ended, with exit code {code}" if code and code > 0 else ""

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the bot has taken all updates: a webhook accepts them, a bot that polls asks
        for those that follow."""
        done = self.wait_for(lambda: not self.telegram.pending(), timeout)
        if not done:
            why = self.failed() or "is the bot running?"
            raise AssertionError(f"{self.telegram.pending()} updates wait: {why}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and those that it started: npm and uv don't end theirs."""
    if sys.platform == "win32":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
