"""Has a bot that is written with python-telegram-bot answer updates.

    def build(builder):
        application = builder.build()
        application.add_handler(...)
        return application

    reply = on_ptb.reply_with(build)

The builder's token is any: calls go through botkit.telegram, which knows the bot's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from telegram import Update
from telegram.error import NetworkError, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    ApplicationHandlerStop,
    BasePersistence,
    ConversationHandler,
    PersistenceInput,
)
from telegram.request import BaseRequest, RequestData

from . import _framework, _loop
from .errors import BadSession, Misconfigured, Refused, Unreachable
from .journal import journal
from .types import Any, Json

Build = Callable[[Any], Any]

TOKEN = "1:any"
SCHEDULES = "botkit.later or a schedule (docs/moving-in.md)"


def reply_with(build: Build) -> Callable[..., list[Json]]:
    """Return a function for `reply` in bot.py: what `build` returns handles each update.

    `build` gets an ApplicationBuilder, and returns an Application: for each update a new one, since
    it reads conversations only when it is initialized. With SESSION in bot.py, sessions hold the
    conversations, chat_data and user_data. Raises Misconfigured for what isn't possible here.
    """
    request = _Request()
    logger = logging.getLogger("telegram.ext.Application")
    if not logger.level:
        logger.setLevel(logging.WARNING)  # each update has a line already

    def built(persistence: _Persistence) -> Any:
        builder: Any = ApplicationBuilder().token(TOKEN).updater(None).persistence(persistence)
        builder.request(request).get_updates_request(request).job_queue(_NoJobs())
        application = build(builder)
        _check(application, request, persistence)
        return application

    def handle(update: Json) -> None:
        parsed = Update.de_json(update)
        persistence = _Persistence(parsed)
        application = built(persistence)
        bot_data = repr(application.bot_data)
        errors: list[Exception] = []

        async def remember(_: object, context: Any) -> None:
            errors.append(context.error)

        if not application.error_handlers:
            application.add_error_handler(remember)
        handlers = application.error_handlers.items()
        application.error_handlers = {_watched(own, errors): block for own, block in handlers}
        request.refusal = None
        try:
            _loop.run(_process(application, update))
        except Exception:  # its time was up
            persistence.write(application)
            raise
        persistence.write(application)
        if repr(application.bot_data) != bot_data:
            raise BadSession("bot_data isn't kept: use botkit.session, or a table")
        for error in errors:
            if isinstance(error, TelegramError) and request.refusal:
                raise error from request.refusal
            raise error

    built(_Persistence(Update(0)))
    return lambda update, session=None: _framework.handle(session, lambda: handle(update))


async def _process(application: Any, update: Json) -> None:
    await application.initialize()
    await application.start()
    own = asyncio.all_tasks()
    try:
        await application.process_update(Update.de_json(update, application.bot))
        await _loop.end_others(own)
    finally:
        # An Application doesn't do so if its handler was cancelled.
        application.persistence.mark(application)
        await application.stop()
        await application.shutdown()  # which gives _Persistence what has changed


def _watched(handler: Any, errors: list[Exception]) -> Any:
    """Return an error handler of the bot's whose own error, which is only logged, isn't lost."""

    async def watched(update: object, context: Any) -> None:
        try:
            await handler(update, context)
        except ApplicationHandlerStop:
            raise
        except Exception as error:
            errors.append(error)
            raise

    return watched


class _Request(BaseRequest):
    """Makes the calls of a bot through botkit.telegram. `refusal` is the last one."""

    def __init__(self) -> None:
        self.refusal: Refused | None = None
        self._me: bytes | None = None

    read_timeout = None

    async def initialize(self) -> None:
        """Do nothing: the connection is open."""

    shutdown = initialize

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *timeouts: object,
        **more_timeouts: object,
    ) -> tuple[int, bytes]:
        """Return the status and the body of Telegram's answer, or a file."""
        name = url.rpartition("/")[2]
        if name == "getMe" and self._me:  # each Application asks
            return 200, self._me
        try:
            if method == "GET":
                path = unquote(urlsplit(url).path).partition("/file/bot")[2].partition("/")[2]
                return 200, _framework.download(path)
            # The library's own getMe: an update that nobody handles is ignored.
            journal.is_start = name == "getMe"
            result = _framework.call(name, _params(request_data or RequestData()))
        except Refused as refusal:
            self.refusal = refusal
            return refusal.code, _framework.answer(refusal).encode()
        except Unreachable as error:
            raise NetworkError(str(error)) from error
        finally:
            journal.is_start = False
        body = json.dumps({"ok": True, "result": result}).encode()
        if name == "getMe":
            self._me = body
        return 200, body


def _params(data: RequestData) -> Json:
    """Return the parameters of a call, files included, in the form of `telegram.call`."""
    params: Json = dict(data.parameters)
    for name, (file, content, _) in data.multipart_data.items():
        params[name] = (file, content if isinstance(content, bytes) else content.read())
    return params


