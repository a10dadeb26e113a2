"""A reading list: /add asks for a book, /list shows all, and a button takes one off."""

import aiogram_types  # noqa: F401 # for a sooner start: this line may be deleted
import on_aiogram
from aiogram import Bot, Dispatcher, F, html
from aiogram.client.default import DefaultBotProperties
from aiogram.filters import Command, CommandStart
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.utils.keyboard import InlineKeyboardBuilder

bot = Bot("0:unused", default=DefaultBotProperties(parse_mode="HTML"))
dispatcher = Dispatcher(storage=MemoryStorage())


class Book(StatesGroup):
    title = State()
    author = State()


@dispatcher.message(CommandStart())
async def start(message):
    await message.answer("/add a book, or /list what you want to read.")


@dispatcher.message(Command("add"))
async def add(message, state):
    await state.set_state(Book.title)
    await message.answer("What is the title?")


@dispatcher.message(Book.title, F.text)
async def title(message, state):
    await state.update_data(title=message.text)
    await state.set_state(Book.author)
    await message.answer("Who wrote it?")


@dispatcher.message(Book.author, F.text)
async def author(message, state):
    data = await state.get_data()
    book = f"{data['title']}, by {message.text}"
    await state.set_state(None)
    await state.set_data({"books": [*data.get("books", []), book]})
    await message.answer(f"<b>{html.quote(book)}</b> is on your list.")


@dispatcher.message(Command("list"))
async def show(message, state):
    books = await state.get_value("books", [])
    keyboard = InlineKeyboardBuilder()
    for number, book in enumerate(books):
        keyboard.button(text=f"✓ {book}", callback_data=f"read {message.from_user.id} {number}")
    text = "What have you read?" if books else "Your list is empty."
    await message.answer(text, reply_markup=keyboard.adjust(1).as_markup())


@dispatcher.callback_query(F.data.startswith("read "))
async def read(query, state):
    owner, number = map(int, query.data.split()[1:])
    if query.from_user.id != owner:  # in a group
        await query.answer("This is somebody else's list")
        return
    books = await state.get_value("books", [])
    await state.update_data(books=books[:number] + books[number + 1 :])
    await query.answer("Taken off your list")
    await query.message.delete()


SESSION = "chat_user"
reply = on_aiogram.make_reply(dispatcher, bot)
ALLOWED_UPDATES = dispatcher.resolve_used_update_types()
COMMANDS = {"add": "Add a book", "list": "Show the list"}


def on_error(update):
    if "message" not in update:
        return []
    text = "Sorry, something went wrong."
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": text}]
