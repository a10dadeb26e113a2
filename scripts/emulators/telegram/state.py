"""A stand-in for Telegram: the Bot API over HTTP, and a server that delivers updates.

It checks each call as Telegram does (token, method, parameters, types, limits), answers with
Telegram's codes and descriptions, keeps the webhook and its secret, delivers updates to it in
order per chat, tries again as Telegram does, and fails on command.
It knows the methods that the bot and these scripts call; any other is a 404. Where Telegram's
wording isn't published, the wording is ours. Unlike Telegram, it still tries again after 24 hours,
drops the webhook at the first 410, and keeps `max_connections` without honouring it.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]

FIRST_PAUSE = 2.0  # seconds after the second try; each later pause doubles, up to LAST_PAUSE
LAST_PAUSE = 120.0
ANSWER_SECONDS = 60.0  # how long Telegram waits for a webhook's answer

# The kinds of update that are delivered only to who asks for them by name.
# https://core.telegram.org/bots/api#setwebhook
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}


class Refusal(Exception):
    """The answer to a call that isn't carried out."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass
class Call:
    """A call as it came, and what it got.

    `delivery` is the number of the delivery whose response it was, or None for a call over HTTP,
    `fault` the kind of the fault that it met.
    """

    method: str
    params: Json
    status: int
    answer: Json
    at: float = 0.0
    milliseconds: float = 0.0
    delivery: int | None = None
    fault: str = ""


@dataclass
class Delivery:
    """One try to deliver an update to the webhook, and its answer. `status` 0: there was none."""

    number: int
    update: Json
    attempt: int
    at: float
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
    milliseconds: float = 0.0
    next_try_in: float | None = None


@dataclass
class Fault:
    """What happens instead of an answer, to how many calls.

    `kind`: "refuse" (with `code`, `description`, `parameters`), "silence" (nothing is ever said),
    "lost" (the call is carried out and its answer is lost).
    """

    kind: str
    count: int = 1
    code: int = 0
    description: str = ""
    parameters: dict[str, int] = field(default_factory=dict)
    methods: tuple[str, ...] = ()  # none: all


FAULTS: dict[str, Callable[[int], Fault]] = {
    "429": lambda n: Fault(
        "refuse", n, 429, "Too Many Requests: retry after 3", {"retry_after": 3}
    ),
    "403": lambda n: Fault("refuse", n, 403, "Forbidden: bot was blocked by the user"),
    "500": lambda n: Fault("refuse", n, 500, "Internal Server Error"),
    "silence": lambda n: Fault("silence", n),
    "lost": lambda n: Fault("lost", n),
}


# What a method takes: each parameter's name → (the error if it is missing, or None; its check).
# A check returns what is wrong, or nothing.

Check = Callable[[Any], str | None]


def _is(kind: type, description: str) -> Check:
    return lambda value: None if type(value) is kind else description


def _text(longest: int, too_long: str) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return "a String is expected"
        return None if len(value) <= longest else too_long

    return check


def _entities(value: Any) -> str | None:
    if not isinstance(value, list):
        return "can't parse entities: expected an Array of MessageEntity"
    for entity in value:
        if not isinstance(entity, dict):
            return "can't parse MessageEntity: expected an Object"
        for name in ("offset", "length"):
            if type(entity.get(name)) is not int or not 0 <= entity[name] < 2**31:
                return f'can\'t parse MessageEntity: Field "{name}" must be of type Number'
        if not isinstance(entity.get("type"), str):
            return 'can\'t parse MessageEntity: Field "type" must be of type String'
    return None


def _keyboard(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "object expected as reply markup"
    rows = value.get("inline_keyboard")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
    for button in itertools.chain.from_iterable(rows):
        if not isinstance(button, dict):
            return "can't parse inline keyboard button: InlineKeyboardButton must be an Object"
        fields = {"callback_data": "", **button}
        for name in ("text", "callback_data"):
            if not isinstance(fields.get(name), str):
                return f'can\'t parse inline keyboard button: Field "{name}" must be of type String'
        if len(fields["callback_data"].encode()) > 64:
            return "BUTTON_DATA_INVALID"
    return None


def _url(value: Any) -> str | None:
    try:
        parts = urllib.parse.urlsplit(value)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except (ValueError, TypeError, AttributeError):
        scheme = host = None
    if scheme not in ("https", "http") or not host:
        return "invalid webhook URL specified"
    if scheme == "http" and not re.search(r"(^|\.)localhost$|^127\.[0-9.]+$", host):
        return "bad webhook: An HTTPS URL must be provided for webhook"
    return None


def _secret(value: Any) -> str | None:
    if isinstance(value, str) and len(value) > 256:
        return "secret token is too long"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]+", value):
        return None
    return "secret token contains unallowed characters"


