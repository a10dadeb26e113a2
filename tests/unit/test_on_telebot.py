"""on_telebot.py: bots that are written with pyTelegramBotAPI (telebot)."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botkit.errors import JSON_VALUES
from telegram_stand_in import Telegram

from tests.conftest import BotApi, StartBot
from tests.support.frameworks import MESSAGE, kept, result
from tests.support.stubs import Json, load, message
from tests.support.telebot import restored
from tests.support.telegram import files

START = """
import telebot
from telebot import custom_filters, types, util
from telebot.handler_backends import State, StatesGroup

from botkit import on_telebot

bot = telebot.TeleBot("1:x")
bot.add_custom_filter(custom_filters.StateFilter(bot))


class Form(StatesGroup):
    name = State()


"""
END = """

reply = on_telebot.reply_with(bot)
"""
CONVERSATION = """
@bot.message_handler(commands=["start"])
def begin(message):
    bot.set_state(message.from_user.id, Form.name, message.chat.id)
    bot.send_message(42, "Your name?")


@bot.message_handler(state=Form.name)
def name(message):
    bot.add_data(message.from_user.id, message.chat.id, name=message.text)
    bot.send_message(42, "Your age?")
    bot.register_next_step_handler(message, age, "years")


def age(message, unit):
    with bot.retrieve_data(message.from_user.id, message.chat.id) as data:
        text = f"{data['name']}, {message.text} {unit}"
    bot.delete_state(message.from_user.id, message.chat.id)
    bot.send_message(42, text)


@bot.message_handler()
def other(message):
    bot.send_message(42, "What?")
"""
SEND = 'bot.send_message(42, "a")'


@pytest.fixture(autouse=True)
def telebots_own(monkeypatch: pytest.MonkeyPatch) -> None:
    restored(monkeypatch)


def source(middle: str, choice: str = "") -> str:
    """Return a bot.py, with SESSION if one is chosen."""
    return (f'SESSION = "{choice}"\n' if choice else "") + START + middle + END


def handler(*lines: str, choice: str = "", before: str = "") -> str:
    """Return a bot whose handler of messages has these lines."""
    head = f"{before}\n@bot.message_handler()\ndef handle(message):"
    return source("\n    ".join([head, *lines]), choice)


def expects(bot_api: BotApi, *texts: str) -> None:
    for text in texts:
        bot_api.answers("sendMessage", {"chat_id": "42", "text": text}, MESSAGE)


# ── Calls


@pytest.mark.parametrize("options", ["", ", threaded=False"])
def test_an_update_is_handled_in_its_own_thread(
    start_bot: StartBot, bot_api: BotApi, options: str
) -> None:
    say = "bot.send_message(42, threading.current_thread().name)"
    container = start_bot(
        handler(say, before="import threading").replace('"1:x"', f'"1:x"{options}')
    )
    expects(bot_api, "MainThread")
    assert result(container) == ("answered", "")


def test_what_is_decorated_to_run_in_a_thread_runs_at_once(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    before = "import threading\n@util.async_dec()\ndef later():\n"
    before += "    return threading.current_thread().name\n"
    container = start_bot(handler("bot.send_message(42, later().wait())", before=before))
    expects(bot_api, "MainThread")
    assert result(container) == ("answered", "")


def test_an_error_in_a_thread_that_the_bot_waits_for_is_the_bots(start_bot: StartBot) -> None:
    lines = "try:", "    later().wait()", "except ZeroDivisionError:", "    pass"
    before = "@util.async_dec()\ndef later():\n    1 / 0\n"
    assert result(start_bot(handler(*lines, before=before))) == ("ignored", "")


def test_what_a_thread_returns_need_not_be_waited_for(start_bot: StartBot) -> None:
    before = "@util.async_dec()\ndef later():\n    return 'done'\n"
    assert result(start_bot(handler("later()", before=before))) == ("ignored", "")


def test_an_error_in_a_thread_fails_its_own_update_alone(start_bot: StartBot) -> None:
    """Also in an author's tests, which call reply() themselves."""
    before = "@util.async_dec()\ndef later(text):\n    1 / int(text)\n"
    container = start_bot(handler("later(message.text)", before=before))
    with pytest.raises(container.module("errors").FailedForGood):
        container.bot.reply(message(text="0"))
    assert container.bot.reply(message(text="1")) == []


