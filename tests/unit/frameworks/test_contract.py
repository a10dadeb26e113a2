"""The contract for bots of every framework: how updates end, and the data that is kept."""

from __future__ import annotations

import logging
import sys
from typing import Any, NamedTuple

import pytest
from botkit.fakes.services import EVERY, Schedules
from telegram_stand_in import Telegram

from tests.conftest import BotApi, StartBot
from tests.support.frameworks import ME, MESSAGE, kept, result
from tests.support.stubs import QUEUE, Json, load, message
from tests.support.telebot import restored
from tests.support.telegram import files

OTHERS = "this data isn't in the update's session: use botkit.session"
BLOCKED = "Forbidden: bot was blocked by the user"


class Framework(NamedTuple):
    """How a bot is written with a framework."""

    bot: str  # whose handler of messages ends it
    end: str
    call: str  # a call of the Bot API, by the library's name for it
    download: str  # the data of the file with the path "a"
    keep: str  # a line that keeps the number n
    kept: str  # that number, or 0
    session: Json  # which has the number 1
    handles_errors: str  # the bot's error handler, which passes over all of them
    impossible: str  # a line that can't work here
    why: str
    upload: str  # the parameters of a document a.txt with the downloaded data
    raises: dict[int, str]  # the library's exceptions, by the codes of refusals and downloads
    polls: tuple[str, ...]  # the library's functions that get updates by themselves
    chat: int | str = 42  # as its calls name it
    asks_who_it_is: bool = False
    background: tuple[str, ...] = (  # lines that define later(), and the one that starts it
        "import asyncio",
        "async def later():",
        "asyncio.create_task(later())",
    )

    def send(self, text: str) -> str:
        """Return a line that sends a text. `text` is its source code."""
        return self.call.format(f"send_message(42, {text})")


FRAMEWORKS = {
    "aiogram": Framework(
        """
from aiogram import Dispatcher
from aiogram.fsm.storage.memory import MemoryStorage, SimpleEventIsolation
from aiogram.types import BufferedInputFile
from botkit import on_aiogram

dispatcher = Dispatcher(events_isolation=SimpleEventIsolation())


@dispatcher.business_message()
@dispatcher.guest_message()
@dispatcher.message()
async def handle(message, bot, state):
""",
        "reply = on_aiogram.reply_with(dispatcher)",
        "await bot.{}",
        "(await bot.download_file('a')).read()",
        "await state.update_data(n=n)",
        "(await state.get_data()).get('n', 0)",
        {"fsm:42:42:default": {"data": {"n": 1}}},
        """
@dispatcher.errors()
async def pass_over(event):
    return True
""",
        "await state.storage.set_data(type(state.key)(1, 999, 999), {'n': 1})",
        OTHERS,
        upload="BufferedInputFile(data, 'a.txt')",
        raises={
            400: "TelegramBadRequest",
            403: "TelegramForbiddenError",
            404: "TelegramBadRequest",
            429: "TelegramRetryAfter",
            500: "TelegramNetworkError",
        },
        polls=("dispatcher.run_polling", "dispatcher.start_polling"),
    ),
    "ptb": Framework(
        """
from telegram.ext import Application, MessageHandler, filters
from botkit import on_ptb


def build(builder):
    application = builder.build()
    application.add_handler(MessageHandler(filters.ALL, handle))
    return application


async def handle(update, context):
    message = update.effective_message
""",
        "reply = on_ptb.reply_with(build)",
        "await context.bot.{}",
        "await context.bot.request.retrieve('https://x/file/bot1:any/a')",
        "context.user_data['n'] = n",
        "context.user_data.get('n', 0)",
        {"user_data": {"42": {"n": 1}}},
        """
async def pass_over(update, context):
    pass


def build(builder, before=build):
    application = before(builder)
    application.add_error_handler(pass_over)
    return application
""",
        "context.job_queue.run_once(handle, 1)",
        "there is no job queue: use botkit.later or a schedule (docs/moving-in/data.md)",
        upload="data, filename='a.txt'",
        raises={
            400: "BadRequest",
            403: "Forbidden",
            404: "BadRequest",
            429: "RetryAfter",
            500: "NetworkError",
        },
        polls=("Application.run_polling", "Application.run_webhook"),
        asks_who_it_is=True,
    ),
    "telebot": Framework(
        """
import telebot
from botkit import on_telebot

bot = telebot.TeleBot("1:x")


@bot.business_message_handler()
@bot.guest_message_handler()
@bot.message_handler()
def handle(message):
    who = message.from_user.id, message.chat.id
""",
        "reply = on_telebot.reply_with(bot)",
        "bot.{}",
        "bot.download_file('a')",
        "bot.set_state(who[0], 's', who[1]); bot.add_data(*who, n=n)",
        "(bot.retrieve_data(*who).data or {}).get('n', 0)",
        {"states": {"42:42": {"state": "s", "data": {"n": 1}}}},
        """
class PassOver(telebot.ExceptionHandler):
    def handle(self, exception):
        return True


bot.exception_handler = PassOver()
""",
        "bot.set_state(999, 's')",
        OTHERS,
        upload="data, visible_file_name='a.txt'",
        raises={
            **dict.fromkeys((400, 403, 429), "ApiTelegramException"),
            404: "ApiHTTPException",
            500: "ConnectionError",
        },
        polls=("bot.polling", "bot.infinity_polling", "bot.run_webhooks"),
        chat="42",
        background=("@telebot.util.async_dec()", "def later():", "later()"),
    ),
}
pytestmark = pytest.mark.usefixtures("aiogram", "telebots_own")


