"""on_ptb.py: bots that are written with python-telegram-bot."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from telegram_stand_in import Telegram

from tests.conftest import BotApi, StartBot
from tests.support.frameworks import ME, MESSAGE, kept, result
from tests.support.stubs import Container, message
from tests.support.telegram import files

START = """
import asyncio

from telegram import Update
from telegram.ext import (
    CallbackQueryHandler,
    CommandHandler,
    ConversationHandler,
    Defaults,
    DictPersistence,
    InlineQueryHandler,
    MessageHandler,
    filters,
)

from botkit import on_ptb


"""
END = """

reply = on_ptb.reply_with(build)
"""
BUILD = """

def build(builder):
    application = builder.build()
    application.add_handler(MessageHandler(filters.ALL, handle))
    return application
"""
CONVERSATION = """
async def begin(update, context):
    await update.message.reply_text("Your name?")
    return 1


async def name(update, context):
    context.user_data["name"] = update.message.text
    await update.message.reply_text("Your age?")
    return 2


async def age(update, context):
    await update.message.reply_text(f"{context.user_data.pop('name')}, {update.message.text}")
    return ConversationHandler.END


def conversation(**options):
    return ConversationHandler(
        [MessageHandler(filters.Regex("^start$"), begin)],
        {1: [MessageHandler(filters.TEXT, name)], 2: [MessageHandler(filters.TEXT, age)]},
        [],
        **options,
    )


def build(builder):
    application = builder.build()
    application.add_handler(conversation(name="form", persistent=True))
    return application
"""
NOT_KEPT = "that isn't kept: use botkit.session, or a table (docs/moving-in/data.md)"
CALL = {"method": "sendMessage", "chat_id": 42, "text": "a"}
SEND = 'await update.message.reply_text("a")'
SWALLOWS = ("try:", f"    {SEND}", "except Exception:", "    pass")
GROUP: Any = {"id": -5, "type": "group", "title": "G"}


def source(middle: str, choice: str = "") -> str:
    """Return a bot.py, with SESSION if one is chosen."""
    return (f"SESSION = {choice}\n" if choice else "") + START + middle + END


def handler(*lines: str, choice: str = "", before: str = "", build: str = BUILD) -> str:
    """Return a bot whose handler of messages has these lines."""
    head = f"{before}\nasync def handle(update, context):"
    return source("\n    ".join([head, *lines]) + "\n" + build, choice)


def expects(bot_api: BotApi, *texts: str, chat: int = 42, me: bool = False) -> None:
    """Expect messages with these texts, after getMe if the container is new."""
    if me:
        bot_api.answers("getMe", {}, ME)
    for text in texts:
        bot_api.answers("sendMessage", {"chat_id": chat, "text": text}, MESSAGE)


def in_group(bot_api: BotApi, text: str) -> None:
    """Expect a message to the group, where the library quotes what it answers."""
    params = {"chat_id": -5, "text": text, "reply_parameters": {"message_id": 8}}
    bot_api.answers("sendMessage", params, MESSAGE)


def keeps(container: Container, key: str, session: Any) -> None:
    """Have the table hold a session that somebody else has written."""
    item = {"version": {"S": os.urandom(8).hex()}, "updates": {"S": "[]"}}
    container.table.items[key] = {**item, "session": {"S": json.dumps(session)}}


# ── Calls


def test_only_the_librarys_get_me_is_not_counted(start_bot: StartBot, bot_api: BotApi) -> None:
    own = """
from botkit import telegram

handle_it = reply


def reply(update):
    telegram.call("getChat", chat_id=42)
    telegram.call("sendChatAction", chat_id=42, action="typing")
    return handle_it(update)
