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

from emulators.telegram import FAULTS, METHODS, Call, Delivery, Json, Telegram

from chat.deployments import Deployment, Reload
from chat.samples import CHATS, CONTENT

HIDDEN = "(hidden)"
SECRET_HEADER = "x-telegram-bot-api-secret-token"
MAX_TEXT = 4096  # characters of a message: Telegram's apps send a longer one as several
KEEP_ALIVE = 15.0  # seconds
MOST_FAILURES = 9


class InvalidRequest(ValueError):
    """What was asked for can't be done; the text says why."""


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
    """

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.deployment: Deployment | None = None
        telegram.watch = self.watch
        self._lock = threading.RLock()
        self._clients: set[queue.SimpleQueue[tuple[str, Any] | None]] = set()
        self._entries: list[Json] = []  # messages and presses, in their order
        self._traces: dict[int, Json] = {}  # by update id: the deliveries of an update
        self._setup: Json = {"steps": [], "calls": [], "reloads": []}
        self._under_way: dict[Any, Delivery] = {}  # by chat: one at a time, as Telegram does it
        self._chat_of_query: dict[str, Any] = {}
        self._query_ids = itertools.count(1)

    # What is shown.

    def events(self) -> Iterator[tuple[str, Any] | None]:
        """Yield what happened, then each change; None when nothing happened for a while."""
        client: queue.SimpleQueue[tuple[str, Any] | None] = queue.SimpleQueue()
        with self._lock:
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
            with self._lock:
                self._clients.discard(client)

    def _snapshot(self) -> Json:
        return {
            "deployment": self.deployment.name if self.deployment else "",
            "notes": self.deployment.notes if self.deployment else {},
            "chats": {key: {"title": c["title"], "about": c["about"]} for key, c in CHATS.items()},
            "entries": self._entries,
            "traces": self._traces,
            "setup": self._setup,
            "fault": self._fault(),
        }

    def _tell(self, kind: str, data: Any) -> None:
        event = (kind, json.loads(json.dumps(data)))
        for client in self._clients:
            client.put(event)

    def end(self) -> None:
        """Tell the page that the demo is over."""
        with self._lock:
            self._tell("end", {})
            for client in self._clients:
                client.put(None)

    # What happens.

    def step(self, name: str, seconds: float) -> None:
        """Note a step of the set-up."""
        with self._lock:
            self._setup["steps"].append({"name": name, "seconds": seconds})
            self._tell("setup", self._setup)

    def reloaded(self, reload: Reload) -> None:
        """Note that the bot's code was replaced."""
        with self._lock:
            self._setup["reloads"].append({**dataclasses.asdict(reload), "at": time.time()})
            self._tell("setup", self._setup)

    def watch(self, event: Delivery | Call) -> None:
        """Note what the stand-in did."""
        if isinstance(event, Delivery):
            self._on_delivery(event)
        else:
            self._on_call(event)

    def _on_delivery(self, delivery: Delivery) -> None:
        over = bool(delivery.status or delivery.error)
        with self._lock:
            trace = self._trace(delivery.update)
            tries = trace["tries"]
            if len(tries) < delivery.attempt:
                tries.append({"calls": []})
            this = tries[delivery.attempt - 1]
            this |= {
                "number": delivery.number,
                "attempt": delivery.attempt,
                "at": delivery.at,
                "over": over,
            }
            chat = chat_of(delivery.update)
            if not over:
                self._under_way[chat] = delivery
            else:
                self._under_way.pop(chat, None)
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
                    **self._details(delivery),
                }
            self._tell("trace", trace)

    def _details(self, delivery: Delivery) -> Json:
        assert self.deployment
        invocation = self.deployment.details(delivery.headers.get("apigw-requestid", ""))
        details = dataclasses.asdict(invocation)
        if details["event"]:
            headers = details["event"]["headers"]
            details["event"]["headers"] = {
                name: HIDDEN if name == SECRET_HEADER else value for name, value in headers.items()
            }
        return {"details": details, "failure": invocation.failure}

    def _on_call(self, call: Call) -> None:
        with self._lock:
            shown = {**vars(call)}
            if "secret_token" in call.params:
                shown["params"] = {**call.params, "secret_token": HIDDEN}
            delivery = self._cause(call)
            if delivery is None:
                self._setup["calls"].append(shown)
                self._tell("setup", self._setup)
            else:
                trace = self._trace(delivery.update)
                trace["tries"][delivery.attempt - 1]["calls"].append(shown)
                self._tell("trace", trace)
            if call.status == 200:
                self._on_answer(call, delivery.update["update_id"] if delivery else None)
            if call.fault:
                self._tell("fault", self._fault())

    def _cause(self, call: Call) -> Delivery | None:
        """Return the delivery that a call answers: the one that is under way in the call's chat."""
        if call.delivery is not None:
            return next(d for d in self.telegram.deliveries if d.number == call.delivery)
        query = call.params.get("callback_query_id")
        chats = [chat for each, chat in list(self._chat_of_query.items()) if each == query]
        chat = call.params.get("chat_id", *chats[:1])  # compared: it may be a list, or anything
        return next((d for each, d in list(self._under_way.items()) if each == chat), None)

    def _on_answer(self, call: Call, update_id: int | None) -> None:
        """Show what a call did in the chat."""
        method = call.method.lower()
        if method == "answercallbackquery":
            for entry in self._entries:
                if entry.get("query_id") == call.params["callback_query_id"]:
                    entry["answer"] = call.params.get("text", "")
                    self._tell("entry", entry)
        for change in call.changes:
            if change["kind"] == "message":
                self._add("in", change["message"], update_id)

    def _add(self, side: str, message: Json, update_id: int | None, **more: Any) -> None:
        where = next(key for key, c in CHATS.items() if c["chat"]["id"] == message["chat"]["id"])
        entry = {
            "key": len(self._entries),
            "chat": where,
            "side": side,
            "message": message,
            "update_id": update_id,
            "at": time.time(),
            **more,
        }
        self._entries.append(entry)
        self._tell("entry", entry)

    def _trace(self, update: Json) -> Json:
        update_id = update["update_id"]
        wanted = self.telegram.wants({k: v for k, v in update.items() if k != "update_id"})
        new = {"update": update, "tries": [], "wanted": wanted}
        return self._traces.setdefault(update_id, new)

    def _fault(self) -> Json:
        faults = self.telegram.faults
        return {"kind": self._fault_kind, "left": faults[0].count} if faults else {"kind": ""}

    # What people do.

    _fault_kind = ""

    def send(self, where: str, kind: str, text: str) -> None:
        """Send a text, or other content, to the bot."""
        if where not in CHATS:
            raise InvalidRequest(f"there is no chat {where!r}")
        if kind == "text":
            check_text(text)
            content: Json = {"text": text}
            if command := re.match(r"/[A-Za-z0-9_]+(@\w+)?", text):
                span = {"type": "bot_command", "offset": 0, "length": command.end()}
                content["entities"] = [span]
        elif kind in CONTENT:
            content = CONTENT[kind]
        else:
            raise InvalidRequest(f"there is no kind of message {kind!r}")
        self.refresh()
        known = CHATS[where]
        update = self.telegram.message(chat=known["chat"], **known.get("thread", {}), **content)
        self._send(update, "out", update["message"])

    def press(self, key: int, data: str) -> None:
        """Press an inline button of one of the bot's messages."""
        if not 0 <= key < len(self._entries):
            raise InvalidRequest("there is no such message")
        message = self._entries[key]["message"]
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = [b for b in itertools.chain(*rows) if b.get("callback_data") == data]
        if not buttons:
            raise InvalidRequest("the message has no such button")
        self.refresh()
        query_id = f"{next(self._query_ids)}"
        self._chat_of_query[query_id] = message["chat"]["id"]
        query = {
            "id": query_id,
            "from": self.telegram.message("")["message"]["from"],
            "message": message,
            "chat_instance": "1",
            "data": data,
        }
        self._send(
            {"callback_query": query}, "press", message, query_id=query_id, label=buttons[0]["text"]
        )

    def _send(self, update: Json, side: str, message: Json, **more: Any) -> None:
        with self._lock:
            update_id = self.telegram.send(update)
            self._add(side, message, update_id, **more)
            self._tell("trace", self._trace({"update_id": update_id, **update}))

    def fail(self, kind: str, count: int) -> None:
        """Have Telegram fail for the bot's next calls; no kind ends that."""
        if kind and kind not in FAULTS:
            raise InvalidRequest(f"Telegram can fail by {', '.join(FAULTS)}, not by {kind!r}")
        if not 1 <= count <= MOST_FAILURES:
            raise InvalidRequest(f"Telegram can fail 1 to {MOST_FAILURES} times")
        with self._lock:
            with self.telegram.changed:
                self.telegram.faults.clear()
                if kind:
                    fault = FAULTS[kind](count)
                    about_webhook = ("get", "setWebhook", "deleteWebhook")
                    fault.methods = tuple(m for m in METHODS if not m.startswith(about_webhook))
                    self.telegram.faults.append(fault)
            self._fault_kind = kind
            self._tell("fault", self._fault())

    def stop_container(self) -> None:
        """End the function's container, as AWS does when it wasn't needed for a while."""
        if self.deployment:
            self.deployment.stop_container()

    def refresh(self) -> None:
        """Replace the bot's code if it was changed."""
        if self.deployment and (reload := self.deployment.refresh()):
            self.reloaded(reload)


def chat_of(update: Json) -> Any:
    """Return the id of the chat that an update is from."""
    query = update.get("callback_query")
    message: Json = query["message"] if query else update.get("message", {})
    return message.get("chat", {}).get("id")
