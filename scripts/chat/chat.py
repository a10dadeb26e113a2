"""What happened in the demo's chats, and what people do in them."""

from __future__ import annotations

import dataclasses
import itertools
import json
import queue
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

from emulators.telegram import FAULTS, METHODS, Bot, Call, Delivery, Json, Telegram
from emulators.telegram.delivery import kind_of
from local.container import Invocation
from local.terraform import REGION

from chat.deployments import Deployment, Reload
from chat.errors import InvalidRequest
from chat.pages import Pages
from chat.samples import CHATS, CONTENT, PEOPLE, contact

HIDDEN = "(hidden)"
SECRET_HEADER = "x-telegram-bot-api-secret-token"
MAX_TEXT = 4096  # characters of a message: Telegram's apps send a longer one as several
KEEP_ALIVE = 15.0  # seconds
MOST_FAILURES = 9
TRIED_AGAIN = ("misconfigured", "throttled", "unreachable")  # outcomes, of what a queue holds
WITHOUT_CARD = ("get", "setwebhook", "deletewebhook")  # nobody in a chat would see these


def check_text(text: str) -> None:
    """Raise InvalidRequest if a text can't be sent as one message."""
    if not text.strip():
        raise InvalidRequest("A message needs some text.")
    if len(text) > MAX_TEXT:
        raise InvalidRequest(f"Telegram takes {MAX_TEXT} characters at most, not {len(text)}.")


