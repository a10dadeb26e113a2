"""The bot in the function."""

from botkit import on_telebot
from handlers import bot

SESSION = "chat"
HANDLED = ["message", "callback_query"]
reply = on_telebot.reply_with(bot)
