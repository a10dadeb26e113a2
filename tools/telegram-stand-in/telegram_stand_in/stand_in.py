"""The stand-in for Telegram: it answers calls, and tells what happens.

It checks each call as far as Telegram's reference tells (token, method, parameters, types, limits),
answers with Telegram's codes and descriptions, delivers updates to each bot's webhook in order per
chat, with Telegram's retries, and fails on command.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import bot_api, methods
from .bot_api import METHODS, Json, Refusal, did_you_mean, method_named
from .delivery import Delivery, Post, post
from .files import Upload
from .limits import Limits
from .request import Request, chat_named
from .state import Bot
from .world import World, name_of

# Methods that a webhook's answer can't call, since nobody would get the result.
# https://github.com/tdlib/telegram-bot-api, WebhookActor.cpp
NOT_IN_A_RESPONSE = ("get", "setwebhook", "deletewebhook", "close", "logout")
LATER = "Too Many Requests: retry after 1"
NO_CHAT = "Bad Request: chat not found"
NO_CHAT_HINT = (
    "a bot can't write first: nobody has written to it in this chat, so write /start there"
)


@dataclass
class Call:
    """A call and its answer.

    `method` is spelled as documented, if it exists. `delivery` is the number of the delivery that
    the call answered, or None for a call over HTTP; `fault` is the kind of the fault that it met;
    `bot` is the bot's id; `files` are the uploads by name: `name`, `size` and `content_type`.
    `hints` tell the bot's author what isn't documented, or not played as Telegram does it.

    `changes` are what people see, in order: each has a `kind`, and

    - message: `message`, and `keyboard` if one came that isn't part of it (a reply keyboard, its
      removal, a forced reply)
    - edited: `message`
    - deleted: `chat_id`, `message_id`
    - reaction: `chat_id`, `message_id`, `reaction`
    - action: `chat_id`, `action`
    - draft: `chat_id`, `draft_id`, `text` and `entities`, or `rich_message`, and `can_stop`
    - answer: `id` of the callback query, `text`, `show_alert`, `url`
    - results: `id` of the inline query, `results` and the other parameters of the answer
    - commands: `commands`, `scope`, `language_code`
    - menu_button: `chat_id` (0: all), `menu_button`
    """

    method: str
    params: Json
    status: int
    answer: Json
    at: float = 0.0
    milliseconds: float = 0.0
    delivery: int | None = None
    fault: str = ""
    bot: int = 0
    files: dict[str, Json] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)
    changes: list[Json] = field(default_factory=list)


@dataclass
class Fault:
    """A fault that the next `count` calls meet.

    `kind`: "refuse" (with `code`, `description`, `parameters`), "silence" (there is no answer),
    "lost" (the call is carried out and its answer is lost).
    """

    kind: str
    count: int = 1
    code: int = 0
    description: str = ""
    parameters: dict[str, int] = field(default_factory=dict)
    methods: tuple[str, ...] = ()  # empty: all


FAULTS: dict[str, Callable[[int], Fault]] = {
    "429": lambda n: Fault("refuse", n, 429, LATER, {"retry_after": 1}),
    "403": lambda n: Fault("refuse", n, 403, "Forbidden: bot was blocked by the user"),
    "500": lambda n: Fault("refuse", n, 500, "Internal Server Error"),
    "silence": lambda n: Fault("silence", n),
    "lost": lambda n: Fault("lost", n),
}


class Telegram(World):
    """Telegram with its Bot API. `limits` are None, or refuse calls that come too often."""

    def __init__(self, token: str, *, deliver: Post = post, pace: float = 1.0) -> None:
        self.calls: list[Call] = []
        self.faults: deque[Fault] = deque()
        self.limits: Limits | None = None
        super().__init__(token, deliver=deliver, pace=pace)

    # Deliveries.

    def _taken(self, delivery: Delivery) -> None:
        """Make the call that a webhook's answer may hold. Nobody gets its result.

        Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        params = bot_api.parsed(delivery.body)
        if not isinstance(params, dict) or not isinstance(
            method := params.pop("method", None), str
        ):
            return
        if method and not method.lower().startswith(NOT_IN_A_RESPONSE):
            bot = self.bot_by_id(delivery.bot)
            self.answer(method, params, delivery.number, bot=bot)

    # The Bot API.

    def answer(
        self,
        method: str,
        params: Json,
        delivery: int | None = None,
        *,
        bot: Bot | None = None,
        uploads: dict[str, Upload] | None = None,
    ) -> Call:
        """Carry out a call (by default of the first bot), refuse it, or let a fault happen."""
        started = time.monotonic()
        bot, uploads = bot or self.bot, uploads or {}
        call = Call(method_named(method) or method, params, 200, {}, time.time())
        call.delivery, call.bot = delivery, bot.id
        call.files = {
            name: {
                "name": upload.name,
                "size": len(upload.data),
                "content_type": upload.content_type,
            }
            for name, upload in uploads.items()
        }
        fault = self._fault(call.method)
        call.fault = fault.kind if fault else ""
        try:
            if fault and fault.kind == "silence":
                call.status = 0
            elif fault and fault.kind == "refuse":
                raise Refusal(fault.code, fault.description, **fault.parameters)
            else:
                params = self._read(call)
                self._limit(call, params, bot)
                call.answer = {"ok": True, "result": self._carry_out(call, params, bot, uploads)}
        except Refusal as refusal:
            call.status = refusal.code
            call.answer = {"ok": False, "error_code": refusal.code}
            call.answer["description"] = refusal.description
            if refusal.parameters:
                call.answer["parameters"] = refusal.parameters
            if refusal.description == NO_CHAT:
                known = [f"{id} ({name_of(chat)})" for id, chat in [*bot.chats.items()]]
                call.hints.append(f"{NO_CHAT_HINT}. The bot knows {', '.join(known) or 'no chat'}")
        call.milliseconds = (time.monotonic() - started) * 1000
        with self.changed:
            self.calls.append(call)
            self.events.append(call)
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

    def _read(self, call: Call) -> Json:
        """Return a call's parameters as documented. Raises Refusal."""
        if call.method not in METHODS:
            call.hints.append(f"no such method{did_you_mean(call.method, METHODS)}")
            raise Refusal(404, "Not Found: method not found")
        # As in Telegram, an empty string counts as missing.
        params = {key: value for key, value in call.params.items() if value != ""}
        try:
            json.dumps(params, ensure_ascii=False).encode()
            return bot_api.checked(call.method, params, call.hints)
        except UnicodeEncodeError:
            raise Refusal(400, "Bad Request: strings must be encoded in UTF-8") from None

    def _limit(self, call: Call, params: Json, bot: Bot) -> None:
        """Refuse a call that comes too early, if there are limits. Raises Refusal."""
        if not self.limits or "chat_id" not in params or call.method.startswith("get"):
            return
        chat = chat_named(bot, params["chat_id"])
        if not chat:
            return
        with self.changed:
            seconds, why = self.limits.count(bot.id, chat, call.method, params)
        if seconds:
            call.hints.append(f"Telegram's limit: {why}")
            told = f"Too Many Requests: retry after {seconds}"
            raise Refusal(429, told, retry_after=seconds)

    def _carry_out(self, call: Call, params: Json, bot: Bot, uploads: dict[str, Upload]) -> Any:
        request = Request(self, bot, call.method, params, uploads, call.changes, call.hints)
        result = methods.carry_out(request)
        return json.loads(json.dumps(result))  # as it is now: the message may be edited later