"""
    container = start_bot(handler(SEND, "await update.message.delete()") + own)
    bot_api.answers("getChat", {"chat_id": 42}, {})
    bot_api.answers("sendChatAction", {"chat_id": 42, "action": "typing"})
    expects(bot_api, "a", me=True)
    bot_api.answers("deleteMessage", {"chat_id": 42, "message_id": 7})
    assert result(container) == ("answered", "")
    made = ["getChat", "sendChatAction", "sendMessage", "deleteMessage"]
    assert container.line["methods"] == made


def test_files_are_downloaded_by_their_urls_and_uploaded_late(
    start_bot: StartBot, telegram: Telegram
) -> None:
    """With a token of the bot's own in the URL."""
    telegram.files.add("document", b"downloaded", id="x").path = "a/1 2.txt"
    container = start_bot(
        handler(
            "file = await context.bot.get_file('x')",
            "data = io.BytesIO(await file.download_as_bytearray())",
            "document = InputFile(data, 'a.txt', read_file_handle=False)",
            "await context.bot.send_document(42, document)",
            before="import io\nfrom telegram import InputFile\n",
            build=BUILD.replace("builder.", "builder.token('2:mine')."),
        ),
        TELEGRAM_API_URL=telegram.url,
    )
    assert result(container) == ("answered", "")
    assert files(telegram)[1:] == [("a.txt", b"downloaded")]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("await asyncio.Event().wait()", "TimeoutError"),
        ("raise asyncio.CancelledError", "TimeoutError"),
        ("raise GeneratorExit", "GeneratorExit"),
    ],
)
@pytest.mark.parametrize("where", ["a handler", "an error handler"])
def test_what_does_not_block_fails_the_update_as_what_does(
    start_bot: StartBot, bot_api: BotApi, line: str, error: str, where: str
) -> None:
    lines = (line,) if where == "a handler" else ("1 / 0",)
    before = f"async def sorry(update, context):\n    {line}\n"
    add = "    application.add_error_handler(sorry, block=False)\n"
    build = BUILD.replace("    return", f"{add}    return") if where != "a handler" else BUILD
    build = build.replace("handle))", f"handle, block={where != 'a handler'}))")
    container = start_bot(handler(*lines, before=before, build=build))
    bot_api.answers("getMe", {}, ME)
    assert container.deliver(message(text="x"), 2000) == (200, None)
    assert container.line["outcome"] == "bot_failed"
    assert container.line["error"].partition(" ")[0] == error


