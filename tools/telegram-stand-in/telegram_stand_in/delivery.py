"""Delivers updates to a bot's webhook, in order per chat and with retries, as Telegram does.

Source: https://github.com/tdlib/telegram-bot-api, WebhookActor.cpp and Client.cpp.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import random
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .bot_api import Json

if TYPE_CHECKING:
    from .stand_in import Telegram

MAX_PAUSE_SECONDS = 60.0, 120.0  # each pause doubles, up to a random one in this range
MAX_RETRY_AFTER_SECONDS = 3600  # seconds of a Retry-After
MAX_CONNECTIONS = 40  # at once, unless setWebhook says otherwise
ANSWER_SECONDS = 60.0  # how long Telegram waits for a webhook's answer
RETENTION_SECONDS = 86400.0  # for which an update is kept
KEPT_BY_KIND = {
    "callback_query": 150.0,
    "chosen_inline_result": 600.0,
    "inline_query": 30.0,
    "pre_checkout_query": 150.0,
}

MESSAGES = set(
    "business_message channel_post edited_business_message edited_channel_post edited_message "
    "guest_message message".split()
)
# Of the other kinds, those in order by chat, even if they have a person.
OF_CHATS = {"message_reaction", "my_chat_member"}

# The update types that a bot gets only if it asks for them by name.
# https://core.telegram.org/bots/api#setwebhook
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}

# Not the global one: other threads may seed that, as Hypothesis does.
_random = random.Random()


@dataclass
class Delivery:
    """One attempt to deliver an update to the webhook, and its answer. `status` 0: there was none.

    `bot` is the bot's id. `expired`: this was the last attempt, since Telegram keeps an update of
    this kind no longer.
    """

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
    expired: bool = False
    bot: int = 0


Post = Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], str]]


def http_request(
    method: str, url: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, dict[str, str], str]:
    """Make a request and return the answer's status, headers and body. Raises OSError.

    Names below localhost, such as that of an emulated API, mean this machine.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(".localhost"):
        host = "127.0.0.1"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with contextlib.closing(kind(host, parts.port, timeout=ANSWER_SECONDS)) as connection:
            connection.request(method, target, body, {"Host": parts.netloc, **headers})
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, fields, answer.read().decode(errors="replace")
    except (http.client.HTTPException, ValueError) as error:  # the latter: no name of a host
        raise OSError(f"{type(error).__name__}: {error}") from error


post = partial(http_request, "POST")


def kind_of(update: Json) -> str:
    """Return the kind of an update: the name of its only field besides its id."""
    return next((key for key in update if key != "update_id"), "")


def line_of(update: Json) -> Any:
    """Return the line in which an update waits for those before it.

    A message waits for the messages of its chat, a vote for the update of its poll, and any other
    kind only for the same kind, of the same person or else chat.
    """
    kind = kind_of(update)
    content: Json = update.get(kind) or {}
    chat = (content.get("chat") or {}).get("id")
    if kind in MESSAGES:
        return chat
    if kind in ("poll", "poll_answer"):
        return "poll", content.get("poll_id") or content.get("id")
    person = (content.get("from") or content.get("user") or {}).get("id")
    return kind, chat if kind in OF_CHATS or person is None else person


def pause_after(attempt: int, last: float, headers: dict[str, str]) -> tuple[float, float]:
    """Return the pause after a failed attempt, and the one that the next pause doubles."""
    wish = headers.get("retry-after", "")
    seconds = int(wish) if re.fullmatch("[0-9]{1,9}", wish) else 0
    if seconds:
        return float(min(seconds, MAX_RETRY_AFTER_SECONDS)), last
    if attempt == 1:
        return 0.0, last
    doubled = min(last * 2, _random.uniform(*MAX_PAUSE_SECONDS))
    return doubled, doubled


