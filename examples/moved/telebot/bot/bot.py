"""A birthday bot: /add asks for a name and a day, /list shows all."""

import on_telebot
import telebot

bot = telebot.TeleBot("1:unused")


@bot.message_handler(commands=["start"])
def start(message):
    bot.send_message(message.chat.id, "/add a birthday, or /list all.")


@bot.message_handler(commands=["add"])
def add(message):
    bot.send_message(message.chat.id, "Whose birthday?")
    bot.register_next_step_handler(message, name)


def name(message):
    bot.send_message(message.chat.id, f"When is {message.text}'s birthday?")
    bot.register_next_step_handler(message, day, message.text)


def day(message, who):
    bot.set_state(message.chat.id, "knows")
    with bot.retrieve_data(message.chat.id) as data:
        data.setdefault("birthdays", []).append(f"{who}: {message.text}")
    bot.send_message(message.chat.id, "I will remember.")


@bot.message_handler(commands=["list"])
def show(message):
    with bot.retrieve_data(message.chat.id) as data:
        known = data.get("birthdays", [])
    bot.send_message(message.chat.id, "\n".join(known) or "I know no birthdays.")


SESSION = "chat"
reply = on_telebot.make_reply(bot)
ALLOWED_UPDATES = ["message"]
COMMANDS = {"add": "Add a birthday", "list": "Show all"}


def on_error(update):
    text = "Sorry, something went wrong."
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": text}]
