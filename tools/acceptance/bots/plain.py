"""The bot of the defaults. Its answers say which release made them."""

RELEASE = "first"


def reply(update):
    message = update["message"]
    answer = {"method": "sendMessage", "chat_id": message["chat"]["id"]}
    answer["text"] = f"{RELEASE}: {message['text']}"
    return [answer]


ALLOWED_UPDATES = ["message"]
