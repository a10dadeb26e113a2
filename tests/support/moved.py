"""Bots of the frameworks in examples/moved, for the contract of their adapters."""

from __future__ import annotations

import json
import sys
from typing import NamedTuple

from telegram_bot_aws.local.project import ROOT

from tests.support.stubs import message

MOVED = ROOT / "examples/moved"
# Telegram's answers.
MESSAGE = {"message_id": 8, "date": 1767225600, "chat": {"id": 42, "type": "private"}}
ME = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
SWALLOWS = ("try:", "    {}", "except Exception:", "    pass")


class Framework(NamedTuple):
    """How a bot is written with a framework."""

    bot: str  # whose handler of messages has the lines of a test
    end: str
    call: str  # a call of the Bot API, by the library's name for it
    download: str  # the data of the file with the path "a"
    upload: str  # the parameters of a document a.txt with that data
    keep: str  # a line that keeps the number n
    kept: str  # that number, or 0
    session: dict  # which has the number 1
    handles_errors: str  # the bot's error handler, which passes over all of them
    others: str  # a line that keeps something for another chat
    needs_session: str  # a part of a bot that can't work without SESSION
    polls: str
    later: str  # a line with a timer
    chat: int | str = 42  # as its calls name it


FRAMEWORKS = {
    "aiogram": Framework(
        bot="""
import asyncio
import on_aiogram
from aiogram import Bot, Dispatcher
from aiogram.types import BufferedInputFile

dispatcher, bot = Dispatcher(), Bot("0:unused")


@dispatcher.message()
async def handle(message, bot, state):
""",
        end="reply = on_aiogram.make_reply(dispatcher, bot)",
        call="await bot.{}",
        download="(await bot.download_file('a')).read()",
        upload="BufferedInputFile(data, 'a.txt')",
        keep="await state.update_data(n=n)",
        kept="(await state.get_data()).get('n', 0)",
        session={"fsm:42:42:default": {"data": {"n": 1}}},
        handles_errors="""
@dispatcher.errors()
async def pass_over(event):
    return True
""",
        others="await state.storage.set_data(type(state.key)(1, 999, 999), {'n': 1})",
        needs_session="""
from aiogram.fsm.state import State

dispatcher.message.register(handle, State("a"))
""",
        polls="dispatcher.run_polling(bot)",
        later="asyncio.get_running_loop().call_later(60, print)",
    ),
    "ptb": Framework(
        bot="""
import asyncio
import on_ptb
from telegram.ext import Application, CommandHandler, ConversationHandler, MessageHandler, filters


def build(builder):
    application = builder.build()
    application.add_handler(MessageHandler(filters.ALL, handle))
    return application


async def handle(update, context):
    message = update.effective_message
""",
        end="reply = on_ptb.make_reply(build)",
        call="await context.bot.{}",
        download="await context.bot.request.retrieve('https://x/file/bot1:any/a')",
        upload="data, filename='a.txt'",
        keep="context.user_data['n'] = n",
        kept="context.user_data.get('n', 0)",
        session={"user_data": {"42": {"n": 1}}},
        handles_errors="""
async def pass_over(update, context):
    pass


def build(builder, before=build):
    application = before(builder)
    application.add_error_handler(pass_over)
    return application
""",
        others="context.application.chat_data[999]['n'] = 1",
        needs_session="""
def build(builder, before=build):
    application = before(builder)
    states = {0: [MessageHandler(filters.ALL, handle)]}
    about = {"name": "book", "persistent": True}
    entries = [CommandHandler("book", handle)]
    application.add_handler(ConversationHandler(entries, states, [], **about))
    return application
""",
        polls="Application.builder().token('1:x').build().run_polling()",
        later="asyncio.get_running_loop().call_later(60, print)",
    ),
    "telebot": Framework(
        bot="""
import threading
import on_telebot
import telebot

bot = telebot.TeleBot("1:x")


@bot.message_handler()
def handle(message):
    who = message.from_user.id, message.chat.id
""",
        end="reply = on_telebot.make_reply(bot)",
        call="bot.{}",
        download="bot.download_file('a')",
        upload="data, visible_file_name='a.txt'",
        keep="bot.set_state(who[0], 's', who[1]); bot.add_data(*who, n=n)",
        kept="(bot.retrieve_data(*who).data or {}).get('n', 0)",
        session={"states": {"42:42": {"state": "s", "data": {"n": 1}}}},
        handles_errors="""
class PassOver(telebot.ExceptionHandler):
    def handle(self, exception):
        return True


bot.exception_handler = PassOver()
""",
        others="bot.set_state(999, 's')",
        needs_session="bot.register_message_handler(handle, state='s')",
        polls="bot.infinity_polling()",
        later="threading.Timer(60, print).start()",
        chat="42",
    ),
}


class Bots:
    """Starts containers with a bot of a framework, and delivers messages to them."""

    def __init__(self, name, start, bot_api):
        self.framework, self._start, self._bot_api = FRAMEWORKS[name], start, bot_api
        self._name, self._is_new = name, False

    def start(self, *lines, more="", choice="'chat_user'", **environment):
        """Start a bot whose handler has these lines; `more` follows it."""
        sys.modules.pop(f"on_{self._name}", None)
        session = f"SESSION = {choice}\n" if choice else ""
        handler = "".join(f"    {line}\n" for line in lines or ("pass",))
        parts = (session, self.framework.bot, handler, "\n", more, "\n", self.framework.end, "\n")
        self._is_new = True
        return self._start("".join(parts), **environment)

    def send(self, text):
        """Return a line that sends a text. `text` is its source code."""
        return self.framework.call.format(f"send_message(42, {text})")

    def swallows(self, line):
        return [each.format(line) for each in SWALLOWS]

    def expects(self, *answers):
        """Expect texts to be sent. With a code, Telegram refuses one."""
        if self._is_new and self._name == "ptb":
            self._bot_api.answers("getMe", {}, ME)
        self._is_new = False
        for answer in answers:
            text, code = answer if isinstance(answer, tuple) else (answer, 200)
            call = {"chat_id": self.framework.chat, "text": text}
            if code == 200:
                self._bot_api.answers("sendMessage", call, MESSAGE)
            else:
                self._bot_api.refuses({"method": "sendMessage", **call}, code, "x")


def result(container, update_id=1, text="x", ms=60_000):
    """Deliver a message, and return the status, the outcome and what went wrong."""
    status, _ = container.deliver(message(update_id, text=text), ms)
    line = container.line
    return status, line["outcome"], line.get("error") or line.get("telegram_error") or ""


def kept(container, key="42/42"):
    """Return the session that the table has."""
    item = container.table.items.get(key)
    return json.loads(item["session"]["S"]) if item else None
