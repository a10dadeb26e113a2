"""What Telegram knows: the bots with their settings, people, chats and the messages in them."""

from __future__ import annotations

import itertools
import json
import math
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from .bot_api import TYPES, Json
from .delivery import Delivery, Outbox, Post, kind_of, line_of
from .files import Files

BOT = {
    "id": 1234567890,
    "is_bot": True,
    "first_name": "Echo",
    "username": "echo_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
}
# The kinds of update that a method answers by their id.
QUERIES = ("callback_query", "inline_query")
KEPT_MESSAGES = (
    "business_message",
    "channel_post",
    "edited_business_message",
    "edited_channel_post",
    "edited_message",
    "message",
)
# Of chats of others, to which a bot can't write by their ids alone.
OF_OTHERS = (
    "business_message",
    "deleted_business_messages",
    "edited_business_message",
)
# Fields without which an update of a kind can't be kept.
NEEDED = dict.fromkeys(QUERIES, ("id",)) | dict.fromkeys(KEPT_MESSAGES, ("message_id", "chat"))

ADA: Json = {"id": 4242, "is_bot": False, "first_name": "Ada", "language_code": "en"}
GRACE: Json = {
    "id": 4343,
    "is_bot": False,
    "first_name": "Grace",
    "username": "grace",
    "language_code": "en",
}


def private_chat(user: Json) -> Json:
    """Return a person's private chat with a bot. Its id is the person's."""
    return {"id": user["id"], "type": "private", "first_name": user["first_name"]}


def _check(update: Json) -> None:
    """Raise ValueError if an update has no content, or not what the world needs of it."""
    kind = kind_of(update)
    content = update.get(kind)
    if not isinstance(content, dict):
        told = 'an update must have its content in a field, such as {"message": {…}}'
        raise ValueError(f"{told}: {update!r}")
    needed = [*(name for name in NEEDED.get(kind, ()) if name not in content)]
    for name in ("chat", "from", "user"):
        about = content.get(name, {"id": 0})
        if not isinstance(about, dict) or "id" not in about:
            needed.append(f"{name}.id")
    if needed:
        raise ValueError(f"{kind} must have {' and '.join(needed)}: {content!r}")


def copied(value: Json) -> Json:
    """Return a copy, which later changes don't affect."""
    return json.loads(json.dumps(value))  # type: ignore[no-any-return]


class Sent(NamedTuple):
    """An update of a bot. `unheard` is why the bot doesn't get it, or nothing."""

    update: Json
    bot: int
    unheard: str


class Bot:
    """A bot, its settings and its outbox. Its token can change, its id can't."""

    def __init__(self, token: str, me: Json, outbox: Outbox) -> None:
        self.token = token
        self.me = me
        self.outbox = outbox
        self.chats: dict[int, Json] = {}  # those that it can write to
        self.queries: dict[str, tuple[str, Json]] = {}  # unanswered, with their kinds
        self.askers: dict[str, int] = {}  # who asked, by the ids of queries, answered or not
        self.inline_answers: dict[str, Json] = {}  # by query: the parameters of the answer
        self.commands: dict[tuple[str, str], list[Json]] = {}  # by scope and language
        self.menu_buttons: dict[int, Json] = {}  # by chat; 0: everywhere else
        self.web_app_queries: dict[str, Json] = {}  # of pages that were opened: the user and chat
        self.drafts: dict[tuple[int, int], Json] = {}  # by chat and draft id
        self.blocked: set[int] = set()  # chats of people who blocked it
        self.businesses: dict[str, Json] = {}  # connections by id
        self.business_written: dict[tuple[str, int], float] = {}  # when somebody wrote there last
        self.business_chats: dict[tuple[str, int], Json] = {}  # by connection and chat
        self.open_groups: set[int] = set()  # groups that it joined without privacy mode

    @property
    def id(self) -> int:
        return int(self.me["id"])

    @property
    def user(self) -> Json:
        """The bot as a User."""
        return {name: self.me[name] for name in ("id", "is_bot", "first_name", "username")}


