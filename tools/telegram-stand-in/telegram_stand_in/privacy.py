"""What a bot doesn't get in a group: most messages, unless it is an administrator.

Sources: https://core.telegram.org/bots/features#privacy-mode, and for other update types
https://core.telegram.org/bots/api#update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bot_api import Json
from .delivery import kind_of
from .entities import COMMAND
from .state import COPYABLE, Bot

if TYPE_CHECKING:
    from .stand_in import Telegram

FOR_ADMINISTRATORS = "chat_join_request chat_member message_reaction message_reaction_count".split()
# Messages with one of these are a person's. All others report an event, which every bot gets.
CONTENT = COPYABLE | {"invoice", "paid_media"}
ONLY = "commands, replies to it and messages sent via it"


def why_withheld(telegram: Telegram, update: Json, bot: Bot) -> str:
    """Return why Telegram doesn't give an update to a bot, or nothing."""
    kind = kind_of(update)
    content: Json = update[kind]
    chat = content.get("chat", {})
    if chat.get("type") not in ("group", "supergroup"):
        return ""
    if telegram.member(chat, bot.user)["status"] == "administrator":
        return ""
    if kind in FOR_ADMINISTRATORS:
        return f"only an administrator of the group gets {kind}"
    if kind not in ("message", "edited_message") or chat["id"] in bot.open_groups:
        return ""
    if CONTENT.isdisjoint(content) or _is_meant(telegram, bot, content):
        return ""
    return f"in privacy mode it gets only {ONLY}, unless it is an administrator"


def _is_meant(telegram: Telegram, bot: Bot, message: Json) -> bool:
    """Tell whether a message is meant for a bot: by itself, or by what it replies to."""
    place = message["chat"]["id"]
    if message.get("via_bot", {}).get("id") == bot.id:
        return True
    replied = message.get("reply_to_message")
    if replied:
        key = place, replied.get("message_id", 0)
        original: Json = telegram.messages.get(key) or replied
        sender = (original.get("via_bot") or original.get("from") or {}).get("id")
        original = {"chat": message["chat"], **original}
        if sender == bot.id or _is_meant(telegram, bot, original):
            return True
    if not (command := COMMAND.match(message.get("text") or message.get("caption") or "")):
        return False
    _, at, name = command[0].partition("@")
    return not at or bool(name.lower() == bot.me["username"].lower())
