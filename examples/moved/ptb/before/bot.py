"""A booking bot: /book asks for a day and how many people, /bookings shows what was booked."""

import logging
import os

from telegram import BotCommand
from telegram.ext import (
    Application,
    CommandHandler,
    ConversationHandler,
    MessageHandler,
    PicklePersistence,
    filters,
)

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


async def set_commands(application):
    await application.bot.set_my_commands(
        [BotCommand("book", "Book a table"), BotCommand("bookings", "Show my bookings")]
    )


def main():
    logging.basicConfig(level=logging.INFO)
    builder = Application.builder().token(os.environ["BOT_TOKEN"]).post_init(set_commands)
    application = builder.persistence(PicklePersistence("bookings.pickle")).build()
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
    application.run_polling()


if __name__ == "__main__":
    main()