def _strings(value: Any) -> str | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return None
    return "can't parse allowed_updates"


def _chat(value: Any) -> str | None:
    return None if type(value) is int or isinstance(value, str) else "chat not found"


def _integer(value: Any) -> str | None:
    is_one = type(value) is int and abs(value) < 2**63
    return None if is_one else "an Integer is expected"


def _clamped(value: int, least: int, most: int) -> int:
    """Return the nearest value in the range: Telegram's published server refuses none outside."""
    return max(least, min(value, most))


BOOLEAN = _is(bool, "a Boolean is expected")
STRING = _is(str, "a String is expected")
OPTIONAL = None
COPY_NOT_FOUND = "message to copy not found"
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
PLACE: dict[str, tuple[str | None, Check]] = {
    "chat_id": ("chat_id is empty", _chat),
    "message_thread_id": (OPTIONAL, _integer),
    "direct_messages_topic_id": (OPTIONAL, _integer),
    "protect_content": (OPTIONAL, BOOLEAN),
    "disable_notification": (OPTIONAL, BOOLEAN),
    "reply_markup": (OPTIONAL, _keyboard),
}
METHODS: dict[str, dict[str, tuple[str | None, Check]]] = {
    "getMe": {},
    "getWebhookInfo": {},
    "getUpdates": {
        "offset": (OPTIONAL, _integer),
        "limit": (OPTIONAL, _integer),
        "timeout": (OPTIONAL, _integer),
        "allowed_updates": (OPTIONAL, _strings),
    },
    "setWebhook": {
        "url": (OPTIONAL, _url),  # required, and yet Telegram takes none as an empty one
        "max_connections": (OPTIONAL, _integer),
        "allowed_updates": (OPTIONAL, _strings),
        "drop_pending_updates": (OPTIONAL, BOOLEAN),
        "secret_token": (OPTIONAL, _secret),
    },
    "deleteWebhook": {"drop_pending_updates": (OPTIONAL, BOOLEAN)},
    "sendMessage": {
        **PLACE,
        "text": ("message text is empty", _text(4096, "message is too long")),
        "entities": (OPTIONAL, _entities),
    },
    "copyMessage": {
        **PLACE,
        "from_chat_id": ('parameter "from_chat_id" is required', _chat),
        "message_id": (COPY_NOT_FOUND, _integer),
    },
    "answerCallbackQuery": {
        "callback_query_id": (QUERY_TOO_OLD, STRING),
        "text": (OPTIONAL, _text(200, "MESSAGE_TOO_LONG")),
        "show_alert": (OPTIONAL, BOOLEAN),
    },
}

# What a message that can be copied has one of. Service messages have none, nor has what else
# copyMessage refuses. https://core.telegram.org/bots/api#copymessage
COPYABLE = set(
    "animation audio checklist contact dice document game live_photo location photo poll "
    "rich_message sticker story text venue video video_note voice".split()
)

BOT = {
    "id": 1234567890,
    "is_bot": True,
    "first_name": "Echo",
    "username": "echo_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
}

Post = Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], str]]


def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
    """Post a body to a URL and return the answer's status, headers and body. Raises OSError.

    Names below localhost, such as an emulated API's, are this machine.
    """
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(".localhost"):
        host = "127.0.0.1"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, parts.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", parts.path or "/", body, {"Host": parts.netloc, **headers})
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, fields, answer.read().decode(errors="replace")
    except (http.client.HTTPException, UnicodeError) as error:  # the latter: no name of a host
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


