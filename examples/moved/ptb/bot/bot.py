"""A booking bot: /book asks for a day and how many people, /bookings shows what was booked."""

import on_ptb
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, filters

DAY, PEOPLE = range(2)


async def start(update, context):
    await update.message.reply_text("/book a table, or see your /bookings.")


async def book(update, context):
    await update.message.reply_text("Which day?")
    return DAY


async def day(update, context):
    context.user_data["day"] = update.message.text
    await update.message.reply_text("How many people?")
    return PEOPLE


async def people(update, context):
    booking = f"{context.user_data.pop('day')}, for {update.message.text}"
    context.user_data.setdefault("bookings", []).append(booking)
    await update.message.reply_text(f"Booked: {booking}.")
    return ConversationHandler.END


async def cancel(update, context):
    context.user_data.pop("day", None)
    await update.message.reply_text("Nothing is booked.")
    return ConversationHandler.END


async def bookings(update, context):
    booked = context.user_data.get("bookings", [])
    await update.message.reply_text("\n".join(booked) or "You have no bookings.")


def build(builder):
    application = builder.build()
    text = filters.TEXT & ~filters.COMMAND
    conversation = ConversationHandler(
        entry_points=[CommandHandler("book", book)],
        states={DAY: [MessageHandler(text, day)], PEOPLE: [MessageHandler(text, people)]},
        fallbacks=[CommandHandler("cancel", cancel)],
        name="book",
        persistent=True,
    )
    application.add_handler(conversation)
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CommandHandler("bookings", bookings))
    return application


SESSION = "user"
reply = on_ptb.make_reply(build)
ALLOWED_UPDATES = ["message"]
COMMANDS = {"book": "Book a table", "bookings": "Show my bookings"}


def on_error(update):
    text = "Sorry, something went wrong."
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": text}]
