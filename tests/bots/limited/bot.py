"""A bot that answers a person twice in ten minutes."""

from botkit.types import Call, Update

LIMIT = (2, 600)
HANDLED = ["message"]


def reply(update: Update) -> list[Call]:
    return [say(update, "Heard")]


def on_limit(update: Update) -> list[Call]:
    return [say(update, "Please wait ten minutes.")]


def say(update: Update, text: str) -> Call:
    return {"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": text}