class Telegram:
    """Telegram, as one bot and the people who write to it see it.

    `deliver` posts an update to the webhook (`post` unless told otherwise), and `pace` is how many
    seconds pass for one of Telegram's: 0.01 makes its back-off a hundred times as fast. `watch`
    is called with each `Delivery` and each `Call` when it begins and when it is over.
    """

    def __init__(
        self,
        token: str,
        *,
        deliver: Post = post,
        pace: float = 1.0,
        watch: Callable[[Delivery | Call], None] = lambda event: None,
    ) -> None:
        self.tokens = {token}
        self.url = ""  # of the Bot API, where it is served
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []
        self.faults: deque[Fault] = deque()
        self.webhook: Json = {"url": "", "pending_update_count": 0}
        self.secret = ""
        self.changed = threading.Condition()
        self.stopped = False
        self.deliver = deliver
        self._pace = pace
        self.watch = watch
        self._update_ids = itertools.count(900000001)
        self._message_ids = itertools.count(1)
        self._queues: dict[Any, deque[Json]] = {}
        self.messages: dict[tuple[int, int], Json] = {}
        self._queries: set[str] = set()
        self._numbers = itertools.count(1)

    # What people do.

    def message(self, text: str | None = None, *, chat: Json | None = None, **content: Any) -> Json:
        """Return the update of a new message: of a text, or of other content."""
        chat = chat or {"id": 4242, "type": "private", "first_name": "Ada"}
        user = {"id": 4242, "is_bot": False, "first_name": "Ada", "language_code": "en"}
        if text is not None:
            content["text"] = text
        numbers = {"message_id": next(self._message_ids), "date": int(time.time())}
        return {"message": {**numbers, "from": user, "chat": chat, **content}}

    def send(self, update: Json) -> int:
        """Have an update delivered, and return its id."""
        update = {"update_id": next(self._update_ids), **update}
        content: Json = next((v for k, v in update.items() if k != "update_id"), {})
        with self.changed:
            if "callback_query" in update:
                self._queries.add(content["id"])
                chat = content.get("message", {}).get("chat", {}).get("id")
            else:
                chat = content.get("chat", {}).get("id")
                if "message" in update:
                    self.messages[chat, content["message_id"]] = content
            if self.wants(update):
                if chat not in self._queues:
                    self._queues[chat] = deque()
                    threading.Thread(target=self._deliver_chat, args=(chat,), daemon=True).start()
                self._queues[chat].append(update)
            self.changed.notify_all()
        return int(update["update_id"])

    def wants(self, update: Json) -> bool:
        """Tell whether the bot asked for updates of this kind."""
        allowed = self.webhook.get("allowed_updates")
        kind = next((key for key in update if key != "update_id"), "")
        return kind in allowed if allowed else kind not in ON_REQUEST

    def revoke(self, token: str) -> None:
        """Give the bot another token, as @BotFather's /revoke does. It has no webhook yet.

        That a webhook belongs to the token is how Telegram's own server keeps it, and not written.
        """
        with self.changed:
            self.tokens = {token}
            self._remove_webhook()

    def pending(self) -> int:
        """Return how many updates wait to be delivered."""
        with self.changed:
            return sum(len(queue) for queue in self._queues.values())

    def wait(self, condition: Callable[[], Any], timeout: float = 30.0) -> Any:
        """Wait until a condition is true, and return its value. Raises TimeoutError."""
        with self.changed:
            value = self.changed.wait_for(condition, timeout)
        if not value:
            raise TimeoutError(f"waited {timeout:g} s in vain")
        return value

    def stop(self) -> None:
        """End the delivery."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    # Delivery.

    def _deliver_chat(self, chat: Any) -> None:
        """Deliver a chat's updates one after the other, each until the webhook takes it."""
        queue = self._queues[chat]
        attempt, pause = 0, 0.0
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.stopped or (queue and self.webhook["url"]))
                if attempt and pause:
                    self.changed.wait_for(lambda: self.stopped, pause * self._pace)
                if self.stopped:
                    return
                if not queue or not self.webhook["url"]:
                    continue
                update, url = queue[0], self.webhook["url"]
            attempt += 1
            delivery = self._try(url, update, attempt)
            done = 200 <= delivery.status < 300
            if done:
                self._run_response(delivery)
                attempt, pause = 0, 0.0
            else:
                doubled = FIRST_PAUSE * 2 ** min(attempt - 2, 9)  # no float holds all of them
                pause = min(doubled, LAST_PAUSE) if attempt > 1 else 0.0
                wished = delivery.headers.get("retry-after", "")
                if re.fullmatch("[0-9]{1,4}", wished) and int(wished) <= 3600:
                    pause = float(wished)
                delivery.next_try_in = pause * self._pace
            with self.changed:
                if done and queue and queue[0] is update:
                    queue.popleft()
                if delivery.status == 410:
                    self._remove_webhook()
                if not done:
                    self.webhook["last_error_date"] = int(time.time())
                    self.webhook["last_error_message"] = delivery.error
                self.changed.notify_all()
            self.watch(delivery)

    def _try(self, url: str, update: Json, attempt: int) -> Delivery:
        delivery = Delivery(next(self._numbers), update, attempt, time.time())
        with self.changed:
            self.deliveries.append(delivery)
        self.watch(delivery)
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        started = time.monotonic()
        try:
            answer = self.deliver(url, headers, json.dumps(update).encode())
            delivery.status, delivery.headers, delivery.body = answer
        except OSError as error:
            delivery.error = f"Connection failed: {error}"
        delivery.milliseconds = (time.monotonic() - started) * 1000
        if delivery.status and not 200 <= delivery.status < 300:
            delivery.error = f"Wrong response from the webhook: {delivery.status}"
        return delivery

    def _run_response(self, delivery: Delivery) -> None:
        """Make the call that a webhook's answer may hold. Nobody hears what became of it.

        Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        params = _object(delivery.body)
        if params and isinstance(method := params.pop("method", None), str):
            self.answer(method, params, delivery=delivery.number)

    # The Bot API.

    def answer(self, method: str, params: Json, delivery: int | None = None) -> Call:
        """Carry out a call, or refuse it, or fail as told to."""
        started = time.monotonic()
        fault = self._fault(method)
        at = time.time()
        try:
            if fault and fault.kind == "silence":
                call = Call(method, params, 0, {}, at)
            elif fault and fault.kind == "refuse":
                raise Refusal(fault.code, fault.description, **fault.parameters)
            else:
                result = self._carry_out(method, params)
                call = Call(method, params, 200, {"ok": True, "result": result}, at)
        except Refusal as refusal:
            answer: Json = {"ok": False, "error_code": refusal.code}
            answer["description"] = refusal.description
            if refusal.parameters:
                answer["parameters"] = refusal.parameters
            call = Call(method, params, refusal.code, answer, at)
        call.delivery = delivery
        call.fault = fault.kind if fault else ""
        call.milliseconds = (time.monotonic() - started) * 1000
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()
        self.watch(call)
        return call

    def _fault(self, method: str) -> Fault | None:
        with self.changed:
            for fault in self.faults:
                if not fault.methods or method in fault.methods:
                    fault.count -= 1
                    if fault.count <= 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def _carry_out(self, method: str, params: Json) -> Any:
        names = {name.lower(): name for name in METHODS}
        name = names.get(method.lower())
        if name is None:
            raise Refusal(404, "Not Found: method not found")
        # As in Telegram, an empty text is none. So is null here.
        params = {key: value for key, value in params.items() if value not in (None, "")}
        try:
            json.dumps(params, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Refusal(400, "Bad Request: strings must be encoded in UTF-8") from None
        for parameter, (wrong_without, check) in METHODS[name].items():
            wrong = check(params[parameter]) if parameter in params else wrong_without
            if wrong:
                raise Refusal(400, f"Bad Request: {wrong}")
        return getattr(self, "_" + re.sub("([A-Z])", r"_\1", name).lower())(params)

    def _get_me(self, params: Json) -> Json:
        return BOT

    def _get_webhook_info(self, params: Json) -> Json:
        return {
            "has_custom_certificate": False,
            **self.webhook,
            "pending_update_count": self.pending(),
        }

    def _get_updates(self, params: Json) -> list[Json]:
        if self.webhook["url"]:
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        offset = params.get("offset", 0)
        if "allowed_updates" in params:
            self.webhook["allowed_updates"] = params["allowed_updates"]

        def waiting() -> list[Json]:
            for queue in self._queues.values():
                while queue and queue[0]["update_id"] < offset:
                    queue.popleft()
            found = itertools.chain.from_iterable(self._queues.values())
            return sorted(found, key=lambda update: int(update["update_id"]))

        timeout = _clamped(params.get("timeout", 0), 0, 50)
        with self.changed:
            self.changed.wait_for(lambda: self.stopped or waiting(), timeout * self._pace)
            return waiting()[: _clamped(params.get("limit", 100), 1, 100)]

    def _set_webhook(self, params: Json) -> bool:
        url = params.get("url", "")
        allowed = params.get("allowed_updates", self.webhook.get("allowed_updates"))
        with self.changed:
            if params.get("drop_pending_updates"):
                self._drop()
            if not url:
                self._remove_webhook()
                return True
            most = _clamped(params.get("max_connections", 40), 1, 100)
            self.webhook = {"url": url, "max_connections": most}
            if allowed:
                self.webhook["allowed_updates"] = allowed
            self.secret = params.get("secret_token", "")
            self.changed.notify_all()
        return True

    def _delete_webhook(self, params: Json) -> bool:
        with self.changed:
            if params.get("drop_pending_updates"):
                self._drop()
            self._remove_webhook()
        return True

    def _drop(self) -> None:
        for queue in self._queues.values():
            queue.clear()

    def _remove_webhook(self) -> None:
        allowed = self.webhook.get("allowed_updates")
        self.webhook = {"url": ""}
        if allowed:
            self.webhook["allowed_updates"] = allowed
        self.secret = ""
        self.changed.notify_all()

    def _send_message(self, params: Json) -> Json:
        if not params["text"].strip():
            raise Refusal(400, "Bad Request: text must be non-empty")
        units = len(params["text"].encode("utf-16-le")) // 2
        for entity in params.get("entities", []):
            if (end := entity["offset"] + entity["length"]) > units:
                where = f"entity beginning at UTF-16 offset {entity['offset']}"
                raise Refusal(
                    400,
                    f"Bad Request: {where} ends after the end of the text at UTF-16 offset {end}",
                )
        kept = ("text", "entities", "reply_markup")
        return self._put(params, {name: params[name] for name in kept if params.get(name)})

    def _copy_message(self, params: Json) -> Json:
        original = self.messages.get((params["from_chat_id"], params["message_id"]))
        if original is None:
            raise Refusal(400, f"Bad Request: {COPY_NOT_FOUND}")
        poll = original.get("poll", {})
        is_secret = poll.get("type") == "quiz" and "correct_option_ids" not in poll
        if is_secret or COPYABLE.isdisjoint(original):
            raise Refusal(400, "Bad Request: message can't be copied")
        about = ("message_id", "date", "from", "chat", "sender_chat", "message_thread_id")
        content = {name: value for name, value in original.items() if name not in about}
        return {"message_id": self._put(params, content)["message_id"]}

    def _answer_callback_query(self, params: Json) -> bool:
        with self.changed:
            if params["callback_query_id"] not in self._queries:
                raise Refusal(400, f"Bad Request: {QUERY_TOO_OLD}")
            self._queries.discard(params["callback_query_id"])
        return True

    def _put(self, params: Json, content: Json) -> Json:
        """Put a message of the bot's into a chat that it was written to from."""
        known = [m["chat"] for (chat, _), m in self.messages.items() if chat == params["chat_id"]]
        if not known:
            raise Refusal(400, "Bad Request: chat not found")
        message = {
            "message_id": next(self._message_ids),
            "date": int(time.time()),
            "from": {name: BOT[name] for name in ("id", "is_bot", "first_name", "username")},
            "chat": known[-1],
            **content,
        }
        thread = params.get("message_thread_id")
        if thread is not None:
            message |= {"message_thread_id": thread, "is_topic_message": True}
        with self.changed:
            self.messages[params["chat_id"], message["message_id"]] = message
        return message


