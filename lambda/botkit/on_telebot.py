"""Runs a bot that is written with pyTelegramBotAPI (telebot).

    bot = telebot.TeleBot("1:any")  # any token: the module knows the bot's
    ...
    reply = on_telebot.reply_with(bot)

From this import on, the calls of every TeleBot go through botkit.telegram.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import NoReturn

import telebot
from telebot import apihelper, util
from telebot.handler_backends import FileHandlerBackend, HandlerBackend, MemoryHandlerBackend
from telebot.storage import StateMemoryStorage, StatePickleStorage

from . import current
from .errors import BadSession, Failure, Misconfigured, Refused, Unreachable
from .frameworks import adapter
from .place import Place
from .types import Any, Json

logger = logging.getLogger("botkit")

# FileHandlerBackend is from enable_save_next_step_handlers(): a session replaces its file, too.
REPLACED = (StateMemoryStorage, MemoryHandlerBackend, FileHandlerBackend)
KINDS = {"inline_handlers": "inline_query", "chosen_inline_handlers": "chosen_inline_result"}
# The beginnings of telebot's errors after which it doesn't call a handler.
NOT_CALLED = ("Custom filter: wrong type", "It is not allowed to pass", "You are passing more")


def reply_with(bot: telebot.TeleBot) -> Callable[..., list[Json]]:
    """Return reply() for bot.py: `bot` handles each update.

    With SESSION in bot.py, the update's session contains what telebot would keep in memory: states
    with their data, and the functions that wait for the next message or for a reply.
    """
    if not isinstance(bot, telebot.TeleBot):
        raise Misconfigured("on_telebot.reply_with() needs a TeleBot; AsyncTeleBot isn't supported")
    errors = _Errors()
    states, steps, replies = _States(), _Waiting("steps"), _Waiting("replies")
    ours: Json = {"current_states": states, "next_step_backend": steps, "reply_backend": replies}

    def register_for_reply(message: Any, callback: Any, *args: Any, **kwargs: Any) -> None:
        replies.place = message.chat.id
        try:
            bot.register_for_reply_by_message_id(message.message_id, callback, *args, **kwargs)
        finally:
            replies.place = None

    def use_ours() -> None:
        if bot.threaded:  # a thread might outlive its update
            bot.threaded = False
            for worker in bot.worker_pool.workers:
                worker.stop()
        bot.register_for_reply = register_for_reply  # type: ignore[method-assign]
        if bot.exception_handler is not errors:
            errors.theirs, bot.exception_handler = bot.exception_handler, errors
        for name, storage in ours.items():
            theirs = type(getattr(bot, name))
            if theirs is StatePickleStorage:
                raise Misconfigured(f"{theirs.__name__} can't be kept: use SESSION in bot.py")
            if theirs in REPLACED:
                setattr(bot, name, storage)

    def check() -> None:
        use_ours()  # again, since bot.py may have changed them after reply_with()
        adapter.require_kinds(
            ([KINDS.get(name, name.removesuffix("_handlers"))], handler["function"])
            for name, handler in _handlers(bot)
        )
        if adapter.choice() is None:
            needs = _filters_and_names(bot)
            for name, theirs, storage in (
                ("state=", bot.current_states, states),
                ("register_next_step_handler", bot.next_step_backend, steps),
            ):
                if theirs is storage and name in needs:
                    raise Misconfigured(f'{name} needs SESSION in bot.py, such as "chat_user"')

    def handle(update: Json) -> None:
        check()
        errors.last = None
        in_background = current.asking.unraised
        in_background.clear()
        own = _Place(update)
        for storage in ours.values():
            storage.begin(own)
        telebot.logger.addFilter(errors)
        try:
            bot.process_new_updates([telebot.types.Update.de_json(update)])
            for failed in (errors.last, *in_background):
                if failed:
                    raise failed
        except apihelper.ApiTelegramException as error:
            raise error from error.result.refusal
        finally:
            for failed in in_background:
                adapter.remember(failed)
            telebot.logger.removeFilter(errors)
            states.end()

    if "bot" in sys.modules:  # otherwise bot.py runs as a program, which may poll
        take_over()  # again, in case a test has restored telebot
        use_ours()
        adapter.checks.append(check)
    return lambda update, session=None: adapter.handle(session, lambda: handle(update))


class _Errors(telebot.ExceptionHandler, logging.Filter):
    """Remembers the last error that the bot doesn't handle: telebot may only log it."""

    theirs: telebot.ExceptionHandler | None = None
    last: BaseException | None = None

    def handle(self, exception: Exception) -> bool:
        adapter.remember(exception)
        if self.theirs and self.theirs.handle(exception):
            return True
        self.last = exception
        return False

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep telebot from only logging an error, with a text that may quote people."""
        if record.pathname != telebot.__file__ or record.levelno != logging.ERROR:
            return True
        if error := sys.exception():
            self.last = error
        elif record.msg.startswith(NOT_CALLED):
            raise Failure(record.msg)
        return error is None


class _Place(Place):
    """Where an update is for telebot: a person is also a chat, and any reply has a thread."""

    def __init__(self, update: Json) -> None:
        super().__init__(update)
        self.chat = self.user if self.chat is None else self.chat
        self.thread = self.message.get("message_thread_id")


class _States(StateMemoryStorage):
    """States with their data, as a copy from the update's session."""

    own: _Place | None = None

    def begin(self, own: _Place) -> None:
        self.own = own
        self.data = deepcopy(adapter.read().get("states", {}))

    def end(self) -> None:
        """Write what has changed since `begin`."""
        self.own = None
        for name in {**adapter.read().get("states", {}), **self.data}:
            adapter.put("states", name, self.data.get(name))

    def _get_key(  # type: ignore[override]
        self,
        chat: int | None,
        user: int,
        prefix: str,
        separator: str,
        business: str | None,
        thread: int | None,
        bot: int | None,
    ) -> str:
        """Return the name of a state in the session. Raises BadSession for another update's."""
        own = self.own
        if own is None:
            raise Misconfigured(adapter.NO_STATE)
        place = chat or user
        if place == own.chat:  # most bots don't name the business account in whose chat they are
            business = business or own.business
        is_here = (place, business) == (own.chat, own.business)
        belongs = is_here, user == own.user, thread in (None, own.thread)
        if not all(belongs):  # telebot looks up the update's own state for each filter
            adapter.refuse_others(*belongs)
        return ":".join(str(part) for part in (business, thread, place, user) if part)


