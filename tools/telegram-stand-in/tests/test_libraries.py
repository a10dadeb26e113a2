"""Libraries for bots speak to the stand-in as they speak to Telegram.

The libraries are imported where they are used: to import aiogram alone takes seconds, which each
process of the tests would spend.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from telegram_stand_in import Telegram
from telegram_stand_in.files import picture
from tests.calls import CHAT, TOKEN

PNG = picture(20, 10)
HTML = "<b>hello</b>"
# Each library makes these calls, some of them twice. test_every_method.py has all others, whose
# parameters and results are JSON in any library.
CALLS = "getMe sendMessage editMessageText sendPhoto getFile sendDocument sendMediaGroup getUpdates"


def check(stand_in: Telegram) -> None:
    """Each call was taken, and none had anything that isn't documented."""
    made = stand_in.calls[1:]  # after the fixture's
    assert [call for call in made if call.status != 200 or call.hints] == []
    assert {call.method for call in made} == set(CALLS.split())
    files = [file["size"] for call in made for file in call.files.values()]
    assert files == [len(PNG), 3, len(PNG), len(PNG)]
    sent = [change["message"] for call in made for change in call.changes if "message" in change]
    assert [m["entities"][0]["type"] for m in sent if m.get("text") == "hello"] == ["bold"]


def in_a_thread(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine: the main thread may have a loop already, of the tests in a browser."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result()


def test_python_telegram_bot(telegram: Telegram) -> None:
    import telegram as python_telegram_bot

    async def run() -> None:
        api, files = f"{telegram.url}/bot", f"{telegram.url}/file/bot"
        async with python_telegram_bot.Bot(TOKEN, api, files) as bot:  # calls getMe
            button = python_telegram_bot.InlineKeyboardButton("Press", callback_data="pressed")
            keyboard = python_telegram_bot.InlineKeyboardMarkup([[button]])
            message = await bot.send_message(CHAT, HTML, parse_mode="HTML", reply_markup=keyboard)
            await message.edit_text("there")
            photo = await bot.send_photo(CHAT, PNG, caption="A picture")
            file = await photo.photo[-1].get_file()
            assert await file.download_as_bytearray() == PNG
            await bot.send_document(CHAT, io.BytesIO(b"abc"), filename="a.txt")
            await bot.send_media_group(
                CHAT, [python_telegram_bot.InputMediaPhoto(PNG) for _ in range(2)]
            )
            telegram.send(telegram.message("hello"))
            [update] = await bot.get_updates()
            assert update.message and update.message.text == "hello"

    in_a_thread(run)
    check(telegram)


def test_aiogram(telegram: Telegram) -> None:
    import aiogram
    from aiogram import types
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    async def run() -> None:
        session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
        async with aiogram.Bot(TOKEN, session=session) as bot:
            await bot.get_me()
            message = await bot.send_message(CHAT, HTML, parse_mode="HTML")
            await message.edit_text("there")
            upload = types.BufferedInputFile(PNG, "a.png")
            photo = await bot.send_photo(CHAT, upload, caption="A picture")
            assert photo.photo
            downloaded = await bot.download(photo.photo[-1])
            assert downloaded and downloaded.read() == PNG
            await bot.send_document(CHAT, types.BufferedInputFile(b"abc", "a.txt"))
            album = [types.InputMediaPhoto(media=types.BufferedInputFile(PNG, n)) for n in "ab"]
            await bot.send_media_group(CHAT, [*album])
            telegram.send(telegram.message("hello"))
            [update] = await bot.get_updates()
            assert update.message and update.message.text == "hello"

    in_a_thread(run)
    check(telegram)


def test_py_telegram_bot_api(telegram: Telegram) -> None:
    import telebot

    library: Any = telebot  # its types refuse what its documentation does
    library.apihelper.API_URL = f"{telegram.url}/bot{{0}}/{{1}}"
    library.apihelper.FILE_URL = f"{telegram.url}/file/bot{{0}}/{{1}}"
    bot = library.TeleBot(TOKEN)
    try:
        bot.get_me()
        message = bot.send_message(CHAT, "*hello*", parse_mode="MarkdownV2")
        bot.edit_message_text("there", CHAT, message.message_id)
        photo = bot.send_photo(CHAT, PNG, caption="A picture")
        file = bot.get_file(photo.photo[-1].file_id)
        assert bot.download_file(file.file_path) == PNG
        bot.send_document(CHAT, io.BytesIO(b"abc"))
        bot.send_media_group(
            CHAT, [library.types.InputMediaPhoto(io.BytesIO(PNG)) for _ in range(2)]
        )
        telegram.send(telegram.message("hello"))
        [update] = bot.get_updates()
        assert update.message and update.message.text == "hello"
    finally:
        library.apihelper.API_URL = library.apihelper.FILE_URL = None
        library.apihelper._get_req_session(reset=True).close()
    check(telegram)
