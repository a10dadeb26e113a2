"""A bot of python-telegram-bot's that counts the messages of a chat."""

from botkit import on_ptb
from telegram.ext import MessageHandler, filters


async def echo(update, context):
    count = context.chat_data["count"] = context.chat_data.get("count", 0) + 1
    await update.message.reply_text(f"You said: {update.message.text} ({count})")


def build(builder):
    application = builder.build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    return application


reply = on_ptb.reply_with(build)
HANDLED = ["message"]
SESSION = "chat"
