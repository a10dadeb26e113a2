"""A bot that counts the messages of a chat."""

SESSION = "chat"
ALLOWED_UPDATES = ["message"]


def reply(update, session):
    session["count"] = session.get("count", 0) + 1
    message = update["message"]
    text = f"You said: {message['text']} ({session['count']})"
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]
