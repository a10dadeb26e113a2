"""Runs a bot that is written with python-telegram-bot.

    def build(builder):
        application = builder.build()
        application.add_handler(...)
        return application

    reply = on_ptb.reply_with(build)

The builder may have any token: calls go through botkit.telegram, which knows the bot's.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import partial
from itertools import chain
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from telegram import Update
from telegram.error import NetworkError, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    ApplicationHandlerStop,
    BasePersistence,
    ChatMemberHandler,
    ContextTypes,
    ConversationHandler,
    PersistenceInput,
)
from telegram.ext._handlers.conversationhandler import PendingState
from telegram.request import BaseRequest, RequestData

from . import current
from .errors import BadSession, Misconfigured, Refused, Unreachable
from .frameworks import adapter, event_loop
from .place import Place
from .types import Any, Json

MESSAGES = (
    *("message", "edited_message", "channel_post", "edited_channel_post"),
    *("business_message", "edited_business_message", "guest_message"),
)
# For the class of a handler, the kinds of update that it may handle.
KINDS = {
    "BusinessConnectionHandler": ("business_connection",),
    "BusinessMessagesDeletedHandler": ("deleted_business_messages",),
    "CallbackQueryHandler": ("callback_query",),
    "ChatBoostHandler": ("chat_boost", "removed_chat_boost"),
    "ChatJoinRequestHandler": ("chat_join_request",),
    "ChosenInlineResultHandler": ("chosen_inline_result",),
    "CommandHandler": MESSAGES,
    "InlineQueryHandler": ("inline_query",),
    "MessageHandler": MESSAGES,
    "MessageReactionHandler": ("message_reaction", "message_reaction_count"),
    "PaidMediaPurchasedHandler": ("purchased_paid_media",),
    "PollAnswerHandler": ("poll_answer",),
    "PollHandler": ("poll",),
    "PreCheckoutQueryHandler": ("pre_checkout_query",),
    "PrefixHandler": MESSAGES,
    "ShippingQueryHandler": ("shipping_query",),
}
CHAT_MEMBERS = {
    ChatMemberHandler.MY_CHAT_MEMBER: ("my_chat_member",),
    ChatMemberHandler.CHAT_MEMBER: ("chat_member",),
    ChatMemberHandler.ANY_CHAT_MEMBER: ("my_chat_member", "chat_member"),
}
Build = Callable[[Any], Any]

TOKEN = "1:any"
NOT_KEPT = "that isn't kept: use botkit.session, or a table (docs/moving-in/data.md)"
SCHEDULES = "botkit.later or a schedule (docs/moving-in/data.md)"
CONVERSATIONS = "docs/moving-in/python-telegram-bot.md#conversations-that-end-after-a-while"
# For per_chat and per_user of a conversation, the values of SESSION whose session contains
# everything under one of its keys.
SESSIONS = {
    (True, True): ("chat", "chat_user", "user"),
    (True, False): ("chat",),
    (False, True): ("user",),
    (False, False): ("chat",),  # it is about a message
}


def reply_with(build: Build) -> Callable[..., list[Json]]:
    """Return reply() for bot.py: the Application that `build` returns handles each update.

    `build` gets an ApplicationBuilder, and returns a new Application for each update, which knows
    only that update's state. With SESSION in bot.py, the session contains the conversations,
    chat_data and user_data. Raises Misconfigured for features that don't work here.
    """
    request = _Request()
    logger = logging.getLogger("telegram.ext.Application")
    if not logger.level:
        logger.setLevel(logging.WARNING)  # each update has a line already

    def built() -> Any:
        persistence = _Persistence()
        builder: Any = ApplicationBuilder().token(TOKEN).updater(None).persistence(persistence)
        builder.request(request).get_updates_request(request).job_queue(_NoJobs())
        application = build(builder)
        _check(application, request, persistence)
        return application

    def handle(update: Json) -> None:
        application = built()
        _check_session(application)
        errors: list[Exception] = []
        state = _State(application, update)

        async def remember(_: object, context: Any) -> None:
            errors.append(context.error)

        if not application.error_handlers:
            application.add_error_handler(remember)
        handlers = application.error_handlers.items()
        application.error_handlers = {_watched(own, errors): block for own, block in handlers}
        context = _watched_context(application.context_types.context, errors)
        application.context_types = ContextTypes(context=context)
        request.refusal = None
        actions: list[Callable[[], object]] = [
            lambda: event_loop.run(_process(application, state.update)),
            state.write,
        ]
        for act in actions:
            try:
                act()
            except _NoContextError:
                pass  # the reason is in `errors`
            except Exception as error:  # the time was up, or something can't be kept
                errors.append(error)
        for failure in errors:
            adapter.remember(failure)
        for failure in errors:
            if isinstance(failure, TelegramError) and request.refusal:
                raise failure from request.refusal
            raise failure

    built()
    adapter.checks.append(lambda: _check_session(built()))
    return lambda update, session=None: adapter.handle(session, lambda: handle(update))


async def _process(application: Any, update: Update) -> None:
    await application.initialize()
    application._running = True  # start() would also start two tasks that never end
    application.update_queue.put_nowait(update)
    while not application.update_queue.empty():
        await application.process_update(application.update_queue.get_nowait())
        for task in current.asking.tasks:  # a task may add others
            if "non_blocking" in task.get_name():  # a handler with block=False
                with suppress(Exception):  # an error handler gets it
                    await task


def _watched(handler: Any, errors: list[Exception]) -> Any:
    """Wrap an error handler of the bot so that no error is lost: the one it gets, and its own.

    An Application would only log the latter, with a text that may quote people.
    """

    async def watched(update: object, context: Any) -> None:
        adapter.remember(context.error)
        try:
            await handler(update, context)
        except ApplicationHandlerStop:
            raise
        except Exception as error:
            errors.append(error)

    return watched


class _NoContextError(BaseException):
    """A bot's own context can't be made. The library would only log an Exception."""


def _watched_context(context: Any, errors: list[Exception]) -> Any:
    """Return a subclass of the bot's class of contexts. If one can't be made, `errors` gets why.

    An Application would only log that, with the whole update, and treat the update as handled.
    """

    class Watched(context):  # type: ignore[misc]
        @classmethod
        def from_update(cls, *arguments: Any, **named: Any) -> Any:
            try:
                return super().from_update(*arguments, **named)
            except Exception as error:
                errors.append(error)
                raise _NoContextError from error  # pragma: no mutate: None would fail later

        @classmethod
        def from_error(cls, update: object, error: Any, *arguments: Any, **named: Any) -> Any:
            try:
                return super().from_error(update, error, *arguments, **named)
            except (Exception, _NoContextError) as own:
                errors.append(error)  # it decides whether the update is redelivered
                raise _NoContextError from own  # pragma: no mutate: None would fail later

    return Watched


class _Request(BaseRequest):
    """Makes the calls of a bot through botkit.telegram. `refusal` is the last one of an update."""

    refusal: Refused | None

    def __init__(self) -> None:
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
        if name == "getMe" and self._me:  # each Application calls it
            return 200, self._me
        try:
            if method == "GET":
                path = unquote(urlsplit(url).path).partition("/file/bot")[2].partition("/")[2]
                return 200, adapter.download(path)
            # The library's own getMe doesn't count: an update that nobody handles stays "ignored".
            current.asking.is_start = name == "getMe"
            result = adapter.call(name, _params(request_data or RequestData()))
        except Refused as refusal:
            self.refusal = refusal
            return refusal.code, adapter.as_json(refusal).encode()
        except Unreachable as error:
            raise NetworkError(str(error)) from error
        finally:
            current.asking.is_start = False
        answer = {"ok": True, "result": result}  # pragma: no mutate: only the status counts
        body = json.dumps(answer).encode()
        if name == "getMe":
            self._me = body
        return 200, body


def _params(data: RequestData) -> Json:
    """Return the parameters of a call and its files in the form of `telegram.call`."""
    params: Json = dict(data.parameters)
    for name, (file, content, _) in data.multipart_data.items():
        params[name] = (file, content if isinstance(content, bytes) else content.read())
    return params


class _Persistence(BasePersistence[Any, Any, Any]):
    """A persistence that keeps nothing, since persistent conversations need one. See `_State`."""

    def __init__(self) -> None:
        stored = PersistenceInput(False, False, False, False)  # pragma: no mutate: no cache
        super().__init__(stored)

    async def flush(self, *_: object, **__: object) -> Any:
        """Return nothing, and keep nothing."""
        return {}

    get_bot_data = get_chat_data = get_user_data = get_callback_data = get_conversations = flush
    update_bot_data = update_chat_data = update_user_data = update_callback_data = flush
    refresh_bot_data = refresh_chat_data = refresh_user_data = update_conversation = flush
    drop_chat_data = drop_user_data = flush


class _State:
    """Copies the state of an update from its session into an Application, and back.

    The state of a business account's chat has its own names, with any SESSION.
    """

    def __init__(self, application: Any, update: Json) -> None:
        self.application = application
        self.update = Update.de_json(update, application.bot)
        chat, user = self.update.effective_chat, self.update.effective_user
        self.own = {"chat_data": chat and chat.id, "user_data": user and user.id}
        is_private = self.own["chat_data"] == self.own["user_data"]
        business = Place(update).business
        self.prefix = f"business:{business}:" if business else ""
        self.belongs = {  # whether it belongs to the chat, and to the user, of the update
            # A business account also writes in its chats: both share a session only with "chat".
            "chat_data": {"chat": True, "user": is_private and not business},
            "user_data": {"chat": is_private or callable(adapter.choice()), "user": True},
        }
        for kind, own in self.own.items():
            data = getattr(application, f"_{kind}")
            data.default_factory = partial(self._new, kind)
            if kept := adapter.read().get(kind, {}).get(f"{self.prefix}{own}"):
                data[own] = deepcopy(kept)
        self.conversations = [*_conversations(chain(*application.handlers.values()))]
        for conversation in self.conversations:  # they may have states of an earlier update
            conversation._conversations = {
                tuple(json.loads(name.removeprefix(self.prefix))): state
                for name, state in self._kept(conversation).items()
            }
        self.bot_data = repr(application.bot_data)
        application.bot_data = _BotData(application.bot_data)

    def _new(self, kind: str) -> Json:
        """Return empty data. Raises BadSession if the update's session can't contain it."""
        adapter.refuse_others(**self.belongs[kind], topic=False)
        return {}

    def _kept(self, conversation: Any) -> Json:
        kept = adapter.read().get(_kind(conversation), {}).items()
        return {name: state for name, state in kept if name.startswith(self.prefix + "[")}

    def write(self) -> None:
        """Write all state into the session. Raises BadSession, or Misconfigured without SESSION."""
        for kind, own in self.own.items():
            data = getattr(self.application, kind)
            adapter.put(kind, f"{self.prefix}{own}", data.get(own))
            dropped = getattr(self.application, f"_{kind[:4]}_ids_to_be_deleted_in_persistence")
            if {*data, *dropped} - {own}:
                raise BadSession(f"{kind} must be that of the update: use botkit.session instead")
            if dropped:
                self._new(kind)  # raises if that isn't possible
        for conversation in self.conversations:
            states = {
                self.prefix + json.dumps(key): _ended(state)
                for key, state in conversation._conversations.items()
            }
            for name in self._kept(conversation) | states:
                adapter.put(_kind(conversation), name, states.get(name))
        if repr(self.application.bot_data) != self.bot_data:
            raise BadSession(f"a part of bot_data was changed, and {NOT_KEPT}")


class _BotData(dict[Any, Any]):
    """The bot_data that `build` made. A change raises BadSession, which names the bot's line."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        self._refuse_at(sys._getframe(1))

    @adapter.remembering()
    def _refuse_at(self, at: Any) -> NoReturn:
        place = f"{at.f_code.co_filename.rpartition('/')[2]}:{at.f_lineno}"
        raise BadSession(f"bot_data was changed at {place}, and {NOT_KEPT}")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = update = _refuse

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return a value that exists, which changes nothing."""
        return self[key] if key in self else self._refuse_at(sys._getframe(1))


def _kind(conversation: Any) -> str:
    return f"conversations of {conversation.name}"


def _ended(state: Any) -> Any:
    """Return the state of a conversation, which a handler with block=False may have changed."""
    if not isinstance(state, PendingState):
        return state
    task = state.task
    has_failed = not task.done() or task.cancelled() or task.exception()
    new = None if has_failed else task.result()
    new = state.old_state if new is None else new
    return None if new == ConversationHandler.END else new


class _NoJobs:
    """Takes the place of the job queue, which would need a process that keeps running."""

    def set_application(self, application: object) -> None:
        """Do nothing, so that an Application can be built."""

    @adapter.remembering()
    def __getattr__(self, name: str) -> NoReturn:
        raise Misconfigured(f"there is no job queue: use {SCHEDULES}")


def _check(application: Any, request: _Request, persistence: _Persistence) -> None:
    """Raise Misconfigured if an Application needs something that doesn't work here."""
    if not isinstance(application, Application):
        raise Misconfigured("build() must return an Application")
    if application.bot.request is not request:
        raise Misconfigured("build() must use the builder that it gets")
    if not isinstance(application.persistence, _Persistence):
        raise Misconfigured("leave out .persistence(): SESSION in bot.py keeps data")
    if application.persistence is not persistence:
        raise Misconfigured("build() must return a new Application: each has one update's state")
    if application.bot.callback_data_cache is not None:
        raise Misconfigured("leave out .arbitrary_callback_data(): it can't be kept")
    if application.post_init or application.post_stop or application.post_shutdown:
        raise Misconfigured(
            "leave out .post_init(), .post_stop() and .post_shutdown(): on Lambda, no process "
            "starts and stops with the bot"
        )
    for what in ("user_data", "chat_data", "bot_data"):
        if (kind := getattr(application.context_types, what)) is not dict:
            file = str(getattr(sys.modules.get(kind.__module__), "__file__", "")).rpartition("/")[2]
            line = getattr(kind, "__firstlineno__", "")  # from Python 3.13 on
            raise Misconfigured(
                f"leave out ContextTypes({what}={kind.__name__}): only dicts are kept "
                f"({file}:{line})"
            )
    for conversation in _conversations(chain(*application.handlers.values())):
        if not conversation.persistent:
            begins = [adapter.described(each.callback) for each in conversation.entry_points]
            raise Misconfigured(
                "a ConversationHandler must have a name and persistent=True (this one begins with "
                f"{', '.join(begins)})"
            )
        if conversation.conversation_timeout:
            raise Misconfigured(
                "leave out conversation_timeout, since no timer runs between updates: compare "
                f"times in the conversation's handlers ({CONVERSATIONS})"
            )


