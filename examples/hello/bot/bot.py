"""Says hello, with a button to say it again."""

from botkit.commands import is_for_another_bot
from botkit.types import (
    AnswerCallbackQuery,
    Call,
    CallbackQuery,
    InlineKeyboardButton,
    Message,
    SendMessage,
    Update,
)

COMMANDS = {"start": "Say hello"}  # the bot's menu
ALLOWED_UPDATES = ["message", "callback_query"]  # Telegram sends no other types


def reply(update: Update) -> list[Call]:
    if "message" in update:
        return on_message(update["message"])
    if "callback_query" in update:
        return on_press(update["callback_query"])
    return []


def on_message(message: Message) -> list[Call]:
    if is_for_another_bot(message.get("text")):  # in a group: "/start@another_bot"
        return []
    name = message["from"]["first_name"] if "from" in message else "everyone"
    return [hello(message["chat"]["id"], name)]


def on_press(query: CallbackQuery) -> list[Call]:
    answer: AnswerCallbackQuery = {
        "method": "answerCallbackQuery",
        "callback_query_id": query["id"],
    }
    if "message" not in query:
        return [answer]
    return [answer, hello(query["message"]["chat"]["id"], query["from"]["first_name"])]


def on_error(update: Update) -> list[Call]:
    """Say that reply() failed: the log has the reason."""
    if "message" not in update:
        return []
    text = "Sorry, something went wrong."
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": text}]


def hello(chat_id: int, name: str) -> SendMessage:
    again: InlineKeyboardButton = {"text": "Again", "callback_data": "hello"}
    call: SendMessage = {
        "method": "sendMessage",
        "chat_id": chat_id,
        "text": f"Hello, {name}!",
        "reply_markup": {"inline_keyboard": [[again]]},
    }
    return call
