"""People's actions in the chats: those of the page, checked and passed on to the stand-in."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from telegram_stand_in import QUERIES, Bot, Json, Person, Telegram, contact, kind_of

from telegram_bot_aws.demo.bots import Bots
from telegram_bot_aws.demo.deployments import PAGE
from telegram_bot_aws.demo.entries import Entries
from telegram_bot_aws.demo.feed import Feed, InvalidRequest
from telegram_bot_aws.demo.samples import CONTENT, person_in
from telegram_bot_aws.demo.traces import Traces

POSTS = ("message", "channel_post")  # update types with a new message of a chat


def send_again(update: Json, telegram: Telegram, bot: Bot) -> None:
    """Send an update as a new one, and so with new ids. Raises InvalidRequest if it lacks parts."""
    [(kind, content)] = update.items()
    if kind in POSTS:
        content = {**content, "message_id": telegram.new_message_id(), "date": int(time.time())}
    elif kind in QUERIES:
        content = {**content, "id": telegram.new_id()}
    try:
        telegram.send({kind: content}, bot)
    except (AttributeError, KeyError, TypeError) as error:
        raise InvalidRequest(f"Telegram sends no such {kind}: {error!r}") from None


@dataclass
class People:
    """The actions. `person` says who acts in a group, `bot` which bot gets it; 0 is the first."""

    telegram: Telegram
    feed: Feed
    bots: Bots
    entries: Entries
    traces: Traces

    @contextlib.contextmanager
    def _acting(self, chat: str, person: str, bot: int) -> Iterator[Person]:
        """Yield who acts in a chat, while other changes wait: the updates don't say the chat."""
        with self.feed.lock:
            self.traces.acting_in = chat
            yield self.bots.actor(bot, chat, person)

    def send(
        self, chat: str, kind: str, text: str, person: str = "", bot: int = 0, reply_to: int = 0
    ) -> None:
        """Send a text, or other content, to a bot."""
        actor = self.bots.actor(bot, chat, person)
        content: Any
        if kind == "text":
            content = text
        elif kind == "contact":
            content = contact(actor.user)
        else:
            content = CONTENT[kind]
        self.entries.keyboard_used(actor.stage.bot.id, chat)
        replied = self.telegram.messages.get((actor.chat["id"], reply_to))
        actor.send(content, reply_to=replied)

    def resend(self, update: int, chat: str) -> None:
        """Send an update once more: as a new one, and so with new ids."""
        trace = self.traces.by_update[update]
        kind = kind_of(trace["update"])
        with self._acting(chat, "", trace["bot"]) as actor:
            send_again({kind: trace["update"][kind]}, self.telegram, actor.stage.bot)

    def edit(self, key: int, text: str) -> None:
        """Edit a person's own message."""
        entry = self.entries.message(key)
        self.bots.actor(entry["bot"], entry["chat"]).edit(entry["message"], text)

    def react(self, key: int, emoji: str, person: str = "") -> None:
        """Put a reaction on a message; the same one again removes it."""
        entry = self.entries.message(key)
        actor = self.bots.actor(entry["bot"], entry["chat"], person)
        if [emoji] == entry.get("reactions", {}).get(f"{actor.user['id']}"):
            emoji = ""
        actor.react(entry["message"], emoji)

    def press(self, key: int, data: str, person: str = "") -> None:
        """Tap an inline button of one of the bot's messages."""
        entry = self.entries.message(key)
        user = person_in(entry["chat"], person)
        self.telegram.press(*_ids(entry), data, user)

    def stop(self, chat: str, bot: int = 0) -> None:
        """Tap the stop button of an answer that the bot writes."""
        of = self.bots.get(bot)
        draft = self.entries.drafts.get(f"{of.id}:{chat}", {"chat_id": 0, "draft_id": 0})
        self.telegram.stop_draft(draft["chat_id"], draft["draft_id"], of)

    def pay(self, key: int, person: str = "") -> None:
        """Pay a bot's invoice."""
        entry = self.entries.message(key)
        with self._acting(entry["chat"], person, entry["bot"]) as actor:
            actor.pay(entry["message"])

    def vote(self, key: int, options: list[int], person: str = "") -> None:
        """Vote in a bot's poll; no options take the vote back."""
        entry = self.entries.message(key)
        with self._acting(entry["chat"], person, entry["bot"]) as actor:
            actor.vote(entry["message"], options)
            votes = {**entry.get("votes", {}), f"{actor.user['id']}": options}
            message = json.loads(json.dumps(self.telegram.messages[_ids(entry)]))
            self.entries.update(entry, {"message": message, "votes": votes})

    def ask(self, chat: str, text: str, person: str = "", bot: int = 0) -> None:
        """Write an inline query in a chat."""
        with self._acting(chat, person, bot) as actor:
            actor.ask(text)

    def choose(self, key: int, result: str, person: str = "") -> None:
        """Send one of an inline query's results to the chat where the query was written."""
        entry = self.entries.all[key]
        where = entry["chat"]
        with self._acting(where, person, entry["bot"]) as actor:
            message = actor.choose(result, entry["query_id"])
            if not self.entries.of_message(message):  # the bot doesn't see that chat
                about = {"bot": entry["bot"], "who": actor.name, "update_id": None}
                self.entries.add(where, "out", message=message, **about)

    def open_page(
        self, chat: str, how: str, label: str, url: str, person: str = "", bot: int = 0
    ) -> Json:
        """Open a page by a visible button: "menu", "inline" (of a message), or "keyboard".

        Returns the address to show, and the initData, which is empty for a keyboard's button.
        """
        user, of = person_in(chat, person), self.bots.get(bot)
        address = self._address(of, url)
        data = "" if how == "keyboard" else self.telegram.open_page(user, of)
        about = {"bot": of.id, "who": user["first_name"], "update_id": None}
        with self.feed.lock:
            self.entries.add(chat, "note", kind="page", label=label, **about)
        return {"url": address, "init_data": data}

    def _address(self, bot: Bot, url: str) -> str:
        """Return where the demo serves an address of a bot's page. Raises InvalidRequest."""
        hosted = self.bots.page_of(bot)
        if not hosted:
            raise InvalidRequest(
                "The bot has no page: the demo serves one from app/index.html beside bot.py."
            )
        base = hosted.page_url.removesuffix(PAGE)
        if not url.startswith(f"{base}/app/"):
            raise InvalidRequest(f"The demo opens only the bot's own page, MINI_APP_URL: not {url}")
        return self.bots.addresses[bot.id] + url.removeprefix(base)

    def send_data(self, chat: str, label: str, data: str, person: str = "", bot: int = 0) -> None:
        """Send the data of a page, which a keyboard's button with this label opened, to the bot."""
        actor = self.bots.actor(bot, chat, person)
        actor.send_data(label, data)
        self.entries.keyboard_used(actor.stage.bot.id, chat)


def _ids(entry: Json) -> tuple[int, int]:
    """Return the ids of an entry's chat and message."""
    message = entry["message"]
    return message["chat"]["id"], message["message_id"]
