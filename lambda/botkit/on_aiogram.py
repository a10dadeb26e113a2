"""Runs a bot that is written with aiogram 3.

    from botkit import on_aiogram

    reply = on_aiogram.reply_with(dispatcher, bot)
    HANDLED = dispatcher.resolve_used_update_types()
    SESSION = "chat_user"  # keeps states and their data

See docs/moving-in/aiogram.md.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from aiogram import Bot, Dispatcher
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.dispatcher.middlewares.user_context import EVENT_CONTEXT_KEY, UserContextMiddleware
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramNetworkError
from aiogram.filters import StateFilter
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder, StateType, StorageKey
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.fsm.strategy import FSMStrategy
from aiogram.methods import GetFile, TelegramMethod
from aiogram.types import InputFile, Update

from . import telegram
from .errors import Misconfigured, Refused, Unreachable
from .frameworks import adapter, event_loop
from .types import Json

KINDS = {*Update.model_fields}  # libraries add others
FILES = "telegram-file:"  # how the URL of a file begins

# For each strategy, the values of SESSION whose session contains everything under one of its keys.
SESSIONS = {
    FSMStrategy.USER_IN_CHAT: ("chat_user", "chat"),
    FSMStrategy.CHAT: ("chat",),
    FSMStrategy.GLOBAL_USER: ("user",),
    FSMStrategy.USER_IN_TOPIC: ("chat_user", "topic", "chat"),
    FSMStrategy.CHAT_TOPIC: ("topic", "chat"),
}
name_of = DefaultKeyBuilder(with_business_connection_id=True, with_destiny=True).build


def reply_with(dispatcher: Dispatcher, bot: Bot | None = None) -> Callable[..., list[Json]]:
    """Return reply() for bot.py: the dispatcher handles each update.

    The calls of `bot` go through botkit.telegram, with the function's token instead of its own.
    States and data in a MemoryStorage become a part of the session; another storage stays as it is.
    Startup handlers run before a container's first update, shutdown handlers never.
    """
    its_bot = bot or Bot("0:unused", session=Session())
    is_started = False
    if "bot" in sys.modules:  # otherwise bot.py runs as a program
        _refuse_to_poll(dispatcher)
        _leave_out_others(dispatcher)
        dispatcher.errors.outer_middleware(_remember)
        _take_over(dispatcher, its_bot)  # now, so that on_event() also has them

    def check() -> None:
        _take_over(dispatcher, its_bot)  # again, since bot.py may have replaced them
        if isinstance(dispatcher.storage, SessionStorage):
            _check(dispatcher)
        adapter.require_kinds(_handlers(dispatcher))

    async def handle(update: Json) -> None:
        nonlocal is_started
        if not is_started:
            with adapter.starting():
                check()
                await _start(dispatcher, its_bot)
            is_started = True
        parsed = Update.model_validate(update, context={"bot": its_bot})
        if isinstance(dispatcher.storage, SessionStorage):
            event = {EVENT_CONTEXT_KEY: UserContextMiddleware.resolve_event_context(parsed)}
            context = dispatcher.fsm.resolve_event_context(its_bot, event)
            dispatcher.storage.own = context.key if context else None
        answer = await dispatcher.feed_update(its_bot, parsed)
        if isinstance(answer, TelegramMethod):
            await its_bot(answer)

    def reply(update: Json, session: Json | None = None) -> list[Json]:
        return adapter.handle(session, lambda: event_loop.run(handle(update)))

    adapter.checks.append(check)
    return reply


class Session(BaseSession):
    """Makes the calls of a bot through botkit.telegram.

    reply_with() gives it to its bot. `Bot(token, session=Session())` starts faster, since aiogram's
    default session loads all CAs.
    """

    def __init__(self) -> None:
        super().__init__(TelegramAPIServer(base="", file=FILES + "{path}"))

    async def close(self) -> None:
        """Do nothing: the connection stays open."""

    async def make_request(
        self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None
    ) -> Any:
        """Make a call before the deadline, and return its result as an aiogram object."""
        files: dict[str, InputFile] = {}
        params = {
            name: self.prepare_value(value, bot, files, _dumps_json=False)
            for name, value in method.model_dump(warnings=False).items()
        }
        for name, file in files.items():
            data = [chunk async for chunk in file.read(bot)]
            params[name] = (file.filename or name, b"".join(data))
        code, cause = 200, None
        try:
            result = adapter.call(method.__api_method__, params)
            answer = json.dumps({"ok": True, "result": result})
        except Refused as error:
            code, cause, answer = error.code, error, adapter.as_json(error)
        except Unreachable as error:
            raise TelegramNetworkError(method, str(error)) from error
        try:
            return self.check_response(bot, method, code, answer).result
        except TelegramAPIError as refusal:
            raise refusal from cause

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = 30,
        chunk_size: int = 65536,
        raise_for_status: bool = True,  # pragma: no mutate: the library passes it
    ) -> AsyncGenerator[bytes, None]:
        """Yield the content of a file from Telegram, or from another URL (URLInputFile)."""
        if not url.startswith(FILES):
            import aiohttp

            limit = aiohttp.ClientTimeout(timeout)
            async with (
                aiohttp.ClientSession(timeout=limit, headers=headers) as client,
                client.get(url, raise_for_status=raise_for_status) as response,
            ):
                yield await response.read()
            return
        path = url.removeprefix(FILES)
        try:
            yield adapter.download(path)
        except Refused as error:
            raise TelegramBadRequest(GetFile(file_id=path), error.description) from error
        except Unreachable as error:
            raise TelegramNetworkError(GetFile(file_id=path), str(error)) from error


class SessionStorage(BaseStorage):
    """Keeps states and data in the update's session, which has an entry for each of its keys.

    An entry is a dict with `state` and `data`. `own` is aiogram's key for the update.
    """

    own: StorageKey | None = None

    async def get_state(self, key: StorageKey) -> str | None:
        """Return the state of a key."""
        state: str | None = self._entry(key).get("state")
        return state

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        """Keep the state of a key."""
        self._keep(key, state=state.state if isinstance(state, State) else state)

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        """Return a copy of the data of a key."""
        data: dict[str, Any] = json.loads(json.dumps(self._entry(key).get("data", {})))
        return data

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        """Keep the data of a key. Raises BadSession if JSON would change it."""
        from .store import checked_copy

        with adapter.remembering():
            self._keep(key, data=checked_copy(dict(data)))

    async def close(self) -> None:
        """Do nothing."""

    def _entry(self, key: StorageKey) -> Json:
        self._refuse_others(key)
        entry: Json = adapter.read().get(name_of(key), {})
        return entry

    def _keep(self, key: StorageKey, **changed: Any) -> None:
        """Change an entry, or remove it if it becomes empty."""
        self._refuse_others(key)
        name = name_of(key)

        def change(session: Json) -> None:
            entry = {**session.get(name, {}), **changed}
            session.update({name: {part: held for part, held in entry.items() if held}})
            if not session[name]:
                del session[name]

        adapter.change(change)

    def _refuse_others(self, key: StorageKey) -> None:
        """Raise BadSession for a key that isn't in the update's session."""
        if self.own == replace(key, destiny="default"):  # aiogram looks it up for each update
            return
        chat, business, user, topic = (
            getattr(self.own, name, None) == getattr(key, name)
            for name in ("chat_id", "business_connection_id", "user_id", "thread_id")
        )
        adapter.refuse_others(chat and business, user, topic)


async def _remember(
    handler: Callable[[Any, dict[str, Any]], Awaitable[Any]], event: Any, data: dict[str, Any]
) -> Any:
    """Remember an error before the bot's error handlers get it."""
    adapter.remember(event.exception)
    return await handler(event, data)


