"""on_aiogram.py: bots that are written with aiogram."""

from __future__ import annotations

from typing import Any

import pytest
from telegram_stand_in import Telegram

from tests.conftest import BotApi, StartBot
from tests.support.frameworks import MESSAGE, kept, result
from tests.support.stubs import TOKEN, Serve, answers, http, message
from tests.support.telegram import files

pytestmark = pytest.mark.usefixtures("aiogram")

START = """
import asyncio

from aiogram import Bot, Dispatcher, F
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup

from botkit import on_aiogram

dispatcher = Dispatcher()
"""
END = """

reply = on_aiogram.reply_with(dispatcher)
HANDLED = dispatcher.resolve_used_update_types()
"""
CONVERSATION = (
    'SESSION = "chat_user"\n'
    + START
    + """
class Form(StatesGroup):
    name = State()
    age = State()


@dispatcher.message(Command("start"))
async def begin(message, state):
    await state.set_state(Form.name)
    await message.answer("Your name?")


@dispatcher.message(Form.name)
async def name(message, state):
    await state.update_data(name=message.text)
    await state.set_state(Form.age)
    await message.answer("Your age?")


@dispatcher.message(Form.age)
async def age(message, state):
    data = await state.get_data()
    await state.clear()
    await message.answer(f"{data['name']}, {message.text}")


@dispatcher.message()
async def other(message):
    await message.answer("What?")
"""
    + END
)


def expects(bot_api: BotApi, *texts: str) -> None:
    """Expect messages with these texts, and answer with a message, which aiogram reads."""
    for text in texts:
        bot_api.answers("sendMessage", {"chat_id": 42, "text": text}, MESSAGE)


def refuses(
    bot_api: BotApi, text: str, code: int, description: str = "x", **parameters: Any
) -> None:
    call = {"method": "sendMessage", "chat_id": 42, "text": text}
    bot_api.refuses(call, code, description, **parameters)


def handler(*lines: str, before: str = "") -> str:
    """Return a bot whose handler of messages has these lines."""
    head = f"{START}{before}\n\n@dispatcher.message()\nasync def handle(message, bot, state):"
    return "\n    ".join([head, *lines]) + END


def with_session(source: str, choice: str = '"chat_user"') -> str:
    return f"SESSION = {choice}\n{source}"


# ── Calls


