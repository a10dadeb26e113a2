"""Runs a bot of aiogram 3 on terraform-aws-telegram-bot 0.1.0.

    SESSION = "chat_user"  # keeps states and their data
    reply = on_aiogram.make_reply(dispatcher, bot)

The file is the bot's own: change what doesn't suit. README.md in examples/moved/aiogram says what
works otherwise here.
"""

import asyncio
import json
import logging
import sys
import warnings
import weakref
from copy import deepcopy
from dataclasses import replace

from aiogram import Dispatcher
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError
from aiogram.filters import StateFilter
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import DefaultKeyBuilder
from aiogram.fsm.storage.memory import MemoryStorage, MemoryStorageRecord
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from botkit import context, stack_trace, telegram
from botkit.deadline import deadline
from botkit.errors import BotkitError, Misconfigured, TelegramError, Unreachable, UsageError

# By FSMStrategy, the values of SESSION that fit.
FIT = {
    "USER_IN_CHAT": ("chat_user", "chat"),
    "CHAT": ("chat",),
    "GLOBAL_USER": ("user",),
    "USER_IN_TOPIC": ("chat_user", "topic", "chat"),
    "CHAT_TOPIC": ("topic", "chat"),
}
WEBHOOK = "must not be called: terraform apply registers the webhook"
POLLS = 'updates come through the webhook: poll only under `if __name__ == "__main__":`'
name_of = DefaultKeyBuilder(with_business_connection_id=True, with_destiny=True).build
logger = logging.getLogger(__name__)


def make_reply(dispatcher, bot):
    """Return reply() for bot.py. Startup handlers run before a container's first update."""
    session, started = Session(), []
    session.middleware, bot.session = bot.session.middleware, session
    dispatcher.errors.outer_middleware(note_failure)
    fit = FIT[dispatcher.fsm.strategy.name]
    if type(dispatcher.fsm.storage) is MemoryStorage:
        dispatcher.fsm.storage.storage = NoRecords()
        check_session(dispatcher, fit)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, about: note(about.get("exception")))

    async def start():
        """Run the startup handlers. If one fails, no update is lost."""
        known = {"dispatcher": dispatcher, "bots": (bot,), **dispatcher.workflow_data, "bot": bot}
        try:
            with context.detached():
                await dispatcher.emit_startup(**known)
        except Exception as error:
            described = stack_trace.describe(error)
            raise Misconfigured(f"a startup handler failed: {described}") from error
        started.append(True)

    async def handle(update):
        if not started:
            await start()
        # Not feed_raw_update(), which logs errors with a text that may quote people.
        parsed = Update.model_validate(update, context={"bot": bot})
        answer = await dispatcher.feed_update(bot, parsed)
        if isinstance(answer, TelegramMethod):
            await bot(answer)

    def reply(update, session=None):
        bot._Bot__token = telegram.token()  # Bot.id is a part of it
        records, storage = Records(session), dispatcher.fsm.storage
        if type(storage) is MemoryStorage:
            storage.storage = records
        try:
            run(loop, handle(update))
        finally:
            if type(storage) is MemoryStorage:
                storage.storage = NoRecords()
        records.keep(fit)
        return []

    weakref.finalize(reply, loop.close)  # a test's container ends before the process
    return reply


def check_session(dispatcher, fit):
    """Raise Misconfigured if SESSION in bot.py doesn't fit the states."""
    uses_states = any(
        isinstance(each.callback, (State, StateFilter))
        for router in dispatcher.chain_tail
        for observer in router.observers.values()
        for handler in observer.handlers
        for each in handler.filters or []
    )
    chosen = choice()
    if not callable(chosen) and chosen not in fit and (chosen or uses_states):
        fits = " or ".join(f'SESSION = "{each}"' for each in fit)
        raise Misconfigured(f"states need {fits} in bot.py, above `reply = …`")


def choice():
    return getattr(sys.modules.get("bot"), "SESSION", None)


def refuse_to_poll(*_, **__):
    raise Misconfigured(POLLS)


