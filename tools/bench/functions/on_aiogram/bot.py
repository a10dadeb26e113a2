"""An aiogram bot that counts the messages of a chat."""

from aiogram import Bot, Dispatcher, F
from botkit import on_aiogram

dispatcher = Dispatcher()


@dispatcher.message(F.text)
async def echo(message, state):
    count = await state.get_value("count", 0) + 1
    await state.update_data(count=count)
    await message.answer(f"You said: {message.text} ({count})")


reply = on_aiogram.reply_with(dispatcher, Bot("0:unused", session=on_aiogram.Session()))
HANDLED = dispatcher.resolve_used_update_types()
SESSION = "chat_user"
