"""A bot that answers a person twice in ten minutes."""

LIMIT = (2, 600)
HANDLED = ["message"]


def reply(update):
    return [say(update, "Heard")]


def on_limit(update):
    return [say(update, "Please wait ten minutes.")]


def say(update, text):
    chat = update["message"]["chat"]["id"]
    return {"method": "sendMessage", "chat_id": chat, "text": text}
