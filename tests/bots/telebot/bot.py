"""A bot with a command, a button, conversations, a photo and a middleware, by telebot.

It also runs as a program: then telebot polls.
"""

import os

import telebot
from botkit import on_telebot
from telebot import custom_filters
from telebot.handler_backends import BaseMiddleware, CancelUpdate, State, StatesGroup
from telebot.types import InlineKeyboardButton, InlineKeyboardMarkup

bot = telebot.TeleBot(
    os.environ.get("TELEGRAM_BOT_TOKEN") or "1:unused", use_class_middlewares=True
)


class Order(StatesGroup):
    dish = State()
    number = State()


class Quiz(StatesGroup):
    answer = State()


class Ignore(BaseMiddleware):
    update_types = ["message"]
    update_sensitive = False

    def pre_process(self, message, data):
        return CancelUpdate() if (message.text or "").startswith("ignore") else None

    def post_process(self, message, data, exception):
        pass


bot.setup_middleware(Ignore())
bot.add_custom_filter(custom_filters.StateFilter(bot))


@bot.message_handler(commands=["start"])
def start(message):
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Press", callback_data="press")]])
    bot.send_message(
        message.chat.id, f"Hello, {message.from_user.first_name}", reply_markup=keyboard
    )


@bot.callback_query_handler(func=lambda query: query.data == "press")
def press(query):
    bot.answer_callback_query(query.id, "Thank you")
    bot.edit_message_text("Pressed", query.message.chat.id, query.message.message_id)


@bot.message_handler(commands=["order"])
def order(message):
    bot.set_state(message.from_user.id, Order.dish, message.chat.id)
    bot.send_message(message.chat.id, "What would you like?")


@bot.message_handler(state=Order.dish)
def dish(message):
    bot.set_state(message.from_user.id, Order.number, message.chat.id)
    bot.add_data(message.from_user.id, message.chat.id, dish=message.text)
    bot.send_message(message.chat.id, "How many?")


@bot.message_handler(state=Order.number, regexp="^[0-9]+$")
def number(message):
    with bot.retrieve_data(message.from_user.id, message.chat.id) as data:
        text = f"{message.text} × {data['dish']}"
    bot.delete_state(message.from_user.id, message.chat.id)
    bot.send_message(message.chat.id, text)


@bot.message_handler(state=Order.number)
def no_number(message):
    bot.send_message(message.chat.id, "A number, please.")


@bot.message_handler(commands=["quiz"])
def quiz(message):
    bot.set_state(message.from_user.id, Quiz.answer, message.chat.id)
    bot.send_message(message.chat.id, "2 + 2?")


@bot.message_handler(state=Quiz.answer)
def check_answer(message):
    right = "Right" if message.text == "4" else "Wrong"
    bot.delete_state(message.from_user.id, message.chat.id)
    bot.send_message(message.chat.id, f"{right}, {message.from_user.first_name}")


@bot.message_handler(content_types=["photo"])
def photo(message):
    data = bot.download_file(bot.get_file(message.photo[-1].file_id).file_path)
    bot.send_photo(message.chat.id, data, caption=f"{len(data)} bytes")


@bot.message_handler(func=lambda message: True)
def other(message):
    bot.send_message(message.chat.id, "Nothing to do.")


reply = on_telebot.reply_with(bot)
HANDLED = ["message", "callback_query"]
SESSION = "chat"

if __name__ == "__main__":
    telebot.apihelper.API_URL = os.environ["TELEGRAM_API_URL"] + "/bot{0}/{1}"
    telebot.apihelper.FILE_URL = os.environ["TELEGRAM_API_URL"] + "/file/bot{0}/{1}"
    bot.infinity_polling()