def run(loop, coroutine):
    """Run a coroutine and the tasks that it starts until time is up. Then nothing runs any more."""

    async def whole():
        try:
            await coroutine
        finally:
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                for error in await asyncio.gather(*others, return_exceptions=True):
                    note(error if isinstance(error, Exception) else None)

    try:
        loop.run_until_complete(asyncio.wait_for(whole(), deadline.left() - 0.5))
    except Exception as error:
        if isinstance(error, TimeoutError) and error.__cause__:  # it says where the bot was
            error = error.with_traceback(error.__cause__.__traceback__)
        note(error)
    finally:
        for task in (late := asyncio.all_tasks(loop)):
            task.cancel()
            note(BotkitError(f"the task {task.get_name()} had no end in time"))
        if late:
            loop.run_until_complete(asyncio.wait(late, timeout=0.2))
        for timer in [each for each in loop._scheduled if not each.cancelled()]:
            timer.cancel()
            note(
                BotkitError(
                    "a timer (call_later) can't go off after the update: use botkit.schedule"
                )
            )


def note(error):
    """Note an error that decides how the update ends. Telegram's words say more than aiogram's."""
    if error:
        cause = error.__cause__
        failure = cause if isinstance(cause, BotkitError) else error
        context.current.calls.retryable_failures.append((None, failure))


async def note_failure(handler, event, data):
    """Note an error of botkit before the bot's error handlers get it."""
    if isinstance(event.exception, BotkitError):
        note(event.exception)
    return await handler(event, data)


class Records(dict):
    """The records of a MemoryStorage, by aiogram's keys. They come from the update's session."""

    def __init__(self, session):
        self.session = session
        self.before = deepcopy(session or {})

    def __missing__(self, key):
        entry = deepcopy(self.before.get(name_of(key), {}))
        self[key] = record = MemoryStorageRecord(**entry)
        return record

    def keep(self, fit):
        """Write what has changed into the session, and note what can't be kept."""
        own = next(iter(self), None)  # aiogram looks for its state first
        for key, record in self.items():
            name, entry = name_of(key), {part: kept for part, kept in vars(record).items() if kept}
            if entry == self.before.get(name, {}):
                continue
            if self.session is None or not (callable(choice()) or choice() in fit):
                note(Misconfigured(f'states need SESSION = "{fit[0]}" in bot.py'))
            elif context.current.session_key == "":
                note(UsageError("a state can't be kept: SESSION gives this update no session"))
            elif replace(key, destiny=own.destiny) != own:
                note(UsageError("this data isn't in the update's session: use botkit.session"))
            else:
                self.session[name] = entry
                if not entry:
                    del self.session[name]


class NoRecords(dict):
    """The records of a MemoryStorage while no update is handled."""

    def __missing__(self, key):
        raise Misconfigured("states are kept only in reply(): use botkit.session")


class Session(BaseSession):
    """Makes the calls of a bot through botkit.telegram."""

    async def make_request(self, bot, method, timeout=None):
        name, files, params = method.__api_method__, {}, method.model_dump(warnings=False)
        if name in ("setWebhook", "deleteWebhook", "getUpdates"):
            error = Misconfigured(f"{name} {WEBHOOK}")
            note(error)  # the bot may catch it
            raise error
        for key, value in params.items():
            params[key] = self.prepare_value(value, bot, files, _dumps_json=False)
        for key, file in files.items():
            data = [chunk async for chunk in file.read(bot)]
            params[key] = (file.filename or key, b"".join(data))
        refusal, code = None, 200
        try:
            answer = {"ok": True, "result": telegram.call(name, **params)}
        except (Misconfigured, Unreachable) as error:
            raise TelegramNetworkError(method, str(error)) from error
        except TelegramError as error:
            refusal, code = error, error.error_code
            answer = {"ok": False, "description": error.description}
            answer["parameters"] = {"retry_after": error.retry_after} if error.retry_after else {}
        try:
            return self.check_response(bot, method, code, json.dumps(answer)).result
        except TelegramAPIError as error:
            raise error from refusal

    async def stream_content(self, url, *_, **__):
        path = url.partition("/file/bot")[2].partition("/")[2]
        if not path:
            raise Misconfigured("a URLInputFile isn't supported: give Telegram the URL itself")
        yield telegram.download(path)

    async def close(self):
        pass


def log_warning(_, kind, file, line, *__):
    """Log a warning of Python without its text, which may quote people."""
    about = {"warning": kind.__name__, "at": f"{file.rpartition('/')[2]}:{line}"}
    logger.warning("Python warns", extra=about)


warnings.showwarning = log_warning
Dispatcher.run_polling = Dispatcher.start_polling = refuse_to_poll
logging.getLogger("aiogram.event").setLevel(logging.WARNING)  # each update has a line already
