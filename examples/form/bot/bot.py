"""A bot that books a table: it asks three questions, one after the other."""

from botkit import conversation
from botkit.commands import command_in
from botkit.conversation import ask

SESSION = "chat"  # reply() gets a chat's dict
ALLOWED_UPDATES = ["message"]
COMMANDS = {"start": "Book a table", "cancel": "Forget my answers"}


def book(message):
    name = yield ask("name", say(message, "What is your name?"))
    day = yield ask("day", say(message, "Which day?"))
    people = yield ask("people", say(message, "How many people?"))
    return say(message, f"Thank you, {name}: a table on {day} for {people}.")


def fallback(update, session):
    message = update["message"]
    if command_in(message.get("text")) == "cancel":
        return say(message, "I forgot your answers. Send /start to begin again.")
    return say(message, "Send /start to book a table.")


def say(message, text):
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]


def on_error(update):
    return say(update["message"], "Sorry, something went wrong.")


answer_form = conversation.handler({"/start": book}, fallback)


def reply(update, session):
    if update["message"]["chat"]["type"] != "private":  # in a group, SESSION = "chat_user" serves
        return []
    return answer_form(update, session)