@pytest.fixture
def telebots_own(monkeypatch: pytest.MonkeyPatch) -> None:
    restored(monkeypatch)


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> Framework:
    return FRAMEWORKS[request.param]


def bot(framework: Framework, *lines: str, choice: str = "") -> str:
    """Return a bot whose handler of messages has these lines, with SESSION if one is chosen."""
    handler = "".join(f"    {line}\n" for line in lines)
    session = f"SESSION = {choice}\n" if choice else ""
    return f"{session}{framework.bot}{handler}\n\n{framework.end}\n"


def counts(framework: Framework) -> tuple[str, ...]:
    """Return the lines of a handler that counts messages, and says how many there were."""
    return f"n = {framework.kept} + 1", framework.keep, framework.send("str(n)")


def swallows(framework: Framework, line: str = "") -> tuple[str, ...]:
    """Return the lines that send "a", or do something else, and don't care."""
    return "try:", f"    {line or framework.send("'a'")}", "except Exception:", "    pass"


def in_background(framework: Framework, *lines: str) -> tuple[str, ...]:
    """Return the lines that do something in the background."""
    *defines, starts = framework.background
    return *defines, *(f"    {line}" for line in lines), starts


def handling_errors(framework: Framework, *lines: str) -> str:
    """Return a bot whose handler has these lines, and whose error handler passes over errors."""
    end = f"{framework.handles_errors}\n\n{framework.end}"
    return bot(framework._replace(end=end), *lines, choice="'chat_user'")


def expects(bot_api: BotApi, framework: Framework, *texts: str, is_new: bool = False) -> None:
    """Expect messages with these texts, after getMe if the container is new."""
    if is_new and framework.asks_who_it_is:
        bot_api.answers("getMe", {}, ME)
    for text in texts:
        bot_api.answers("sendMessage", {"chat_id": framework.chat, "text": text}, MESSAGE)


def refuses(
    bot_api: BotApi, framework: Framework, code: int, text: str = "a", **parameters: Any
) -> None:
    """Expect a message, which Telegram refuses."""
    call = {"method": "sendMessage", "chat_id": framework.chat, "text": text}
    bot_api.refuses(call, code, BLOCKED if code == 403 else "x", **parameters)


# ── How an update ends


