"""The bot that the tests run, so that they hold whatever lambda/bot.py says."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

COMMANDS = {"start": "What this bot does"}


def reply(update: Json) -> list[Json]:
    """Answer text with text and a press with a notice, and copy everything else."""
    if "callback_query" in update:
        query = update["callback_query"]["id"]
        return [{"method": "answerCallbackQuery", "callback_query_id": query, "text": "Pressed."}]
    if "message" not in update:
        return []
    message = update["message"]
    chat = message["chat"]["id"]
    if "text" not in message:
        source = {"from_chat_id": chat, "message_id": message["message_id"]}
        return [{"method": "copyMessage", "chat_id": chat, **source}]
    call = {"method": "sendMessage", "chat_id": chat, "text": f"Heard: {message['text']}"}
    if message["text"] == "/start":
        button = {"text": "Press", "callback_data": "pressed"}
        call["reply_markup"] = {"inline_keyboard": [[button]]}
    return [call]


HANDLED = {"message": reply, "callback_query": reply}
