"""An echo bot with python-telegram-bot. The event loop outlives an invocation."""

import asyncio
import json
import os

from telegram import Update
from telegram.ext import Application, MessageHandler, filters

SECRET = os.environ["TELEGRAM_WEBHOOK_SECRET"]
application = (
    Application.builder()
    .token(os.environ["TELEGRAM_BOT_TOKEN"])
    .base_url(os.environ["TELEGRAM_API_URL"] + "/bot")
    .updater(None)
    .build()
)


async def echo(update, context):
    await update.message.reply_text("You said: " + update.message.text)


application.add_handler(MessageHandler(filters.TEXT, echo))
loop = asyncio.new_event_loop()
loop.run_until_complete(application.initialize())


def handler(event, context):
    if event["headers"].get("x-telegram-bot-api-secret-token") != SECRET:
        return {"statusCode": 401}
    update = Update.de_json(json.loads(event["body"]), application.bot)
    loop.run_until_complete(application.process_update(update))
    return {"statusCode": 200}