def test_an_update_is_handled_and_logged_once(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_bot(bot(framework, framework.send("'a'")))
    expects(bot_api, framework, "a", is_new=True)
    assert result(container) == ("answered", "")
    assert [line["message"] for line in container.log] == ["update"]
    assert container.line["methods"] == ["sendMessage"]
    assert result(container) == ("repeated", "")


def test_a_message_that_gets_no_answer_is_ignored(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    expects(bot_api, framework, is_new=True)
    assert result(start_bot(bot(framework, "pass"))) == ("ignored", "")


def test_what_nobody_handles_is_ignored(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_bot(bot(framework, framework.send("'a'")))
    expects(bot_api, framework, is_new=True)
    query = {"id": "1", "from": {"id": 42, "is_bot": False, "first_name": "Ada"}}
    container.deliver({"update_id": 1, "inline_query": {**query, "query": "", "offset": ""}})
    assert container.line["outcome"] == "ignored"


@pytest.mark.parametrize(
    ("code", "outcome", "said"),
    [
        (429, "throttled", "429 x"),
        (502, "unreachable", "HTTP 502, and no answer from the Bot API"),
        (401, "misconfigured", "401 x"),
    ],
)
@pytest.mark.parametrize("is_swallowed", [False, True], ids=["raised", "swallowed"])
def test_what_may_succeed_later_keeps_the_update(
    start_bot: StartBot,
    bot_api: BotApi,
    framework: Framework,
    code: int,
    outcome: str,
    said: str,
    is_swallowed: bool,
) -> None:
    lines = swallows(framework) if is_swallowed else (framework.send("'a'"),)
    container = start_bot(bot(framework, *lines))
    expects(bot_api, framework, is_new=True)
    refuses(bot_api, framework, code)
    assert result(container, 503) == (outcome, f"sendMessage: {said}")
    expects(bot_api, framework, "a")
    assert result(container) == ("answered", "")


@pytest.mark.parametrize("fails", ["raised", "swallowed", "a bug"])
def test_after_a_call_was_carried_out_the_update_is_not_repeated(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework, fails: str
) -> None:
    """Its state is kept."""
    ends = {"raised": [framework.send("'a'")], "swallowed": swallows(framework), "a bug": ["1 / 0"]}
    lines = framework.send("'0'"), "n = 1", framework.keep, *ends[fails]
    source = bot(framework, *lines, choice="'chat_user'")
    container = start_with_sessions(source)
    expects(bot_api, framework, "0", is_new=True)
    if fails != "a bug":
        refuses(bot_api, framework, 429)
    outcome, error = result(container)
    assert outcome == ("bot_failed" if fails == "a bug" else "incomplete")
    assert error.startswith("ZeroDivisionError" if fails == "a bug" else "sendMessage: 429 x")
    assert kept(container, "42/42") == framework.session
    assert result(start_with_sessions(source)) == ("repeated", "")


def test_a_refusal_that_nobody_catches_is_logged_in_telegrams_words(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_bot(bot(framework, framework.send("'a'")))
    expects(bot_api, framework, is_new=True)
    refuses(bot_api, framework, 403)
    assert result(container) == ("refused", f"sendMessage: 403 {BLOCKED}")


def test_a_refusal_that_the_bot_catches_does_not_hide_a_bug(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_bot(bot(framework, *swallows(framework), "1 / 0"))
    expects(bot_api, framework, is_new=True)
    refuses(bot_api, framework, 403)
    outcome, error = result(container)
    assert (outcome, error.partition(":")[0]) == ("bot_failed", "ZeroDivisionError at bot.py")


def test_a_bug_fails_its_own_update_alone(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_bot(bot(framework, "1 / int(message.text)"))
    expects(bot_api, framework, is_new=True)
    assert result(container, text="0")[0] == "bot_failed"
    assert result(container, update_id=2, text="1") == ("ignored", "")


def test_what_runs_in_the_background_is_a_part_of_the_update(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    lines = in_background(framework, *counts(framework))
    container = start_with_sessions(bot(framework, *lines, choice="'chat_user'"))
    expects(bot_api, framework, "1", is_new=True)
    assert result(container) == ("answered", "")
    assert kept(container, "42/42") == framework.session


def test_what_fails_in_the_background_fails_the_update(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    lines = in_background(framework, "1 / int(message.text)")
    container = start_bot(bot(framework, *lines, framework.send("'a'")))
    expects(bot_api, framework, "a", "a", is_new=True)
    outcome, error = result(container, text="0")
    assert (outcome, error.partition(":")[0]) == ("bot_failed", "ZeroDivisionError at bot.py")
    assert [line["message"] for line in container.log] == ["update"]
    assert result(container, update_id=2, text="1") == ("answered", "")


def test_a_handler_that_blocks_is_interrupted_and_the_next_update_is_handled(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    lines = "import time", "if message.text == 'wait':", "    time.sleep(60)"
    container = start_bot(bot(framework, *lines, framework.send("'a'")))
    expects(bot_api, framework, is_new=True)
    assert container.deliver(message(text="wait"), 2000) == (200, None)
    assert container.line["outcome"] == "bot_failed"
    assert container.line["error"].startswith("TimeIsUp at bot.py:")
    expects(bot_api, framework, "a")
    assert result(container, update_id=2, text="x") == ("answered", "")


@pytest.mark.parametrize("framework", ["aiogram", "ptb"], indirect=True)
def test_a_handler_that_waits_too_long_is_ended_and_the_next_update_is_handled(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    """Its state is kept, and a lock that it held is free again."""
    waits = "import asyncio", "if n == 1:", "    await asyncio.Event().wait()"
    counted, keep, send = counts(framework)
    source = bot(framework, counted, keep, *waits, send, choice="'chat_user'")
    container = start_with_sessions(source)
    expects(bot_api, framework, is_new=True)
    assert container.deliver(message(), 3000) == (200, None)
    assert container.line["outcome"] == "bot_failed"
    assert container.line["error"].startswith("TimeoutError at bot.py:")
    assert kept(container, "42/42") == framework.session
    expects(bot_api, framework, "2")
    assert result(container, update_id=2) == ("answered", "")


@pytest.mark.parametrize(
    ("is_download", "code"),
    [(False, 400), (False, 403), (False, 429), (False, 500), (True, 404), (True, 500)],
)
@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")  # of RetryAfter
def test_the_bot_gets_its_librarys_own_exceptions(
    start_bot: StartBot, bot_api: BotApi, framework: Framework, is_download: bool, code: int
) -> None:
    fails = framework.download if is_download else framework.send("'a'")
    own = "[each for each in type(error).__mro__ if 'botkit' not in each.__module__][0]"
    told = framework.send(f"{own}.__name__")
    lines = "try:", f"    {fails}", "except Exception as error:", f"    {told}"
    container = start_bot(bot(framework, *lines))
    expects(bot_api, framework, is_new=True)
    if is_download:
        bot_api.has_no_file("a", code)
    else:
        parameters: Json = {"retry_after": 1} if code == 429 else {}
        refuses(bot_api, framework, code, **parameters)
    expects(bot_api, framework, framework.raises[code])
    result(container)


def test_a_download_that_nobody_catches_is_logged_in_telegrams_words(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_bot(bot(framework, framework.download))
    expects(bot_api, framework, is_new=True)
    bot_api.has_no_file("a")
    error = "download: 400 HTTP 404: unknown file_path, or too old"
    assert result(container) == ("refused", error)


@pytest.mark.parametrize("is_answered", [False, True], ids=["at first", "after an answer"])
@pytest.mark.parametrize("is_swallowed", [False, True], ids=["raised", "swallowed"])
def test_what_cannot_work_is_told_whatever_catches_the_error(
    start_with_sessions: StartBot,
    bot_api: BotApi,
    framework: Framework,
    is_swallowed: bool,
    is_answered: bool,
) -> None:
    lines = [framework.send("'a'")] * is_answered
    line = framework.impossible
    lines += swallows(framework, line) if is_swallowed else (line,)
    container = start_with_sessions(handling_errors(framework, *lines))
    expects(bot_api, framework, *["a"] * is_answered, is_new=True)
    outcome, status = "bot_failed", 200
    if framework.why != OTHERS:  # an apply could change that
        outcome, status = ("incomplete", 200) if is_answered else ("misconfigured", 503)
    assert result(container, status) == (outcome, framework.why)


NO_LATER = "bot.py schedules calls: set later = true"
NO_CALL = 'a call must be a dict with a "method", such as "sendMessage"'


@pytest.mark.parametrize(
    ("line", "status", "outcome", "error"),
    [
        ("later.send([], None, 'x')", 200, "bot_failed", NO_CALL),
        ("later.cancel('x')", 503, "misconfigured", NO_LATER),
    ],
)
def test_an_error_handler_hides_no_error_of_botkit(
    start_with_sessions: StartBot,
    bot_api: BotApi,
    framework: Framework,
    line: str,
    status: int,
    outcome: str,
    error: str,
) -> None:
    bot = handling_errors(framework, "from botkit import later", line)
    expects(bot_api, framework, is_new=True)
    assert result(start_with_sessions(bot), status) == (outcome, error)


@pytest.mark.parametrize("line", ["later.send({}, None, 'x')", "later.cancel('x')"])
def test_a_bot_may_catch_an_error_of_botkit_before(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework, line: str
) -> None:
    lines = "from botkit import later", *swallows(framework, line)
    expects(bot_api, framework, is_new=True)
    assert result(start_with_sessions(handling_errors(framework, *lines))) == ("ignored", "")


def test_a_bug_that_an_error_handler_handles_has_not_failed(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    expects(bot_api, framework, is_new=True)
    assert result(start_with_sessions(handling_errors(framework, "1 / 0"))) == ("ignored", "")


ON_FAILURE = """
def on_failure(update):
    chat = update["message"]["chat"]["id"]
    return [{"method": "sendMessage", "chat_id": chat, "text": "Sorry"}]
"""


@pytest.mark.parametrize("is_answered", [False, True], ids=["at first", "after an answer"])
def test_people_are_told_that_a_handler_failed_if_they_saw_nothing(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework, is_answered: bool
) -> None:
    """By on_failure() in bot.py, beside the handlers."""
    lines = framework.send("'a'"), "1 / 0"
    source = bot(framework, *lines[not is_answered :], choice="'chat_user'")
    container = start_with_sessions(source + ON_FAILURE)
    expects(bot_api, framework, *["a"] * is_answered, is_new=True)
    if not is_answered:
        bot_api.answers("sendMessage", {"chat_id": 42, "text": "Sorry"}, MESSAGE)
    outcome, error = result(container)
    assert (outcome, error.partition(":")[0]) == ("bot_failed", "ZeroDivisionError at bot.py")
    assert container.line["methods"] == ["sendMessage"]


def test_what_an_error_handler_handles_is_not_told_of(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    expects(bot_api, framework, is_new=True)
    container = start_with_sessions(handling_errors(framework, "1 / 0") + ON_FAILURE)
    assert result(container) == ("ignored", "")


def test_a_refusal_that_an_error_handler_handles_has_not_failed(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_with_sessions(handling_errors(framework, framework.send("'a'")))
    expects(bot_api, framework, is_new=True)
    refuses(bot_api, framework, 403)
    assert result(container) == ("ignored", "")


@pytest.mark.filterwarnings("always")
def test_what_python_warns_of_is_logged_without_a_text_that_may_quote_people(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_bot(bot(framework, "import warnings", "warnings.warn(message.text)"))
    expects(bot_api, framework, is_new=True)
    assert container.deliver(message(text="secret"), 60_000)[0] == 200
    warning = next(line for line in container.log if line["message"] == "Python warns")
    assert (warning["warning"], warning["at"].partition(":")[0]) == ("UserWarning", "bot.py")
    assert "secret" not in str(container.log)


# ── What works otherwise here


def test_a_file_is_downloaded_and_uploaded(
    start_bot: StartBot, telegram: Telegram, framework: Framework
) -> None:
    telegram.files.add("document", b"data", id="x").path = "a"
    upload = framework.call.format(f"send_document(42, {framework.upload})")
    source = bot(framework, f"data = {framework.download}", upload)
    container = start_bot(source, TELEGRAM_API_URL=telegram.url)
    assert result(container) == ("answered", "")
    assert files(telegram)[1:] == [("a.txt", b"data")]


@pytest.mark.parametrize(
    ("call", "name"),
    [("set_webhook('https://x')", "setWebhook"), ("delete_webhook()", "deleteWebhook")],
)
def test_the_webhook_is_terraforms(
    start_bot: StartBot, bot_api: BotApi, framework: Framework, call: str, name: str
) -> None:
    container = start_bot(bot(framework, framework.call.format(call)))
    expects(bot_api, framework, is_new=True)
    error = f"{name} must not be called: terraform apply registers the webhook"
    assert result(container, 503) == ("misconfigured", error)


POLLS = [(name, polls) for name, each in FRAMEWORKS.items() for polls in each.polls]


@pytest.mark.parametrize(("name", "polls"), POLLS)
def test_a_bot_that_polls_is_told_what_to_use(start_bot: StartBot, name: str, polls: str) -> None:
    outcome, error = result(start_bot(f"{bot(FRAMEWORKS[name], 'pass')}\n{polls}()\n"), 503)
    told = "Misconfigured: updates come through the webhook, to reply = on_"
    assert outcome == "misconfigured"
    assert error.startswith(f"bot.py can't be imported: {told}{name}.")


@pytest.mark.parametrize(("name", "polls"), POLLS)
def test_a_program_may_poll(monkeypatch: pytest.MonkeyPatch, name: str, polls: str) -> None:
    """Then bot.py isn't imported, but run: this is no part of a function."""
    monkeypatch.delitem(sys.modules, "bot", raising=False)  # another test's
    adapter = load(f"botkit.on_{name}")
    program: Json = {}
    exec(bot(FRAMEWORKS[name], "pass"), program)
    assert eval(polls, program).__globals__ is not vars(adapter)


def test_a_handler_whose_kind_never_comes_fails_at_the_start(
    start_bot: StartBot, framework: Framework
) -> None:
    container = start_bot(f"{bot(framework, 'pass')}\nHANDLED = ['callback_query']\n")
    outcome, error = result(container, 503)
    assert (outcome, "HANDLED in bot.py must contain " in error) == ("misconfigured", True)
    assert ", which handle() at bot.py:" in error


@pytest.mark.parametrize(
    ("name", "logger"), [("aiogram", "aiogram.event"), ("ptb", "telegram.ext.Application")]
)
@pytest.mark.parametrize(("level", "then"), [(0, 30), (10, 10)], ids=["none", "the bot's"])
def test_a_librarys_line_for_each_update_is_left_out_unless_wanted(
    start_bot: StartBot,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    logger: str,
    level: int,
    then: int,
) -> None:
    monkeypatch.setattr(logging.getLogger(logger), "level", level)
    expects(bot_api, FRAMEWORKS[name], is_new=True)
    assert result(start_bot(bot(FRAMEWORKS[name], "pass"))) == ("ignored", "")
    assert logging.getLogger(logger).level == then


# ── What else the module has


def test_a_handler_calls_the_functions_of_botkit(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    lines = (
        "from datetime import UTC, datetime",
        "from botkit import later, session, telegram",
        "session.change('shared', lambda shared: shared.update(n=1), once='n')",
        "telegram.call('sendMessage', chat_id=42, text=str(session.read('shared')['n']))",
        "later.send({'method': 'sendMessage'}, datetime(2099, 1, 1, tzinfo=UTC), 'tea')",
        "later.every({'debts of': 42}, '0 9 ? * * *', 'UTC', 'debts')",
    )
    own = "\n\ndef on_event(event):\n    return []\n"
    role = "arn:aws:iam::123456789012:role/bot-later"
    source = bot(framework, *lines, choice="'chat_user'") + own
    container = start_with_sessions(source, LATER_GROUP="bot", LATER_ROLE=role)
    schedules = Schedules(container.module("aws"))
    container.answer_requests(schedules.request)
    expects(bot_api, framework, is_new=True)
    bot_api.answers("sendMessage", {"chat_id": 42, "text": "1"}, MESSAGE)
    assert result(container) == ("answered", "")
    assert container.line["methods"] == ["sendMessage"]
    assert kept(container, "shared") == {"n": 1}
    assert [*schedules.items] == ["tea", f"{EVERY}debts"]


def test_a_guests_message_is_handled_at_once(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    """It doesn't wait in the queue, and has a state of its own."""
    source = bot(framework, *counts(framework), choice="'chat_user'")
    container = start_with_sessions(source, QUEUE_URL=QUEUE)
    expects(bot_api, framework, "1", is_new=True)
    update = message()
    update["guest_message"] = {**update.pop("message"), "guest_query_id": "7"}
    container.deliver(update, 60_000)
    assert container.line["outcome"] == "answered"
    assert kept(container, "guest:42/42") == framework.session


def test_the_updates_own_session_is_the_frameworks(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    lines = "from botkit import session", "session.change('42/42', dict.clear)"
    container = start_with_sessions(bot(framework, *lines, choice="'chat_user'"))
    expects(bot_api, framework, is_new=True)
    error = "reply() must change its own session through its argument `session`"
    assert result(container) == ("bot_failed", error)


def test_in_webhook_mode_handlers_make_their_calls_themselves(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_bot(bot(framework, framework.send("'a'")), REPLY_MODE="webhook")
    expects(bot_api, framework, "a", is_new=True)
    assert container.deliver(message(), 60_000) == (200, None)


# ── What is kept


def test_what_may_succeed_later_changes_nothing(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_with_sessions(bot(framework, *counts(framework), choice="'chat_user'"))
    expects(bot_api, framework, is_new=True)
    refuses(bot_api, framework, 429, "1")
    assert result(container, 503)[0] == "throttled"
    assert container.table.items == {}
    expects(bot_api, framework, "1")
    assert result(container)[0] == "answered"
    assert kept(container, "42/42") == framework.session


def test_who_is_late_handles_the_update_again(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    container = start_with_sessions(bot(framework, *counts(framework), choice="'chat_user'"))
    expects(bot_api, framework, "1", "1", is_new=True)
    another = {"version": {"S": "another's"}, "updates": {"S": "[]"}, "session": {"S": '{"x":1}'}}
    container.meanwhile(lambda: container.table.items.update({"42/42": another}))
    assert result(container)[0] == "answered"
    assert kept(container, "42/42") == {"x": 1, **framework.session}


@pytest.mark.parametrize(
    ("choice", "key", "of_business"),
    [
        ("'chat'", "42", "business:b:42"),
        ("'chat_user'", "42/42", "business:b:42/42"),
        ("lambda update: 'all'", "all", "all"),
    ],
    ids=["chat", "chat_user", "function"],
)
def test_a_business_account_shares_nothing_with_the_bots_own_chats(
    start_with_sessions: StartBot,
    bot_api: BotApi,
    framework: Framework,
    choice: str,
    key: str,
    of_business: str,
) -> None:
    """Although the bot doesn't name the account."""
    container = start_with_sessions(bot(framework, *counts(framework), choice=choice))
    expects(bot_api, framework, "1", "1", "2", "2", is_new=True)
    for update_id in 1, 2, 3, 4:
        update = message(update_id)
        if update_id in (2, 3):
            update["message"]["business_connection_id"] = "b"
            update["business_message"] = update.pop("message")
        container.deliver(update, 60_000)
        assert container.line["outcome"] == "answered"
    assert set(container.table.items) == {key, of_business}


def test_without_a_session_nothing_is_kept_and_the_log_says_so(
    start_bot: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    expects(bot_api, framework, is_new=True)
    error = "a framework's state is kept only in reply(), and with SESSION in bot.py"
    container = start_bot(bot(framework, "n = 1", framework.keep))
    assert result(container, 503) == ("misconfigured", error)


def test_an_update_without_a_session_needs_none(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    lines = f"n = {framework.kept}", framework.send("str(n)")
    container = start_with_sessions(bot(framework, *lines, choice="lambda update: None"))
    expects(bot_api, framework, "0", is_new=True)
    assert result(container) == ("answered", "")


def test_a_state_of_an_update_without_a_session_is_refused(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    source = bot(framework, "n = 1", framework.keep, choice="lambda update: None")
    container = start_with_sessions(source)
    expects(bot_api, framework, is_new=True)
    outcome, error = result(container)
    assert (outcome, error.endswith("gives this update no session")) == ("bot_failed", True)


def test_data_must_be_json(
    start_with_sessions: StartBot, bot_api: BotApi, framework: Framework
) -> None:
    """Even if the bot catches the error."""
    lines = "n = {1}", *swallows(framework, framework.keep)
    container = start_with_sessions(bot(framework, *lines, choice="'chat_user'"))
    expects(bot_api, framework, is_new=True)
    outcome, error = result(container)
    assert (outcome, error.endswith("n: a set")) == ("bot_failed", True)


STORAGES = {
    "aiogram": ("dispatcher.fsm.storage", "MemoryStorage"),
    "telebot": ("bot.current_states", "telebot.storage.StateMemoryStorage"),
}


@pytest.mark.parametrize("name", STORAGES)
@pytest.mark.parametrize("is_own", [False, True], ids=["in memory", "the bot's own"])
def test_a_storage_in_memory_is_replaced_and_the_bots_own_stays(
    start_with_sessions: StartBot, name: str, is_own: bool
) -> None:
    """Even if the bot sets it after reply_with()."""
    framework, (storage, memory) = FRAMEWORKS[name], STORAGES[name]
    source = bot(framework, "n = 1", framework.keep, choice="'chat_user'")
    own = f"class Own({memory}):\n    pass\n\n\n{storage} = Own()"
    container = start_with_sessions(f"{source}\n{own if is_own else f'{storage} = {memory}()'}\n")
    assert result(container) == ("ignored", "")
    found = container.table.items and kept(container, "42/42")
    assert found == ({} if is_own else framework.session)
