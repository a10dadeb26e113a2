"""The chat page's knowledge of the bots: where they run, their names, commands and pages."""

from __future__ import annotations

from telegram_stand_in import Bot, Json, Telegram

from telegram_bot_aws.demo.deployments import PAGE, Deployment, Hosted
from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.demo.samples import CHATS
from telegram_bot_aws.local.program import typed


class Bots:
    """The bots that the stand-in knows, and their `deployment`.

    `addresses`: where the demo serves their pages, by id. `setup`: the replacements of their code,
    and how the demo is started again.
    """

    def __init__(self, telegram: Telegram, feed: Feed) -> None:
        self.deployment: Deployment | None = None
        self.addresses: dict[int, str] = {}
        self.setup: Json = {"reloads": [], "command": typed("demo")}
        self._telegram = telegram
        self._feed = feed

    def refresh(self) -> None:
        """Replace the bots' code if it was changed."""
        if self.deployment and (reload := self.deployment.refresh()):
            with self._feed.lock:
                self.setup["reloads"].append(reload)
                self._feed.tell("setup", self.setup)

    def page_of(self, bot: Bot) -> Hosted | None:
        """Return where a bot runs, if it has a page."""
        hosted = self.deployment.bots if self.deployment else []
        return next((each for each in hosted if each.token == bot.token and each.page_url), None)

    def tell(self) -> None:
        """Tell what the bots are now."""
        with self._feed.lock:
            self._feed.tell("bots", self.shown())

    def shown(self) -> list[Json]:
        """Return what the page shows of each bot."""
        return [self._shown(bot) for bot in self._telegram.bots]

    def _shown(self, bot: Bot) -> Json:
        hosted = self.page_of(bot)
        return {
            "id": bot.id,
            "name": bot.me["first_name"],
            "username": bot.me["username"],
            "commands": {key: commands_in(bot, key) for key in CHATS},
            "menu": menu_buttons(bot),
            "page": self.addresses.get(bot.id, ""),
            "page_known_as": hosted.page_url.removesuffix(PAGE) if hosted else "",
        }


def menu_buttons(bot: Bot) -> Json:
    """Return the menu buttons that open a bot's page, by the keys of their private chats."""
    buttons = {
        key: bot.menu_buttons.get(known["chat"]["id"]) or bot.menu_buttons.get(0)
        for key, known in CHATS.items()
        if known["chat"]["type"] == "private"
    }
    return {k: b for k, b in buttons.items() if b and b["type"] == "web_app"}


def commands_in(bot: Bot, where: str) -> list[Json]:
    """Return the commands that a bot's menu offers in a chat: those of the narrowest scope.

    Source: https://core.telegram.org/bots/api#determining-list-of-commands
    """
    chat = CHATS[where]["chat"]
    everywhere = "all_private_chats" if chat["type"] == "private" else "all_group_chats"
    for scope in (f"chat {chat['id']}", everywhere, "default"):
        for language in ("en", ""):
            if found := bot.commands.get((scope, language)):
                return found
    return []
