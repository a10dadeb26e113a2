"""Where the bots run, how that came up, and later replacements."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from telegram_stand_in import Bot, Call, Json

from telegram_bot_aws.demo.deployments import Deployment, Hosted
from telegram_bot_aws.demo.errors import InvalidRequest
from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.local.container import Invocation
from telegram_bot_aws.local.program import typed

# The function's calls when it is registered.
REGISTRATION = {
    "deleteMyCommands",
    "deleteWebhook",
    "getChatMenuButton",
    "getMe",
    "getWebhookInfo",
    "setChatMenuButton",
    "setMyCommands",
    "setWebhook",
}


class Setup:
    """The deployment, and `shown`: the steps that made it, calls without a cause, and so on."""

    def __init__(self, feed: Feed) -> None:
        self.deployment: Deployment | None = None
        self.shown: Json = {"steps": [], "calls": [], "reloads": [], "later": [], "failed": []}
        self.shown["command"] = typed("demo")
        self.shown["has_ended"] = False  # the function's container, until an update starts one
        self._feed = feed

    def step(self, name: str, seconds: float) -> None:
        """Note a step of the set-up."""
        self._note("steps", {"name": name, "seconds": seconds})

    def call(self, shown: Json) -> None:
        """Note a call that no message caused, such as setWebhook."""
        self._note("calls", shown)

    def claim(self, bot: int, method: str) -> Json | None:
        """Take the latest call of a bot with this method from those without a cause."""
        calls: list[Json] = self.shown["calls"]
        for call in reversed(calls):
            if (call["bot"], call["method"]) == (bot, method):
                calls.remove(call)
                self._feed.tell("setup", self.shown)
                return call
        return None

    def refresh(self) -> None:
        """Replace the bots' code if it was changed."""
        if self.deployment and (reload := self.deployment.refresh()):
            self._note("reloads", {**dataclasses.asdict(reload), "at": time.time()})

    def _note(self, kind: str, about: Json) -> None:
        with self._feed.lock:
            self.shown[kind].append(about)
            self._feed.tell("setup", self.shown)

    def look_later(self) -> None:
        """Note waiting calls and failed updates, if those are others than before."""
        if not self.deployment:
            return
        with self._feed.lock:
            kinds = {"later": self.deployment.schedules, "failed": self.deployment.failed}
            now = {
                kind: [
                    {"bot": int(hosted.token.partition(":")[0]), **each}
                    for hosted in self.deployment.bots
                    for each in of(hosted)
                ]
                for kind, of in kinds.items()
            }
            if any(self.shown[kind] != found for kind, found in now.items()):
                self.shown |= now
                self._feed.tell("setup", self.shown)

    def run_schedule(self, bot: Bot, name: str) -> None:
        """Make a call at once that waits for its time."""
        if self.deployment:
            self.deployment.run_schedule(self._hosted(bot), name)

    def replay(self, bot: Bot) -> Json:
        """Replay a bot's failed updates and events with its current code. Returns the result."""
        self.refresh()
        assert self.deployment
        invocation = self.deployment.replay(self._hosted(bot))
        self.look_later()
        if invocation.error:
            raise InvalidRequest(invocation.error)
        return dict(invocation.result)

    def send_event(self, bot: Bot, event: Any) -> Invocation:
        """Invoke a bot's function with an event."""
        assert self.deployment
        return self.deployment.send_event(self._hosted(bot), event)

    def registers(self, call: Call) -> bool:
        """Tell whether a call registers a bot again, since its code was replaced."""
        hosted = self.deployment.registering if self.deployment else None
        is_of_bot = hosted is not None and hosted.token.startswith(f"{call.bot}:")
        return is_of_bot and call.method in REGISTRATION

    def stop_container(self) -> None:
        """Stop the function's container, as AWS does after some idle time."""
        if self.deployment:
            self.deployment.stop_container()
            self._container_ended(True)

    def update_begins(self) -> None:
        """Note that an update goes to the function, which starts a container if there is none."""
        self._container_ended(False)

    def _container_ended(self, has_ended: bool) -> None:
        with self._feed.lock:
            if self.shown["has_ended"] != has_ended:
                self.shown["has_ended"] = has_ended
                self._feed.tell("setup", self.shown)

    def forget(self, bot: Bot, key: str) -> None:
        """Delete a session of a bot."""
        if self.deployment:
            self.deployment.forget(self._hosted(bot), key)

    def _hosted(self, bot: Bot) -> Hosted:
        bots = self.deployment.bots if self.deployment else []
        found = [each for each in bots if each.token == bot.token]
        if not found:
            raise InvalidRequest("No bot is applied yet.")
        return found[0]

    def page_of(self, bot: Bot) -> Hosted | None:
        """Return where a bot runs, if it has a page."""
        bots = self.deployment.bots if self.deployment else []
        return next((each for each in bots if each.token == bot.token and each.page_url), None)
