"""The contract of the adapters in examples/moved: how updates end, what is kept and refused."""

import importlib
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from telebot import apihelper
from telegram_bot_aws.local.project import ROOT

from tests.support.stubs import message
from tests.support.telegram import TOKEN, files, say

MOVED = ROOT / "examples/moved"
# Telegram's answers.
MESSAGE = {"message_id": 8, "date": 1767225600, "chat": {"id": 42, "type": "private"}}
ME = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
FRAMEWORKS = {
    "aiogram": SimpleNamespace(
        # Its handler of messages has the lines of a test.
        bot="""
import asyncio
import on_aiogram
from aiogram import Bot, Dispatcher
from aiogram.fsm.state import State
from aiogram.types import BufferedInputFile

dispatcher, bot = Dispatcher(), Bot("0:unused")


@dispatcher.message()
async def handle(message, bot, state):
""",
        end="reply = on_aiogram.make_reply(dispatcher, bot)",
        call="await bot.{}",  # with the library's name for it
        # The data of the file with the path "a", and the parameters of a document with it.
        download="(await bot.download_file('a')).read()",
        upload="BufferedInputFile(data, 'a.txt')",
        # Lines that keep the number n and that get it or 0, and the session with 1.
        keep="await state.update_data(n=n)",
        kept="(await state.get_data()).get('n', 0)",
        session={"fsm:42:42:default": {"data": {"n": 1}}},
        # An error handler that passes over all of them.
        handles_errors="""
@dispatcher.errors()
async def pass_over(event):
    return True
""",
        # It keeps something for another chat.
        others="await state.storage.set_data(type(state.key)(1, 999, 999), {'n': 1})",
        # A part of a bot that can't work without SESSION.
        needs_session="dispatcher.message.register(handle, State('a'))",
        polls="dispatcher.run_polling(bot)",
        # A timer.
        later="asyncio.get_running_loop().call_later(60, print)",
        chat=42,  # as its calls name it
    ),
    "ptb": SimpleNamespace(
        bot="""
import asyncio
import on_ptb
from telegram.ext import Application, ConversationHandler, MessageHandler, filters

handlers, error_handlers = [], []


def build(builder):
    application = builder.build()
    application.add_handlers([MessageHandler(filters.ALL, handle), *handlers])
    for each in error_handlers:
        application.add_error_handler(each)
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


error_handlers.append(pass_over)
""",
        others="context.application.chat_data[999]['n'] = 1",
        needs_session="handlers.append(ConversationHandler([], {}, [], name='x', persistent=True))",
        polls="Application.builder().token('1:x').build().run_polling()",
        later="asyncio.get_running_loop().call_later(60, print)",
        chat=42,
    ),
    "telebot": SimpleNamespace(
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
        self._name, self._is_new = name, True

    def start(self, *lines, more="", choice="'chat_user'", **environment):
        """Start a bot whose handler has these lines; `more` follows it."""
        sys.modules.pop(f"on_{self._name}", None)
        session = f"SESSION = {choice}\n" if choice else ""
        handler = "".join(f"    {line}\n" for line in lines or ("pass",))
        parts = (session, self.framework.bot, handler, "\n", more, "\n", self.framework.end, "\n")
        return self._start("".join(parts), **environment)

    def send(self, text):
        """Return a line that sends a text. `text` is its source code."""
        return self.framework.call.format(f"send_message(42, {text})")

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


def swallow(line):
    return ["try:", f"    {line}", "except Exception:", "    pass"]


def result(container, update_id=1, text="x", ms=60_000):
    """Deliver a message, and return the status, the outcome and what went wrong."""
    status, _ = container.deliver(message(update_id, text=text), ms)
    line = container.line
    return status, line["outcome"], line.get("error") or line.get("telegram_error") or ""


def kept(container, key="42/42"):
    """Return the session that the table has."""
    item = container.table.items.get(key)
    return json.loads(item["session"]["S"]) if item else None


asynchronous = pytest.mark.parametrize("framework", ["aiogram", "ptb"], indirect=True)


@pytest.fixture(params=FRAMEWORKS)
def framework(request, monkeypatch):
    monkeypatch.syspath_prepend(MOVED / request.param / "bot")
    if request.param == "aiogram":
        importlib.import_module("aiogram")  # which may take longer than a container's start-up
    if request.param == "telebot":  # whose parts the adapter replaces, for other tests, too
        for part in ("CUSTOM_REQUEST_SENDER", "download_file", "get_file_url"):
            monkeypatch.setattr(apihelper, part, getattr(apihelper, part))
    return str(request.param)


@pytest.fixture
def bots(framework, start_with_sessions, bot_api):
    return Bots(framework, start_with_sessions, bot_api)


# ── How an update ends


def test_an_update_is_handled_and_logged_once(bots):
    container = bots.start(bots.send("'a'"))
    bots.expects("a")
    assert result(container) == (200, "answered", "")
    assert container.line["methods"] == ["sendMessage"]
    assert [line["message"] for line in container.log] == ["update"]
    assert result(container) == (200, "duplicate", "")


@pytest.mark.parametrize(
    ("code", "outcome"), [(429, "throttled"), (502, "unreachable"), (401, "misconfigured")]
)
@pytest.mark.parametrize("is_swallowed", [False, True], ids=["raised", "swallowed"])
def test_temporary_failure_saves_nothing_and_is_redelivered(bots, code, outcome, is_swallowed):
    send = bots.send("'a'")
    send_lines = swallow(send) if is_swallowed else [send]
    container = bots.start("n = 1", bots.framework.keep, *send_lines)
    bots.expects(("a", code))
    status, told, error = result(container)
    assert (status, told, str(code) in error) == (503, outcome, True)
    assert kept(container) is None
    bots.expects("a")
    assert result(container) == (200, "answered", "")
    assert kept(container) == bots.framework.session


@pytest.mark.parametrize("fails", ["raised", "swallowed", "a bug"])
def test_visible_call_ends_the_update_and_saves_its_state(bots, fails):
    send = bots.send("'a'")
    ends = {"raised": [send], "swallowed": swallow(send), "a bug": ["1 / 0"]}
    container = bots.start(bots.send("'0'"), "n = 1", bots.framework.keep, *ends[fails])
    bots.expects("0", *[("a", 429)] * (fails != "a bug"))
    status, outcome, error = result(container)
    assert (status, outcome) == (200, "bot_error" if fails == "a bug" else "incomplete")
    assert error.startswith("ZeroDivision" if fails == "a bug" else "sendMessage: 429")
    assert kept(container) == bots.framework.session
    assert result(container) == (200, "duplicate", "")


@pytest.mark.parametrize(
    ("lines", "answers", "outcome", "error"),
    [
        (["{a}"], [("a", 403)], "refused", "sendMessage: 403 x"),
        (["try:", "    {a}", "except Exception:", "    1 / 0"], [("a", 403)], "bot_error", "Zero"),
        (["raise ValueError(message.text)"], [], "bot_error", "ValueError at bot.py:"),
    ],
    ids=["a refusal", "a bug after a refusal", "a bug"],
)
def test_an_error_that_nobody_handles_fails_its_own_update(bots, lines, answers, outcome, error):
    lines = [line.format(a=bots.send("'a'")) for line in lines]
    container = bots.start("if message.text == 'y':", "    return", *lines)
    bots.expects(*answers)
    status, *told = result(container, text="secret")
    assert (status, told[0], told[1].startswith(error)) == (200, outcome, True)
    assert "secret" not in str(container.log)
    assert result(container, 2, "y")[1] == "ignored"


@pytest.mark.parametrize(
    ("line", "answers", "expected"),
    [
        ("1 / 0", [], (200, "ignored", "")),
        ("{a}", [("a", 403)], (200, "ignored", "")),
        ("{a}", [("a", 429)], (503, "throttled", "sendMessage: 429 x")),
        ("raise BotkitError('lost')", [], (200, "bot_error", "lost")),
    ],
    ids=["a bug", "a refusal", "what may pass", "botkit's"],
)
def test_the_bots_error_handler_hides_no_error_of_botkit(bots, line, answers, expected):
    lines = "from botkit.errors import BotkitError", line.format(a=bots.send("'a'"))
    container = bots.start(*lines, more=bots.framework.handles_errors)
    bots.expects(*answers)
    assert result(container) == expected


@asynchronous
def test_tasks_are_a_part_of_the_update(bots):
    """Their errors, too, and nothing runs on when time is up."""
    container = bots.start(
        "async def later():",
        "    await asyncio.sleep(60 if message.text == 'wait' else 0)",
        f"    {bots.send("'a'")}",
        "    1 / (message.text != 'bug')",
        "task = asyncio.create_task(later())",
    )
    bots.expects("a")
    assert result(container) == (200, "answered", "")
    bots.expects("a")
    _, outcome, error = result(container, 2, "bug")
    assert (outcome, error.partition(":")[0]) == ("bot_error", "ZeroDivisionError at bot.py")
    assert result(container, 3, "wait", ms=2500)[:2] == (200, "bot_error")
    bots.expects("a")
    assert result(container, 4) == (200, "answered", "")


def test_a_timer_is_refused(bots):
    container = bots.start(bots.framework.later)
    bots.expects()
    status, outcome, error = result(container)
    assert (status, outcome, "can't go off after the update" in error) == (200, "bot_error", True)


def test_blocking_handler_is_interrupted(bots):
    lines = "import time", "if message.text == 'wait':", "    time.sleep(60)"
    container = bots.start(*lines, bots.send("'a'"))
    bots.expects()
    assert result(container, text="wait", ms=2000)[1] == "bot_error"
    bots.expects("a")
    assert result(container, 2) == (200, "answered", "")


@pytest.mark.filterwarnings("always")
def test_warning_is_logged_without_its_text(bots):
    container = bots.start("import warnings", "warnings.warn(message.text)")
    bots.expects()
    assert result(container, text="secret")[0] == 200
    warning = next(line for line in container.log if line["message"] == "Python warns")
    assert (warning["warning"], warning["at"].partition(":")[0]) == ("UserWarning", "bot.py")
    assert "secret" not in str(container.log)


# ── What works otherwise here


def test_a_file_is_downloaded_and_uploaded(bots, telegram):
    say(telegram, "Hi", chat=42)
    telegram.files.add("document", b"data", id="x").path = "a"
    upload = bots.framework.call.format(f"send_document(42, {bots.framework.upload})")
    here = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
    container = bots.start(f"data = {bots.framework.download}", upload, **here)
    assert result(container) == (200, "answered", "")
    assert files(telegram)[1:] == [("a.txt", b"data")]


@pytest.mark.parametrize("call", ["set_webhook('https://x')", "delete_webhook()"])
def test_the_webhook_is_terraforms(bots, call):
    container = bots.start(*swallow(bots.framework.call.format(call)))
    bots.expects()
    status, outcome, error = result(container)
    assert (status, outcome) == (503, "misconfigured")
    assert error.endswith("Webhook must not be called: terraform apply registers the webhook")


@pytest.mark.parametrize(
    ("what", "told"),
    [("polls", "updates come through the webhook"), ("needs_session", "need.* SESSION")],
)
def test_unsupported_bot_is_rejected_at_import(bots, what, told):
    container = bots.start(more=getattr(bots.framework, what), choice=None)
    status, outcome, error = result(container)
    assert (status, outcome) == (503, "misconfigured")
    assert re.match(f"bot.py can't be imported: Misconfigured: .*{told}", error)


# ── What is kept


def test_update_is_handled_again_after_a_write_conflict(bots):
    keep = f"n = {bots.framework.kept} + 1", bots.framework.keep
    container = bots.start(*keep, bots.send("str(n)"))
    bots.expects("1", "1")
    another = {"version": {"S": "another's"}, "updates": {"S": "[]"}, "session": {"S": '{"x":1}'}}
    container.before_next_put(lambda: container.table.items.update({"42/42": another}))
    assert result(container) == (200, "answered", "")
    assert kept(container) == {"x": 1, **bots.framework.session}
    bots.expects("2")
    assert result(container, 2) == (200, "answered", "")


@pytest.mark.parametrize(
    ("line", "choice", "status", "told"),
    [
        ("keep", None, 503, "SESSION"),
        ("keep", "lambda update: None", 200, "can't be kept: SESSION gives this update no session"),
        ("others", "'chat_user'", 200, "data isn't in the update's session: use botkit.session"),
        ("not JSON", "'chat_user'", 200, "n: a set"),
    ],
)
def test_state_that_cannot_be_kept_is_refused(bots, line, choice, status, told):
    """Even if the bot catches the error."""
    lines = {"keep": bots.framework.keep, "others": bots.framework.others}
    container = bots.start(
        "n = {1}" if line == "not JSON" else "n = 1",
        *swallow(lines.get(line, bots.framework.keep)),
        choice=choice,
    )
    bots.expects()
    found = result(container)
    assert found[:2] == (status, "misconfigured" if status == 503 else "bot_error")
    assert told in found[2]
    assert kept(container) is None


# ── What aiogram has alone


@pytest.mark.parametrize("framework", ["aiogram"], indirect=True)
def test_startup_handlers_run_once_and_lose_no_update(bots):
    more = """
fails = [False, True]


@dispatcher.startup()
async def start(bot):
    await bot.send_message(42, "started")
    1 / (not fails.pop())
"""
    container = bots.start(bots.send("'a'"), more=more)
    bots.expects("started")
    status, outcome, error = result(container)
    assert (status, outcome) == (503, "misconfigured")
    assert error.startswith("a startup handler failed: ZeroDivisionError")
    bots.expects("started", "a")
    assert result(container) == (200, "answered", "")
    bots.expects("a")
    assert result(container, 2) == (200, "answered", "")


# Whether types wait until they are used, and whether all of them can be built then.
TELLS = """
import aiogram_types
from aiogram import methods, types

def each(kind):
    for found in kind.__subclasses__():
        yield found
        yield from each(found)

print(types.Poll.__pydantic_complete__, types.Update.__pydantic_complete__)
for kind in (every := [*each(types.TelegramObject), *each(methods.TelegramMethod)]):
    kind.model_rebuild()
print(len(every) > 400 and all(kind.__pydantic_complete__ for kind in every))
"""


@pytest.mark.slow
def test_aiogram_types_has_types_be_built_when_they_are_used():
    environment = {**os.environ, "PYTHONPATH": str(MOVED / "aiogram/bot")}
    command = [sys.executable, "-c", TELLS]
    told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True).stdout
    assert told.split() == ["False", "True", "True"]
