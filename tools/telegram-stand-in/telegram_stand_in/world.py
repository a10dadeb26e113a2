"""Telegram's chats, people and bots, and the updates that it sends."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

from . import mini_app, privacy
from .bot_api import TYPES, Json
from .delivery import MESSAGES, Delivery, Outbox, Post, kind_of, line_of, post
from .files import Files
from .state import ADA, BOT, GRACE, QUERIES, Bot, Sent, deep_copy, private_chat


def name_of(chat: Json) -> str:
    return str(chat.get("title") or chat.get("first_name") or chat["type"])


class World:
    """Telegram's chats, people and updates, as bots and people see them.

    It begins with one bot; `add_bot` adds more. `deliver` posts an update to a webhook. `pace` is
    how many seconds pass for one of Telegram's: 0.01 makes its back-off a hundred times as fast.
    `watch` is called with each `Delivery` when it begins and when it is over, and with each `Call`
    when it is over; `watch_updates` with each update and its bot, before it is delivered.
    """

    def __init__(
        self,
        token: str,
        *,
        deliver: Post = post,
        pace: float = 1.0,
    ) -> None:
        self.changed = threading.Condition()
        self.stopped = False
        self.moved = 0.0  # seconds by which its clock is ahead of the machine's
        self.deliver = deliver
        self.pace = pace
        self.deliveries: list[Delivery] = []
        self.people: dict[int, Json] = {person["id"]: person for person in (ADA, GRACE)}
        self.messages: dict[tuple[int, int], Json] = {}
        self.inline_messages: dict[str, tuple[int, int]] = {}  # by id: where they are
        self.members: dict[tuple[int, int], Json] = {}  # by chat and user, if not the default
        self.bots_in_groups = "administrator"  # their status, if `members` doesn't say it
        self.reactions: dict[tuple[int, int, int], list[Json]] = {}  # by chat, message and user
        self.votes: dict[tuple[str, int], list[int]] = {}  # by poll and user
        self.invoices: dict[tuple[int, int], Json] = {}  # by chat and message: what tells of them
        self.checkouts: dict[str, Any] = {}  # by query: payments that a bot has to confirm
        self.charges: dict[str, Any] = {}  # by id: payments
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
        outbox = Outbox(
            me["id"],
            self.changed,
            self.pace,
            lambda *request: self.deliver(*request),
            self._note,
            self._taken,
        )
        bot = Bot(token, me, outbox)
        with self.changed:
            self.bots.append(bot)
        return bot

    def bot_of(self, token: str) -> Bot | None:
        """Return the bot that has a token."""
        return next((bot for bot in self.bots if bot.token == token), None)

    def bot_by_id(self, id: int) -> Bot:
        """Return a bot. Raises StopIteration if there is none."""
        return next(bot for bot in self.bots if bot.id == id)

    def _note(self, delivery: Delivery) -> None:
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
            for bot in self.bots:
                bot.outbox.advance(seconds)
            self.changed.notify_all()

    # Events in chats.

    def new_id(self) -> str:
        """Return a unique id, for a query, a poll …"""
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
            if "business_connection_id" in content:
                self._learn_business(bot, content)
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
        """Return why a bot doesn't get an update that it asked for, or nothing."""
        return privacy.why_withheld(bot, update, self.messages, self.member)

    def _learn_business(self, bot: Bot, content: Json) -> None:
        """Let a bot write to a chat of a business account, whose connection it may not know yet."""
        id, chat = content["business_connection_id"], content["chat"]
        owner = {"id": 4444, "is_bot": False, "first_name": "Owner"}
        bot.businesses.setdefault(id, self.connection(owner, id))
        bot.business_chats[id, chat["id"]] = chat

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
            for bot in self.bots:
                bot.outbox.stop()
            self.changed.notify_all()

    def _taken(self, delivery: Delivery) -> None:
        """Called with each delivery that a webhook accepted."""

    # People's actions.

    def press(self, chat_id: int, message_id: int, data: str, user: Json = ADA) -> str:
        """Tap a button of a bot's message, and return the id of the query."""
        message = self.messages[chat_id, message_id]
        query = {"id": self.new_id(), "from": user, "chat_instance": f"{chat_id}", "data": data}
        messages = [*self.inline_messages.items()]
        inline = [id for id, key in messages if key == (chat_id, message_id)]
        copy = deep_copy(message)
        about: Json = {"inline_message_id": inline[0]} if inline else {"message": copy}
        via: Json = message.get("sender_business_bot") or message.get("via_bot") or {}
        sender: Json = via or message["from"]
        self.send({"callback_query": {**query, **about}}, self.bot_by_id(sender["id"]))
        return str(query["id"])

    def stop_draft(self, chat_id: int, draft_id: int, bot: Bot | None = None) -> int:
        """Tap the stop button of a draft, and return the update's id.

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
        return self.send({"stopped_message_generation": stopped}, bot)

    def open_page(self, user: Json = ADA, bot: Bot | None = None) -> str:
        """Open a Mini App in the private chat, and return its initData: who opened it, signed.

        It is opened by an inline button or the menu button: a keyboard's button gives no initData.
        """
        bot, chat = bot or self.bot, private_chat(user)
        with self.changed:
            bot.chats.setdefault(chat["id"], chat)  # opening a page allows the bot to write
        return mini_app.launch_data(bot.token, user, self.now())
