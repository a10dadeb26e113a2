"""A newsletter: all who subscribed get a copy of the message that the owner answers with /send."""

import newsletter
import subscribers
from botkit.commands import command_in
from newsletter import OWNER

on_event = newsletter.take_step  # the module schedules them

ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"]
COMMANDS = {"subscribe": "Get the newsletter", "unsubscribe": "Get it no longer"}
FAILED = "Sorry, something went wrong."


def reply(update):
    if query := update.get("callback_query"):
        text = "Only the owner can send it."  # anyone may forge a tap, with any data
        if query["from"]["id"] == OWNER:
            source, total = map(int, query["data"].split())
            text = newsletter.begin(query["message"]["message_id"], source, total)
        return [{"method": "answerCallbackQuery", "callback_query_id": query["id"], "text": text}]
    if member := update.get("my_chat_member"):
        if member["new_chat_member"]["status"] == "kicked":  # the person blocked the bot
            subscribers.remove(member["chat"]["id"])
        return []
    message = update["message"]
    if message["chat"]["type"] != "private":
        return []
    command, person = command_in(message.get("text")), message["chat"]["id"]
    call = {"method": "sendMessage", "chat_id": person, "text": "/subscribe to the newsletter."}
    if command == "subscribe":
        subscribers.add(person)
        call["text"] = "You get the newsletter now. /unsubscribe ends that."
    elif command == "unsubscribe":
        subscribers.remove(person)
        call["text"] = "You don't get the newsletter any more."
    elif person == OWNER and command == "send" and "reply_to_message" in message:
        call |= question(message["reply_to_message"]["message_id"])
    elif person == OWNER:
        call["text"] = "Answer the message that all should get with /send."
        if command == "stop":
            call["text"] = newsletter.stop()
    return [call]


def question(source):
    total = subscribers.count()
    button = {"text": f"Send it to {total:,}", "callback_data": f"{source} {total}"}
    about = {"reply_parameters": {"message_id": source}, "text": "Should all get this message?"}
    return {**about, "reply_markup": {"inline_keyboard": [[button]]}}


def on_error(update):
    if query := update.get("callback_query"):
        toast = {"callback_query_id": query["id"], "text": FAILED}
        return [{"method": "answerCallbackQuery", **toast}]
    if "message" not in update:
        return []
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": FAILED}]
