"""The content of the chats: messages, notes of other events, keyboards, drafts and titles."""

from __future__ import annotations

from typing import Any

from telegram_stand_in import Bot, Call, Json, Telegram, kind_of, label_pressed

from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.demo.samples import chat_key

WITHOUT_CARD = ("get", "setwebhook", "deletewebhook")  # nobody in a chat would see these


class Entries:
    """The entries of all chats, in order.

    An entry is a person's message ("out"), a bot's ("in"), or a note of another event.
    """

    def __init__(self, telegram: Telegram, feed: Feed) -> None:
        self.all: list[Json] = []
        self.keyboards: Json = {}  # by bot and chat: the one below the input, or a forced reply
        self.drafts: Json = {}  # by bot and chat
        self._telegram = telegram
        self._feed = feed

    def message(self, key: int) -> Json:
        """Return the entry of a message by its key. Raises ValueError if it was deleted."""
        entry = self.all[key]
        if entry.get("deleted"):
            raise ValueError("there is no such message")
        return entry

    def of_message(self, message: Json) -> Json | None:
        """Return the entry of a message. Its ids are unique across the stand-in's chats."""
        for entry in self.all:
            if entry["side"] != "note" and entry["message"]["message_id"] == message["message_id"]:
                return entry
        return None

    def add(self, where: str, side: str, **more: Any) -> None:
        entry = {
            "key": len(self.all),
            "chat": where,
            "side": side,
            "links": self._links(more.get("message")),
            **more,
        }
        self.all.append(entry)
        self._feed.tell("entry", entry)

    def update(self, entry: Json, new: Json) -> None:
        entry |= new
        if "message" in new:
            entry["links"] = self._links(new["message"])
        self._feed.tell("entry", entry)

    def _links(self, content: Any) -> Json:
        """Return the addresses of a message's files that were sent as an address, by id."""
        if isinstance(content, list):
            content = dict(enumerate(content))
        if not isinstance(content, dict):
            return {}
        file = self._telegram.files.by_id.get(f"{content.get('file_id')}")
        found = {file.id: file.url} if file and file.url else {}
        return found | {
            id: url for each in content.values() for id, url in self._links(each).items()
        }

    def keyboard_used(self, bot: int, chat: str) -> None:
        """Hide a keyboard that was made for one message, which was sent."""
        keyboard = self.keyboards.get(place := f"{bot}:{chat}", {})
        if keyboard.get("force_reply") or keyboard.get("one_time_keyboard"):
            with self._feed.lock:
                del self.keyboards[place]
                self._feed.tell("keyboards", self.keyboards)

    # Actions of people.

    def on_update(self, update: Json, bot: Bot, where: str) -> None:
        """Show what a person did in a chat."""
        kind = kind_of(update)
        content: Json = update[kind]
        person = content.get("from") or content.get("user") or {}
        about = {"update_id": update["update_id"], "bot": bot.id, "who": person.get("first_name")}
        if kind == "message":
            self.add(where, "out", message=content, **about)
            return
        match kind:
            case "edited_message":
                kind = "edit"
                if entry := self.of_message(content):
                    self.update(entry, {"message": content})
            case "message_reaction":
                kind = "reaction"
                about["emoji"] = [each["emoji"] for each in content["new_reaction"]]
                if entry := self.of_message(content):
                    new = {f"{person['id']}": about["emoji"]}
                    self.update(entry, {"reactions": {**entry.get("reactions", {}), **new}})
            case "callback_query":
                kind = "press"
                about |= {"label": label_pressed(content), "query_id": content["id"]}
            case "inline_query":
                kind = "ask"
                about |= {"query": content["query"], "query_id": content["id"]}
            case "stopped_message_generation":
                kind = "stop"
                about["who"] = content["chat"]["first_name"]
                place = f"{bot.id}:{where}"
                is_kept = (content["chat"]["id"], content["draft_id"]) in bot.drafts
                stopped = {**self.drafts.get(place, {}), "can_stop": False}
                self._show_draft(place, stopped if is_kept else None)
        self.add(where, "note", kind=kind, **about)

    # Actions of bots.

    def on_call(self, call: Call, shown: Json, update_id: Any, cause: str) -> None:
        """Show what a call changed in its chat, or else a card in the chat that caused it."""
        about = {"bot": call.bot, "update_id": update_id}
        hints = call.hints
        for change in call.changes:
            self._on_change(change, about, hints)
            hints = []  # once
        if call.changes or call.fault or update_id is None:
            return
        if call.status == 200 and call.method.lower().startswith(WITHOUT_CARD):
            return
        where = chat_key(call.params.get("chat_id")) or cause
        if not where:  # an event's, which belongs to no chat
            return
        card = {"kind": "call", "call": shown, **about}
        for entry in self.all:  # of an earlier attempt
            if entry.get("kind") == "call" and entry["update_id"] == update_id:
                is_same = entry["call"]["method"] == call.method
                if is_same and entry["call"]["params"] == shown["params"]:
                    self.update(entry, card)
                    return
        self.add(where, "note", **card)

    def _on_change(self, change: Json, about: Json, hints: list[str]) -> None:
        kind = change["kind"]
        if kind == "message":
            self._show_message(change, about, hints)
        elif kind in ("edited", "deleted", "reaction"):
            self._change_message(change, about, hints)
        elif kind in ("answer", "results"):
            shown = {name: value for name, value in change.items() if name not in ("kind", "id")}
            for entry in self.all:
                if entry.get("query_id") == change["id"]:
                    self.update(entry, {kind: shown, "hints": hints})
        elif where := chat_key(change.get("chat_id")):
            if kind == "draft":
                self._show_draft(f"{about['bot']}:{where}", change)

    def _show_message(self, change: Json, about: Json, hints: list[str]) -> None:
        message = change["message"]
        where = chat_key(message["chat"]["id"])
        place = f"{about['bot']}:{where}"
        if place in self.drafts:
            self._show_draft(place, None)
        self.add(where, "in", message=message, hints=hints, **about)
        if keyboard := change.get("keyboard"):
            self.keyboards[place] = {**keyboard, "message_id": message["message_id"]}
            if "remove_keyboard" in keyboard:
                del self.keyboards[place]
            self._feed.tell("keyboards", self.keyboards)

    def _show_draft(self, place: str, draft: Json | None) -> None:
        if draft:
            self.drafts[place] = draft
        else:
            self.drafts.pop(place, None)
        self._feed.tell("drafts", self.drafts)

    def _change_message(self, change: Json, about: Json, hints: list[str]) -> None:
        message = change.get("message", change)
        entry = self.of_message(message)
        if entry is None:
            return
        new: Json = {"hints": hints} if hints else {}
        match change["kind"]:
            case "edited":
                new["message"] = message
            case "deleted":
                new["deleted"] = True
            case "reaction":
                emoji = [each.get("emoji", "⭐") for each in change["reaction"]]
                new["reactions"] = {**entry.get("reactions", {}), f"{about['bot']}": emoji}
        self.update(entry, new)