class _Waiting(HandlerBackend):
    """Functions that wait for a message, by chat or by message: their names and arguments."""

    def __init__(self, kind: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kind = kind
        self.own: _Place | None = None
        self.place: int | None = None  # of the message whose reply is awaited

    def begin(self, own: _Place) -> None:
        self.own = own

    @adapter.remembering()
    def register_handler(self, id: int, handler: telebot.Handler) -> None:
        from .store import checked_copy

        function = handler.callback
        where = [function.__module__, getattr(function, "__name__", "")]
        if _function(*where) is not function:
            raise BadSession(
                "only a function at the top level of a module can wait for a message, not "
                f"{_described(function)}"
            )
        self._refuse_others(id)
        arguments = [list(handler.args), handler.kwargs]
        try:
            checked_copy({"arguments": arguments})
        except BadSession as error:
            raise BadSession(f"{_described(function)} can't wait with these: {error}") from None
        adapter.put(self.kind, str(id), [*self._waiting(id), [*where, *arguments]])

    def clear_handlers(self, id: int) -> None:
        self._refuse_others(id)
        adapter.put(self.kind, str(id), None)

    def get_handlers(self, id: int) -> list[telebot.Handler]:
        handlers = []
        for module, name, args, kwargs in self._waiting(id):
            function = _function(module, name)
            if function is None:
                reason = {"reason": f"no {module}.{name}()"}
                logger.warning("the function that waits for a message is gone", extra=reason)
            else:
                handlers.append(telebot.Handler(function, *args, **kwargs))
        self.clear_handlers(id)
        return handlers

    def _waiting(self, id: int) -> list[Any]:
        waiting: list[Any] = adapter.read().get(self.kind, {}).get(str(id), [])
        return waiting

    @adapter.remembering()
    def _refuse_others(self, id: int) -> None:
        """Raise BadSession for data outside of the update's session."""
        own = self.own or _Place({})  # an event has none
        place = self.place or own.chat if self.kind == "replies" else id
        if own.business:
            raise BadSession("no function can wait for a message in a business chat: use states")
        if place != own.chat:
            adapter.refuse_others(False, place == own.user, False)  # pragma: no mutate


def _described(function: Any) -> str:
    """Return a function's name and its first line, or the type of another callable."""
    code = getattr(function, "__code__", None)
    if code is None:
        return f"a {type(function).__name__}"
    return f"{code.co_qualname} at {code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"


class _Task(util.AsyncTask):
    """Runs `util.async_dec` functions at once: an update is over when its handler returns.

    An error fails the update unless the bot calls wait(), which raises it.
    """

    def __init__(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.target, self.args, self.kwargs = target, args, kwargs
        self._run()  # type: ignore[no-untyped-call]
        if isinstance(self.result, Exception):
            current.asking.unraised.append(self.result)

    def wait(self) -> Any:
        if self.result in current.asking.unraised:
            current.asking.unraised.remove(self.result)
        return super().wait()  # type: ignore[no-untyped-call]


class _Response(util.CustomRequestResponse):
    """Telegram's refusal, which telebot turns into an exception."""

    def __init__(self, refusal: Refused) -> None:
        text = adapter.as_json(refusal)
        super().__init__(text, refusal.code)  # type: ignore[no-untyped-call]
        self.refusal = refusal


class _NoAnswer(Unreachable, apihelper.requests.ConnectionError):  # type: ignore[misc, name-defined]
    """There was no usable answer. A bot may expect the exception of telebot's HTTP client."""


@contextmanager
def _like_its_client() -> Iterator[None]:
    """Raise _NoAnswer if a block gets no usable answer."""
    try:
        yield
    except Misconfigured:
        raise
    except Unreachable as error:
        raise _NoAnswer(str(error)) from error


@_like_its_client()
def _send(method: str, url: str, *, params: Any, files: Any, **timeouts: object) -> Any:
    """Make a call for telebot, in place of its HTTP client."""
    uploads = {name: _file(name, file) for name, file in (files or {}).items()}
    try:
        result = adapter.call(url.rpartition("/")[2], {**(params or {}), **uploads})
    except Refused as refusal:
        return _Response(refusal)
    return util.CustomRequestResponse(json.dumps({"ok": True, "result": result}))


@_like_its_client()
def _download(token: str, file_path: str) -> bytes:
    try:
        return adapter.download(file_path)
    except Refused as refusal:
        raise apihelper.ApiHTTPException("Download file", _Response(refusal)) from refusal


def _file(name: str, file: Any) -> tuple[str, bytes]:
    """Return the name and the content of a file, in any of the forms that telebot takes."""
    if isinstance(file, tuple):
        name, file = file[:2]
    elif hasattr(file, "name"):
        name = str(file.name).rpartition("/")[2]
    data = file.read() if hasattr(file, "read") else file
    return name, data.encode() if isinstance(data, str) else bytes(data)


def _function(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, None)


def _filters_and_names(bot: telebot.TeleBot) -> set[str]:
    """Return the filters of all handlers, and the names that their functions mention."""
    found = set()
    for _, handler in _handlers(bot):
        code = getattr(handler["function"], "__code__", None)
        found |= {f"{name}=" for name in handler["filters"]}
        found.update(getattr(code, "co_names", ()))
    return found


def _handlers(bot: telebot.TeleBot) -> Iterator[tuple[str, Json]]:
    """Yield all handlers, each with the name of its list."""
    for name, handlers in vars(bot).items():
        for handler in (handlers if name.endswith("_handlers") else ()) or ():
            if isinstance(handler, dict):
                yield name, handler


def _not_here(*_: object, **__: object) -> NoReturn:
    raise Misconfigured(
        "updates come through the webhook, to reply = on_telebot.reply_with(bot): move polling(), "
        'infinity_polling() and run_webhooks() under `if __name__ == "__main__":`'
    )


@adapter.remembering()
def _no_url(*_: object) -> NoReturn:
    raise Misconfigured("the URL of a file contains the token: use bot.download_file(file_path)")


def take_over() -> None:
    """Replace telebot's functions that poll, send requests and start threads."""
    for name in ("polling", "infinity_polling", "run_webhooks"):
        setattr(telebot.TeleBot, name, _not_here)
    for name, ours in (("download_file", _download), ("get_file_url", _no_url)):
        setattr(apihelper, name, ours)
    apihelper.CUSTOM_REQUEST_SENDER = _send  # type: ignore[assignment]
    util.AsyncTask = _Task  # type: ignore[misc]


if "bot" in sys.modules:  # else bot.py runs as a program, which may poll
    take_over()