def test_what_a_handler_returns_is_called(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(handler('return message.answer("Hello")'))
    expects(bot_api, "Hello")
    assert result(container) == ("answered", "")


def test_a_bot_of_its_own_keeps_its_defaults_and_gets_the_token(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    default = (
        "from aiogram.client.default import DefaultBotProperties\n"
        'own = Bot("1:x", default=DefaultBotProperties(parse_mode="HTML"))'
    )
    container = start_bot(
        handler("await own.send_message(42, f'{bot.token} {own.id}'[-9:])", before=default).replace(
            "reply_with(dispatcher)", "reply_with(dispatcher, own)"
        )
    )
    params = {"chat_id": 42, "text": TOKEN.partition(":")[0], "parse_mode": "HTML"}
    bot_api.answers("sendMessage", params, MESSAGE)
    assert result(container) == ("answered", "")


def test_middlewares_of_a_bots_session_are_kept(start_bot: StartBot, bot_api: BotApi) -> None:
    before = """
own = Bot("1:x")


@own.session.middleware()
async def changed(make_request, bot, method):
    return await make_request(bot, method.model_copy(update={"text": "changed"}))
"""
    container = start_bot(
        handler('await message.answer("Hello")', before=before).replace(
            "reply_with(dispatcher)", "reply_with(dispatcher, own)"
        )
    )
    expects(bot_api, "changed")
    assert result(container) == ("answered", "")


def test_a_session_that_extends_botkits_is_kept(start_bot: StartBot, bot_api: BotApi) -> None:
    before = """
class Mine(on_aiogram.Session):
    pass


own = Bot("1:x", session=Mine())
"""
    container = start_bot(
        handler('await message.answer("Hello")', before=before).replace(
            "reply_with(dispatcher)", "reply_with(dispatcher, own)"
        )
    )
    expects(bot_api, "Hello")
    assert result(container) == ("answered", "")
    assert type(container.bot.own.session) is container.bot.Mine


def test_a_file_of_another_server_is_passed_on(
    start_bot: StartBot, serve: Serve, telegram: Telegram
) -> None:
    other = serve(answers(http(b"a page")))
    container = start_bot(
        handler(
            f"await bot.send_document(42, URLInputFile('{other.url}/a', filename='a.html'))",
            before="from aiogram.types import URLInputFile",
        ),
        TELEGRAM_API_URL=telegram.url,
    )
    assert result(container) == ("answered", "")
    assert files(telegram) == [("a.html", b"a page")]


# ── What fails

ANSWER = 'await message.answer("a")'


def test_a_call_may_be_changed_as_aiogram_allows(start_bot: StartBot, bot_api: BotApi) -> None:
    """Pydantic would warn of the type, and aiogram tells it not to."""
    container = start_bot(
        handler("call = message.answer('a')", "call.chat_id = 42.0", "await call")
    )
    expects(bot_api, "a")
    assert result(container) == ("answered", "")


# ── Start

STARTUP = """

@dispatcher.startup()
async def begin(bot):
    await bot.set_my_name("x")
"""


def test_startup_handlers_run_before_the_first_update_and_are_no_part_of_it(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    container = start_bot(handler(ANSWER, before=STARTUP))
    bot_api.answers("setMyName", {"name": "x"})
    refuses(bot_api, "a", 429)
    assert result(container, 503)[0] == "throttled"
    expects(bot_api, "a")
    assert result(container)[0] == "answered"


FAILED_START = "the start of the bot failed"


@pytest.mark.parametrize(
    ("code", "outcome", "error"),
    [
        (429, "throttled", "setMyName: 429 x"),
        (400, "misconfigured", f"{FAILED_START}: TelegramBadRequest: setMyName: 400 x at "),
    ],
)
def test_if_the_start_fails_the_update_is_kept(
    start_bot: StartBot, bot_api: BotApi, code: int, outcome: str, error: str
) -> None:
    container = start_bot(handler(ANSWER, before=STARTUP))
    bot_api.refuses({"method": "setMyName", "name": "x"}, code, "x")
    told = result(container, 503)
    assert (told[0], told[1].startswith(error)) == (outcome, True)
    bot_api.answers("setMyName", {"name": "x"})
    expects(bot_api, "a")
    assert result(container)[0] == "answered"


def test_what_a_library_sends_to_itself_is_no_kind_of_update(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    """As aiogram-dialog does."""
    own = "\ndispatcher.observers['own'] = type(dispatcher.message)(dispatcher, 'own')"
    own += "\ndispatcher.observers['own'].register(len)\n"
    container = start_bot(handler(ANSWER, before=own))
    assert container.bot.HANDLED == ["message"]
    expects(bot_api, "a")
    assert result(container)[0] == "answered"


def test_what_fails_at_the_start_is_told_with_its_text_and_line(start_bot: StartBot) -> None:
    fails = STARTUP.replace("await bot.set_my_name(", "open('/nowhere/shop.db' or ")
    error = "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/shop.db'"
    container = start_bot(handler(ANSWER, before=fails))
    assert result(container, 503) == ("misconfigured", f"{FAILED_START}: {error} at bot.py:16")


def test_without_a_token_the_update_is_kept(start_bot: StartBot) -> None:
    container = start_bot(handler(ANSWER), TELEGRAM_BOT_TOKEN="")
    assert result(container, 503) == ("misconfigured", "TELEGRAM_BOT_TOKEN is not set")


def test_a_bot_that_serves_a_webhook_is_told_what_to_use(start_bot: StartBot) -> None:
    serves = "from aiogram.webhook.aiohttp_server import SimpleRequestHandler\n"
    line = 'SimpleRequestHandler(dispatcher, Bot("1:x")).register(None, "/")'
    outcome, error = result(start_bot(f"{serves}{handler(ANSWER)}\n{line}\n"), 503)
    assert (outcome, "updates come through the webhook" in error) == ("misconfigured", True)


# ── Time and tasks


def test_a_handler_that_cant_be_cancelled_is_interrupted_and_the_next_is_handled(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    """Nothing of it runs beside the next one: there is a task of the loop's, and the handler's."""
    lines = (
        "while message.text == 'wait':",
        "    try:",
        "        await asyncio.Event().wait()",
        "    except asyncio.CancelledError:",
        "        pass",
        "await message.answer(f'{len(asyncio.all_tasks())} tasks')",
    )
    container = start_bot(handler(*lines))
    assert container.deliver(message(text="wait"), 2000) == (200, None)
    assert container.line["outcome"] == "bot_failed"
    expects(bot_api, "2 tasks")
    assert result(container, update_id=2, text="x") == ("answered", "")


# ── State


def test_a_conversation_survives_a_new_container_at_each_step(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    name = "fsm:42:42:default"
    for update_id, (text, answer, session) in enumerate(
        [
            ("/start", "Your name?", {name: {"state": "Form:name"}}),
            ("Ada", "Your age?", {name: {"state": "Form:age", "data": {"name": "Ada"}}}),
            ("36", "Ada, 36", {}),
            ("x", "What?", {}),
        ]
    ):
        container = start_with_sessions(CONVERSATION)
        expects(bot_api, answer)
        assert result(container, update_id=update_id, text=text) == ("answered", "")
        assert kept(container, "42/42") == session


def other(chat: int, user: int, more: str = "") -> str:
    """Return a bot whose handler changes and reads a state by its key, from a variable."""
    source = handler(
        "from aiogram.fsm.storage.base import StorageKey",
        f"key = StorageKey(bot.id, {chat}, {user}{more})",
        "await FSMContext(storage, key).set_state('told')",
        "await message.answer(str(await FSMContext(storage, key).get_state()))",
    )
    return source.replace(
        "dispatcher = Dispatcher()",
        "from aiogram.fsm.storage.memory import MemoryStorage\n"
        "from aiogram.fsm.strategy import FSMStrategy\n"
        "storage = MemoryStorage()\n"
        "dispatcher = Dispatcher(storage=storage, fsm_strategy=FSMStrategy.USER_IN_CHAT)",
    )


@pytest.mark.parametrize(
    ("choice", "chat", "user", "strategy", "key"),
    [
        ("chat", 42, 43, "USER_IN_CHAT", "42"),
        ("chat_user", 42, 42, "USER_IN_CHAT", "42/42"),
        ("user", -5, 42, "GLOBAL_USER", "42"),
        ("topic", 42, 43, "USER_IN_TOPIC", "42"),
    ],
)
def test_a_state_that_the_session_has_is_kept(
    start_with_sessions: StartBot,
    bot_api: BotApi,
    choice: str,
    chat: int,
    user: int,
    strategy: str,
    key: str,
) -> None:
    source = other(chat, user).replace("USER_IN_CHAT", strategy)
    container = start_with_sessions(with_session(source, f'"{choice}"'))
    expects(bot_api, "told")
    assert result(container) == ("answered", "")
    assert kept(container, key) == {f"fsm:{chat}:{user}:default": {"state": "told"}}


@pytest.mark.parametrize(
    ("choice", "chat", "user", "more", "what_to_do"),
    [
        ("'chat'", 43, 43, "", "use botkit.session"),
        ("'chat'", 43, 42, "", 'with SESSION = "user", it would be'),
        ("'chat'", 42, 43, ", business_connection_id='b'", "use botkit.session"),
        ("'chat_user'", 42, 43, "", 'with SESSION = "chat" or SESSION = "topic", it would be'),
        ("'chat_user'", 42, 43, ", 7", 'with SESSION = "chat", it would be'),
        ("lambda update: 'all'", 43, 43, "", "use botkit.session"),
    ],
)
def test_what_another_session_has_is_refused_in_words(
    start_with_sessions: StartBot, choice: str, chat: int, user: int, more: str, what_to_do: str
) -> None:
    container = start_with_sessions(with_session(other(chat, user, more), choice))
    error = f"this data isn't in the update's session: {what_to_do}"
    assert result(container) == ("bot_failed", error)
    assert container.table.items == {}


def test_what_another_session_has_is_not_read_either(start_with_sessions: StartBot) -> None:
    source = other(43, 43).replace("set_state('told')", "get_state()")
    outcome, error = result(start_with_sessions(with_session(source, "'chat'")))
    assert (outcome, "isn't in the update's session" in error) == ("bot_failed", True)


def test_another_storage_stays_as_it_is_without_a_session(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    before = """
from aiogram.fsm.storage.memory import MemoryStorage


class Own(MemoryStorage):
    pass


dispatcher.fsm.storage = Own()
"""
    lines = "await state.set_state('s')", "await message.answer(await state.get_state())"
    source = handler(*lines, before=before).replace(".message()", ".message(StateFilter(None))")
    container = start_bot(source)
    expects(bot_api, "s")
    assert result(container) == ("answered", "")
    assert not hasattr(container.bot.dispatcher.storage, "own")


def test_a_chat_is_the_same_however_large_its_id(start_with_sessions: StartBot) -> None:
    """Small numbers are one object, large ones are not."""
    chat = 5_000_000_000
    container = start_with_sessions(with_session(other(chat, 43), "'chat_user'"))
    error = "this data isn't in the update's session: "
    said = result(container, text="x", chat={"id": chat, "type": "private"})
    assert said == ("bot_failed", error + 'with SESSION = "chat" or SESSION = "topic", it would be')


def test_an_update_of_nobody_has_no_state(start_with_sessions: StartBot) -> None:
    source = other(42, 42).replace("@dispatcher.message()", "@dispatcher.poll()")
    source = source.replace("bot, state)", "bot)")  # there is none
    container = start_with_sessions(with_session(source))
    poll = {"id": "1", "question": "?", "options": [], "total_voter_count": 0, "type": "regular"}
    poll |= {"is_closed": False, "is_anonymous": True, "allows_multiple_answers": False}
    poll |= {"allows_revoting": False, "members_only": False}
    container.deliver({"update_id": 1, "poll": poll})
    error = "this data isn't in the update's session: use botkit.session"
    assert (container.line["outcome"], container.line.get("error")) == ("bot_failed", error)


def test_data_is_a_copy(start_with_sessions: StartBot, bot_api: BotApi) -> None:
    lines = (
        "data = {'x': []}",
        "await state.set_data(data)",
        "data['x'].append(1)",
        "(await state.get_data())['x'].append(2)",
        "await message.answer(str(await state.get_value('x')))",
    )
    container = start_with_sessions(with_session(handler(*lines)))
    expects(bot_api, "[]")
    assert result(container) == ("answered", "")


@pytest.mark.parametrize("filter", ["StateFilter('s')", "State('s')"])
def test_states_need_a_session(start_bot: StartBot, filter: str) -> None:
    container = start_bot(handler("pass").replace(".message()", f".message({filter})"))
    error = 'states are kept in the session: bot.py must have SESSION = "chat_user" or SESSION'
    outcome, said = result(container, 503)
    assert (outcome, said.startswith(error)) == ("misconfigured", True)
    with pytest.raises(Exception, match=error):  # the apply fails, too
        container.invoke({"tf": {"action": "check"}})


@pytest.mark.parametrize("storage", ["dispatcher.storage", "storage"])
def test_an_event_has_no_state_and_the_log_says_so(
    start_with_sessions: StartBot, storage: str
) -> None:
    key = "StorageKey(bot_id=1, chat_id=42, user_id=42)"
    bot = handler("pass", before="from aiogram.fsm.storage.base import StorageKey").replace(
        "dispatcher = Dispatcher()",
        "from aiogram.fsm.storage.memory import MemoryStorage\n"
        "storage = MemoryStorage()\n"
        "dispatcher = Dispatcher(storage=storage)",
    )
    bot += f"""
def on_event(event):
    asyncio.run(FSMContext({storage}, {key}).set_state("s"))
    return []
"""
    container = start_with_sessions(with_session(bot))
    error = "misconfigured: a framework's state is kept only in reply\\(\\), and with SESSION"
    with pytest.raises(Exception, match=error):
        container.invoke({"x": 1})


def test_an_event_may_send_with_the_bot(start_bot: StartBot, bot_api: BotApi) -> None:
    bot = handler("pass", before='own = Bot("1:x")').replace("(dispatcher)", "(dispatcher, own)")
    bot += '\ndef on_event(event):\n    asyncio.run(own.send_message(42, "a"))\n    return []\n'
    container = start_bot(bot)
    expects(bot_api, "a")
    container.invoke({"x": 1})
    assert container.line["outcome"] == "answered"


def test_a_strategy_needs_a_session_that_holds_its_keys(start_with_sessions: StartBot) -> None:
    strategy = "fsm_strategy=FSMStrategy.GLOBAL_USER"
    source = handler("pass").replace("Dispatcher()", f"Dispatcher({strategy})")
    source = f"from aiogram.fsm.strategy import FSMStrategy\n{source}"
    container = start_with_sessions(with_session(source))
    error = 'with FSMStrategy.GLOBAL_USER, bot.py must have SESSION = "user"'
    assert result(container, 503) == ("misconfigured", error)


def test_a_polled_bots_close_leaves_the_connection(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(
        handler("await bot.session.close()", "await dispatcher.storage.close()", ANSWER)
    )
    expects(bot_api, "a")
    assert result(container) == ("answered", "")
