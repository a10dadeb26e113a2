"""The bot that the tests run, so that they pass with any lambda/bot.py."""

from __future__ import annotations

from botkit.types import Json

COMMANDS = {"start": "What this bot does"}


def reply(update: Json) -> list[Json]:
    """Answer a text with a text, and copy other messages."""
    if "message" not in update:
        return []
    message = update["message"]
    to = {"chat_id": message["chat"]["id"]}
    if "text" not in message:
        source = {"from_chat_id": to["chat_id"], "message_id": message["message_id"]}
        return [{"method": "copyMessage", **to, **source}]
    text = message["text"]
    return [{"method": "sendMessage", **to, "text": "Heard: " + text}]


ALLOWED_UPDATES = {"message": reply, "callback_query": reply}