def _check_session(application: Any) -> None:
    """Raise Misconfigured if SESSION, which bot.py may set last, doesn't fit the state."""
    if adapter.choice() == "topic":
        raise Misconfigured('SESSION must not be "topic": the library has no data by topic')
    handlers = [*_inside(chain(*application.handlers.values()))]
    adapter.require_kinds((_kinds(each), each.callback) for each in handlers if _kinds(each))
    for conversation in _conversations(handlers):
        by = conversation.per_chat, conversation.per_user
        kept = "conversations are kept in the session: with per_chat={} and per_user={},"
        adapter.require(SESSIONS[by], kept.format(*by))


def _inside(handlers: Iterable[Any]) -> Iterator[Any]:
    """Yield handlers, and those inside of conversations."""
    for handler in handlers:
        yield handler
        if isinstance(handler, ConversationHandler):
            for inner in handler.entry_points, *handler.states.values(), handler.fallbacks:
                yield from _inside(inner)


def _conversations(handlers: Iterable[Any]) -> Iterator[Any]:
    """Yield the conversations among handlers, and those inside of them."""
    return (each for each in _inside(handlers) if isinstance(each, ConversationHandler))


def _kinds(handler: Any) -> Sequence[str]:
    """Return the kinds of update that a handler may handle, () if they aren't known."""
    if isinstance(handler, ChatMemberHandler):
        return CHAT_MEMBERS[handler.chat_member_types or 0]
    return next((KINDS[own.__name__] for own in type(handler).__mro__ if own.__name__ in KINDS), ())


def _not_here(*_: object, **__: object) -> NoReturn:
    raise Misconfigured(
        "updates come through the webhook, to reply = on_ptb.reply_with(build): move run_polling() "
        'and run_webhook() under `if __name__ == "__main__":`'
    )


if "bot" in sys.modules:  # otherwise bot.py runs as a program, which may poll
    Application.run_polling = Application.run_webhook = _not_here  # type: ignore[method-assign]
