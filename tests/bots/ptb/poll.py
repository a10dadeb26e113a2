"""The bot, polled by python-telegram-bot itself."""

import os

from handlers import build
from telegram.ext import ApplicationBuilder

api = os.environ["TELEGRAM_API_URL"]
builder = ApplicationBuilder().token(os.environ["TELEGRAM_BOT_TOKEN"]).base_url(f"{api}/bot")
build(builder.base_file_url(f"{api}/file/bot")).run_polling()
