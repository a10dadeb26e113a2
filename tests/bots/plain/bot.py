"""The bot that the tests run, so that they pass with any lambda/bot.py."""

from __future__ import annotations

from botkit.types import Json

COMMANDS = {"start": "What this bot does"}


def reply(update: Json) -> list[Json]:
    """Answer text with text and a press with a notice, and copy everything else."""
    if "callback_query" in update:
        query = update["callback_query"]["id"]
        return [{"method": "answerCallbackQuery", "callback_query_id": query, "text": "Pressed."}]
    if "message" not in update:
        return []
    message = update["message"]
    to = {"chat_id": message["chat"]["id"]}
    if message.get("is_topic_message"):
        to["message_thread_id"] = message["message_thread_id"]
    if "text" not in message:
        source = {"from_chat_id": to["chat_id"], "message_id": message["message_id"]}
        return [{"method": "copyMessage", **to, **source}]
    text = message["text"]
    call = {"method": "sendMessage", **to, "text": "Heard: " + text}
    if text == "/start":
        button = {"text": "Press", "callback_data": "pressed"}
        call["reply_markup"] = {"inline_keyboard": [[button]]}
    return [call]


ALLOWED_UPDATES = {"message": reply, "callback_query": reply}
