"""The bot, polled by telebot itself."""

import os

from handlers import bot
from telebot import apihelper

apihelper.API_URL = os.environ["TELEGRAM_API_URL"] + "/bot{0}/{1}"
apihelper.FILE_URL = os.environ["TELEGRAM_API_URL"] + "/file/bot{0}/{1}"
bot.infinity_polling()