def _take_over(dispatcher: Dispatcher, bot: Bot) -> None:
    """Replace the session of a bot, and a storage in memory."""
    if not isinstance(bot.session, Session):
        session = Session()
        session.middleware = bot.session.middleware
        bot.session = session
    if type(dispatcher.storage) is MemoryStorage:
        # The same object, since the bot may also have it in a variable.
        dispatcher.storage.__class__ = SessionStorage  # type: ignore[assignment]


async def _start(dispatcher: Dispatcher, bot: Bot) -> None:
    """Give the bot its token, and run the startup handlers as start_polling() does."""
    logger = logging.getLogger("aiogram.event")
    if not logger.level:
        logger.setLevel(logging.WARNING)  # each update has a line already
    bot._Bot__token = telegram.token()  # type: ignore[attr-defined]  # Bot.id is a part of it
    known = {"dispatcher": dispatcher, "bots": (bot,), **dispatcher.workflow_data, "bot": bot}
    await dispatcher.emit_startup(**known)


def _check(dispatcher: Dispatcher) -> None:
    """Raise Misconfigured if sessions can't hold the states."""
    strategy = dispatcher.fsm.strategy
    if adapter.choice() is not None:
        adapter.require(SESSIONS[strategy], f"with FSMStrategy.{strategy.name},")
    elif _uses_states(dispatcher):
        adapter.require(SESSIONS[strategy], "states are kept in the session:")


def _uses_states(dispatcher: Dispatcher) -> bool:
    return any(
        isinstance(each.callback, (StateFilter, State))
        for router in dispatcher.chain_tail
        for observer in router.observers.values()
        for handler in observer.handlers
        for each in handler.filters or []
    )


def _leave_out_others(dispatcher: Dispatcher) -> None:
    """Make a dispatcher list only kinds of update, not the events of aiogram-dialog to itself."""
    theirs = dispatcher.resolve_used_update_types

    def resolve(skip_events: set[str] | None = None) -> list[str]:
        return [kind for kind in theirs(skip_events) if kind in KINDS]

    dispatcher.resolve_used_update_types = resolve  # type: ignore[method-assign]


def _handlers(dispatcher: Dispatcher) -> Iterator[tuple[list[str], object]]:
    """Yield the kind and the function of each of the bot's own handlers."""
    for router in dispatcher.chain_tail:
        for kind, observer in router.observers.items():
            for handler in observer.handlers if kind in KINDS else ():
                yield [kind], handler.callback


def _refuse_to_poll(dispatcher: Dispatcher) -> None:
    """Make methods that poll or serve a webhook raise, and name the alternative."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise Misconfigured(
            "updates come through the webhook, to reply = on_aiogram.reply_with(dispatcher): move "
            'run_polling(), start_polling() and run_app() under `if __name__ == "__main__":`'
        )

    dispatcher.start_polling = dispatcher.run_polling = refuse  # type: ignore[method-assign]
    if server := sys.modules.get("aiogram.webhook.aiohttp_server"):
        server.BaseRequestHandler.register = refuse