class Server(ThreadingHTTPServer):
    """The Bot API of a `Telegram`, over HTTP on a free port of the loopback interface."""

    daemon_threads = True

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        super().__init__(("127.0.0.1", 0), _Handler)
        telegram.url = self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exception: object) -> None:
        self.telegram.stop()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        telegram = self.server.telegram
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match = re.fullmatch(r"/bot([0-9]+:[A-Za-z0-9_-]+)/(\w+)", self.path)
        if not match:
            self._answer(404, _error(404, "Not Found"))
            return
        if match[1] not in telegram.tokens:
            self._answer(401, _error(401, "Unauthorized"))
            return
        params = _object(body or b"{}")
        if params is None:
            self._answer(400, _error(400, "Bad Request: can't parse JSON object"))
            return
        call = telegram.answer(match[2], params)
        if call.fault == "silence":
            self._say_nothing()
        elif call.fault == "lost":
            self.close_connection = True
        else:
            self._answer(call.status, call.answer)

    do_GET = do_POST

    def _say_nothing(self) -> None:
        """Wait until the other side gives up, or all of this ends."""
        self.close_connection = True
        self.connection.settimeout(0.2)
        while not self.server.telegram.stopped:
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def _answer(self, status: int, answer: Json) -> None:
        data = json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Say nothing: a request's path holds the token."""


def _error(code: int, description: str) -> Json:
    return {"ok": False, "error_code": code, "description": description}


def _object(body: str | bytes) -> Json | None:
    """Return the JSON object that a body is, if it is one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
