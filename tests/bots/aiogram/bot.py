"""A bot with a command, a button, a conversation, a photo, a middleware and a scene, by aiogram.

It also runs as a program: then aiogram polls.
"""

import os

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command
from aiogram.fsm.scene import Scene, SceneRegistry, on
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import BufferedInputFile
from aiogram.utils.keyboard import InlineKeyboardBuilder
from botkit import on_aiogram


class Order(StatesGroup):
    dish = State()
    number = State()


class Quiz(Scene, state="quiz"):
    @on.message.enter()
    async def ask(self, message):
        await message.answer("2 + 2?")

    @on.message(F.text)
    async def check(self, message):
        right = "Right" if message.text == "4" else "Wrong"
        await message.answer(f"{right}, {message.from_user.first_name}")
        await self.wizard.exit()


dispatcher = Dispatcher()
scenes = SceneRegistry(dispatcher)
scenes.add(Quiz)
dispatcher.message.register(Quiz.as_handler(), Command("quiz"))


@dispatcher.message.outer_middleware()
async def ignore(handler, event, data):
    if not (event.text or "").startswith("ignore"):
        return await handler(event, data)


@dispatcher.message(Command("start"))
async def start(message):
    keyboard = InlineKeyboardBuilder()
    keyboard.button(text="Press", callback_data="press")
    await message.answer(
        f"Hello, {message.from_user.first_name}", reply_markup=keyboard.as_markup()
    )


@dispatcher.callback_query(F.data == "press")
async def press(query):
    await query.answer("Thank you")
    await query.message.edit_text("Pressed")


@dispatcher.message(Command("order"))
async def order(message, state):
    await state.set_state(Order.dish)
    await message.answer("What would you like?")


@dispatcher.message(Order.dish, F.text)
async def dish(message, state):
    await state.update_data(dish=message.text)
    await state.set_state(Order.number)
    await message.answer("How many?")


@dispatcher.message(Order.number, F.text.isdecimal())
async def number(message, state):
    data = await state.get_data()
    await state.clear()
    await message.answer(f"{message.text} × {data['dish']}")


@dispatcher.message(Order.number)
async def no_number(message):
    await message.answer("A number, please.")


@dispatcher.message(F.photo)
async def photo(message, bot):
    file = await bot.download(message.photo[-1])
    data = file.read()
    await message.answer_photo(BufferedInputFile(data, "a.png"), caption=f"{len(data)} bytes")


last = Router()  # after the scenes
dispatcher.include_router(last)


@last.message()
async def other(message):
    await message.answer("Nothing to do.")


reply = on_aiogram.reply_with(dispatcher)
HANDLED = dispatcher.resolve_used_update_types()
SESSION = "chat_user"

if __name__ == "__main__":
    server = TelegramAPIServer.from_base(os.environ["TELEGRAM_API_URL"])
    bot = Bot(os.environ["TELEGRAM_BOT_TOKEN"], session=AiohttpSession(api=server))
    dispatcher.run_polling(bot)
