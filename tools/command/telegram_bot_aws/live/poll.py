"""Answer for the real bot from this machine, by long polling: no tunnel, no deployment.

Set TELEGRAM_BOT_TOKEN. Each update goes through the same handler as on AWS, and a saved change of
the bot takes effect at the next message. The bot sees only the variables in --env-file, none of
your credentials. Ctrl-C ends it.

Sessions are kept in a file, from one start to the next. It names the file if the bot has any.
Scheduled calls wait in another one next to it; they are made while this runs, or at the next start.

It serves no page (Mini App): Telegram opens pages over HTTPS only, except in its test environment.

TELEGRAM_API_URL is the Bot API's server (default: https://api.telegram.org), TELEGRAM_PROXY a proxy
for it (http://HOST:PORT).

Exit code: 0 after Ctrl-C, 1 if Telegram refuses to deliver updates or the token is wrong, 2 if an
argument or bot.py is wrong.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Any

from botkit.errors import TelegramError, Unreachable
from botkit.telegram import Client

from telegram_bot_aws.live.client import CALL_SECONDS, about, check, client, environment
from telegram_bot_aws.live.state import REGISTER, pull, register_command
from telegram_bot_aws.local.container import (
    Function,
    Invocation,
    bot_folder,
    look_at,
    unknown_kinds,
)
from telegram_bot_aws.local.events import webhook_event
from telegram_bot_aws.local.processes import read_env_file
from telegram_bot_aws.local.program import name, parser_of, typed
from telegram_bot_aws.local.sources import Sources, read_sources
from telegram_bot_aws.local.terminal import reason, visible

Json = dict[str, Any]

POLL_SECONDS = 50  # for how long Telegram holds a request without an update
MAX_PAUSE_SECONDS = 60.0  # seconds; the pauses after failures double, from one second on
LOOK_SECONDS = 0.2  # between two checks for a changed bot
MAX_UPDATES = 25  # in one answer from Telegram, which must have at most 21 MB


class Stop(Exception):
    """Polling can't continue; the text says why, and gives advice."""


class Poll:
    """Fetches updates and passes each to the function, until it is stopped."""

    def __init__(self, telegram: Client, function: Function) -> None:
        self.telegram = telegram
        self.function = function
        self.stopping = False
        self._secret = function.environment["TELEGRAM_WEBHOOK_SECRET"]
        self._waiting = False
        self._offset: int | None = None  # the first unanswered update
        function.on_queued = show_queued
        self._failures = 0
        self._asked: Sources = {}  # the sources when _kinds was read
        self._kinds: list[str] = []

    def stop(self, *signal: object) -> None:
        """End after the current update, or at once if none is there, or at a second signal.

        A process that starts meanwhile would be left if this interrupted its start.
        """
        is_second, self.stopping = self.stopping, True
        if is_second or self._waiting:
            raise KeyboardInterrupt

    def run(self) -> None:
        """Answer updates until stopped. Raises Stop."""
        try:
            while not self.stopping:
                for update in self._fetch():
                    self._answer(update)
                    if self.stopping:
                        break
        except KeyboardInterrupt:
            self.stopping = True
        finally:
            self._confirm()

    def _fetch(self) -> list[Json]:
        """Return the pending updates, after at most POLL_SECONDS."""
        params: Json = {"timeout": POLL_SECONDS, "limit": MAX_UPDATES}
        if self._offset is not None:
            params["offset"] = self._offset
        try:
            params["allowed_updates"] = self._allowed_updates()
        except ValueError as error:
            self._pause(str(error))
            return []
        try:
            self._waiting = True
            if self.stopping:
                return []
            updates = self.telegram.post("getUpdates", params, POLL_SECONDS + CALL_SECONDS)
            check("getUpdates", isinstance(updates, list))
        except Unreachable as error:
            self._pause(f"Telegram can't be reached: {reason(error)}")
            return []
        except TelegramError as refusal:
            if refusal.error_code == 429:
                self._pause(str(refusal), refusal.retry_after)
                return []
            raise Stop(explained(refusal)) from None
        finally:
            self._waiting = False
        self._failures = 0
        return list(updates)

    def _allowed_updates(self) -> list[str]:
        sources = read_sources(self.function.bot)
        if sources != self._asked:
            self._kinds = look_at(self.function.bot, self.function.environment).kinds
            self._asked = sources
        return self._kinds

    def _answer(self, update: Json) -> None:
        """Let the function answer an update, and retry as Telegram would, which keeps the rest."""
        while True:
            event = webhook_event(
                json.dumps(update),
                {"X-Telegram-Bot-Api-Secret-Token": self._secret},
                str(update["update_id"]),
            )
            invocation = self.function.invoke(event)
            result = invocation.result if isinstance(invocation.result, dict) else {}
            if result.get("statusCode") == 200:
                self._offset = update["update_id"] + 1
                self._failures = 0
                say(described(update, invocation))
                show(invocation)
                break
            if not self.stopping:
                reason = (
                    invocation.error.strip() or result.get("body") or "the function gave no reason"
                )
                if why := cause(invocation):
                    reason += f" ({why})"
                show(invocation)
                wish = result.get("headers", {}).get("Retry-After")
                self._pause(f"update {update['update_id']} is not answered yet: {reason}", wish)
            if self.stopping:
                break

    def _pause(self, reason: str, wish: Any = None) -> None:
        """Wait after a failure, longer each time, or until the bot is changed."""
        seconds = float(wish or min(2.0**self._failures, MAX_PAUSE_SECONDS))
        self._failures += 1
        say(f"{reason}\n         retrying in {seconds:g} s, or when you save a change to the bot")
        before = read_sources(self.function.bot)
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and not self.stopping:
            time.sleep(min(left, LOOK_SECONDS))
            if read_sources(self.function.bot) != before:
                break

    def _confirm(self) -> None:
        """Tell Telegram which updates were answered: there is no next fetch that would."""
        if self._offset is None:
            return
        params = {"offset": self._offset, "limit": 1, "timeout": 0}
        try:
            self.telegram.post("getUpdates", params, CALL_SECONDS)
        except (Unreachable, TelegramError) as error:
            say(f"Telegram doesn't know yet that the last update was answered: {error}")


