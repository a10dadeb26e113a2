"""A bot that answers an album once, and the message of this benchmark, which is in none."""

SESSION = "chat"
TOGETHER = "albums"
HANDLED = ["message"]


def reply(update, session):
    message = update["message"]
    text = f"You said: {message['text']}"
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]
