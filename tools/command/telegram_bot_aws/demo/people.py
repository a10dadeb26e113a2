"""People's actions in the chats: those of the page, checked and passed on to the stand-in."""

from __future__ import annotations

import json
import time
from typing import Any

from telegram_stand_in import (
    QUERIES,
    Bot,
    Json,
    Telegram,
    contact,
    kind_of,
)

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


class People:
    """The actions. `person` says who acts in a group, `bot` which bot gets it; 0 is the first."""

    def __init__(
        self,
        telegram: Telegram,
        feed: Feed,
        bots: Bots,
        entries: Entries,
        traces: Traces,
    ) -> None:
        self._telegram = telegram
        self._feed = feed
        self._bots = bots
        self._entries = entries
        self._traces = traces

    def send(
        self, chat: str, kind: str, text: str, person: str = "", bot: int = 0, reply_to: int = 0
    ) -> None:
        """Send a text, or other content, to a bot."""
        actor = self._bots.actor(bot, chat, person)
        content: Any
        if kind == "text":
            content = text
        elif kind == "contact":
            content = contact(actor.user)
        else:
            content = CONTENT[kind]
        self._entries.keyboard_used(actor.stage.bot.id, chat)
        replied = self._telegram.messages.get((actor.chat["id"], reply_to))
        actor.send(content, reply_to=replied)

    def resend(self, update: int, chat: str) -> None:
        """Send an update once more: as a new one, and so with new ids."""
        trace = self._traces.by_update[update]
        kind = kind_of(trace["update"])
        with self._feed.lock:
            self._traces.acting_in = chat
            content = {kind: trace["update"][kind]}
            send_again(content, self._telegram, self._bots.get(trace["bot"]))

    def edit(self, key: int, text: str) -> None:
        """Edit a person's own message."""
        entry = self._entries.message(key)
        self._bots.actor(entry["bot"], entry["chat"]).edit(entry["message"], text)

    def react(self, key: int, emoji: str, person: str = "") -> None:
        """Put a reaction on a message; the same one again removes it."""
        entry = self._entries.message(key)
        actor = self._bots.actor(entry["bot"], entry["chat"], person)
        if [emoji] == entry.get("reactions", {}).get(f"{actor.user['id']}"):
            emoji = ""
        actor.react(entry["message"], emoji)

    def press(self, key: int, data: str, person: str = "") -> None:
        """Tap an inline button of one of the bot's messages."""
        entry = self._entries.message(key)
        user = person_in(entry["chat"], person)
        self._telegram.press(*_ids(entry), data, user)

    def stop(self, chat: str, bot: int = 0) -> None:
        """Tap the stop button of an answer that the bot writes."""
        of = self._bots.get(bot)
        draft = self._entries.drafts.get(f"{of.id}:{chat}", {"chat_id": 0, "draft_id": 0})
        self._telegram.stop_draft(draft["chat_id"], draft["draft_id"], of)

    def pay(self, key: int, person: str = "") -> None:
        """Pay a bot's invoice."""
        entry = self._entries.message(key)
        with self._feed.lock:
            self._traces.acting_in = entry["chat"]
            self._bots.actor(entry["bot"], entry["chat"], person).pay(entry["message"])

    def vote(self, key: int, options: list[int], person: str = "") -> None:
        """Vote in a bot's poll; no options take the vote back."""
        entry = self._entries.message(key)
        actor = self._bots.actor(entry["bot"], entry["chat"], person)
        with self._feed.lock:
            self._traces.acting_in = entry["chat"]
            actor.vote(entry["message"], options)
            votes = {**entry.get("votes", {}), f"{actor.user['id']}": options}
            message = json.loads(json.dumps(self._telegram.messages[_ids(entry)]))
            self._entries.update(entry, {"message": message, "votes": votes})

    def ask(self, chat: str, text: str, person: str = "", bot: int = 0) -> None:
        """Write an inline query in a chat."""
        actor = self._bots.actor(bot, chat, person)
        with self._feed.lock:
            self._traces.acting_in = chat
            actor.ask(text)

    def choose(self, key: int, result: str, person: str = "") -> None:
        """Send one of an inline query's results to the chat where the query was written."""
        entry = self._entries.all[key]
        where = entry["chat"]
        actor = self._bots.actor(entry["bot"], where, person)
        with self._feed.lock:
            self._traces.acting_in = where
            message = actor.choose(result, entry["query_id"])
            if not self._entries.of_message(message):  # the bot doesn't see that chat
                about = {"bot": entry["bot"], "who": actor.name, "update_id": None}
                self._entries.add(where, "out", message=message, **about)

    def open_page(
        self, chat: str, how: str, label: str, url: str, person: str = "", bot: int = 0
    ) -> Json:
        """Open a page by a visible button: "menu", "inline" (of a message), or "keyboard".

        Returns the address to show, and the initData, which is empty for a keyboard's button.
        """
        user, of = person_in(chat, person), self._bots.get(bot)
        address = self._address(of, url)
        data = "" if how == "keyboard" else self._telegram.open_page(user, of)
        about = {"bot": of.id, "who": user["first_name"], "update_id": None}
        with self._feed.lock:
            self._entries.add(chat, "note", kind="page", label=label, **about)
        return {"url": address, "init_data": data}

    def _address(self, bot: Bot, url: str) -> str:
        """Return where the demo serves an address of a bot's page. Raises InvalidRequest."""
        hosted = self._bots.page_of(bot)
        if not hosted:
            raise InvalidRequest(
                "The bot has no page: the demo serves one from app/index.html beside bot.py."
            )
        base = hosted.page_url.removesuffix(PAGE)
        if not url.startswith(f"{base}/app/"):
            raise InvalidRequest(f"The demo opens only the bot's own page, MINI_APP_URL: not {url}")
        return self._bots.addresses[bot.id] + url.removeprefix(base)

    def send_data(self, chat: str, label: str, data: str, person: str = "", bot: int = 0) -> None:
        """Send the data of a page, which a keyboard's button with this label opened, to the bot."""
        actor = self._bots.actor(bot, chat, person)
        actor.send_data(label, data)
        self._entries.keyboard_used(actor.stage.bot.id, chat)


def _ids(entry: Json) -> tuple[int, int]:
    """Return the ids of an entry's chat and message."""
    message = entry["message"]
    return message["chat"]["id"], message["message_id"]