class _Persistence(BasePersistence[Any, Any, Any]):
    """What sessions hold of an update's chat and user. Changes wait for `write`."""

    def __init__(self, update: Update) -> None:
        super().__init__(PersistenceInput(bot_data=False, callback_data=False))
        self._chat = update.effective_chat.id if update.effective_chat else None
        self._user = update.effective_user.id if update.effective_user else None
        self._changes: dict[tuple[str, str], Any] = {}  # with the chat and user of each
        self._sessions: dict[str | None, Json] = {}

    def write(self, application: Any) -> None:
        """Write what has changed. Raises errors, which an Application would swallow."""
        for (kind, name), (value, chat, user) in self._changes.items():
            key = self._key(chat, user)
            empty: Json | None = {} if kind in ("chat_data", "user_data") else None
            old = self._sessions.get(key, {}).get(kind, {}).get(name, empty)
            _framework.put(key, kind, name, value, old)
        for kind in "chat_data", "user_data":
            written = {name for changed, name in self._changes if changed == kind}
            if {str(id) for id in getattr(application, kind)} - written:
                raise BadSession(f"{kind} must be that of the update, or marked for persistence")

    def mark(self, application: Any) -> None:
        """Have the data of the update's chat and user come to `update_chat_data` and so on."""
        chats, users = ([id for id in [own] if id is not None] for own in (self._chat, self._user))
        application.mark_data_for_update_persistence(chats, users)

    async def get_chat_data(self) -> dict[int, Any]:
        return self._data("chat_data", self._chat)

    async def get_user_data(self) -> dict[int, Any]:
        return self._data("user_data", self._user)

    def _data(self, kind: str, id: int | None) -> dict[int, Any]:
        kept = None if id is None else self._read(kind, id, id).get(str(id))
        return {id: kept} if kept else {}  # type: ignore[dict-item]

    async def get_conversations(self, name: str) -> dict[tuple[Any, ...], Any]:
        ids = [id for id in (self._chat, self._user) if id is not None]
        found: Json = {}
        for first, second in {(ids[0], ids[-1]), *((id, id) for id in ids)} if ids else ():
            found |= self._read(f"conversations of {name}", first, second)
        return {tuple(json.loads(key)): state for key, state in found.items()}

    async def update_conversation(self, name: str, key: tuple[Any, ...], new_state: Any) -> None:
        first, second, *_ = key * 2
        if key[:2] != (self._chat, self._user):
            second = first
        where = f"conversations of {name}", json.dumps(key)
        self._changes[where] = new_state, first, second

    async def update_chat_data(self, chat_id: int, data: Any) -> None:
        self._changes["chat_data", str(chat_id)] = data, chat_id, chat_id

    async def update_user_data(self, user_id: int, data: Any) -> None:
        self._changes["user_data", str(user_id)] = data, user_id, user_id

    async def drop_chat_data(self, chat_id: int) -> None:
        await self.update_chat_data(chat_id, None)

    async def drop_user_data(self, user_id: int) -> None:
        await self.update_user_data(user_id, None)

    async def flush(self, *_: object, **__: object) -> None:
        """Do nothing: `write` does."""

    refresh_bot_data = refresh_chat_data = refresh_user_data = flush
    get_bot_data = get_callback_data = update_bot_data = update_callback_data = flush

    def _read(self, kind: str, chat: int, user: int) -> Json:
        key = self._key(chat, user)
        if key not in self._sessions:
            self._sessions[key] = _framework.read(key)
        kept: Json = deepcopy(self._sessions[key].get(kind, {}))
        return kept

    def _key(self, chat: int, user: int) -> str | None:
        """Return the key of the session of a chat and a user, or None for the update's."""
        is_own = {chat, user} <= {self._chat, self._user}
        return None if callable(_framework.choice()) and is_own else _framework.key(chat, user)


class _NoJobs:
    """Stands in for the job queue, which would need a process that goes on."""

    def set_application(self, application: object) -> None:
        """Do nothing, so that an Application can be built."""

    def __bool__(self) -> bool:
        return False  # so that it isn't started

    def __getattr__(self, name: str) -> NoReturn:
        raise Misconfigured(f"there is no job queue: use {SCHEDULES}")


def _check(application: Any, request: _Request, persistence: _Persistence) -> None:
    """Raise Misconfigured if an Application needs what isn't possible here."""
    if not isinstance(application, Application):
        raise Misconfigured("build() must return an Application")
    if application.bot.request is not request:
        raise Misconfigured("build() must use the builder that it gets")
    if application.persistence is not persistence:
        raise Misconfigured("leave out .persistence(): SESSION in bot.py keeps data")
    if application.bot.callback_data_cache is not None:
        raise Misconfigured("leave out .arbitrary_callback_data(): it can't be kept")
    if application.post_init or application.post_stop or application.post_shutdown:
        raise Misconfigured("leave out .post_init(), .post_stop() and .post_shutdown(): no process")
    if _framework.choice() == "topic":
        raise Misconfigured('SESSION must not be "topic": the library knows no topics')
    handlers = [handler for group in application.handlers.values() for handler in group]
    for conversation in _conversations(handlers):
        if not conversation.persistent:
            raise Misconfigured("a ConversationHandler must have a name and persistent=True")
        if conversation.conversation_timeout:
            raise Misconfigured(f"leave out conversation_timeout: use {SCHEDULES}")


def _conversations(handlers: Iterable[Any]) -> Iterator[Any]:
    """Yield the conversations among handlers, and those inside of them."""
    for handler in handlers:
        if isinstance(handler, ConversationHandler):
            yield handler
            for inner in handler.entry_points, *handler.states.values(), handler.fallbacks:
                yield from _conversations(inner)


def _not_here(*_: object, **__: object) -> NoReturn:
    raise Misconfigured(
        "updates come by the webhook, to reply = on_ptb.reply_with(build): call run_polling() and "
        'run_webhook() only if __name__ == "__main__"'
    )


if "bot" in sys.modules:  # else bot.py runs as a program, which may poll
    Application.run_polling = Application.run_webhook = _not_here  # type: ignore[method-assign]
