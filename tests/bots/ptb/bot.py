"""A bot with a command, a button, conversations, a photo and a filter, by python-telegram-bot.

It also runs as a program: then python-telegram-bot polls.
"""

import os

from botkit import on_ptb
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    ApplicationBuilder,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    CommandHandler,
    ConversationHandler,
    DictPersistence,
    MessageHandler,
    TypeHandler,
    filters,
)

DISH, NUMBER, ANSWER = range(3)


async def ignore(update, context):
    if update.message and (update.message.text or "").startswith("ignore"):
        raise ApplicationHandlerStop


async def start(update, context):
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Press", callback_data="press")]])
    name = update.effective_user.first_name
    await update.effective_chat.send_message(f"Hello, {name}", reply_markup=keyboard)


async def press(update, context):
    await update.callback_query.answer("Thank you")
    await update.callback_query.edit_message_text("Pressed")


async def order(update, context):
    await update.effective_chat.send_message("What would you like?")
    return DISH


async def dish(update, context):
    context.user_data["dish"] = update.message.text
    await update.effective_chat.send_message("How many?")
    return NUMBER


async def number(update, context):
    await update.effective_chat.send_message(
        f"{update.message.text} × {context.user_data.pop('dish')}"
    )
    return ConversationHandler.END


async def no_number(update, context):
    await update.effective_chat.send_message("A number, please.")


async def quiz(update, context):
    context.chat_data["asked"] = context.chat_data.get("asked", 0) + 1
    await update.effective_chat.send_message("2 + 2?")
    return ANSWER


async def check_answer(update, context):
    right = "Right" if update.message.text == "4" else "Wrong"
    await update.effective_chat.send_message(f"{right}, {update.effective_user.first_name}")
    return ConversationHandler.END


async def photo(update, context):
    file = await update.message.photo[-1].get_file()
    data = bytes(await file.download_as_bytearray())
    await update.effective_chat.send_photo(data, caption=f"{len(data)} bytes")


async def other(update, context):
    await update.effective_chat.send_message("Nothing to do.")


def build(builder):
    application = builder.build()
    text = filters.TEXT & ~filters.COMMAND
    application.add_handler(TypeHandler(Update, ignore), group=-1)
    application.add_handlers(
        [
            ConversationHandler(
                [CommandHandler("order", order)],
                {
                    DISH: [MessageHandler(text, dish)],
                    NUMBER: [
                        MessageHandler(filters.Regex("^[0-9]+$"), number),
                        MessageHandler(text, no_number),
                    ],
                },
                [],
                name="order",
                persistent=True,
            ),
            ConversationHandler(
                [CommandHandler("quiz", quiz)],
                {ANSWER: [MessageHandler(text, check_answer)]},
                [],
                name="quiz",
                persistent=True,
            ),
            CommandHandler("start", start),
            CallbackQueryHandler(press),
            MessageHandler(filters.PHOTO, photo),
            MessageHandler(filters.ALL, other),
        ]
    )
    return application


reply = on_ptb.reply_with(build)
HANDLED = ["message", "callback_query"]
SESSION = "chat"

if __name__ == "__main__":
    api = os.environ["TELEGRAM_API_URL"]
    builder = ApplicationBuilder().token(os.environ["TELEGRAM_BOT_TOKEN"])
    builder.base_url(f"{api}/bot").base_file_url(f"{api}/file/bot")
    build(builder.persistence(DictPersistence())).run_polling()