class World:
    """All bots, people, chats and messages. `changed` guards them.

    `deliver` posts an update to a webhook, `pace` is how many seconds pass for one of Telegram's.
    """

    def __init__(self, token: str, deliver: Post, pace: float) -> None:
        self.changed = threading.Condition()
        self.stopped = False
        self.moved = 0.0  # seconds by which its clock is ahead of the machine's
        self.deliver = deliver
        self.pace = pace
        self.deliveries: list[Delivery] = []
        self.people: dict[int, Json] = {person["id"]: person for person in (ADA, GRACE)}
        self.messages: dict[tuple[int, int], Json] = {}
        self.inline_messages: dict[str, tuple[int, int]] = {}  # by id: where they are
        self.pins: dict[int, list[int]] = {}  # by chat: ids of messages, the latest last
        self.members: dict[tuple[int, int], Json] = {}  # by chat and user, if not the default
        self.bots_in_groups = "administrator"  # their status, if `members` doesn't say it
        self.last_bots: dict[int, int] = {}  # by chat: the bot that wrote last
        self.reactions: dict[tuple[int, int, int], list[Json]] = {}  # by chat, message and user
        self.votes: dict[tuple[str, int], list[int]] = {}  # by poll and user
        self.closed_topics: set[tuple[int, int]] = set()  # by chat and topic
        self.invoices: dict[tuple[int, int], Json] = {}  # by chat and message: sendInvoice's
        self.invoice_links: dict[str, tuple[Bot, Json]] = {}  # by URL: createInvoiceLink's
        self.checkouts: dict[str, Any] = {}  # by query: payments that a bot has to confirm
        self.charges: dict[str, Any] = {}  # by id: payments
        self.refunded: set[str] = set()  # ids of charges
        self.events: list[Any] = []  # all calls, what people did (`Sent`), and notes, in order
        self.files = Files()
        self._numbers = itertools.count(1)
        self.update_ids = itertools.count(900000001)
        self._message_ids = itertools.count(1)
        self._ids = itertools.count(5213)
        self.bots: list[Bot] = []
        self.bot = self.add_bot(token)

    # For a subclass to observe.

    def tell(self, delivery: Delivery) -> None:
        """Called with each delivery, when it begins and when it is over."""

    def taken(self, delivery: Delivery) -> None:
        """Called with each delivery that the webhook accepted, before the next one begins."""

    def sent(self, update: Json, bot: Bot) -> None:
        """Called with each update and its bot, before it is delivered."""

    def kept_back(self, update: Json, bot: Bot) -> str:
        """Return why a bot doesn't get an update that it asked for, or nothing."""
        return ""

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
            self.taken,
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
        self.tell(delivery)

    # Time.

    def now(self) -> float:
        """Return the time, in seconds since 1970."""
        return time.time() + self.moved

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once: pauses before retries, ends of polls."""
        with self.changed:
            self.moved += seconds
            for bot in self.bots:
                bot.outbox.advance(seconds)
            messages = [*self.messages.values()]
            self.changed.notify_all()
        for message in messages:
            poll = message.get("poll", {"is_closed": True})
            ends = poll.get("close_date") or message["date"] + poll.get("open_period", math.inf)
            if not poll["is_closed"] and ends <= self.now():
                poll["is_closed"] = True
                self.send({"poll": copied(poll)}, self.bot_by_id(message["from"]["id"]))

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
        if user["is_bot"] and chat["type"] != "private":
            is_group = chat["type"] in ("group", "supergroup")
            return self.member_as(self.bots_in_groups if is_group else "administrator", user)
        if user["id"] == ADA["id"] and chat["type"] != "private":
            return self.member_as("creator", user)
        return self.member_as("member", user)

    def member_as(self, status: str, user: Json) -> Json:
        """Return a user as a ChatMember with a status, and with all rights."""
        if status == "administrator":
            rights = (
                "can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members "
                "can_promote_members can_change_info can_invite_users can_post_stories "
                "can_edit_stories can_delete_stories can_pin_messages can_send_welcome_messages"
            )
            flags = {"can_be_edited": False, "is_anonymous": False}
            flags |= dict.fromkeys(rights.split(), True)
            return {"status": status, "user": user, **flags}
        more: dict[str, Json] = {"creator": {"is_anonymous": False}, "kicked": {"until_date": 0}}
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

        It may lack what the Bot API requires, but for what keeps it: then it raises ValueError.
        """
        bot = bot or self.bot
        _check(update)
        update = {"update_id": next(self.update_ids), **update}
        self.sent(update, bot)
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
            elif chat and kind not in OF_OTHERS:
                bot.chats[chat["id"]] = chat
            if kind in KEPT_MESSAGES:
                self.keep(content)
            why = self.kept_back(update, bot)
            if not bot.outbox.wants(update):
                asked = bot.outbox.info.get("allowed_updates", ["what Telegram chooses"])
                why = f"the bot doesn't get this {kind}: it asked for {', '.join(asked)}"
            elif why:
                why = f"kept from the bot: {why}"
            self.events.append(Sent(copied(update), bot.id, why))
            if not why:
                bot.outbox.put(line_of(update), update)
            self.changed.notify_all()
        return int(update["update_id"])

    def _learn_business(self, bot: Bot, content: Json) -> None:
        """Let a bot write to a chat of a business account, whose connection it may not know yet."""
        id, chat = content["business_connection_id"], content["chat"]
        owner = {"id": 4444, "is_bot": False, "first_name": "Owner"}
        bot.businesses.setdefault(id, self.connection(owner, id))
        bot.business_chats[id, chat["id"]] = chat
        if content.get("from", owner)["id"] != bot.businesses[id]["user"]["id"]:
            bot.business_written[id, chat["id"]] = self.now()

    def connection(self, user: Json, id: str = "", rights: Json | None = None) -> Json:
        """Return a connection with a person's business account: by default, with all rights."""
        about = {"id": id or self.new_id(), "user": user, "user_chat_id": user["id"]}
        rights = dict.fromkeys(TYPES["BusinessBotRights"], True) | (rights or {})
        kept = {name: True for name in rights if rights[name]}
        return {**about, "date": int(self.now()), "is_enabled": True, "rights": kept}

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
