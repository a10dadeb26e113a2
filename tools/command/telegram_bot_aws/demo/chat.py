"""The demo's chats: all that happened since it began, and what people can do."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import Any

from telegram_stand_in import (
    FAULTS,
    METHODS,
    Bot,
    Call,
    Delivery,
    Json,
    Person,
    Telegram,
    contact,
)

from telegram_bot_aws.demo.deployments import PAGE, Deployment, Hosted
from telegram_bot_aws.demo.entries import Entries
from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.demo.samples import CHATS, CONTENT, PEOPLE, place_of, stage_of
from telegram_bot_aws.demo.traces import Traces
from telegram_bot_aws.emulated_aws.gateway import Gateway
from telegram_bot_aws.local.program import typed

ACTIONS = frozenset("ask choose edit open pay press react send send-data stop vote".split())


class Chat:
    """Watches the stand-in, and notes what happens where it belongs.

    Each client of the page gets a snapshot and then each change, from the `feed`. `deployment` runs
    the bots, and `addresses` are where the demo serves their pages, by id.
    """

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.feed = Feed()
        self.deployment: Deployment | None = None
        self.addresses: dict[int, str] = {}
        self.entries = Entries(telegram, self.feed)
        self.traces = Traces(telegram, self.feed)
        # The replacements of the bots' code, and how the demo is started again.
        self._setup: Json = {"reloads": [], "command": typed("demo")}
        self._fault_kind = ""
        telegram.watch = self._watch
        telegram.watch_updates = self._on_update

    def serve_pages(self, opened: contextlib.ExitStack, origin: str) -> None:
        """Serve the bots' pages until the end; `origin` is that of the chat's own page."""
        for bot in self.telegram.bots:
            if hosted := self._page_of(bot):
                assert self.deployment
                gateway = Gateway(partial(self.deployment.answer, hosted), origin)
                opened.enter_context(gateway)
                with self.feed.lock:
                    self.addresses[bot.id] = gateway.url
                    self.feed.tell("bots", self._bots())

    def refresh(self) -> None:
        """Replace the bots' code if it was changed."""
        if self.deployment and (reload := self.deployment.refresh()):
            with self.feed.lock:
                self._setup["reloads"].append(reload)
                self.feed.tell("setup", self._setup)

    def _page_of(self, bot: Bot) -> Hosted | None:
        """Return where a bot runs, if it has a page."""
        hosted = self.deployment.bots if self.deployment else []
        return next((each for each in hosted if each.token == bot.token and each.page_url), None)

    def _bots(self) -> list[Json]:
        """Return what the page shows of each bot."""
        return [self._shown(bot) for bot in self.telegram.bots]

    def _shown(self, bot: Bot) -> Json:
        hosted = self._page_of(bot)
        return {
            "id": bot.id,
            "name": bot.me["first_name"],
            "username": bot.me["username"],
            "commands": {key: commands_in(bot, key) for key in CHATS},
            "menu": menu_buttons(bot),
            "page": self.addresses.get(bot.id, ""),
            "page_known_as": hosted.page_url.removesuffix(PAGE) if hosted else "",
        }

    def fail(self, kind: str, count: int) -> None:
        """Make Telegram fail for the bot's next calls, or stop that if `kind` is empty."""
        with self.feed.lock:
            with self.telegram.changed:
                self.telegram.faults.clear()
                if kind:
                    fault = FAULTS[kind](count)
                    about_webhook = ("get", "setWebhook", "deleteWebhook")
                    fault.methods = tuple(m for m in METHODS if not m.startswith(about_webhook))
                    self.telegram.faults.append(fault)
            self._fault_kind = kind
            self.feed.tell("fault", self._fault())

    def _fault(self) -> Json:
        faults = self.telegram.faults
        return {"kind": self._fault_kind, "left": faults[0].count} if faults else {"kind": ""}

    def snapshot(self) -> Json:
        """Return what happened."""
        emulator = getattr(self.deployment, "emulator", None)
        return {
            "emulator": emulator.url if emulator else "",
            "people": {key: {"id": p["id"], "name": p["first_name"]} for key, p in PEOPLE.items()},
            "chats": CHATS,
            "bots": self._bots(),
            "entries": self.entries.all,
            "traces": self.traces.by_update,
            "setup": self._setup,
            "fault": self._fault(),
            "keyboards": self.entries.keyboards,
            "drafts": self.entries.drafts,
        }

    def _watch(self, event: Delivery | Call) -> None:
        if isinstance(event, Delivery):
            assert self.deployment
            request_id = event.headers.get("apigw-requestid", "")
            self.traces.on_delivery(event, self.deployment.details(request_id))
        else:
            self._on_call(event)

    def _on_update(self, update: Json, bot: Bot) -> None:
        update = json.loads(json.dumps(update))
        with self.feed.lock:
            self.traces.begin(update, bot)
            self.entries.on_update(update, bot, self.traces.chat_of(update))

    def _on_call(self, call: Call) -> None:
        """Note a call with the update that caused it, if one did."""
        with self.feed.lock:
            shown = {name: value for name, value in vars(call).items() if name != "changes"}
            delivery = self.traces.cause(call)
            id: Any = None
            where = ""
            if delivery:
                id, where = delivery.update["update_id"], self.traces.chat_of(delivery.update)
                self.traces.on_call(delivery, shown)
            self.entries.on_call(call, shown, id, where)
            if any(change["kind"] in ("commands", "menu_button") for change in call.changes):
                self.feed.tell("bots", self._bots())
            if call.fault:
                self.feed.tell("fault", self._fault())

    # Actions of people on the page.

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
        where = entry["chat"]
        user = PEOPLE.get(where) or PEOPLE[person or "ada"]
        of = self.telegram.bot_by_id(entry["bot"]) if entry["bot"] else self.telegram.bot
        with self.feed.lock:
            self.traces.acting_in = where
            actor = stage_of(self.telegram, of).person(user, **place_of(where, user))
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
        Raises ValueError if the address isn't one of the bot's page.
        """
        of = actor.stage.bot
        hosted = self._page_of(of)
        if not hosted:
            raise ValueError(
                "The bot has no page: the demo serves one from app/index.html beside bot.py."
            )
        base = hosted.page_url.removesuffix(PAGE)
        if not url.startswith(f"{base}/app/"):
            raise ValueError(f"The demo opens only the bot's own page, MINI_APP_URL: not {url}")
        data = "" if how == "keyboard" else self.telegram.open_page(actor.user, of)
        about = {"bot": of.id, "who": actor.user["first_name"], "update_id": None}
        self.entries.add(entry["chat"], "note", kind="page", label=label, **about)
        return {"url": self.addresses[of.id] + url.removeprefix(base), "init_data": data}

    def _send_data(self, actor: Person, entry: Json, label: str, data: str) -> None:
        """Send the data of a page, which a keyboard's button with this label opened, to the bot."""
        actor.send_data(label, data)
        self.entries.keyboard_used(actor.stage.bot.id, entry["chat"])


def _ids(entry: Json) -> tuple[int, int]:
    """Return the ids of an entry's chat and message."""
    message = entry["message"]
    return message["chat"]["id"], message["message_id"]


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
