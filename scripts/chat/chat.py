"""The demo's chat page: what people do there goes to the stand-in, and what happens is shown.

The page, chat.html, asks for nothing but this server: `GET /events` is all that happened and then
all that happens, as server-sent events; `POST /send`, `/press`, `/fail` and `/cool` are
what people do.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from emulators.container import why_it_fails
from emulators.telegram import FAULTS, METHODS, Call, Delivery, Json, Telegram

from chat.places import Place, Reload

PAGE = Path(__file__).with_name("page.html")
HIDDEN = "(hidden)"
SECRET_HEADER = "x-telegram-bot-api-secret-token"
MAX_REQUEST = 100_000  # bytes
LONGEST = 4096  # characters of a message
KEEP_ALIVE = 15.0  # seconds
MOST_FAILURES = 9

# Where one can write: what the stand-in puts into a message, and what the page says about it.
FORUM = {"id": -1001000000002, "type": "supergroup", "title": "Workshop", "is_forum": True}
CHATS: dict[str, Json] = {
    "private": {
        "title": "Echo",
        "about": "private chat",
        "chat": {"id": 4242, "type": "private", "first_name": "Ada"},
    },
    "group": {
        "title": "Book club",
        "about": "group, in which the bot is an admin and so sees every message",
        "chat": {"id": -1001000000001, "type": "supergroup", "title": "Book club"},
    },
    "topic": {
        "title": "Workshop › Tools",
        "about": "topic of a group, in which the bot is an admin",
        "chat": FORUM,
        "thread": {"message_thread_id": 7, "is_topic_message": True},
    },
}


def poll(question: str, *options: str) -> Json:
    return {
        "id": "5213",
        "question": question,
        "options": [{"text": text, "voter_count": 0} for text in options],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
    }


# What can be sent beside text. The page draws it: there is no file behind these ids.
CONTENT: dict[str, Json] = {
    "photo": {
        "photo": [
            {"file_id": "lake-s", "file_unique_id": "lake-s", "width": 90, "height": 60},
            {"file_id": "lake", "file_unique_id": "lake", "width": 1280, "height": 853},
        ],
        "caption": "At the lake",
    },
    "sticker": {
        "sticker": {
            "file_id": "robot",
            "file_unique_id": "robot",
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
            "emoji": "🤖",
        }
    },
    "voice": {
        "voice": {
            "file_id": "voice",
            "file_unique_id": "voice",
            "duration": 7,
            "mime_type": "audio/ogg",
        }
    },
    "location": {"location": {"latitude": 51.4779, "longitude": -0.0015}},
    "poll": {"poll": poll("Where shall we meet?", "At the lake", "In the library", "Online")},
}


class Wrong(Exception):
    """What was asked for can't be done; the text says why."""


class Chat:
    """All that happened since the demo began, as the page shows it.

    It watches the stand-in (`watch`) and the steps of the set-up (`step`). Each client of the page
    gets a snapshot, and then each change, as a pair of its kind and its data.
    """

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.place: Place | None = None
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
            "place": self.place.name if self.place else "",
            "notes": self.place.notes if self.place else {},
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
        failure = ""
        if delivery.status == 200 and not self._calls_of(delivery):
            failure = why_it_fails(delivery.update)
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
                    "failure": failure,
                    "seen": self._seen(delivery),
                }
            self._tell("trace", trace)

    def _calls_of(self, delivery: Delivery) -> list[Json]:
        with self._lock:
            tries = self._trace(delivery.update)["tries"]
            calls: list[Json] = tries[-1]["calls"] if tries else []
            return calls

    def _seen(self, delivery: Delivery) -> Json:
        assert self.place
        seen = dataclasses.asdict(self.place.seen(delivery.headers.get("apigw-requestid", "")))
        if seen["event"]:
            headers = seen["event"]["headers"]
            seen["event"]["headers"] = {
                name: HIDDEN if name == SECRET_HEADER else value for name, value in headers.items()
            }
        return seen

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
        elif method in ("sendmessage", "copymessage"):
            number = call.answer["result"]["message_id"]
            message = self.telegram.messages[call.params["chat_id"], number]
            self._add("in", message, update_id)

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
            raise Wrong(f"there is no chat {where!r}")
        if kind == "text":
            if not text.strip():
                raise Wrong("A message needs some text.")
            if len(text) > LONGEST:
                raise Wrong(f"Telegram takes {LONGEST} characters at most, not {len(text)}.")
            content: Json = {"text": text}
            if command := re.match(r"/[A-Za-z0-9_]+(@\w+)?", text):
                span = {"type": "bot_command", "offset": 0, "length": command.end()}
                content["entities"] = [span]
        elif kind in CONTENT:
            content = CONTENT[kind]
        else:
            raise Wrong(f"there is no kind of message {kind!r}")
        self.refresh()
        known = CHATS[where]
        update = self.telegram.message(chat=known["chat"], **known.get("thread", {}), **content)
        self._send(update, "out", update["message"])

    def press(self, key: int, data: str) -> None:
        """Press an inline button of one of the bot's messages."""
        if not 0 <= key < len(self._entries):
            raise Wrong("there is no such message")
        message = self._entries[key]["message"]
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = [b for b in itertools.chain(*rows) if b.get("callback_data") == data]
        if not buttons:
            raise Wrong("the message has no such button")
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
            raise Wrong(f"Telegram can fail by {', '.join(FAULTS)}, not by {kind!r}")
        if not 1 <= count <= MOST_FAILURES:
            raise Wrong(f"Telegram can fail 1 to {MOST_FAILURES} times")
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

    def cool(self) -> None:
        """End the function's container, as AWS does when it wasn't needed for a while."""
        if self.place:
            self.place.cool()

    def refresh(self) -> None:
        """Replace the bot's code if it was changed."""
        if self.place and (reload := self.place.refresh()):
            self.reloaded(reload)


