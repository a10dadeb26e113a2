"""A bot that takes reports of what is wrong."""

COMMANDS = {"start": "Report a problem"}


def reply(update):
    message = update["message"]
    asked = message.get("text") == "/start"
    text = "What is wrong?" if asked else "Thank you. Somebody will look at it."
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]


HANDLED = {"message": reply}
