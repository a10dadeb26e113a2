"""Bots and what is known of them, people, and the updates that they send."""

from __future__ import annotations

import json
from typing import NamedTuple

from .bot_api import MEDIA, Json
from .delivery import Outbox

BOT = {
    "id": 1234567890,
    "is_bot": True,
    "first_name": "Echo",
    "username": "echo_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
}
# A message can be copied if it has one of these; service messages have none.
# https://core.telegram.org/bots/api#copymessage
COPYABLE = {*MEDIA, *"checklist contact dice game location poll rich_message story".split()}
COPYABLE |= {"text", "venue"}
# The update types that a method answers by their id.
QUERIES = ("callback_query", "inline_query")

ADA: Json = {"id": 4242, "is_bot": False, "first_name": "Ada", "language_code": "en"}
GRACE: Json = {**ADA, "id": 4343, "first_name": "Grace", "username": "grace"}


def private_chat(user: Json) -> Json:
    """Return a person's private chat with a bot. Its id is the person's."""
    names: Json = {
        name: user[name] for name in ("first_name", "last_name", "username") if name in user
    }
    return {"id": user["id"], "type": "private", **names}


def deep_copy(value: Json) -> Json:
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
        self.drafts: dict[tuple[int, int], Json] = {}  # by chat and draft id
        self.blocked: set[int] = set()  # chats of people who blocked it
        self.businesses: dict[str, Json] = {}  # connections by id
        self.business_chats: dict[tuple[str, int], Json] = {}  # by connection and chat
        self.open_groups: set[int] = set()  # groups that it joined without privacy mode

    @property
    def id(self) -> int:
        return int(self.me["id"])

    @property
    def user(self) -> Json:
        """The bot as a User."""
        return {name: self.me[name] for name in ("id", "is_bot", "first_name", "username")}