def test_what_an_error_handler_handles_has_not_failed_even_without_blocking(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    before = 'async def sorry(update, context):\n    await update.message.reply_text("Sorry")\n'
    build = BUILD.replace("    return", "    application.add_error_handler(sorry)\n    return")
    build = build.replace("handle))", "handle, block=False))")
    expects(bot_api, "Sorry", me=True)
    container = start_bot(handler("1 / 0", before=before, build=build))
    assert result(container) == ("answered", "")


# ── What fails


def test_if_get_me_fails_the_update_is_kept(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(handler(SEND))
    bot_api.refuses({"method": "getMe"}, 429, "x")
    assert result(container, status=503) == ("throttled", "getMe: 429 x")
    expects(bot_api, "a", me=True)
    assert result(container) == ("answered", "")


def test_the_librarys_network_error_says_what_failed(start_bot: StartBot, bot_api: BotApi) -> None:
    """The library has another text for exceptions that it doesn't know."""
    lines = "try:", f"    {SEND}", "except Exception as error:"
    container = start_bot(handler(*lines, "    await update.message.reply_text(str(error))"))
    expects(bot_api, me=True)
    bot_api.refuses(CALL, 500, "x")
    expects(bot_api, "sendMessage: HTTP 500, and no answer from the Bot API")
    result(container)


def test_a_refusal_of_an_earlier_update_is_not_told_again(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    lines = (
        "from telegram.error import TelegramError",
        "if update.message.text == 'raises':",
        "    raise TelegramError('mine')",
        *SWALLOWS,
    )
    container = start_bot(handler(*lines))
    expects(bot_api, me=True)
    bot_api.refuses(CALL, 403, "Forbidden: bot was blocked by the user")
    assert result(container) == ("ignored", "")
    outcome, error = result(container, text="raises", update_id=2)
    assert (outcome, error.partition(":")[0]) == ("bot_failed", "TelegramError at bot.py")


def test_of_all_that_fails_in_error_handlers_what_may_pass_counts(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    before = """
from botkit.errors import Unreachable


async def fail(update, context):
    1 / 0


async def report(update, context):
    raise Unreachable("no")
"""
    add = "    application.add_error_handler({})\n"
    build = BUILD.replace("    return", f"{add.format('fail')}{add.format('report')}    return")
    container = start_bot(handler("1 / 0", before=before, build=build))
    bot_api.answers("getMe", {}, ME)
    assert result(container, status=503) == ("unreachable", "no")


@pytest.mark.parametrize("block", ["True", "False"])
def test_what_an_error_handler_raises_may_quote_people(
    start_bot: StartBot, bot_api: BotApi, block: str
) -> None:
    before = "async def sorry(update, context):\n    raise ValueError(update.message.text)\n"
    add = f"    application.add_error_handler(sorry, block={block})\n"
    build = BUILD.replace("    return", f"{add}    return")
    container = start_bot(handler("1 / 0", before=before, build=build))
    bot_api.answers("getMe", {}, ME)
    outcome, error = result(container, text="secret")
    assert (outcome, error.partition(":")[0]) == ("bot_failed", "ValueError at bot.py")
    assert "secret" not in str(container.log)


OWN_CONTEXT = """
from telegram.ext import CallbackContext, ContextTypes


class Own(CallbackContext):
    @classmethod
    def {0}(cls, update, *others, **named):
        raise ValueError(update.message.text)


"""
WITH_OWN = BUILD.replace("builder.", "builder.context_types(ContextTypes(context=Own)).")


def test_a_context_of_the_bots_own_that_cant_be_made_is_a_failure_of_the_bot(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    container = start_bot(handler(SEND, before=OWN_CONTEXT.format("from_update"), build=WITH_OWN))
    bot_api.answers("getMe", {}, ME)
    outcome, error = result(container, text="secret")
    assert (outcome, error.partition(":")[0]) == ("bot_failed", "ValueError at bot.py")
    assert "secret" not in str(container.log)


# Made without the library, so botkit knows of its error only if the library passes that on.
CALLS = 'telegram.call("sendMessage", chat_id=42, text="a")'


def test_a_context_of_an_error_that_cant_be_made_keeps_the_update(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    before = "from botkit import telegram\n" + OWN_CONTEXT.format("from_error")
    container = start_bot(handler(CALLS, before=before, build=WITH_OWN))
    expects(bot_api, me=True)
    bot_api.refuses(CALL, 429, "x")
    assert result(container, text="secret", status=503) == ("throttled", "sendMessage: 429 x")
    assert "secret" not in str(container.log)


def test_an_error_without_a_context_keeps_the_update_after_others(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    before = f"""
from telegram.ext import CallbackContext, ContextTypes

from botkit import telegram


class Own(CallbackContext):
    made = 0

    def __init__(self, *arguments, **named):
        Own.made += 1  # for the update, for its first error, for its second one
        assert Own.made < 3
        super().__init__(*arguments, **named)


async def second(update, context):
    {CALLS}


async def sorry(update, context):
    1 / 0
"""
    add = "application.add_handler(MessageHandler(filters.ALL, second), group=1)"
    watch = "application.add_error_handler(sorry)"
    build = WITH_OWN.replace("    return", f"    {add}\n    {watch}\n    return")
    container = start_bot(handler("1 / 0", before=before, build=build))
    expects(bot_api, me=True)
    bot_api.refuses(CALL, 429, "x")
    assert result(container, status=503) == ("throttled", "sendMessage: 429 x")


def test_what_a_handler_puts_into_the_queue_of_updates_is_handled(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    before = """
from telegram.ext import TypeHandler


async def late(update, context):
    await context.bot.send_message(42, update)
"""
    add = "    application.add_handler(TypeHandler(str, late))\n"
    build = BUILD.replace("    return", f"{add}    return")
    container = start_bot(
        handler("await context.update_queue.put('a')", before=before, build=build)
    )
    expects(bot_api, "a", me=True)
    assert result(container) == ("answered", "")


def test_an_error_handler_may_keep_others_from_an_error(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    before = """
from telegram.ext import ApplicationHandlerStop


async def stop(update, context):
    raise ApplicationHandlerStop


async def fail(update, context):
    1 / 0
"""
    add = "    application.add_error_handler({})\n"
    build = BUILD.replace("    return", f"{add.format('stop')}{add.format('fail')}    return")
    expects(bot_api, me=True)
    container = start_bot(handler("1 / 0", before=before, build=build))
    assert result(container) == ("ignored", "")


# ── What is kept


def test_a_conversation_survives_its_container(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    bot = source(CONVERSATION, '"chat"')
    for update_id, text, answer, session in (
        (1, "start", "Your name?", {"conversations of form": {"[42, 42]": 1}}),
        (
            2,
            "Ada",
            "Your age?",
            {"conversations of form": {"[42, 42]": 2}, "user_data": {"42": {"name": "Ada"}}},
        ),
        (3, "36", "Ada, 36", {}),
    ):
        expects(bot_api, answer, me=True)
        container = start_with_sessions(bot)
        assert result(container, text=text, update_id=update_id) == ("answered", "")
        assert kept(container, "42") == session


AT_MODULE_LEVEL = CONVERSATION.replace(
    "def build", 'form = conversation(name="form", persistent=True)\n\n\ndef build'
).replace('add_handler(conversation(name="form", persistent=True))', "add_handler(form)")


def test_a_conversation_that_outlives_an_update_is_not_that_of_the_next(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    container = start_with_sessions(source(AT_MODULE_LEVEL, '"chat"'))
    expects(bot_api, "Your name?", me=True)
    assert result(container, text="start")[0] == "answered"
    keeps(container, "42", {})  # another container has ended it
    chat = {"chat": {"id": 43, "type": "private"}}
    bob = {**MESSAGE, **chat, "from": {"id": 43, "is_bot": False, "first_name": "Bob"}}
    expects(bot_api, "Your name?", chat=43)
    assert result(container, text="start", update_id=2, **bob)[0] == "answered"
    assert kept(container, "43") == {"conversations of form": {"[43, 43]": 1}}
    assert result(container, text="Ada", update_id=3) == ("ignored", "")
    assert kept(container, "42") == {}


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (("await asyncio.sleep(0)", "return 2"), 2),
        (("return 'end'",), "end"),
        (("return None",), 1),
        (("return ConversationHandler.END",), None),
        (("1 / 0",), 1),
        (("await asyncio.Event().wait()",), 1),
    ],
    ids=["changed", "a text", "the same", "at its end", "failed", "too late"],
)
def test_a_conversation_may_go_on_in_the_background(
    start_with_sessions: StartBot, bot_api: BotApi, lines: tuple[str, ...], state: Any
) -> None:
    build = BUILD.replace(
        "MessageHandler(filters.ALL, handle)",
        "ConversationHandler([], {1: [MessageHandler(filters.ALL, handle, block=False)], 2: [],"
        " 'end': []}, [], name='form', persistent=True)",
    )
    lines = ("context.chat_data['n'] = 1", *lines)
    container = start_with_sessions(handler(*lines, choice='"chat"', build=build))
    keeps(container, "42", {"conversations of form": {"[42, 42]": 1}})
    bot_api.answers("getMe", {}, ME)
    assert container.deliver(message(text="x"), 2000) == (200, None)
    assert kept(container, "42")["chat_data"] == {"42": {"n": 1}}
    assert kept(container, "42").get("conversations of form", {}).get("[42, 42]") == state


USER, CHAT = "context.user_data['n'] = 1", "context.chat_data['n'] = 1"
OTHERS = "this data isn't in the update's session: "


@pytest.mark.parametrize(
    ("choice", "line", "fit"),
    [
        ("chat", USER, "user"),
        ("chat", "context.user_data.get('n')", "user"),
        ("chat", "context.application.drop_user_data(42)", "user"),
        ("chat_user", USER, "user"),
        ("chat_user", CHAT, "chat"),
        ("user", CHAT, "chat"),
    ],
)
def test_what_another_session_has_is_refused_in_words(
    start_with_sessions: StartBot, bot_api: BotApi, choice: str, line: str, fit: str
) -> None:
    """Even if the bot's error handler swallows it."""
    build = BUILD.replace("    return", "    application.add_error_handler(log)\n    return")
    before = "async def log(update, context):\n    pass\n"
    container = start_with_sessions(handler(line, choice=f'"{choice}"', before=before, build=build))
    bot_api.answers("getMe", {}, ME)
    error = f'{OTHERS}with SESSION = "{fit}", it would be'
    assert result(container, **{**MESSAGE, "chat": GROUP}) == ("bot_failed", error)
    assert container.table.items == {}


@pytest.mark.parametrize(
    ("choice", "chat", "lines", "key"),
    [
        ("'chat'", MESSAGE["chat"], (USER, CHAT), "42"),
        ("'user'", MESSAGE["chat"], (USER, CHAT), "42"),
        ("'chat_user'", MESSAGE["chat"], (USER, CHAT), "42/42"),
        ("'chat'", GROUP, (CHAT,), "-5"),
        ("'user'", GROUP, (USER,), "42"),
        ("lambda update: 'all'", MESSAGE["chat"], (USER, CHAT), "all"),
        ("lambda update: 'all'", GROUP, (USER, CHAT), "all"),
    ],
)
def test_what_the_session_has_is_kept(
    start_with_sessions: StartBot,
    bot_api: BotApi,
    choice: str,
    chat: Any,
    lines: tuple[str, ...],
    key: str,
) -> None:
    container = start_with_sessions(handler(*lines, choice=choice))
    bot_api.answers("getMe", {}, ME)
    assert result(container, **{**MESSAGE, "chat": chat}) == ("ignored", "")
    data = {"user_data": {"42": {"n": 1}}, "chat_data": {f"{chat['id']}": {"n": 1}}}
    assert kept(container, key) == {kind: data[kind] for kind in data if kind in str(lines)}


def test_a_private_chat_is_its_users_however_large_the_id(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    """Small numbers are one object, large ones are not."""
    container = start_with_sessions(handler(USER, choice='"chat"'))
    bot_api.answers("getMe", {}, ME)
    chat = {"id": 5_000_000_000, "type": "private"}
    user = {"id": 5_000_000_000, "is_bot": False, "first_name": "Ada"}
    assert result(container, **{**MESSAGE, "chat": chat, "from": user}) == ("ignored", "")
    assert kept(container, "5000000000") == {"user_data": {"5000000000": {"n": 1}}}


def test_an_update_without_a_chat_has_the_data_of_its_user(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    lines = "context.user_data['asked'] = update.inline_query.query", "return 1"
    conversation = (
        "ConversationHandler([InlineQueryHandler(handle)], {1: []}, [], name='form',"
        " persistent=True, per_chat=False)"
    )
    build = BUILD.replace("MessageHandler(filters.ALL, handle)", conversation)
    container = start_with_sessions(handler(*lines, choice='"user"', build=build))
    bot_api.answers("getMe", {}, ME)
    user = {"id": 42, "is_bot": False, "first_name": "Ada"}
    query = {"id": "1", "from": user, "query": "what", "offset": ""}
    assert container.deliver({"update_id": 1, "inline_query": query})[0] == 200
    assert kept(container, "42") == {
        "user_data": {"42": {"asked": "what"}},
        "conversations of form": {"[42]": 1},
    }


def test_a_poll_has_no_data(start_with_sessions: StartBot, bot_api: BotApi) -> None:
    container = start_with_sessions(source(CONVERSATION, '"chat"'))
    bot_api.answers("getMe", {}, ME)
    poll = {
        "id": "1",
        "question": "?",
        "options": [],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": False,
        "members_only": False,
    }
    assert container.deliver({"update_id": 1, "poll": poll})[0] == 200
    assert container.table.items == {}


def test_data_may_be_dropped(start_with_sessions: StartBot, bot_api: BotApi) -> None:
    lines = ("context.application.drop_user_data(42)", "context.application.drop_chat_data(42)")
    container = start_with_sessions(handler(*lines, choice='"chat"'))
    keeps(container, "42", {"user_data": {"42": {"n": 1}}, "chat_data": {"42": {"n": 1}}})
    bot_api.answers("getMe", {}, ME)
    assert result(container) == ("ignored", "")
    assert kept(container, "42") == {}


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBUserWarning")  # it advises per_chat
@pytest.mark.parametrize(
    ("choice", "per_chat", "chat", "key", "conversation"),
    [
        ("user", False, GROUP, "42", "[42, 8]"),
        ("user", False, MESSAGE["chat"], "42", "[42, 8]"),
        ("chat_user", True, GROUP, "-5/42", "[-5, 42, 8]"),
    ],
)
def test_a_conversation_of_a_user_about_a_message_is_in_the_users_session(
    start_with_sessions: StartBot,
    bot_api: BotApi,
    choice: str,
    per_chat: bool,
    chat: Any,
    key: str,
    conversation: str,
) -> None:
    build = """
async def press(update, context):
    return 1


def build(builder):
    application = builder.build()
    application.add_handler(
        ConversationHandler(
            [CallbackQueryHandler(press)], {1: []}, [],
            name="form", persistent=True, per_chat=False, per_message=True,
        )
    )
    return application
""".replace("per_chat=False", f"per_chat={per_chat}")
    container = start_with_sessions(source(build, f'"{choice}"'))
    bot_api.answers("getMe", {}, ME)
    user = {"id": 42, "is_bot": False, "first_name": "Ada"}
    press = {"id": "1", "from": user, "chat_instance": "x", "data": "x"}
    press["message"] = {**MESSAGE, "chat": chat}
    container.deliver({"update_id": 1, "callback_query": press})
    assert kept(container, key) == {"conversations of form": {conversation: 1}}


def test_a_conversation_of_a_user_is_in_all_chats(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    bot = source(CONVERSATION.replace("persistent=True", "persistent=True, per_chat=False"))
    container = start_with_sessions(f'SESSION = "user"\n{bot}')
    expects(bot_api, "Your name?", me=True)
    assert result(container, text="start")[0] == "answered"
    group: Any = {**MESSAGE, "chat": GROUP}
    in_group(bot_api, "Your age?")
    assert result(container, text="Ada", update_id=2, **group)[0] == "answered"
    assert kept(container, "42")["conversations of form"] == {"[42]": 2}


def test_one_session_is_read_once(start_with_sessions: StartBot, bot_api: BotApi) -> None:
    container = start_with_sessions(source(CONVERSATION, '"chat"'))
    bot_api.answers("getMe", {}, ME)
    read: list[str] = []
    container.watch_calls(lambda service, target, params: read.append(params["Key"]["id"]["S"]))
    assert result(container, **{**MESSAGE, "chat": GROUP}) == ("ignored", "")
    assert read == ["-5"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        *(
            (line, f"bot_data was changed at bot.py:23, and {NOT_KEPT}")
            for line in (
                "context.bot_data['n'] = [1]",
                "del context.bot_data['n']",
                "context.bot_data.setdefault('m', []).append(1)",
            )
        ),
        (
            "context.bot_data.setdefault('n')[0] = 2",
            f"a part of bot_data was changed, and {NOT_KEPT}",
        ),
        ("context.bot_data['n'][0] = 0", f"a part of bot_data was changed, and {NOT_KEPT}"),
        (
            "context.application.chat_data[7]['n'] = 1",
            "chat_data must be that of the update: use botkit.session instead",
        ),
        (
            "context.application.drop_user_data(7)",
            "user_data must be that of the update: use botkit.session instead",
        ),
        (
            "context.application.migrate_chat_data(old_chat_id=42, new_chat_id=-105)",
            "chat_data must be that of the update: use botkit.session instead",
        ),
    ],
)
def test_what_cannot_be_kept(
    start_with_sessions: StartBot, bot_api: BotApi, line: str, error: str
) -> None:
    """Even if something else fails, which Telegram has refused."""
    build = BUILD.replace("    return", "    application.bot_data['n'] = [1]\n    return")
    lines = "from contextlib import suppress", f"with suppress(ValueError): {line}", SEND
    container = start_with_sessions(handler(*lines, choice='"chat"', build=build))
    expects(bot_api, me=True)
    bot_api.refuses(CALL, 403, "Forbidden: bot was blocked by the user")
    outcome, said = result(container)
    assert (outcome, said[: len(error)]) == ("bot_failed", error)
    assert container.table.items == {}


@pytest.mark.parametrize(
    ("kind", "other", "id"), [("chat_data", "user_data", 42), ("user_data", "chat_data", -5)]
)
def test_data_of_others_cannot_be_kept_even_if_an_id_of_the_updates_is_the_same(
    start_with_sessions: StartBot, bot_api: BotApi, kind: str, other: str, id: int
) -> None:
    lines = f"context.{other}['n'] = 1", f"context.application.{kind}[{id}]['n'] = 1"
    container = start_with_sessions(handler(*lines, choice="lambda update: 'all'"))
    bot_api.answers("getMe", {}, ME)
    error = f"{kind} must be that of the update: use botkit.session instead"
    assert result(container, **{**MESSAGE, "chat": GROUP}) == ("bot_failed", error)


# ── A chat of a business account


def business(update_id: int, text: str, writer: int = 42) -> Any:
    """Return a message in the chat of person 42 with an account, whose connection is b."""
    update = message(update_id, text=text, business_connection_id="b")
    update["business_message"] = update.pop("message")
    update["business_message"]["from"]["id"] = writer
    return update


def test_a_conversation_for_a_business_account_is_not_the_bots_own(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    """Even if both are in one session."""
    every = "MessageHandler(filters.ALL, handle)"
    build = BUILD.replace(
        every,
        f"ConversationHandler([{every}], {{n: [{every}] for n in range(3)}}, [],"
        " name='form', persistent=True)",
    )
    lines = "n = context.user_data['n'] = context.user_data.get('n', 0) + 1", "return n"
    container = start_with_sessions(handler(*lines, choice="lambda update: 'all'", build=build))
    bot_api.answers("getMe", {}, ME)
    for update in message(1), business(2, "x"), business(3, "x"):
        container.deliver(update)
    assert kept(container, "all") == {
        "conversations of form": {"[42, 42]": 1, "business:b:[42, 42]": 2},
        "user_data": {"42": {"n": 1}, "business:b:42": {"n": 2}},
    }


@pytest.mark.parametrize(
    ("choice", "writer", "line", "fit"),
    [
        ("chat", 7, USER, "user"),
        ("user", 42, CHAT, "chat"),
        ("user", 42, USER, ""),
        ("user", 7, USER, ""),
        ("chat_user", 42, CHAT, "chat"),
        ("chat_user", 42, USER, ""),
    ],
)
def test_an_account_and_its_customers_have_data_of_their_own(
    start_with_sessions: StartBot,
    bot_api: BotApi,
    choice: str,
    writer: int,
    line: str,
    fit: str,
) -> None:
    """The account also writes in its chats."""
    container = start_with_sessions(handler(line, choice=f'"{choice}"'))
    bot_api.answers("getMe", {}, ME)
    container.deliver(business(1, "x", writer))
    if fit:
        assert container.line["error"] == f'{OTHERS}with SESSION = "{fit}", it would be'
    else:
        [session] = [kept(container, key) for key in container.table.items]
        assert session == {"user_data": {f"business:b:{writer}": {"n": 1}}}


def test_a_press_in_a_business_chat_has_its_data(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    build = BUILD.replace("MessageHandler(filters.ALL, handle)", "CallbackQueryHandler(handle)")
    container = start_with_sessions(handler(CHAT, choice='"chat"', build=build))
    bot_api.answers("getMe", {}, ME)
    pressed = business(1, "x")["business_message"]
    press = {"id": "1", "from": pressed["from"], "chat_instance": "x", "data": "x"}
    container.deliver({"update_id": 1, "callback_query": {**press, "message": pressed}})
    assert kept(container, "business:b:42") == {"chat_data": {"business:b:42": {"n": 1}}}


# ── Start


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBUserWarning")  # it advises per_chat
@pytest.mark.parametrize(
    ("choice", "options", "fit"),
    [
        ("", "", '"chat" or SESSION = "chat_user" or SESSION = "user"'),
        ('"chat"', "per_chat=False", '"user"'),
        ('"chat_user"', "per_chat=False", '"user"'),
        ('"user"', "per_user=False", '"chat"'),
        ('"user"', "per_chat=False, per_user=False, per_message=True", '"chat"'),
    ],
)
def test_a_conversation_needs_a_session_that_has_it(
    start_with_sessions: StartBot, choice: str, options: str, fit: str
) -> None:
    """The apply fails, and so does an update, if a SESSION is set after reply."""
    bot = source(CONVERSATION.replace("persistent=True", f"persistent=True, {options}"))
    container = start_with_sessions(f"{bot}\n{choice and 'SESSION = '}{choice}\n")
    outcome, error = result(container, status=503)
    assert (outcome, error.partition("must have ")[2]) == ("misconfigured", f"SESSION = {fit}")
    with pytest.raises(Exception, match="conversations are kept in the session: with per_chat="):
        container.invoke({"tf": {"action": "check"}})


def test_the_library_knows_no_topics(start_with_sessions: StartBot) -> None:
    error = 'SESSION must not be "topic": the library has no data by topic'
    container = start_with_sessions(handler(SEND, choice='"topic"'))
    assert result(container, status=503) == ("misconfigured", error)


@pytest.mark.parametrize(
    ("build", "error"),
    [
        ("return None", "build() must return an Application"),
        ("return ApplicationBuilder().token('1:x').build()", "build() must use the builder"),
        (
            "global a; a = globals().get('a') or builder.build(); return a",
            "build() must return a new Application: each has one update's state",
        ),
        ("return builder.persistence(DictPersistence()).build()", "leave out .persistence()"),
        (
            "a = builder.build(); a.bot._callback_data_cache = {}; return a",
            "leave out .arbitrary_callback_data()",
        ),
        *(
            (f"return builder.{name}(hook).build()", "leave out .post_init(), .post_stop() and")
            for name in ("post_init", "post_stop", "post_shutdown")
        ),
        (
            "builder.build().job_queue.run_once(hook, 1)",
            "there is no job queue: use botkit.later or a schedule",
        ),
        (
            "a = builder.build(); a.add_handler(conversation()); return a",
            "a ConversationHandler must have a name and persistent=True (this one begins with "
            "begin() at bot.py:20)",
        ),
        *(
            (
                "a = builder.build(); inner = conversation();"
                f" a.add_handler(ConversationHandler({inner}, name='a', persistent=True));"
                " return a",
                "a ConversationHandler must have a name and persistent=True",
            )
            for inner in ("[inner], {}, []", "[], {1: [inner]}, []", "[], {}, [inner]")
        ),
        *(
            (
                f"return builder.context_types(ContextTypes({name}=Own)).build()",
                f"leave out ContextTypes({name}=Own): only dicts are kept (bot.py:LINE)",
            )
            for name in ("user_data", "chat_data", "bot_data")
        ),
        (
            "a = builder.build(); a.add_handler(conversation(name='a', persistent=True,"
            " conversation_timeout=1)); return a",
            "leave out conversation_timeout, since no timer runs between updates: compare",
        ),
    ],
)
def test_what_is_not_possible_fails_at_the_start(
    start_bot: StartBot, build: str, error: str
) -> None:
    middle = CONVERSATION.partition("def build")[0]
    middle += "from telegram.ext import ApplicationBuilder, ContextTypes\n\n\n"
    middle += "async def hook(*_):\n    pass\n\n\nclass Own(dict):\n    pass\n\n\n"
    bot = source(f"{middle}def build(builder):\n    {build}\n")
    outcome, said = result(start_bot(bot), status=503)
    error = error.replace("LINE", str(bot.partition("class Own")[0].count("\n") + 1))
    assert (outcome, error in said) == ("misconfigured", True), said


KINDS: dict[str, tuple[str, str]] = {
    "CallbackQueryHandler(press)": ("callback_query", "message"),
    "CommandHandler('x', press)": ("message", "callback_query"),
    "ChatMemberHandler(press)": ("my_chat_member", "chat_member"),
    "ChatMemberHandler(press, ChatMemberHandler.CHAT_MEMBER)": ("chat_member", "my_chat_member"),
    "ChatMemberHandler(press, ChatMemberHandler.ANY_CHAT_MEMBER)": ("", "chat_member"),
    "PrefixHandler('!', 'x', press)": ("message", "callback_query"),
    "Own(filters.ALL, press)": ("message", "callback_query"),
    "ConversationHandler([Own(filters.ALL, press)], {}, [], name='c', persistent=True)": (
        *("message", "callback_query"),
    ),
    "Own(filters.ALL, press) ": ("", "edited_business_message"),
    "Own(filters.ALL, press)  ": ("", "guest_message"),
    "TypeHandler(Update, press)": ("", "callback_query"),
}


@pytest.mark.parametrize("new", KINDS)
def test_a_handler_whose_kind_never_comes_fails_at_the_start(
    start_with_sessions: StartBot, bot_api: BotApi, new: str
) -> None:
    missing, handled = KINDS[new]
    imports = "from telegram.ext import ChatMemberHandler, PrefixHandler, TypeHandler\n\n\n"
    press = "async def press(update, context):\n    pass\n\n\n"
    own = "class Own(MessageHandler):\n    pass\n\n\n"
    build = (
        f"def build(builder):\n    a = builder.build()\n    a.add_handler({new})\n    return a\n"
    )
    bot = source(imports + press + own + build, choice='"chat"')
    if not missing:
        bot_api.answers("getMe", {}, ME)
    outcome, said = result(
        start_with_sessions(f"{bot}\nHANDLED = ['{handled}']\n"), status=503 if missing else 200
    )
    error = f'HANDLED in bot.py must contain "{missing}", which press() at bot.py:23 handles'
    assert (outcome, said) == (("misconfigured", error) if missing else ("ignored", ""))
