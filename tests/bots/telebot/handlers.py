"""A bot for pyTelegramBotAPI (telebot), as its author has it: polled, or in the function."""

from __future__ import annotations

import os
from typing import Any

from telebot import TeleBot, custom_filters
from telebot.handler_backends import BaseMiddleware, CancelUpdate, State, StatesGroup
from telebot.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

bot = TeleBot(os.environ.get("TELEGRAM_BOT_TOKEN") or "1:any", use_class_middlewares=True)


class Order(StatesGroup):  # type: ignore[misc]
    what = State()
    count = State()


class RefuseSpam(BaseMiddleware):  # type: ignore[misc]
    """Let no handler see spam."""

    update_types = ["message"]
    update_sensitive = False

    def pre_process(self, message: Message, data: Any) -> CancelUpdate | None:
        return CancelUpdate() if "spam" in (message.text or "") else None

    def post_process(self, message: Message, data: Any, exception: Exception | None) -> None:
        """Do nothing."""


bot.setup_middleware(RefuseSpam())
bot.add_custom_filter(custom_filters.StateFilter(bot))


@bot.message_handler(commands=["start"])
def start(message: Message) -> None:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Press", callback_data="pressed")]])
    bot.send_message(message.chat.id, "Hello", reply_markup=markup)


@bot.callback_query_handler(func=lambda query: True)
def pressed(query: CallbackQuery) -> None:
    bot.send_message(query.message.chat.id, "Pressed")
    bot.answer_callback_query(query.id, "Thank you")  # last: Telegram refuses to do it twice


@bot.message_handler(commands=["cancel"])
def cancel(message: Message) -> None:
    bot.delete_state(message.from_user.id, message.chat.id)
    bot.send_message(message.chat.id, "Forgotten")


@bot.message_handler(commands=["order"])
def order(message: Message) -> None:
    bot.set_state(message.from_user.id, Order.what, message.chat.id)
    bot.reply_to(message, "What?")


@bot.message_handler(state=Order.what)
def what(message: Message) -> None:
    bot.add_data(message.from_user.id, message.chat.id, what=message.text)
    bot.set_state(message.from_user.id, Order.count, message.chat.id)
    bot.reply_to(message, "How many?")


@bot.message_handler(state=Order.count)
def how_many(message: Message) -> None:
    with bot.retrieve_data(message.from_user.id, message.chat.id) as data:
        ordered = f"{message.text} {data['what']}"
    bot.delete_state(message.from_user.id, message.chat.id)
    bot.register_next_step_handler(message, name, ordered)
    bot.reply_to(message, "For whom?")


def name(message: Message, ordered: str) -> None:
    bot.send_message(message.chat.id, f"{ordered} for {message.text}")


@bot.message_handler(content_types=["photo"])
def photo(message: Message) -> None:
    """Send a photo back as a file, and a picture with it."""
    data = bot.download_file(bot.get_file(message.photo[-1].file_id).file_path)
    bot.send_document(
        message.chat.id, data, caption=f"{len(data)} bytes", visible_file_name="photo.png"
    )
    bot.send_photo(message.chat.id, data)


@bot.message_handler(regexp="^ping$")
def ping(message: Message) -> None:
    bot.send_message(message.chat.id, "pong")
