"""A bot of pyTelegramBotAPI's that counts the messages of a chat."""

import telebot
from botkit import on_telebot

bot = telebot.TeleBot("0:unused")


@bot.message_handler(content_types=["text"])
def echo(message):
    if bot.get_state(message.from_user.id, message.chat.id) is None:
        bot.set_state(message.from_user.id, "counts", message.chat.id)
    with bot.retrieve_data(message.from_user.id, message.chat.id) as data:
        data["count"] = data.get("count", 0) + 1
        count = data["count"]
    bot.send_message(message.chat.id, f"You said: {message.text} ({count})")


reply = on_telebot.reply_with(bot)
HANDLED = ["message"]
SESSION = "chat"