class Chat:
    """All that happened since the demo began, as the page shows it.

    It watches the stand-in (`watch`) and the steps of the set-up (`step`). Each client of the page
    gets a snapshot, and then each change, as a pair of its kind and its data.

    An entry is what a chat shows: a person's message ("out"), a bot's ("in"), or a note of what
    else happened. A trace is what became of an update.
    """

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.deployment: Deployment | None = None
        telegram.watch = self.watch
        telegram.watch_updates = self._on_update
        self.lock = threading.RLock()
        self._clients: set[queue.SimpleQueue[tuple[str, Any] | None]] = set()
        self._entries: list[Json] = []
        self._traces: dict[int, Json] = {}  # by update id: the deliveries of an update
        self._setup: Json = {"steps": [], "calls": [], "reloads": []}
        self._titles = {key: known["title"] for key, known in CHATS.items()}
        self.keyboards: Json = {}  # by bot and chat: the one below the input, or a forced reply
        self._drafts: Json = {}  # by bot and chat
        self._under_way: dict[int, Delivery] = {}  # by number; until the queue's update is answered
        self.pages = Pages(self)
        self._acting_in = ""  # the chat that a person acts in, where the update doesn't say
        self._fault_kind = ""

    # What is shown.

    def events(self) -> Iterator[tuple[str, Any] | None]:
        """Yield what happened, then each change; None when nothing happened for a while."""
        client: queue.SimpleQueue[tuple[str, Any] | None] = queue.SimpleQueue()
        with self.lock:
            snapshot = json.loads(json.dumps(self._snapshot()))
            self._clients.add(client)
        try:
            yield "snapshot", snapshot
            while True:
                try:
                    event = client.get(timeout=KEEP_ALIVE)
                except queue.Empty:
                    yield None
                    continue
                if event is None:
                    return
                yield event
        finally:
            with self.lock:
                self._clients.discard(client)

    def _snapshot(self) -> Json:
        emulator = getattr(self.deployment, "emulator", None)
        bots = self.deployment.bots if self.deployment else []
        return {
            "deployment": self.deployment.name if self.deployment else "",
            "notes": self.deployment.notes if self.deployment else {},
            "emulator": emulator.url if emulator else "",
            "region": bots[0].region if bots else REGION,
            "people": {key: {"id": p["id"], "name": p["first_name"]} for key, p in PEOPLE.items()},
            "chats": self._chats(),
            "bots": self._bots(),
            "entries": self._entries,
            "traces": self._traces,
            "setup": self._setup,
            "fault": self._fault(),
            "keyboards": self.keyboards,
            "drafts": self._drafts,
            "launches": self.pages.launches,
        }

    def _chats(self) -> Json:
        return {
            key: {"tab": known["tab"], "title": self._titles[key], "about": known["about"]}
            for key, known in CHATS.items()
        }

    def _bots(self) -> list[Json]:
        return [
            {
                "id": bot.id,
                "name": bot.texts.get(("name", "")) or bot.me["first_name"],
                "username": bot.me["username"],
                "commands": {key: commands_in(bot, key) for key in CHATS},
                **self.pages.about(bot),
            }
            for bot in self.telegram.bots
        ]

    def tell_bots(self) -> None:
        """Tell what the bots are now."""
        with self.lock:
            self.tell("bots", self._bots())

    def tell(self, kind: str, data: Any) -> None:
        event = (kind, json.loads(json.dumps(data)))
        for client in self._clients:
            client.put(event)

    def end(self) -> None:
        """Tell the page that the demo is over."""
        with self.lock:
            self.tell("end", {})
            for client in self._clients:
                client.put(None)

    def file(self, file_id: str) -> tuple[str, bytes] | None:
        """Return the type and the content of a file that somebody sent."""
        file = self.telegram.files.by_id.get(file_id)
        return (file.content_type, file.data) if file and file.data else None

    # What happens around the chats.

    def step(self, name: str, seconds: float) -> None:
        """Note a step of the set-up."""
        with self.lock:
            self._setup["steps"].append({"name": name, "seconds": seconds})
            self.tell("setup", self._setup)

    def reloaded(self, reload: Reload) -> None:
        """Note that the bot's code was replaced."""
        with self.lock:
            self._setup["reloads"].append({**dataclasses.asdict(reload), "at": time.time()})
            self.tell("setup", self._setup)

    def watch(self, event: Delivery | Call) -> None:
        """Note what the stand-in did."""
        if isinstance(event, Delivery):
            self._on_delivery(event)
        else:
            self._on_call(event)

    def _on_delivery(self, delivery: Delivery) -> None:
        over = bool(delivery.status or delivery.error)
        with self.lock:
            trace = self._traces[delivery.update["update_id"]]
            tries = trace["tries"]
            if len(tries) < delivery.attempt:
                tries.append({"calls": [], "queue": []})
            this = tries[delivery.attempt - 1]
            this |= {
                "number": delivery.number,
                "attempt": delivery.attempt,
                "at": delivery.at,
                "over": over,
            }
            if not over:
                self._under_way[delivery.number] = delivery
            else:
                retry_at = None
                if delivery.next_try_in is not None:
                    retry_at = time.time() + delivery.next_try_in
                this |= {
                    "status": delivery.status,
                    "headers": delivery.headers,
                    "body": delivery.body,
                    "error": delivery.error,
                    "milliseconds": delivery.milliseconds,
                    "retry_at": retry_at,
                    "expired": delivery.expired,
                    **self._details(delivery),
                }
                self._settle(this)
            self.tell("trace", trace)

    def from_queue(self, invocation: Invocation) -> None:
        """Note that a queue had the function answer an update."""
        with self.lock:
            trace = self._traces.get(invocation.outcome["update_id"])
            if trace is None:  # another program put it into the queue
                return
            this = trace["tries"][-1]
            this["queue"].append({**about(invocation), "calls": len(this["calls"])})
            self._settle(this)
            self.tell("trace", trace)

    def _settle(self, this: Json) -> None:
        """Expect no more calls for a try that is over, and isn't or no more in a queue."""
        is_queued = this.get("outcome") == "queued"
        last = this["queue"][-1]["outcome"] if this["queue"] else TRIED_AGAIN[0]
        if this["over"] and not (is_queued and last in TRIED_AGAIN):
            self._under_way.pop(this["number"], None)

    def _details(self, delivery: Delivery) -> Json:
        assert self.deployment
        found = about(self.deployment.details(delivery.headers.get("apigw-requestid", "")))
        if event := found["details"]["event"]:
            event["headers"] = {
                name: HIDDEN if name == SECRET_HEADER else value
                for name, value in event["headers"].items()
            }
        return found

    def _fault(self) -> Json:
        faults = self.telegram.faults
        return {"kind": self._fault_kind, "left": faults[0].count} if faults else {"kind": ""}

    # What bots do.

    def _on_call(self, call: Call) -> None:
        with self.lock:
            shown = {name: value for name, value in vars(call).items() if name != "changes"}
            if "secret_token" in call.params:
                shown["params"] = {**call.params, "secret_token": HIDDEN}
            of_page = self.pages.cause(call)
            delivery = self._cause(call, guess=not of_page)
            id: Any = None
            where = ""
            if delivery:
                id = delivery.update["update_id"]
                where = self._where(self._chat_of(delivery.update)) or self._acting_in
                trace = self._traces[id]
                trace["tries"][delivery.attempt - 1]["calls"].append(shown)
                self.tell("trace", trace)
            elif of_page:
                id, where = of_page["launch"]["id"], of_page["launch"]["chat"]
                self.pages.note(of_page, shown)
            else:
                self._setup["calls"].append(shown)
                self.tell("setup", self._setup)
            self._show(call, shown, id, where)
            if call.fault:
                self.tell("fault", self._fault())

    def _cause(self, call: Call, guess: bool) -> Delivery | None:
        """Return the delivery that a call answers, if it is an answer.

        That is the one under way in its chat or with its query, or with `guess` the bot's only one.
        """
        if call.delivery is not None:
            return next(d for d in self.telegram.deliveries if d.number == call.delivery)
        if "webhook" in call.method.lower():
            return None
        known = [d for d in self._under_way.values() if d.bot == call.bot]
        query = call.params.get("callback_query_id") or call.params.get("inline_query_id")
        chat = call.params.get("chat_id")  # compared: it may be a list, or anything
        for delivery in known:
            content = delivery.update[kind_of(delivery.update)]
            if query == content["id"] if query else self._chat_of(delivery.update) == chat:
                return delivery
        return known[0] if len(known) == 1 and guess else None

    def _show(self, call: Call, shown: Json, update_id: Any, cause: str) -> None:
        """Show in the chat what a call did: its own, or the one that its cause is from."""
        about = {"bot": call.bot, "update_id": update_id}
        hints = call.hints
        for change in call.changes:
            self._show_change(change, about, hints)
            hints = []  # once
        if call.changes or call.fault or update_id is None:
            return
        if call.status == 200 and call.method.lower().startswith(WITHOUT_CARD):
            return
        where = self._where(call.params.get("chat_id")) or cause
        card = {"kind": "call", "call": shown, **about}
        for entry in self._entries:  # of an earlier attempt
            if entry.get("kind") == "call" and entry["update_id"] == update_id:
                is_same = entry["call"]["method"] == call.method
                if is_same and entry["call"]["params"] == shown["params"]:
                    entry |= card
                    self.tell("entry", entry)
                    return
        self.add(where, "note", **card)

    def _show_change(self, change: Json, about: Json, hints: list[str]) -> None:
        kind = change["kind"]
        if kind == "message":
            self._show_message(change, about, hints)
        elif kind in ("edited", "deleted", "pinned", "unpinned", "reaction"):
            self._change_message(change, about, hints)
        elif kind in ("answer", "results"):
            shown = {name: value for name, value in change.items() if name not in ("kind", "id")}
            for entry in self._entries:
                if entry.get("query_id") == change["id"]:
                    self._update(entry, {kind: shown, "hints": hints})
        elif kind == "web_app_answer":
            self.pages.answered(change["id"])
        elif kind in ("commands", "menu_button", "profile"):
            self.tell_bots()
        elif where := self._where(change.get("chat_id")):
            place = f"{about['bot']}:{where}"
            if kind == "draft":
                self._drafts[place] = change
                self.tell("draft", {"place": place, "draft": change})
            elif kind == "action":
                self.tell("action", {"place": place, "action": change["action"]})
            elif kind in ("chat", "member", "left"):
                if "title" in change:
                    self._titles[where] = change["title"]
                    self.tell("chats", self._chats())
                self.add(where, "note", **about, hints=hints, **{**change, "kind": kind})

    def _show_message(self, change: Json, about: Json, hints: list[str]) -> None:
        message = change["message"]
        where = self._where(message["chat"]["id"])
        place = f"{about['bot']}:{where}"
        if self._drafts.pop(place, None):
            self.tell("draft", {"place": place, "draft": None})
        self.add(where, "in", message=message, hints=hints, **about)
        if keyboard := change.get("keyboard"):
            self.keyboards[place] = {**keyboard, "message_id": message["message_id"]}
            if "remove_keyboard" in keyboard:
                del self.keyboards[place]
            self.tell("keyboards", self.keyboards)

    def _change_message(self, change: Json, about: Json, hints: list[str]) -> None:
        message = change.get("message", change)
        entry = self._entry_of(message["message_id"])
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
            case kind:
                new["pinned"] = time.time() if kind == "pinned" else 0
        self._update(entry, new)

    # What people did, as updates.

    def _on_update(self, update: Json, bot: Bot) -> None:
        """Note an update for a bot, before it is on its way."""
        update = json.loads(json.dumps(update))
        kind = kind_of(update)
        content: Json = update[kind]
        person = content.get("from") or content.get("user") or {}
        about = {"update_id": update["update_id"], "bot": bot.id, "who": person.get("first_name")}
        with self.lock:
            where = self._where(self._chat_of(update)) or self._acting_in
            trace = {"update": update, "tries": [], "wanted": bot.outbox.wants(update)}
            self._traces[update["update_id"]] = {**trace, "at": time.time(), "bot": bot.id}
            self.tell("trace", self._traces[update["update_id"]])
            match kind:
                case "message":
                    self.add(where, "out", message=content, **about)
                case "edited_message":
                    if entry := self._entry_of(content["message_id"]):
                        self._update(entry, {"message": content})
                    self.add(where, "note", kind="edit", **about)
                case "message_reaction":
                    emoji = [each["emoji"] for each in content["new_reaction"]]
                    if entry := self._entry_of(content["message_id"]):
                        reactions = {**entry.get("reactions", {}), f"{person['id']}": emoji}
                        self._update(entry, {"reactions": reactions})
                    self.add(where, "note", kind="reaction", emoji=emoji, **about)
                case "callback_query":
                    label = self._label(content)
                    self.add(
                        where, "note", kind="press", label=label, query_id=content["id"], **about
                    )
                case "inline_query":
                    query = {"query": content["query"], "query_id": content["id"]}
                    self.add(where, "note", kind="ask", **query, **about)
                case _:
                    self.add(where, "note", kind=kind, **about)

    def _label(self, query: Json) -> str:
        message = query.get("message", {})
        buttons = buttons_of(message)
        labels = [b["text"] for b in buttons if b.get("callback_data") == query["data"]]
        return labels[0] if labels else str(query["data"])

    def _chat_of(self, update: Json) -> Any:
        """Return the id of the chat that an update is from, or None."""
        content: Json = update[kind_of(update)]
        chat, _ = self.telegram.inline_messages.get(content.get("inline_message_id", ""), (None, 0))
        message = content.get("message", content)
        return message.get("chat", {}).get("id", chat)

    @staticmethod
    def _where(chat_id: Any) -> str:
        return next((key for key, c in CHATS.items() if c["chat"]["id"] == chat_id), "")

    def _entry_of(self, message_id: int) -> Json | None:
        """Return the entry of a message. No two chats of the stand-in share a message's id."""
        for entry in self._entries:
            if entry["side"] != "note" and entry["message"]["message_id"] == message_id:
                return entry
        return None

    def add(self, where: str, side: str, **more: Any) -> Json:
        entry = {
            "key": len(self._entries),
            "chat": where,
            "side": side,
            "at": time.time(),
            "links": self._links(more.get("message")),
            **more,
        }
        self._entries.append(entry)
        self.tell("entry", entry)
        return entry

    def _update(self, entry: Json, new: Json) -> None:
        entry |= new
        if "message" in new:
            entry["links"] = self._links(new["message"])
        self.tell("entry", entry)

    def _links(self, content: Any) -> Json:
        """Return the addresses of the files of a message that were named by one, by id."""
        if isinstance(content, list):
            content = dict(enumerate(content))
        if not isinstance(content, dict):
            return {}
        file = self.telegram.files.by_id.get(f"{content.get('file_id')}")
        found = {file.id: file.url} if file and file.url else {}
        return found | {
            id: url for each in content.values() for id, url in self._links(each).items()
        }

    # What people do.

    def send(
        self, chat: str, kind: str, text: str, person: str = "", bot: int = 0, reply_to: int = 0
    ) -> None:
        """Send a text, or other content, to a bot (the first unless told otherwise)."""
        user = self.person(chat, person)
        if kind == "text":
            check_text(text)
            content: Json = {"text": text}
            if command := re.match(r"/[A-Za-z0-9_]+(@\w+)?", text):
                span = {"type": "bot_command", "offset": 0, "length": command.end()}
                content["entities"] = [span]
        elif kind == "contact":
            content = contact(user)
        elif kind in CONTENT:
            content = CONTENT[kind]
        else:
            raise InvalidRequest(f"there is no kind of message {kind!r}")
        self.refresh()
        known = CHATS[chat]
        replied = self.telegram.messages.get((known["chat"]["id"], reply_to))
        if replied:
            content = {**content, "reply_to_message": replied}
        self.keyboard_used(bot, chat)
        about = {"chat": known["chat"], "user": user, **known.get("thread", {})}
        self.telegram.send(self.telegram.message(**about, **content), self.bot(bot))

    def keyboard_used(self, bot: int, chat: str) -> None:
        """Hide a keyboard that was made for one message, which was sent."""
        keyboard = self.keyboards.get(place := f"{bot or self.telegram.bot.id}:{chat}", {})
        if keyboard.get("force_reply") or keyboard.get("one_time_keyboard"):
            with self.lock:
                del self.keyboards[place]
                self.tell("keyboards", self.keyboards)

    def edit(self, key: int, text: str) -> None:
        """Edit a person's own message."""
        check_text(text)
        entry = self.message(key)
        if entry["side"] != "out" or "text" not in entry["message"]:
            raise InvalidRequest("Only a person's text can be edited.")
        self.refresh()
        message = entry["message"]
        self.telegram.edit(
            message["chat"]["id"], message["message_id"], text, self.bot(entry["bot"])
        )

    def react(self, key: int, emoji: str, person: str = "") -> None:
        """Put a reaction on a message; the same one again takes it back."""
        entry = self.message(key)
        user = self.person(entry["chat"], person)
        if [emoji] == entry.get("reactions", {}).get(f"{user['id']}"):
            emoji = ""
        self.refresh()
        message = entry["message"]
        self.telegram.react(
            message["chat"]["id"], message["message_id"], emoji, user, self.bot(entry["bot"])
        )

    def press(self, key: int, data: str, person: str = "") -> None:
        """Press an inline button of one of the bot's messages."""
        entry = self.message(key)
        message = entry["message"]
        if not any(button.get("callback_data") == data for button in buttons_of(message)):
            raise InvalidRequest("the message has no such button")
        self.refresh()
        user = self.person(entry["chat"], person)
        self.telegram.press(message["chat"]["id"], message["message_id"], data, user)

    def vote(self, key: int, options: list[int], person: str = "") -> None:
        """Vote in a poll of the bot's, or take the vote back (no options)."""
        entry = self.message(key)
        poll = entry["message"].get("poll")
        if entry["side"] != "in" or not poll or poll["is_closed"]:
            raise InvalidRequest("There is no open poll of the bot's to vote in.")
        if any(not 0 <= option < len(poll["options"]) for option in options):
            raise InvalidRequest("the poll has no such option")
        self.refresh()
        user = self.person(entry["chat"], person)
        where = (entry["message"]["chat"]["id"], entry["message"]["message_id"])
        with self.lock:
            self._acting_in = entry["chat"]
            self.telegram.vote(*where, options, user)
            votes = {**entry.get("votes", {}), f"{user['id']}": options}
            message = json.loads(json.dumps(self.telegram.messages[where]))
            self._update(entry, {"message": message, "votes": votes})

    def ask(self, chat: str, text: str, person: str = "", bot: int = 0) -> None:
        """Write an inline query in a chat."""
        user = self.person(chat, person)
        self.refresh()
        with self.lock:
            self._acting_in = chat
            self.telegram.ask(text, user, self.bot(bot))

    def choose(self, key: int, result: str, person: str = "") -> None:
        """Send one of an inline query's results to the chat that it was asked in."""
        entry = self._entries[key] if 0 <= key < len(self._entries) else {}
        results = entry.get("results", {}).get("results", [])
        if not any(each["id"] == result for each in results):
            raise InvalidRequest("there is no such result")
        self.refresh()
        where = entry["chat"]
        user = self.person(where, person)
        with self.lock:
            self._acting_in = where
            message = self.telegram.choose(entry["query_id"], result, CHATS[where]["chat"], user)
            if not self._entry_of(message["message_id"]):  # the bot doesn't hear of that chat
                about = {"bot": entry["bot"], "who": user["first_name"], "update_id": None}
                self.add(where, "out", message=message, **about)

    def message(self, key: int) -> Json:
        entry = self._entries[key] if 0 <= key < len(self._entries) else {}
        if "message" not in entry or entry.get("deleted"):
            raise InvalidRequest("there is no such message")
        return entry

    def person(self, where: str, person: str) -> Json:
        if where not in CHATS:
            raise InvalidRequest(f"there is no chat {where!r}")
        if person and person not in PEOPLE:
            raise InvalidRequest(f"there is nobody called {person!r}")
        return PEOPLE.get(where) or PEOPLE[person or "ada"]

    def bot(self, id: int) -> Bot:
        if not id:
            return self.telegram.bot
        found = [bot for bot in self.telegram.bots if bot.id == id]
        if not found:
            raise InvalidRequest("there is no such bot")
        return found[0]

    def fail(self, kind: str, count: int) -> None:
        """Have Telegram fail for the bot's next calls; no kind ends that."""
        if kind and kind not in FAULTS:
            raise InvalidRequest(f"Telegram can fail by {', '.join(FAULTS)}, not by {kind!r}")
        if not 1 <= count <= MOST_FAILURES:
            raise InvalidRequest(f"Telegram can fail 1 to {MOST_FAILURES} times")
        with self.lock:
            with self.telegram.changed:
                self.telegram.faults.clear()
                if kind:
                    fault = FAULTS[kind](count)
                    about_webhook = ("get", "setWebhook", "deleteWebhook")
                    fault.methods = tuple(m for m in METHODS if not m.startswith(about_webhook))
                    self.telegram.faults.append(fault)
            self._fault_kind = kind
            self.tell("fault", self._fault())

    def stop_container(self) -> None:
        """End the function's container, as AWS does when it wasn't needed for a while."""
        if self.deployment:
            self.deployment.stop_container()

    def refresh(self) -> None:
        """Replace the bot's code if it was changed."""
        if self.deployment and (reload := self.deployment.refresh()):
            self.reloaded(reload)


def about(invocation: Invocation) -> Json:
    """Return what the page shows of an invocation."""
    outcome = invocation.outcome.get("outcome")
    details = dataclasses.asdict(invocation)
    return {"details": details, "failure": invocation.failure, "outcome": outcome}


def buttons_of(message: Json) -> list[Json]:
    """Return the inline buttons of a message."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return list(itertools.chain(*rows))


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
