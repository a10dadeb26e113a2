"""The bot of the defaults. Its answers say which release made them."""

RELEASE = "first"


def reply(update):
    if "callback_query" in update:
        query = update["callback_query"]
        chat_id = query["message"]["chat"]["id"]
        return [
            {"method": "answerCallbackQuery", "callback_query_id": query["id"]},
            {"method": "sendMessage", "chat_id": chat_id, "text": f"{RELEASE}: pressed"},
        ]
    message = update["message"]
    answer = {"method": "sendMessage", "chat_id": message["chat"]["id"]}
    answer["text"] = f"{RELEASE}: {message['text']}"
    if message["text"] == "button":
        button = {"text": "Press me", "callback_data": "press"}
        answer["reply_markup"] = {"inline_keyboard": [[button]]}
    return [answer]


ALLOWED_UPDATES = ["message", "callback_query"]
