"""A bot for python-telegram-bot, as its author has it: polled, or in the function."""

from __future__ import annotations

from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

WHAT, COUNT, NAME = range(3)
Context = ContextTypes.DEFAULT_TYPE


async def refuse_spam(update: Update, context: Context) -> None:
    """Let no other handler see spam."""
    message = update.effective_message
    if message and message.text and "spam" in message.text:
        raise ApplicationHandlerStop


async def start(update: Update, context: Context) -> None:
    assert update.message
    button = InlineKeyboardButton("Press", callback_data="pressed")
    await update.message.reply_text("Hello", reply_markup=InlineKeyboardMarkup([[button]]))


async def pressed(update: Update, context: Context) -> None:
    assert update.callback_query and update.effective_chat
    await update.effective_chat.send_message("Pressed")
    await update.callback_query.answer("Thank you")  # last: Telegram refuses to do it twice


async def count(update: Update, context: Context) -> None:
    """Count in the chat, and for the person in all chats."""
    assert update.message and context.chat_data is not None and context.user_data is not None
    context.chat_data["n"] = context.chat_data.get("n", 0) + 1
    context.user_data["n"] = context.user_data.get("n", 0) + 1
    await update.message.reply_text(
        f"{context.chat_data['n']} here, {context.user_data['n']} yours"
    )


async def order(update: Update, context: Context) -> int:
    assert update.message
    await update.message.reply_text("What?")
    return WHAT


async def what(update: Update, context: Context) -> int:
    assert update.message and context.user_data is not None
    context.user_data["what"] = update.message.text
    await update.message.reply_text("How many?")
    return COUNT


async def how_many(update: Update, context: Context) -> int:
    assert update.message and context.user_data is not None
    context.user_data["count"] = update.message.text
    await update.message.reply_text("For whom?")
    return NAME


async def name(update: Update, context: Context) -> int:
    assert update.message and context.user_data is not None
    ordered = f"{context.user_data.pop('count')} {context.user_data.pop('what')}"
    await update.message.reply_text(f"{ordered} for {update.message.text}")
    return ConversationHandler.END


async def cancel(update: Update, context: Context) -> int:
    assert update.message
    await update.message.reply_text("Forgotten")
    return ConversationHandler.END


async def photo(update: Update, context: Context) -> None:
    """Send a photo back as a file, and a picture with it."""
    assert update.message
    file = await update.message.photo[-1].get_file()
    data = bytes(await file.download_as_bytearray())
    await update.message.reply_document(data, filename="photo.png", caption=f"{len(data)} bytes")
    await update.message.reply_photo(data)


async def ping(update: Update, context: Context) -> None:
    assert update.message
    await update.message.reply_text("pong")


def build(builder: Any) -> Application[Any, Any, Any, Any, Any, Any]:
    application: Application[Any, Any, Any, Any, Any, Any] = builder.build()
    answer = filters.TEXT & ~filters.COMMAND
    conversation: ConversationHandler[Any] = ConversationHandler(
        [CommandHandler("order", order)],
        {
            WHAT: [MessageHandler(answer, what)],
            COUNT: [MessageHandler(answer, how_many)],
            NAME: [MessageHandler(answer, name)],
        },
        [CommandHandler("cancel", cancel)],
        name="order",
        persistent=application.persistence is not None,
    )
    application.add_handler(TypeHandler(Update, refuse_spam), group=-1)
    application.add_handler(conversation)
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CommandHandler("count", count))
    application.add_handler(CallbackQueryHandler(pressed))
    application.add_handler(MessageHandler(filters.PHOTO, photo))
    application.add_handler(MessageHandler(filters.Regex("^ping$"), ping))
    return application