class Outbox:
    """The updates of a `Telegram` that wait for a bot, and the webhook that they go to."""

    def __init__(self, telegram: Telegram, bot: int) -> None:
        self.info: Json = {"url": ""}
        self.secret = ""
        self._telegram = telegram
        self._changed = telegram.changed
        self._bot = bot
        # Of each line, the updates, and until when each is kept, by a clock of the line's own.
        self._queues: dict[Any, deque[tuple[Json, float]]] = {}
        self._clocks: dict[Any, float] = defaultdict(float)
        self._delivered: set[Any] = set()  # the lines that have a thread
        self._connections = 0

    def put(self, name: Any, update: Json) -> None:
        """Queue an update. `name` is its line, as of `line_of`."""
        kept = KEPT_BY_KIND.get(kind_of(update), RETENTION_SECONDS)
        with self._changed:
            self._queues.setdefault(name, deque()).append((update, self._now(name) + kept))
            self._deliver()
            self._changed.notify_all()

    def _deliver(self) -> None:
        """Have a thread deliver each line, once there is a webhook."""
        for name in self._queues.keys() - self._delivered if self.info["url"] else ():
            self._delivered.add(name)
            threading.Thread(target=self._deliver_queue, args=(name,), daemon=True).start()

    def _now(self, name: Any) -> float:
        """Return the time by a line's clock."""
        return self._clocks[name] + self._telegram.moved

    def wants(self, update: Json) -> bool:
        """Tell whether the bot asked for updates of this kind."""
        allowed = self.info.get("allowed_updates")
        kind = kind_of(update)
        return kind in allowed if allowed else kind not in ON_REQUEST

    def pending(self) -> int:
        """Return how many updates wait to be delivered."""
        with self._changed:
            return sum(len(queue) for queue in self._queues.values())

    def waiting(self, offset: int) -> list[Json]:
        """Return the updates that wait, for getUpdates.

        Those before an offset are forgotten, and so are those that nobody asked for in time.
        """
        for name, queue in self._queues.items():
            while queue and (queue[0][0]["update_id"] < offset or queue[0][1] < self._now(name)):
                queue.popleft()
        found = itertools.chain.from_iterable(self._queues.values())
        return sorted((update for update, _ in found), key=lambda u: int(u["update_id"]))

    def drop(self) -> None:
        """Forget the updates that wait."""
        for queue in self._queues.values():
            queue.clear()

    def set(self, info: Json, secret: str) -> None:
        """Set the webhook to `info`, as in getWebhookInfo. By default its allowed_updates stay."""
        allowed = self.info.get("allowed_updates")
        self.info = {**({"allowed_updates": allowed} if allowed else {}), **info}
        if not self.info.get("allowed_updates"):
            self.info.pop("allowed_updates", None)
        self.secret = secret
        self._deliver()
        self._changed.notify_all()

    def _deliver_queue(self, name: Any) -> None:
        """Deliver a queue's updates in order, each until the webhook accepts it.

        Its clock counts pauses as Telegram's, and deliveries as long as they take here. So a busy
        machine lets no update expire, even at a quick pace.
        """
        telegram, queue = self._telegram, self._queues[name]
        current: Json | None = None
        attempt, pause, doubling, until = 0, 0.0, 1.0, 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: telegram.stopped or self._is_due(name))
                if pause:
                    self._changed.wait_for(partial(self._is_later, until), pause * telegram.pace)
                    pause = 0.0
                if telegram.stopped:
                    return
                if not self._is_due(name):
                    continue
                self._connections += 1
                (update, expires), url = queue[0], self.info["url"]
                if update is not current:
                    current, attempt, doubling = update, 0, 1.0
            attempt += 1
            delivery = self._try(url, update, attempt)
            self._clocks[name] += delivery.milliseconds / 1000
            over = 200 <= delivery.status < 300
            if over:
                telegram.taken(delivery)
            else:
                pause, doubling = pause_after(attempt, doubling, delivery.headers)
                self._clocks[name] += pause
                until = telegram.moved + pause
                over = delivery.expired = self._now(name) > expires
                delivery.next_try_in = None if over else pause * telegram.pace
            with self._changed:
                self._connections -= 1
                if over:
                    current = None
                if over and queue and queue[0][0] is update:
                    queue.popleft()
                if delivery.error:
                    self.info["last_error_date"] = int(time.time())
                    self.info["last_error_message"] = delivery.error
                self._changed.notify_all()
            telegram.note(delivery)

    def _is_due(self, name: Any) -> bool:
        """Tell whether a line has an update that is to be delivered."""
        is_free = self._connections < int(self.info.get("max_connections", MAX_CONNECTIONS))
        return bool(self._queues[name] and self.info["url"] and is_free)

    def _is_later(self, moved: float) -> bool:
        return self._telegram.stopped or self._telegram.moved >= moved

    def _try(self, url: str, update: Json, attempt: int) -> Delivery:
        delivery = Delivery(0, update, attempt, time.time(), bot=self._bot)
        self._telegram.note(delivery)
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        started = time.monotonic()
        try:
            answer = self._telegram.deliver(url, headers, json.dumps(update).encode())
            delivery.status, delivery.headers, delivery.body = answer
        except OSError as error:
            delivery.error = f"Connection failed: {error}"
        delivery.milliseconds = (time.monotonic() - started) * 1000
        if delivery.status and not 200 <= delivery.status < 300:
            delivery.error = f"Wrong response from the webhook: {delivery.status}"
        return delivery