def described(update: Json, invocation: Invocation) -> str:
    """Return a log line about an answered update, without any text from its message."""
    line = invocation.outcome
    parts = [
        f"update {update['update_id']}",
        str(line.get("update_type")),
        " ".join([str(line.get("outcome")), *line.get("methods", [])]),
        f"{line.get('duration_ms', 0):.0f} ms",
    ]
    if why := cause(invocation):
        parts.append(why)
    if invocation.start_milliseconds is not None:
        parts.append(f"loaded in {invocation.start_milliseconds:.0f} ms")
    return " · ".join(parts)


def cause(invocation: Invocation) -> str:
    """Return Telegram's words about a failure, or else the bot's exception, if there is one."""
    line = invocation.outcome
    return str(line.get("telegram_error") or line.get("error") or "")


def show_queued(invocation: Invocation) -> None:
    """Tell what became of what waited in the queue: an update, or what was scheduled."""
    line = invocation.outcome
    if "update_id" in line:
        say(described({"update_id": line["update_id"]}, invocation))
    else:
        parts = ["at its time", *line.get("methods", []), line.get("outcome") or invocation.error]
        say(" · ".join(map(str, filter(None, [*parts, cause(invocation)]))))
    show(invocation)


def show(invocation: Invocation) -> None:
    """Print what the bot printed, and the traceback if it failed."""
    print(visible(invocation.printed), end="", file=sys.stderr)
    if invocation.traceback:
        print(visible(invocation.traceback), file=sys.stderr, flush=True)


def explained(refusal: TelegramError) -> str:
    """Return why Telegram refuses to deliver updates, and advice."""
    if refusal.is_unauthorized:
        return "Telegram doesn't know this token: ask @BotFather for it with /token"
    if refusal.error_code == 409 and "webhook" in refusal.description:
        return "somebody has set a webhook, so updates go there now: --take-over removes it"
    if refusal.error_code == 409:
        return "another program polls this bot, but only one can: end it first"
    return str(refusal)


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {visible(line)}", flush=True)


def begin(telegram: Client, take_over: bool) -> str:
    """Make sure that updates come here. Returns the webhook that was removed, or nothing.

    Raises Stop.
    """
    try:
        bot, info = about(telegram)
        if info["url"] and not take_over:
            raise Stop(
                f"@{bot['username']} has a webhook, {info['url']}, which receives its updates. "
                f"To receive them here instead, remove it with {typed('poll')} --take-over"
            )
        if info["url"]:
            telegram.post("deleteWebhook", {}, CALL_SECONDS)
    except TelegramError as refusal:
        raise Stop(explained(refusal)) from None
    except Unreachable as error:
        raise Stop(f"Telegram can't be reached: {reason(error)}") from None
    waiting = info.get("pending_update_count", 0)
    say(
        f"@{bot['username']} is answered from here; updates that wait: {waiting}. Ctrl-C ends this."
    )
    return str(info["url"])


def state_file(telegram: Client) -> Path:
    """Return the file that keeps the bot's sessions from one start to the next."""
    home = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(home, "telegram-bot", f"{telegram.token.partition(':')[0]}.json")


def main() -> int:
    parser = parser_of(name("poll"), __doc__)
    parser.add_argument(
        "--take-over",
        action="store_true",
        help="remove the bot's webhook first, and say at the end how to restore it",
    )
    parser.add_argument(
        "--bot",
        metavar="DIR",
        help="folder with bot.py, or with bot/bot.py (default: the current one if it is such a "
        "folder, or else the module's own bot)",
    )
    parser.add_argument(
        "--env-file",
        metavar="FILE",
        help="file with variables for the bot, as lines of NAME=VALUE: its own, and credentials "
        "where it calls AWS",
    )
    options = parser.parse_args()
    try:
        bot = bot_folder(options.bot)
        variables = read_env_file(options.env_file) if options.env_file else {}
        variables |= environment()
        found = look_at(bot, variables)
    except ValueError as error:
        parser.exit(2, f"{name('poll')}: {visible(str(error))}\n")
    if warning := unknown_kinds(found.kinds):
        print(f"{name('poll')}: {visible(warning)}", file=sys.stderr)
    webhook, put_back = "", REGISTER
    try:
        telegram = client()
        webhook = begin(telegram, options.take_over)
        if webhook:
            put_back = register_command(pull()[0], webhook)
        if (bot / "app" / "index.html").is_file():
            say("the page in app/ isn't served: Telegram requires HTTPS. Try it in the demo")
        kept = state_file(telegram)
        if found.missing:  # its table or its queue
            listed = f"{typed('sessions')} list --file {shlex.quote(str(kept))}"
            say(f"sessions are kept in {kept}: {listed}")
        function = Function(bot, variables, sessions=kept)
        poll = Poll(telegram, function)
        with function:
            for kind in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                signal.signal(kind, poll.stop)
            poll.run()
    except (Stop, ValueError) as error:
        print(f"{name('poll')}: {visible(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    finally:
        if webhook:
            print(f"The webhook was {visible(webhook)}. To put it back: {put_back}", flush=True)
    say("ended")
    return 0
