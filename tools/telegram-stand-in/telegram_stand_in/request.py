"""A call, and the chats, messages, users, texts and keyboards in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .bot_api import QUERY_TOO_OLD, Json, Refusal
from .files import Upload
from .markup import normalize_link, parse_text
from .state import Bot, deep_copy

if TYPE_CHECKING:
    from .stand_in import Telegram

MAX_DATA_BYTES = 64  # bytes of a button's callback_data
MAX_BUTTONS = 300  # of a keyboard
MAX_IN_ROW = 12


@dataclass
class Request:
    """A call, with checked `params`, its visible `changes`, and `hints`: `Call` describes both."""

    telegram: Telegram
    bot: Bot
    method: str
    params: Json
    uploads: dict[str, Upload]
    changes: list[Json] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def get(self, name: str, default: Any = None) -> Any:
        return self.params.get(name, default)

    def change(self, kind: str, **about: Any) -> None:
        """Note a visible change, with a copy of its data."""
        self.changes.append({"kind": kind, **deep_copy(about)})


PLAYED: dict[str, Callable[[Request], Any]] = {}


def plays(*methods: str) -> Callable[[Callable[[Request], Any]], Callable[[Request], Any]]:
    """Register the methods that a function plays."""

    def register(function: Callable[[Request], Any]) -> Callable[[Request], Any]:
        PLAYED.update(dict.fromkeys(methods, function))
        return function

    return register


def bad(description: str) -> Refusal:
    return Refusal(400, f"Bad Request: {description}")


def chat_of(request: Request, name: str = "chat_id") -> Json:
    """Return the chat of a call, if the bot can see it. Raises Refusal."""
    wanted = request.get(name)
    if wanted is None:
        raise bad("chat_id is empty")
    if "business_connection_id" in request.params:
        connection = business_of(request)
        chat = request.bot.business_chats.get((connection["id"], wanted))
    else:
        chat = chat_named(request.bot, wanted)
    if chat is None:
        raise bad("chat not found")
    return chat


def business_of(request: Request) -> Json:
    """Return the business connection of a call. Raises Refusal."""
    connection = request.bot.businesses.get(request.params["business_connection_id"])
    if connection is None:
        raise bad("business connection not found")
    return connection


def chat_named(bot: Bot, name: Any) -> Json | None:
    """Return the chat that has an id or a username, if the bot can see it."""
    if name in bot.chats:
        return bot.chats[name]
    chats = [*bot.chats.values()]  # more may come meanwhile
    return next((chat for chat in chats if name == f"@{chat.get('username', '')}"), None)


def message_of(request: Request, what: str, chat: str = "chat_id") -> Json:
    """Return the message of a call. `what` completes the error: "to edit". Raises Refusal."""
    place = chat_of(request, chat)
    message = request.telegram.messages.get((place["id"], request.get("message_id", 0)))
    if message is None:
        raise bad(f"message {what} not found")
    return message


def user_of(request: Request) -> Json:
    """Return the person or bot of a call. Raises Refusal."""
    id = request.get("user_id", 0)
    if id <= 0:
        raise bad("invalid user_id specified")
    known = {bot.id: bot.user for bot in request.telegram.bots} | request.telegram.people
    if id not in known:
        raise bad("user not found")
    return known[id]


def take_query(request: Request, id: str, kind: str) -> Json:
    """Return a query that a call answers, which nobody can answer again. Raises Refusal."""
    with request.telegram.changed:
        known, query = request.bot.queries.get(id, ("", {}))
        if known != kind:
            raise bad(QUERY_TOO_OLD)
        del request.bot.queries[id]
    return query


def text_in(
    request: Request, source: Json, name: str, *, mode: str = "parse_mode", entities: str
) -> tuple[str, list[Json]]:
    """Return a text of a call or of an object in it, and its entities. Raises Mismatch."""
    users = request.telegram.people
    return parse_text(source.get(name, ""), source.get(mode, ""), source.get(entities, []), users)


def inline_keyboard(request: Request) -> Json:
    """Return the inline keyboard of a call, as a message's field. Raises Refusal."""
    markup = request.get("reply_markup", {})
    rows = markup.get("inline_keyboard")
    if rows is None:
        return {}
    kept = cap_rows(rows)
    for button in itertools.chain(*kept):
        check_button(button)
    return {"reply_markup": {"inline_keyboard": kept}} if kept else {}


def cap_rows(rows: list[list[Json]]) -> list[list[Json]]:
    """Return the rows of a keyboard that Telegram takes: it leaves out the rest.

    Source: https://github.com/tdlib/td, ReplyMarkup.cpp
    """
    kept: list[list[Json]] = []
    for row in rows:
        left = MAX_BUTTONS - sum(map(len, kept))
        if taken := row[: min(MAX_IN_ROW, left)]:
            kept.append(taken)
    return kept


def check_button(button: Json) -> None:
    """Check a button of an inline keyboard or of a rich message. Raises Refusal."""
    if len(button.get("callback_data", "").encode()) > MAX_DATA_BYTES:
        raise bad("BUTTON_DATA_INVALID")
    if not set(button) - {"text", "style", "icon_custom_emoji_id"}:
        what = "Text buttons are unallowed in the inline keyboard"
        raise bad(f"can't parse inline keyboard button: {what}")
    if (url := button.get("url")) is not None and not normalize_link(url):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def check_web_app(call: Json, chat: Json) -> None:
    """Check the buttons of a call's keyboard that open a page. Raises Refusal."""
    markup = call.get("reply_markup", {})
    for kind, refusal in (
        ("inline_keyboard", "BUTTON_TYPE_INVALID"),
        ("keyboard", "web App buttons can be used in private chats only"),
    ):
        for button in itertools.chain(*markup.get(kind, [])):
            if "web_app" in button and chat["type"] != "private":
                raise bad(refusal)
