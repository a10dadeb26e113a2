"""Where the bots run, and replacements of their code."""

from __future__ import annotations

import dataclasses

from telegram_stand_in import Bot, Call, Json

from telegram_bot_aws.demo.deployments import Deployment, Hosted
from telegram_bot_aws.demo.feed import Feed
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
    """The deployment, and `shown`: the replacements of its code, and how it is started again."""

    def __init__(self, feed: Feed) -> None:
        self.deployment: Deployment | None = None
        self.shown: Json = {"reloads": [], "command": typed("demo")}
        self._feed = feed

    def refresh(self) -> None:
        """Replace the bots' code if it was changed."""
        if self.deployment and (reload := self.deployment.refresh()):
            with self._feed.lock:
                self.shown["reloads"].append(dataclasses.asdict(reload))
                self._feed.tell("setup", self.shown)

    def registers(self, call: Call) -> bool:
        """Tell whether a call registers a bot again, since its code was replaced."""
        hosted = self.deployment.registering if self.deployment else None
        is_of_bot = hosted is not None and hosted.token.startswith(f"{call.bot}:")
        return is_of_bot and call.method in REGISTRATION

    def page_of(self, bot: Bot) -> Hosted | None:
        """Return where a bot runs, if it has a page."""
        bots = self.deployment.bots if self.deployment else []
        return next((each for each in bots if each.token == bot.token and each.page_url), None)