def chat_of(update: Json) -> Any:
    """Return the id of the chat that an update is from."""
    query = update.get("callback_query")
    message: Json = query["message"] if query else update.get("message", {})
    return message.get("chat", {}).get("id")


class PageServer(ThreadingHTTPServer):
    """The page of a `Chat`, on a free port of the loopback interface."""

    daemon_threads = True

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        super().__init__(("127.0.0.1", 0), _Request)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> PageServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.chat.end()
        self.shutdown()
        self.server_close()


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: PageServer

    def do_GET(self) -> None:
        if not self._is_ours():
            self._answer(403, {"error": "this page is for this machine alone"})
        elif self.path == "/":
            self._send(200, "text/html; charset=utf-8", PAGE.read_bytes())
        elif self.path == "/events":
            self._stream()
        else:
            self._answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        chat = self.server.chat
        actions: dict[str, Callable[[Json], None]] = {
            "/send": lambda a: chat.send(
                str(a.get("chat")), str(a.get("kind")), str(a.get("text", ""))
            ),
            "/press": lambda a: chat.press(int(a.get("key", -1)), str(a.get("data"))),
            "/cool": lambda a: chat.cool(),
            "/fail": lambda a: chat.fail(str(a.get("kind", "")), int(a.get("count", 1))),
        }
        length = self.headers.get("Content-Length") or ""
        if not length.isdigit() or int(length) > MAX_REQUEST:
            self.close_connection = True
            self._answer(413, {"error": "too long"})
            return
        body = self.rfile.read(int(length))
        if not self._is_ours() or self.headers.get("Content-Type") != "application/json":
            self._answer(403, {"error": "this page is for this machine alone"})
            return
        action = actions.get(self.path)
        if action is None:
            self._answer(404, {"error": "not found"})
            return
        try:
            arguments = json.loads(body)
            if not isinstance(arguments, dict):
                raise Wrong("an object is expected")
            action(arguments)
        except (Wrong, ValueError, TypeError) as error:
            self._answer(400, {"error": str(error)})
        else:
            self._answer(200, {})

    def _is_ours(self) -> bool:
        """Tell whether a request is the page's, not another site's that the browser shows."""
        host = f"127.0.0.1:{self.server.server_port}"
        return self.headers.get("Host") == host and self.headers.get("Origin") in (
            None,
            f"http://{host}",
        )

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        try:
            for event in self.server.chat.events():
                text = ":\n\n" if event is None else f"event: {event[0]}\n"
                if event is not None:
                    text += f"data: {json.dumps(event[1])}\n\n"
                self.wfile.write(text.encode())
        except OSError:
            pass  # the page was closed

    def _answer(self, status: int, answer: Json) -> None:
        self._send(status, "application/json", json.dumps(answer).encode())

    def _send(self, status: int, content_type: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'none'; connect-src 'self'; img-src data:; script-src 'unsafe-inline'; "
            "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