def test_of_all_that_fails_in_threads_what_may_pass_counts(start_bot: StartBot) -> None:
    raises = "@util.async_dec()\ndef later():\n    raise Unreachable('no')\n"
    before = f"from botkit.errors import Unreachable\n{raises}"
    container = start_bot(handler("later()", "1 / 0", before=before))
    assert result(container, status=503) == ("unreachable", "no")


def test_the_threads_of_the_bot_end(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(handler(SEND))
    expects(bot_api, "a")
    result(container)
    assert [worker._running for worker in container.bot.bot.worker_pool.workers] == [False] * 2


def test_a_call_without_parameters(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(handler("bot.get_me()"))
    bot_api.answers("getMe", {}, {"id": 1, "is_bot": True, "first_name": "Bot"})
    assert result(container) == ("answered", "")


def test_files_of_all_forms_are_uploaded(
    start_bot: StartBot, telegram: Telegram, tmp_path: Path
) -> None:
    (tmp_path / "b.txt").write_bytes(b"of a path")
    container = start_bot(
        handler(
            f"with open({str(tmp_path / 'b.txt')!r}, 'rb') as file:",
            "    bot.send_document(42, file)",
            "bot.send_document(42, types.InputFile(io.BytesIO(b'in memory'), 'c.txt'))",
            "bot.send_document(42, io.StringIO('text'))",
            "bot.send_document(42, ('d.txt', b'with its type', 'text/plain'))",
            before="import io",
        ),
        TELEGRAM_API_URL=telegram.url,
    )
    assert result(container) == ("answered", "")
    assert files(telegram) == [
        ("b.txt", b"of a path"),
        ("c.txt", b"in memory"),
        ("document", b"text"),
        ("d.txt", b"with its type"),
    ]


def swallows(line: str) -> tuple[str, ...]:
    """Return the lines that do something, and don't care for errors."""
    return "try:", f"    {line}", "except Exception:", "    pass"


def test_the_url_of_a_file_would_have_the_token(start_bot: StartBot) -> None:
    """Even if the bot catches the error."""
    container = start_bot(handler(*swallows("bot.get_file_url('x')")))
    error = "the URL of a file contains the token: use bot.download_file(file_path)"
    assert result(container, status=503) == ("misconfigured", error)


# ── What fails


def test_the_bot_gets_telebots_own_exceptions(start_bot: StartBot, bot_api: BotApi) -> None:
    lines = ("try:", f"    {SEND}", "except telebot.apihelper.ApiTelegramException as error:")
    say = "    bot.send_message(43, f'{error.error_code} {error.description} {error.result_json}')"
    container = start_bot(handler(*lines, say))
    call = {"method": "sendMessage", "chat_id": "42", "text": "a"}
    bot_api.refuses(call, 429, "x", retry_after=5)
    answer = {"ok": False, "error_code": 429, "description": "x", "parameters": {"retry_after": 5}}
    told = {"chat_id": "43", "text": f"429 x {answer}"}
    bot_api.answers("sendMessage", told, MESSAGE)
    assert result(container) == ("incomplete", "sendMessage: 429 x")


MIDDLEWARE = """
import telebot.handler_backends


class Own(telebot.handler_backends.BaseMiddleware):
    update_types = ["message"]
    update_sensitive = True

    def pre_process_message(self, message, data):
        data["a"] = 1


bot.setup_middleware(Own())
"""


@pytest.fixture
def telebots_log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What telebot logs."""
    import telebot

    lines: list[str] = []
    own = logging.Handler()
    monkeypatch.setattr(own, "emit", lambda record: lines.append(record.getMessage()))
    monkeypatch.setattr(telebot.logger, "handlers", [own])
    monkeypatch.setattr(telebot.logger, "level", telebot.logger.level)  # as the bot may
    monkeypatch.setattr(telebot.apihelper, "ENABLE_MIDDLEWARE", False)  # unless the bot does so
    return lines


IN_MIDDLEWARE = """
telebot.apihelper.ENABLE_MIDDLEWARE = True


@bot.middleware_handler(update_types=["message"])
def fail(bot, message):
    raise ValueError(message.text)
"""


@pytest.mark.parametrize(
    ("options", "before"),
    [
        ("use_class_middlewares=True", ""),
        ("use_class_middlewares=True", "telebot.logger.setLevel('CRITICAL')"),
        ("use_class_middlewares=False", IN_MIDDLEWARE),
        ("suppress_middleware_excepions=True", IN_MIDDLEWARE),
    ],
)
def test_what_telebot_only_logs_fails_the_update_and_quotes_nobody(
    start_bot: StartBot, telebots_log: list[str], options: str, before: str
) -> None:
    bot = handler("raise ValueError(message.text)", before=before)
    container = start_bot(bot.replace('"1:x"', f'"1:x", {options}'))
    outcome, error = result(container, text="secret")
    assert (outcome, error.partition(":")[0]) == ("bot_failed", "ValueError at bot.py")
    assert (telebots_log, "secret" in str(container.log)) == ([], False)


@pytest.mark.parametrize(
    ("head", "before", "error"),
    [
        ("handle(message, data, a, b)", MIDDLEWARE, "It is not allowed to pass data and values"),
        ("handle(message, a)", MIDDLEWARE, "You are passing more parameters than the handler"),
        (
            "handle(message)",
            "class Own:\n    key = 'own'\nbot.add_custom_filter(Own())\n",
            "Custom filter: wrong type. Should be",
        ),
    ],
)
def test_a_handler_that_telebot_cant_call_fails_the_update(
    start_bot: StartBot, head: str, before: str, error: str
) -> None:
    filters = "own=1" if "own" in before else "pass_bot=True"
    bot = handler(SEND, before=before).replace("message_handler()", f"message_handler({filters})")
    bot = bot.replace("handle(message)", head)
    container = start_bot(bot.replace('"1:x"', '"1:x", use_class_middlewares=True'))
    outcome, said = result(container)
    assert (outcome, said[: len(error)]) == ("bot_failed", error)


def test_what_else_is_logged_by_telebot_or_with_its_logger_stays(
    start_bot: StartBot, telebots_log: list[str]
) -> None:
    lines = (
        "telebot.logger.setLevel('WARNING')",
        "try:",
        "    1 / 0",
        "except ZeroDivisionError:",
        "    telebot.logger.error('mine')",
        "    exec(compile('telebot.logger.error(2)', chr(126), 'exec'))",  # sorts after telebot's
        "    bot.message_handler(content_types='text')",
    )
    bot = handler(*lines, before=MIDDLEWARE)
    container = start_bot(bot.replace('"1:x"', '"1:x", use_class_middlewares=True'))
    assert result(container) == ("ignored", "")
    assert telebots_log == [
        "mine",
        "2",
        "message_handler: 'content_types' filter should be List of strings (content types), "
        "not string.",
        "Middleware: Own does not have post_process_message method. "
        "Post process function was not executed.",
    ]


@pytest.mark.parametrize(("handles", "outcome"), [("True", "ignored"), ("False", "bot_failed")])
def test_what_the_bots_exception_handler_handles_has_not_failed(
    start_bot: StartBot, handles: str, outcome: str
) -> None:
    """Even if the bot sets it after reply_with()."""
    own = f"class Own:\n    def handle(self, error):\n        return {handles}\n"
    container = start_bot(handler("1 / 0") + f"{own}bot.exception_handler = Own()\n")
    assert result(container)[0] == outcome


def test_a_call_that_the_exception_handler_repeats_with_success_has_not_failed(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    own = f"class Own:\n    def handle(self, error):\n        return {SEND}\n"
    container = start_bot(handler(SEND) + f"{own}bot.exception_handler = Own()\n")
    bot_api.refuses({"method": "sendMessage", "chat_id": "42", "text": "a"}, 500, "x")
    expects(bot_api, "a")
    assert result(container) == ("answered", "")


@pytest.mark.parametrize(
    ("line", "error"),
    [(SEND, "unreachable: sendMessage: HTTP 500"), ("bot.delete_webhook()", "misconfigured: ")],
)
def test_an_event_whose_call_may_succeed_later_is_retried(
    start_bot: StartBot, bot_api: BotApi, line: str, error: str
) -> None:
    container = start_bot(f"{source('')}\n\ndef on_event(event):\n    {line}\n    return []\n")
    if line == SEND:
        bot_api.refuses({"method": "sendMessage", "chat_id": "42", "text": "a"}, 500, "x")
    with pytest.raises(Exception, match=error):
        container.invoke({"x": 1})


# ── What is kept


def test_a_conversation_survives_its_container(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    bot = source(CONVERSATION, "chat")
    for update_id, text, answer in (
        (1, "x", "What?"),
        (2, "/start", "Your name?"),
        (3, "Ada", "Your age?"),
        (4, "36", "Ada, 36 years"),
        (5, "x", "What?"),
    ):
        expects(bot_api, answer)
        container = start_with_sessions(bot)
        assert result(container, text=text, update_id=update_id) == ("answered", "")
    assert kept(container, "42") == {}


OTHERS = "this data isn't in the update's session: "
GROUP: Json = {"chat": {"id": -5, "type": "group", "title": "G"}}


@pytest.mark.parametrize(
    ("choice", "line", "what_to_do"),
    [
        ("chat", "bot.set_state(7, 'x', -1)", "use botkit.session"),
        ("chat", "bot.set_state(42, 'x')", 'with SESSION = "user", it would be'),
        ("chat", "bot.get_state(42)", 'with SESSION = "user", it would be'),
        (
            "user",
            "bot.set_state(7, 'x', -5)",
            'with SESSION = "chat" or SESSION = "topic", it would be',
        ),
        ("topic", "bot.set_state(42, 'x', -5, message_thread_id=7)", None),
        ("chat", "bot.set_state(42, 'x', -5, 'b')", 'with SESSION = "user", it would be'),
        (
            "chat",
            "bot.register_next_step_handler_by_chat_id(42, handle)",
            'with SESSION = "user", it would be',
        ),
        ("user", "bot.clear_step_handler_by_chat_id(7)", "use botkit.session"),
    ],
)
def test_what_another_session_has_is_refused_in_words(
    start_with_sessions: StartBot, choice: str, line: str, what_to_do: str | None
) -> None:
    container = start_with_sessions(handler(line, choice=choice))
    fit = 'with SESSION = "chat" or SESSION = "user" or SESSION = "chat_user", it would be'
    assert result(container, **GROUP) == ("bot_failed", OTHERS + (what_to_do or fit))
    assert container.table.items == {}


@pytest.mark.parametrize(
    ("choice", "who", "key"),
    [("chat", 7, "-5"), ("chat_user", 42, "-5/42"), ("topic", 42, "-5"), ("user", 42, "42")],
)
def test_what_the_session_has_is_kept(
    start_with_sessions: StartBot, choice: str, who: int, key: str
) -> None:
    container = start_with_sessions(handler(f"bot.set_state({who}, 'x', -5)", choice=choice))
    assert result(container, **GROUP) == ("ignored", "")
    assert kept(container, key) == {"states": {f"-5:{who}": {"state": "x", "data": {}}}}


def test_a_state_without_its_topic_is_in_the_topics_session(
    start_with_sessions: StartBot,
) -> None:
    """telebot names no topic of a channel's direct messages."""
    container = start_with_sessions(handler("bot.set_state(42, 'x', -5)", choice="topic"))
    topic: Json = {"message_thread_id": 7, "is_topic_message": True}
    assert result(container, **GROUP, **topic) == ("ignored", "")
    assert kept(container, "-5/7") == {"states": {"-5:42": {"state": "x", "data": {}}}}


def test_a_reply_outside_of_a_forum_may_have_a_state_of_its_thread(
    start_with_sessions: StartBot,
) -> None:
    line = "bot.set_state(42, 'x', -5, message_thread_id=message.message_thread_id)"
    container = start_with_sessions(handler(line, choice="topic"))
    assert result(container, **GROUP, message_thread_id=7) == ("ignored", "")
    assert kept(container, "-5") == {"states": {"7:-5:42": {"state": "x", "data": {}}}}


def test_an_anonymous_admin_has_a_state(start_with_sessions: StartBot) -> None:
    container = start_with_sessions(handler("bot.set_state(42, 'x', -5)", choice="chat_user"))
    assert result(container, **GROUP, sender_chat=GROUP["chat"]) == ("ignored", "")
    assert kept(container, "-5/-5") == {"states": {"-5:42": {"state": "x", "data": {}}}}


def test_an_update_without_a_session_has_no_state(start_with_sessions: StartBot) -> None:
    """Filters ask for it all the same."""
    bot = handler("bot.set_state(42, 'x')", choice="chat").replace(
        "message_handler()", "inline_handler(lambda query: bot.get_state(42) is None)"
    )
    container = start_with_sessions(bot)
    query = {"id": "1", "from": {"id": 42, "is_bot": False, "first_name": "Ada"}}
    container.deliver({"update_id": 1, "inline_query": {**query, "query": "", "offset": ""}})
    assert container.line["error"].endswith("gives this update no session")
    assert container.line["outcome"] == "bot_failed"


@pytest.mark.parametrize(
    ("where", "name"),
    [("message_thread_id=7", "7:-5:42"), ("business_connection_id='b'", "b:-5:42")],
)
def test_a_topic_and_a_business_account_have_states_of_their_own(
    start_with_sessions: StartBot, where: str, name: str
) -> None:
    container = start_with_sessions(handler(f"bot.set_state(42, 'x', -5, {where})", choice="user"))
    assert result(container, **GROUP) == ("ignored", "")
    assert kept(container, "42") == {"states": {name: {"state": "x", "data": {}}}}


def test_with_a_function_as_session_only_the_chats_own_states_are_kept(
    start_with_sessions: StartBot,
) -> None:
    choose = "\nSESSION = lambda update: 'all'\n"
    own = handler("bot.set_state(4242, Form.name)")
    container = start_with_sessions(own + choose)
    private: Json = {"chat": {"id": 4242, "type": "private"}}
    assert result(container, **private) == ("ignored", "")
    assert kept(container, "all") == {"states": {"4242:4242": {"state": "Form:name", "data": {}}}}
    for other in (7, 9999):
        container = start_with_sessions(handler(f"bot.set_state({other}, Form.name)") + choose)
        outcome, error = result(container, update_id=other, **private)
        assert (outcome, error) == ("bot_failed", f"{OTHERS}use botkit.session")


def test_what_waits_for_a_reply(start_with_sessions: StartBot, bot_api: BotApi) -> None:
    before = f"def later(message):\n    {SEND}\n"
    bot = handler("bot.register_for_reply_by_message_id(5, later)", choice="chat", before=before)
    container = start_with_sessions(bot)
    assert result(container) == ("ignored", "")
    assert kept(container, "42") == {"replies": {"5": [["bot", "later", [], {}]]}}
    expects(bot_api, "a")
    reply_to: Any = {"reply_to_message": {**MESSAGE, "message_id": 5}}
    assert result(container, text="/x", update_id=2, **reply_to)[0] == "answered"


def test_a_function_waits_in_private_for_a_person_who_wrote_in_a_group(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    waits = "bot.register_next_step_handler_by_chat_id(42, answer)"
    before = f"def answer(message):\n    {SEND}\n"
    container = start_with_sessions(handler(waits, choice="user", before=before))
    assert result(container, **GROUP) == ("ignored", "")
    assert kept(container, "42") == {"steps": {"42": [["bot", "answer", [], {}]]}}
    expects(bot_api, "a")
    assert result(container, update_id=2) == ("answered", "")


def test_each_update_may_await_replies_in_its_own_chat(start_with_sessions: StartBot) -> None:
    waits = "bot.register_for_reply(message, handle)"
    container = start_with_sessions(handler(waits, choice="chat"))
    assert result(container) == ("ignored", "")
    reply_to: Any = {"reply_to_message": {**MESSAGE, "message_id": 5}}
    assert result(container, update_id=2, **GROUP, **reply_to) == ("ignored", "")


def test_a_reply_in_another_chat_is_not_awaited(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    group: Json = {"chat": {"id": -99, "type": "group", "title": "Support"}}
    bot = handler(
        'sent = bot.send_message(-99, "asks")',
        "bot.register_for_reply(sent, answer)",
        choice="chat",
        before=f"def answer(message):\n    {SEND}\n",
    )
    container = start_with_sessions(bot)
    bot_api.answers("sendMessage", {"chat_id": "-99", "text": "asks"}, {**MESSAGE, **group})
    error = f"{OTHERS}use botkit.session"
    assert result(container) == ("bot_failed", error)


def test_a_function_waits_for_a_person_in_a_group(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    group: Json = {"chat": {"id": -1001234567890, "type": "supergroup", "title": "G"}}
    waits = "bot.register_next_step_handler_by_chat_id(-1001234567890, answer)"
    before = f"def answer(message):\n    {SEND}\n"
    container = start_with_sessions(handler(waits, choice="chat_user", before=before))
    assert result(container, **group) == ("ignored", "")
    expects(bot_api, "a")
    assert result(container, update_id=2, **group) == ("answered", "")


def test_two_functions_may_wait_for_a_message(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    bot = handler(
        "bot.register_next_step_handler(message, first)",
        "bot.register_next_step_handler(message, second)",
        choice="chat",
        before="".join(
            f'def {name}(message):\n    bot.send_message(42, "{name}")\n'
            for name in ("first", "second")
        ),
    )
    container = start_with_sessions(bot)
    assert result(container) == ("ignored", "")
    expects(bot_api, "first", "second")
    assert result(container, update_id=2) == ("answered", "")


ONLY = f"a session must contain only {JSON_VALUES}: arguments: "
TOP = "only a function at the top level of a module can wait for a message, not "


@pytest.mark.parametrize(
    ("callback", "error"),
    [
        ("lambda message: None", f"{TOP}handle.<locals>.<lambda> at bot.py:"),
        ("bot.get_me", f"{TOP}TeleBot.get_me at __init__.py:"),
        ("type('Step', (), {'__call__': print})()", f"{TOP}a Step"),
        (
            "handle, message",
            "handle at bot.py:18 can't wait with these: a session",
        ),
        ("handle, {1: 2}", f"handle at bot.py:18 can't wait with these: {ONLY}a key of type int"),
    ],
)
def test_what_cannot_wait(start_with_sessions: StartBot, callback: str, error: str) -> None:
    """Even if the bot catches the error."""
    line = f"bot.register_next_step_handler(message, {callback})"
    container = start_with_sessions(handler(*swallows(line), choice="chat"))
    outcome, said = result(container)
    assert (outcome, said[: len(error)]) == ("bot_failed", error)


def test_next_steps_are_saved_in_the_session_and_in_no_file(start_with_sessions: StartBot) -> None:
    saved = "bot.enable_save_next_step_handlers(delay=2)\nbot.load_next_step_handlers()\n"
    line = "bot.register_next_step_handler(message, handle)"
    container = start_with_sessions(handler(line, choice="chat") + f"\n{saved}")
    assert result(container) == ("ignored", "")
    assert [*kept(container, "42")] == ["steps"]


def test_a_function_that_is_gone_waits_no_longer(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    line = "bot.register_next_step_handler(message, handle)"
    assert result(start_with_sessions(handler(line, choice="chat"))) == ("ignored", "")
    container = start_with_sessions(handler(SEND, choice="chat").replace("handle(", "other("))
    expects(bot_api, "a")
    assert result(container, update_id=2) == ("answered", "")
    assert [line.get("reason") for line in container.log[1:]] == ["no bot.handle()", None]
    assert kept(container, "42") == {}


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize(
    "line", ["bot.set_state(42, Form.name)", "bot.register_next_step_handler_by_chat_id(42, other)"]
)
def test_an_event_has_no_state_and_the_log_says_so(
    start_with_sessions: StartBot, line: str, update: bool
) -> None:
    """Neither before the first update nor after one."""
    bot = handler("pass", choice="chat", before="def other(message):\n    pass\n")
    container = start_with_sessions(f"{bot}\ndef on_event(event):\n    {line}\n    return []\n")
    if update:
        assert result(container) == ("ignored", "")
    error = "misconfigured: a framework's state is kept only in reply\\(\\), and with SESSION"
    with pytest.raises(Exception, match=error):
        container.invoke({"x": 1})


def test_a_storage_of_the_bots_own_needs_no_session(start_bot: StartBot) -> None:
    before = (
        "class Own(telebot.storage.StateMemoryStorage):\n    pass\nbot.current_states = Own()\n"
    )
    bot = handler("pass", before=before).replace("handler()", "handler(state=Form.name)")
    assert result(start_bot(bot)) == ("ignored", "")


# ── A chat of a business account


def business(update_id: int, text: str) -> Json:
    """Return a message in the chat of person 42 with an account, whose connection is b."""
    update = message(update_id, text=text, business_connection_id="b")
    update["business_message"] = update.pop("message")
    return update


def test_a_bot_may_name_places_itself(start_with_sessions: StartBot) -> None:
    """By a separate number, which equals the update's, and isn't it."""
    ada: Json = {"from": {"id": 4242, "is_bot": False, "first_name": "Ada"}}
    bot = handler("bot.set_state(4242, 'x', 4242)", choice="chat_user")
    container = start_with_sessions(bot.replace("message_handler", "business_message_handler"))
    update = business(1, "x")
    update["business_message"] |= {**ada, "chat": {"id": 4242, "type": "private"}}
    container.deliver(update)
    state = {"states": {"b:4242:4242": {"state": "x", "data": {}}}}
    assert kept(container, "business:b:4242/4242") == state
    bot = handler("bot.register_next_step_handler_by_chat_id(4242, handle)", choice="user")
    container = start_with_sessions(bot)
    assert result(container, update_id=2, **GROUP, **ada) == ("ignored", "")
    assert kept(container, "4242") == {"steps": {"4242": [["bot", "handle", [], {}]]}}


def test_from_a_business_chat_a_bot_may_set_a_state_elsewhere(
    start_with_sessions: StartBot,
) -> None:
    bot = handler("bot.set_state(42, 'x', -5)", choice="user")
    container = start_with_sessions(bot.replace("message_handler", "business_message_handler"))
    container.deliver(business(1, "x"))
    assert kept(container, "42") == {"states": {"-5:42": {"state": "x", "data": {}}}}


@pytest.mark.parametrize(
    "line",
    ["bot.register_next_step_handler(message, handle)", "bot.clear_step_handler(message)"],
)
def test_in_a_business_chat_no_function_can_wait(start_with_sessions: StartBot, line: str) -> None:
    """telebot would call it in the bot's own chat with the person."""
    waits = handler(*swallows(line), choice="user")
    container = start_with_sessions(waits.replace("message_handler", "business_message_handler"))
    container.deliver(business(1, "x"))
    error = "no function can wait for a message in a business chat: use states"
    assert (container.line["outcome"], container.line["error"]) == ("bot_failed", error)


# ── Start


WITH_STATE = handler("pass").replace("message_handler()", "message_handler(state=Form.name)")


@pytest.mark.parametrize(
    ("bot", "what"),
    [
        (WITH_STATE, "state="),
        (handler("bot.register_next_step_handler(message, handle)"), "register_next_step_handler"),
    ],
    ids=["states", "next steps"],
)
def test_what_is_kept_needs_a_session(start_bot: StartBot, bot: str, what: str) -> None:
    """The apply fails, and so does an update."""
    container = start_bot(bot)
    error = f'{what} needs SESSION in bot.py, such as "chat_user"'
    assert result(container, status=503) == ("misconfigured", error)
    with pytest.raises(Exception, match=error):
        container.invoke({"tf": {"action": "check"}})


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("callback_query_handler(func=None)", "callback_query"),
        ("inline_handler(func=None)", "inline_query"),
        ("chosen_inline_handler(func=None)", "chosen_inline_result"),
        ("message_handler()", ""),
    ],
)
def test_a_handler_whose_kind_never_comes_fails_at_the_start(
    start_bot: StartBot, handler: str, kind: str
) -> None:
    press = f"\n\n@bot.{handler}\ndef press(query):\n    pass\n\nHANDLED = ['message']\n"
    press += "bot.menu = [{'text': 'a dict that is no handler'}]\n"
    press += "bot.default_middleware_handlers = [print]\n"
    outcome, error = result(start_bot(source(press)), status=503 if kind else 200)
    assert outcome == ("misconfigured" if kind else "ignored")
    assert error.startswith(
        kind and f'HANDLED in bot.py must contain "{kind}", which press() at bot.py:'
    )


def test_a_session_may_be_chosen_after_reply(start_with_sessions: StartBot) -> None:
    container = start_with_sessions(f'{WITH_STATE}\nSESSION = "chat"\n')
    assert result(container) == ("ignored", "")
    container.module("frameworks.adapter").check_bot(container.bot)  # the apply succeeds


def test_an_authors_test_needs_no_session_for_filters(start_bot: StartBot) -> None:
    """Only for a state that the bot sets."""
    container = start_bot(f'{WITH_STATE}\nSESSION = "chat"\n')
    assert container.bot.reply(message()) == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (
            "pickled = telebot.storage.StatePickleStorage\n"
            "bot.current_states = pickled.__new__(pickled)",
            "StatePickleStorage can't be kept: use SESSION",
        ),
        (
            "on_telebot.reply_with(None)",
            "on_telebot.reply_with() needs a TeleBot; AsyncTeleBot isn't supported",
        ),
    ],
)
def test_what_is_not_possible_fails_at_the_start(
    start_bot: StartBot, line: str, error: str
) -> None:
    container = start_bot(source(f"{line}\n"))
    outcome, said = result(container, status=503)
    assert (outcome, error in said) == ("misconfigured", True), said


def test_a_bot_that_is_imported_after_the_adapter_may_not_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in tests of a bot."""
    import telebot

    adapter = load("botkit.on_telebot")
    bot = telebot.TeleBot("1:x", threaded=False)
    monkeypatch.setitem(sys.modules, "bot", ModuleType("bot"))
    adapter.reply_with(bot)
    with pytest.raises(adapter.Misconfigured):
        bot.polling()
