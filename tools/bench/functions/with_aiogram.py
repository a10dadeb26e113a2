"""An echo bot with aiogram. The event loop outlives an invocation."""

import asyncio
import json
import os

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

SECRET = os.environ["TELEGRAM_WEBHOOK_SECRET"]
loop = asyncio.new_event_loop()
dispatcher = Dispatcher()
bot = Bot(
    os.environ["TELEGRAM_BOT_TOKEN"],
    session=AiohttpSession(api=TelegramAPIServer.from_base(os.environ["TELEGRAM_API_URL"])),
)


@dispatcher.message(F.text)
async def echo(message):
    await message.answer("You said: " + message.text)


def handler(event, context):
    if event["headers"].get("x-telegram-bot-api-secret-token") != SECRET:
        return {"statusCode": 401}
    loop.run_until_complete(dispatcher.feed_raw_update(bot, json.loads(event["body"])))
    return {"statusCode": 200}
