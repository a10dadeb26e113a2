"""A birthday bot: /add asks for a name and a day, /list shows all."""

import logging
import os

import telebot

bot = telebot.TeleBot(os.environ["BOT_TOKEN"])
bot.enable_save_next_step_handlers(delay=2)
bot.load_next_step_handlers()
birthdays = {}  # by chat


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
    birthdays.setdefault(message.chat.id, []).append(f"{who}: {message.text}")
    bot.send_message(message.chat.id, "I will remember.")


@bot.message_handler(commands=["list"])
def show(message):
    known = birthdays.get(message.chat.id, [])
    bot.send_message(message.chat.id, "\n".join(known) or "I know no birthdays.")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    bot.remove_webhook()
    bot.set_my_commands(
        [
            telebot.types.BotCommand("add", "Add a birthday"),
            telebot.types.BotCommand("list", "Show all"),
        ]
    )
    bot.infinity_polling()
