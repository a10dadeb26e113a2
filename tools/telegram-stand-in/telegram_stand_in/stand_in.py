"""The stand-in for Telegram: it answers calls, and tells what happens.

It checks each call as far as Telegram's reference tells (token, method, parameters, types, limits),
answers with Telegram's codes and descriptions, delivers updates to each bot's webhook in order per
chat, with Telegram's retries, and fails on command.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import bot_api, methods, mini_app
from .bot_api import METHODS, TYPES, Json, Refusal, did_you_mean, method_named
from .delivery import MESSAGES, Delivery, Outbox, Post, kind_of, line_of, post
from .entities import COMMAND
from .files import Files, Upload
from .limits import Limits
from .payments import Payment
from .request import Request, chat_named
from .state import ADA, BOT, COPYABLE, GRACE, QUERIES, Bot, Sent, deep_copy, private_chat

# Methods that a webhook's answer can't call, since nobody would get the result.
# https://github.com/tdlib/telegram-bot-api, WebhookActor.cpp
NOT_IN_A_RESPONSE = ("get", "setwebhook", "deletewebhook", "close", "logout")
FOR_ADMINISTRATORS = "chat_join_request chat_member message_reaction message_reaction_count".split()
# Messages with one of these are a person's. All others report an event, which every bot gets.
CONTENT = COPYABLE | {"invoice", "paid_media"}
IN_PRIVACY_MODE = "commands, replies to it and messages sent via it"
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
    - commands: `commands`
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


def name_of(chat: Json) -> str:
    return str(chat.get("title") or chat.get("first_name") or chat["type"])


class Telegram:
    """Telegram with its Bot API: its chats, people and updates, as bots and people see them.

    It begins with one bot; `add_bot` adds more. `deliver` posts an update to a webhook. `pace` is
    how many seconds pass for one of Telegram's: 0.01 makes its back-off a hundred times as fast.
    `limits` are None, or refuse calls that come too often. `watch` is called with each `Delivery`
    when it begins and when it is over, and with each `Call` when it is over; `watch_updates` with
    each update and its bot, before it is delivered.
    """

    def __init__(self, token: str, *, deliver: Post = post, pace: float = 1.0) -> None:
        self.changed = threading.Condition()
        self.stopped = False
        self.moved = 0.0  # seconds by which its clock is ahead of the machine's
        self.deliver = deliver
        self.pace = pace
        self.calls: list[Call] = []
        self.faults: deque[Fault] = deque()
        self.limits: Limits | None = None
        self.deliveries: list[Delivery] = []
        self.people: dict[int, Json] = {person["id"]: person for person in (ADA, GRACE)}
        self.messages: dict[tuple[int, int], Json] = {}
        self.inline_messages: dict[str, tuple[int, int]] = {}  # by id: where they are
        self.members: dict[tuple[int, int], Json] = {}  # by chat and user, if not the default
        self.bots_in_groups = "administrator"  # their status, if `members` doesn't say it
        self.reactions: dict[tuple[int, int, int], list[Json]] = {}  # by chat, message and user
        self.votes: dict[tuple[str, int], list[int]] = {}  # by poll and user
        self.invoices: dict[tuple[int, int], Json] = {}  # by chat and message: what tells of them
        self.checkouts: dict[str, Payment] = {}  # by query: payments that a bot has to confirm
        self.charges: dict[str, Payment] = {}  # by id: payments
        self.events: list[Any] = []  # all calls, what people did (`Sent`), and notes, in order
        self.url = ""  # of the Bot API, where it is served
        self.watch: Callable[[Any], None] = lambda event: None
        self.watch_updates: Callable[[Json, Bot], None] = lambda update, bot: None
        self.files = Files()
        self._numbers = itertools.count(1)
        self.update_ids = itertools.count(900000001)
        self._message_ids = itertools.count(1)
        self._ids = itertools.count(5213)
        self.bots: list[Bot] = []
        self.bot = self.add_bot(token)

    # The first bot, which often is the only one.

    @property
    def webhook(self) -> Json:
        """The first bot's webhook, as getWebhookInfo tells it."""
        return self.bot.outbox.info

    @property
    def secret(self) -> str:
        return self.bot.outbox.secret

    # Bots.

    def add_bot(self, token: str, **about: Any) -> Bot:
        """Add a bot. `about` are fields of getMe that differ from the default."""
        me: Json = {**BOT, "id": int(token.partition(":")[0])}
        if self.bots:
            number = len(self.bots) + 1
            me.update(first_name=f"Bot {number}", username=f"bot{number}_bot")
        me.update(about)
        bot = Bot(token, me, Outbox(self, me["id"]))
        with self.changed:
            self.bots.append(bot)
        return bot

    def bot_of(self, token: str) -> Bot | None:
        """Return the bot that has a token."""
        return next((bot for bot in self.bots if bot.token == token), None)

    def bot_by_id(self, id: int) -> Bot:
        """Return a bot. Raises StopIteration if there is none."""
        return next(bot for bot in self.bots if bot.id == id)

    def note(self, delivery: Delivery) -> None:
        """Note that a delivery begins, or is over."""
        with self.changed:
            if not delivery.number:
                delivery.number = next(self._numbers)
                self.deliveries.append(delivery)
            if delivery.error:
                self.events.append(f"  the webhook failed: {delivery.error}")
        self.watch(delivery)

    # Time.

    def now(self) -> float:
        """Return the time, in seconds since 1970."""
        return time.time() + self.moved

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once, for pauses before retries."""
        with self.changed:
            self.moved += seconds
            self.changed.notify_all()

    # Events in chats.

    def new_id(self) -> str:
        """Return a unique id, for a person, a query, a poll …"""
        return f"{next(self._ids)}"

    def new_message_id(self) -> int:
        return next(self._message_ids)

    def keep(self, message: Json) -> Json:
        """Put a message into its chat, and return it."""
        with self.changed:
            self.messages[message["chat"]["id"], message["message_id"]] = message
            self.files.learn(message)
        return message

    def member(self, chat: Json, user: Json) -> Json:
        """Return a user as a ChatMember of a chat."""
        if known := self.members.get((chat["id"], user["id"])):
            return known
        is_in_group = user["is_bot"] and chat["type"] != "private"
        return self.member_as(self.bots_in_groups if is_in_group else "member", user)

    def member_as(self, status: str, user: Json) -> Json:
        """Return a user as a ChatMember with a status, and with all rights."""
        more: dict[str, Json] = {"creator": {"is_anonymous": False}, "kicked": {"until_date": 0}}
        if status == "administrator":
            rights = [name for name in TYPES["ChatMemberAdministrator"] if name.startswith("can_")]
            more[status] = dict.fromkeys(rights, True) | {"is_anonymous": False}
        return {"status": status, "user": user, **more.get(status, {})}

    # Updates.

    def message(
        self,
        text: str | None = None,
        *,
        chat: Json | None = None,
        user: Json | None = None,
        **content: Any,
    ) -> Json:
        """Return the update of a new message, with a text or other content."""
        user = user or ADA
        chat = chat or private_chat(user)
        if text is not None:
            content["text"] = text
        numbers = {"message_id": self.new_message_id(), "date": int(self.now())}
        return {"message": {**numbers, "from": user, "chat": chat, **content}}

    def send(self, update: Json, bot: Bot | None = None) -> int:
        """Send an update to a bot, by default the first, and return its id.

        It may lack what the Bot API requires, but for what keeps it: then it raises KeyError.
        """
        bot = bot or self.bot
        update = {"update_id": next(self.update_ids), **update}
        self.watch_updates(update, bot)
        kind = kind_of(update)
        content: Json = update.get(kind) or {}
        with self.changed:
            if kind in QUERIES:
                bot.queries[content["id"]] = kind, content
            if isinstance(content.get("id"), str) and "from" in content:
                bot.askers[content["id"]] = content["from"]["id"]
            chat = content.get("chat") or content.get("message", {}).get("chat")
            sender = content.get("from") or content.get("user")
            if sender and not sender.get("is_bot"):
                self.people.setdefault(sender["id"], sender)
            if id := content.get("business_connection_id"):
                owner = {"id": 4444, "is_bot": False, "first_name": "Owner"}  # if it isn't known
                bot.businesses.setdefault(id, self.connection(owner, id))
                bot.business_chats[id, content["chat"]["id"]] = content["chat"]
            elif chat:
                bot.chats[chat["id"]] = chat
            if kind in MESSAGES:
                self.keep(content)
            why = self.why_withheld(update, bot)
            if not bot.outbox.wants(update):
                asked = bot.outbox.info.get("allowed_updates", ["what Telegram chooses"])
                why = f"the bot doesn't get this {kind}: it asked for {', '.join(asked)}"
            elif why:
                why = f"kept from the bot: {why}"
            self.events.append(Sent(deep_copy(update), bot.id, why))
            if not why:
                bot.outbox.put(line_of(update), update)
            self.changed.notify_all()
        return int(update["update_id"])

    def why_withheld(self, update: Json, bot: Bot) -> str:
        """Return why a bot doesn't get an update that it asked for, or nothing.

        Sources: https://core.telegram.org/bots/features#privacy-mode, and for other update types
        https://core.telegram.org/bots/api#update.
        """
        kind = kind_of(update)
        content: Json = update[kind]
        chat = content.get("chat", {})
        if chat.get("type") not in ("group", "supergroup"):
            return ""
        if self.member(chat, bot.user)["status"] == "administrator":
            return ""
        if kind in FOR_ADMINISTRATORS:
            return f"only an administrator of the group gets {kind}"
        if kind not in ("message", "edited_message") or chat["id"] in bot.open_groups:
            return ""
        if CONTENT.isdisjoint(content) or self._is_meant(bot, content):
            return ""
        return f"in privacy mode it gets only {IN_PRIVACY_MODE}, unless it is an administrator"

    def _is_meant(self, bot: Bot, message: Json) -> bool:
        """Tell whether a message is meant for a bot: by itself, or by what it replies to."""
        if message.get("via_bot", {}).get("id") == bot.id:
            return True
        if replied := message.get("reply_to_message"):
            key = message["chat"]["id"], replied.get("message_id", 0)
            original: Json = self.messages.get(key) or replied
            sender = (original.get("via_bot") or original.get("from") or {}).get("id")
            original = {"chat": message["chat"], **original}
            if sender == bot.id or self._is_meant(bot, original):
                return True
        if not (command := COMMAND.match(message.get("text") or message.get("caption") or "")):
            return False
        _, at, name = command[0].partition("@")
        return not at or bool(name.lower() == bot.me["username"].lower())

    def connection(self, user: Json, id: str = "") -> Json:
        """Return a connection with a person's business account, with all rights."""
        about = {"id": id or self.new_id(), "user": user, "user_chat_id": user["id"]}
        rights = dict.fromkeys(TYPES["BusinessBotRights"], True)
        return {**about, "date": int(self.now()), "is_enabled": True, "rights": rights}

    def revoke(self, token: str) -> None:
        """Give the first bot another token, as @BotFather's /revoke does. It has no webhook yet.

        Telegram's own server keeps a webhook with its token; this isn't documented.
        """
        with self.changed:
            self.bot.token = token
            self.bot.outbox.set({"url": ""}, "")

    def pending(self) -> int:
        """Return how many updates wait to be delivered, to all bots."""
        return sum(bot.outbox.pending() for bot in self.bots)

    def wait(self, condition: Callable[[], Any], timeout: float = 300.0) -> Any:
        """Wait until a condition is true, and return its value. Raises TimeoutError.

        The time-out is for something that never happens: on a busy machine the rest takes minutes.
        """
        with self.changed:
            value = self.changed.wait_for(condition, timeout)
        if not value:
            raise TimeoutError(f"nothing happened within {timeout:g} s")
        return value

    def stop(self) -> None:
        """Stop delivering."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    # People's actions.

    def press(self, chat_id: int, message_id: int, data: str, user: Json = ADA) -> None:
        """Tap a button of a bot's message."""
        message = self.messages[chat_id, message_id]
        query = {"id": self.new_id(), "from": user, "chat_instance": f"{chat_id}", "data": data}
        messages = [*self.inline_messages.items()]
        inline = [id for id, key in messages if key == (chat_id, message_id)]
        copy = deep_copy(message)
        about: Json = {"inline_message_id": inline[0]} if inline else {"message": copy}
        via: Json = message.get("sender_business_bot") or message.get("via_bot") or {}
        sender: Json = via or message["from"]
        self.send({"callback_query": {**query, **about}}, self.bot_by_id(sender["id"]))

    def stop_draft(self, chat_id: int, draft_id: int, bot: Bot | None = None) -> None:
        """Tap the stop button of a draft.

        Raises ValueError if there is no such draft, or no button.
        """
        bot = bot or self.bot
        draft = bot.drafts.get((chat_id, draft_id), {})
        if not draft.get("can_stop"):
            raise ValueError("the bot writes nothing that can be stopped")
        if not draft.get("keep_on_stop"):
            del bot.drafts[chat_id, draft_id]
        thread = {name: draft[name] for name in ("message_thread_id",) if name in draft}
        stopped = {"chat": bot.chats[chat_id], "draft_id": draft_id, **thread}
        self.send({"stopped_message_generation": stopped}, bot)

    def open_page(self, user: Json = ADA, bot: Bot | None = None) -> str:
        """Open a Mini App in the private chat, and return its initData: who opened it, signed.

        It is opened by an inline button or the menu button: a keyboard's button gives no initData.
        """
        bot, chat = bot or self.bot, private_chat(user)
        with self.changed:
            bot.chats.setdefault(chat["id"], chat)  # opening a page allows the bot to write
        return mini_app.launch_data(bot.token, user, self.now())

    # Deliveries.

    def taken(self, delivery: Delivery) -> None:
        """Make the call that a webhook's answer may hold. Nobody gets its result.

        Source: https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        params = bot_api.parsed(delivery.body)
        method = params.pop("method", "") if isinstance(params, dict) else ""
        if not isinstance(method, str) or method.lower().startswith(NOT_IN_A_RESPONSE):
            return
        if method:
            self.answer(method, params, delivery.number, bot=self.bot_by_id(delivery.bot))

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
            name: {"name": each.name, "size": len(each.data), "content_type": each.content_type}
            for name, each in uploads.items()
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
                request = Request(self, bot, call.method, params, uploads, call.changes, call.hints)
                result = deep_copy(methods.carry_out(request))  # the message may be edited later
                call.answer = {"ok": True, "result": result}
        except Refusal as refusal:
            call.status, call.answer = refusal.code, refusal.answer
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
