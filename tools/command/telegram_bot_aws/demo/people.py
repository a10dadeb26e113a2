"""People's actions in the chats: those of the page, checked and passed on to the stand-in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from telegram_stand_in import Bot, Json, Person, Telegram, contact

from telegram_bot_aws.demo.bots import Bots
from telegram_bot_aws.demo.deployments import PAGE
from telegram_bot_aws.demo.entries import Entries
from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.demo.samples import CONTENT
from telegram_bot_aws.demo.traces import Traces

ACTIONS = frozenset("ask choose edit open pay press react send send-data stop vote".split())


@dataclass
class People:
    """The actions of the page."""

    telegram: Telegram
    feed: Feed
    bots: Bots
    entries: Entries
    traces: Traces

    def act(
        self,
        action: str,
        *,
        key: int | None = None,
        chat: str = "",
        person: str = "",
        bot: int = 0,
        **more: Any,
    ) -> Json | None:
        """Have a person do something with the entry of this key, or in this chat with a bot.

        `person` says who acts in a group, `bot` which bot gets it; 0 is the first. Other changes
        wait meanwhile: not all updates say their chat.
        """
        entry: Json = {"chat": chat, "bot": bot} if key is None else self.entries.message(key)
        do = getattr(self, f"_{action.replace('-', '_')}")
        with self.feed.lock:
            self.traces.acting_in = entry["chat"]
            actor = self.bots.actor(entry["bot"], entry["chat"], person)
            answer: Json | None = do(actor, entry, **more)
            return answer

    def _send(self, actor: Person, entry: Json, kind: str, text: str, reply_to: int = 0) -> None:
        """Send a text, or other content, to a bot."""
        content: Any
        if kind == "text":
            content = text
        elif kind == "contact":
            content = contact(actor.user)
        else:
            content = CONTENT[kind]
        self.entries.keyboard_used(actor.stage.bot.id, entry["chat"])
        replied = self.telegram.messages.get((actor.chat["id"], reply_to))
        actor.send(content, reply_to=replied)

    def _edit(self, actor: Person, entry: Json, text: str) -> None:
        """Edit a person's own message."""
        actor.edit(entry["message"], text)

    def _react(self, actor: Person, entry: Json, emoji: str) -> None:
        """Put a reaction on a message; the same one again removes it."""
        if [emoji] == entry.get("reactions", {}).get(f"{actor.user['id']}"):
            emoji = ""
        actor.react(entry["message"], emoji)

    def _press(self, actor: Person, entry: Json, data: str) -> None:
        """Tap an inline button of one of the bot's messages."""
        self.telegram.press(*_ids(entry), data, actor.user)

    def _stop(self, actor: Person, entry: Json) -> None:
        """Tap the stop button of an answer that the bot writes."""
        of = actor.stage.bot
        draft = self.entries.drafts.get(f"{of.id}:{entry['chat']}", {"chat_id": 0, "draft_id": 0})
        self.telegram.stop_draft(draft["chat_id"], draft["draft_id"], of)

    def _pay(self, actor: Person, entry: Json) -> None:
        """Pay a bot's invoice."""
        actor.pay(entry["message"])

    def _vote(self, actor: Person, entry: Json, options: list[int]) -> None:
        """Vote in a bot's poll; no options take the vote back."""
        actor.vote(entry["message"], options)
        votes = {**entry.get("votes", {}), f"{actor.user['id']}": options}
        message = json.loads(json.dumps(self.telegram.messages[_ids(entry)]))
        self.entries.update(entry, {"message": message, "votes": votes})

    def _ask(self, actor: Person, entry: Json, text: str) -> None:
        """Write an inline query in a chat."""
        actor.ask(text)

    def _choose(self, actor: Person, entry: Json, result: str) -> None:
        """Send one of an inline query's results to the chat where the query was written."""
        message = actor.choose(result, entry["query_id"])
        if not self.entries.of_message(message):  # the bot doesn't see that chat
            about = {"bot": entry["bot"], "who": actor.name, "update_id": None}
            self.entries.add(entry["chat"], "out", message=message, **about)

    def _open(self, actor: Person, entry: Json, how: str, label: str, url: str) -> Json:
        """Open a page by a visible button: "menu", "inline" (of a message), or "keyboard".

        Returns the address to show, and the initData, which is empty for a keyboard's button.
        """
        of = actor.stage.bot
        address = self._address(of, url)
        data = "" if how == "keyboard" else self.telegram.open_page(actor.user, of)
        about = {"bot": of.id, "who": actor.user["first_name"], "update_id": None}
        self.entries.add(entry["chat"], "note", kind="page", label=label, **about)
        return {"url": address, "init_data": data}

    def _address(self, bot: Bot, url: str) -> str:
        """Return where the demo serves an address of a bot's page. Raises ValueError."""
        hosted = self.bots.page_of(bot)
        if not hosted:
            raise ValueError(
                "The bot has no page: the demo serves one from app/index.html beside bot.py."
            )
        base = hosted.page_url.removesuffix(PAGE)
        if not url.startswith(f"{base}/app/"):
            raise ValueError(f"The demo opens only the bot's own page, MINI_APP_URL: not {url}")
        return self.bots.addresses[bot.id] + url.removeprefix(base)

    def _send_data(self, actor: Person, entry: Json, label: str, data: str) -> None:
        """Send the data of a page, which a keyboard's button with this label opened, to the bot."""
        actor.send_data(label, data)
        self.entries.keyboard_used(actor.stage.bot.id, entry["chat"])


def _ids(entry: Json) -> tuple[int, int]:
    """Return the ids of an entry's chat and message."""
    message = entry["message"]
    return message["chat"]["id"], message["message_id"]
