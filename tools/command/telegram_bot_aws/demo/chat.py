"""The demo's chats: all that happened since it began, and what people can do."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import Any

from telegram_stand_in import FAULTS, METHODS, Bot, Call, Delivery, Json, Telegram

from telegram_bot_aws.demo.bots import Bots
from telegram_bot_aws.demo.entries import Entries
from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.demo.people import People
from telegram_bot_aws.demo.samples import CHATS, PEOPLE
from telegram_bot_aws.demo.traces import Traces
from telegram_bot_aws.emulated_aws.gateway import Gateway


class Chat:
    """Watches the stand-in, and notes what happens where it belongs.

    Each client of the page gets a snapshot and then each change, from the `feed`.
    """

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.feed = Feed()
        self.bots = Bots(telegram, self.feed)
        self.entries = Entries(telegram, self.feed)
        self.traces = Traces(telegram, self.feed, self.bots)
        self.people = People(telegram, self.feed, self.bots, self.entries, self.traces)
        self._fault_kind = ""
        telegram.watch = self._watch
        telegram.watch_updates = self._on_update

    def serve_pages(self, opened: contextlib.ExitStack, origin: str) -> None:
        """Serve the bots' pages until the end; `origin` is that of the chat's own page."""
        for bot in self.telegram.bots:
            if hosted := self.bots.page_of(bot):
                assert self.bots.deployment
                gateway = Gateway(partial(self.bots.deployment.answer, hosted), origin)
                opened.enter_context(gateway)
                self.bots.serves(bot.id, gateway.url)

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
        emulator = getattr(self.bots.deployment, "emulator", None)
        return {
            "emulator": emulator.url if emulator else "",
            "people": {key: {"id": p["id"], "name": p["first_name"]} for key, p in PEOPLE.items()},
            "chats": CHATS,
            "bots": self.bots.shown(),
            "entries": self.entries.all,
            "traces": self.traces.by_update,
            "setup": self.bots.setup,
            "fault": self._fault(),
            "keyboards": self.entries.keyboards,
            "drafts": self.entries.drafts,
        }

    def _watch(self, event: Delivery | Call) -> None:
        if isinstance(event, Delivery):
            self.traces.on_delivery(event)
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
                self.bots.tell()
            if call.fault:
                self.feed.tell("fault", self._fault())
