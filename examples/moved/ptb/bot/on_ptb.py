"""Runs a bot of python-telegram-bot on terraform-aws-telegram-bot 0.1.0.

    SESSION = "user"  # keeps user_data and conversations; "chat" keeps chat_data
    reply = on_ptb.make_reply(build)  # build(builder) returns a new Application for each update

The file is the bot's own: change what doesn't suit. README.md in examples/moved/ptb says what works
otherwise here.
"""

import asyncio
import json
import logging
import sys
import warnings
import weakref
from contextlib import nullcontext
from copy import deepcopy
from functools import partialmethod
from itertools import chain
from urllib.parse import unquote, urlsplit

from botkit import context
from botkit import telegram as bot_api
from botkit.deadline import deadline
from botkit.errors import BotkitError, Misconfigured, Unreachable, UsageError
from telegram import Update
from telegram.error import NetworkError, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    BasePersistence,
    ConversationHandler,
    PersistenceInput,
)
from telegram.request import BaseRequest

# By per_chat and per_user of a conversation, the values of SESSION that fit.
FIT = {(True, True): ("chat", "chat_user", "user"), (False, True): ("user",)}
WEBHOOK = "must not be called: terraform apply registers the webhook"
POLLS = 'updates come through the webhook: poll only under `if __name__ == "__main__":`'
NO_JOBS = "there is no job queue: use botkit.schedule"
refused = []  # Telegram's refusals of the update's calls
logger = logging.getLogger(__name__)


def make_reply(build):
    """Return reply() for bot.py. `build` gets a builder, and returns a new Application."""
    request = Request()

    def built(persistence):
        builder = ApplicationBuilder().application_class(Watched).token("1:any").updater(None)
        builder.request(request).get_updates_request(request).job_queue(NoJobs())
        application = build(builder.persistence(persistence))
        check(application, request, persistence)
        return application

    async def handle(update, persistence):
        application = built(persistence)
        await application.initialize()
        persistence.begin(application, Update.de_json(update, application.bot))
        application._running = True  # start() would also start two tasks that never end
        await application.process_update(persistence.update)

    def reply(update, session=None):
        refused.clear()
        persistence = Persistence(session)
        run(loop, handle(update, persistence))
        if persistence.update:
            loop.run_until_complete(persistence.keep())
        return []

    built(Persistence(None))  # so that an apply fails if something can't work
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, about: note(about.get("exception")))
    weakref.finalize(reply, loop.close)  # a test's container ends before the process
    return reply


def run(loop, coroutine):
    """Run a coroutine and the tasks that it starts until time is up. Then nothing runs any more."""

    async def whole():
        try:
            await coroutine
        finally:
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                errors = await asyncio.gather(*others, return_exceptions=True)
                for task, error in zip(others, errors, strict=True):
                    # Error handlers get those of the Application's own tasks.
                    if isinstance(error, Exception) and "create_task_callback" not in repr(task):
                        note(error)

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
    """Note an error that decides how the update ends. Telegram's words say most."""
    if isinstance(error, TelegramError):
        error = error.__cause__ or (refused[-1] if refused else error)
    if error:
        context.current.calls.retryable_failures.append((None, error))


def refuse_to_poll(*_, **__):
    raise Misconfigured(POLLS)


class Watched(Application):
    async def process_error(self, update, error, *arguments, **named):
        """Note an error of botkit before the bot's error handlers get it."""
        if isinstance(error, BotkitError):
            note(error)
        return await super().process_error(update, error, *arguments, **named)


def keep_errors(record):
    """Keep an Application from only logging an error, with a text that may quote people."""
    if record.exc_info:
        note(record.exc_info[1])
    return not record.exc_info


class Request(BaseRequest):
    """Makes the calls of a bot through botkit.telegram."""

    read_timeout = None
    me = b""  # what getMe returned: each Application asks for it

    async def initialize(self):
        pass

    shutdown = initialize

    async def do_request(self, url, method, request_data=None, *timeouts, **more_timeouts):
        name = url.rpartition("/")[2]
        if name == "getMe" and self.me:
            return 200, self.me
        if name in ("setWebhook", "deleteWebhook", "getUpdates"):
            note(Misconfigured(f"{name} {WEBHOOK}"))  # the bot may catch it
            raise Misconfigured(f"{name} {WEBHOOK}")
        params = dict(request_data.parameters) if request_data else {}
        for key, (file, data, _) in (request_data and request_data.multipart_data or {}).items():
            params[key] = (file, data if isinstance(data, bytes) else data.read())
        # A getMe is the library's own, and answers nobody.
        own = context.detached() if name == "getMe" else nullcontext()
        try:
            if method == "GET":
                path = urlsplit(url).path.partition("/file/bot")[2].partition("/")[2]
                return 200, bot_api.download(unquote(path))
            with own:
                result = bot_api.call(name, **params)
            body = json.dumps({"ok": True, "result": result}).encode()
        except (Misconfigured, Unreachable) as error:
            raise NetworkError(str(error)) from error
        except bot_api.TelegramError as error:
            refused.append(error)
            answer = {"ok": False, "error_code": error.error_code, "description": error.description}
            answer["parameters"] = {"retry_after": error.retry_after} if error.retry_after else {}
            return error.error_code, json.dumps(answer).encode()
        if name == "getMe":
            self.me = body
        return 200, body


class Persistence(BasePersistence):
    """Keeps user_data, chat_data and conversations in the update's session."""

    update = None

    def __init__(self, session):
        super().__init__(PersistenceInput(bot_data=False, callback_data=False))
        self.session = session

    def begin(self, application, update):
        self.application, self.update = application, update
        self.bot_data = repr(application.bot_data)

    async def keep(self):
        """Write what has changed into the session, and note what can't be kept."""
        await self.application.update_persistence()  # of conversations
        chat, user = self.update.effective_chat, self.update.effective_user
        own = {"chat": chat and chat.id, "user": user and user.id}
        for kind in own:
            part, data = f"{kind}_data", getattr(self.application, f"{kind}_data")
            fits = own["chat"] == own["user"] or callable(choice()) or choice() == kind
            for id in {*data, *map(int, self._kept(part))}:
                self._keep(part, str(id), data.get(id), fits and id == own[kind])
        if repr(self.application.bot_data) != self.bot_data:
            note(UsageError("bot_data was changed, and isn't kept: use botkit.session"))

    def _kept(self, part):
        return deepcopy((self.session or {}).get(part, {}))

    def _keep(self, part, name, value, is_here=True):
        """Keep a value, or remove an empty one. Note what isn't in the update's session."""
        kept, value = self._kept(part), None if value == {} else value
        if value == kept.get(name):
            return
        if self.session is None:
            note(Misconfigured(f"{part} needs SESSION in bot.py"))
        elif context.current.session_key == "":
            note(UsageError(f"{part} can't be kept: SESSION gives this update no session"))
        elif not is_here:
            note(UsageError(f"this {part} isn't in the update's session: use botkit.session"))
        else:
            self.session[part] = {**kept, name: value}
            if value is None:
                del self.session[part][name]
            if not self.session[part]:
                del self.session[part]

    async def _get(self, kind):
        return {int(id): data for id, data in self._kept(f"{kind}_data").items()}

    get_user_data, get_chat_data = partialmethod(_get, "user"), partialmethod(_get, "chat")

    async def get_conversations(self, name):
        kept = self._kept(f"conversations of {name}")
        return {tuple(json.loads(key)): state for key, state in kept.items()}

    async def update_conversation(self, name, key, new_state):
        state = None if new_state == ConversationHandler.END else new_state
        self._keep(f"conversations of {name}", json.dumps(key), state)

    async def nothing(self, *_, **__):
        pass

    update_user_data = update_chat_data = drop_user_data = drop_chat_data = nothing
    flush = refresh_user_data = refresh_chat_data = refresh_bot_data = nothing
    get_bot_data = update_bot_data = get_callback_data = update_callback_data = nothing


class NoJobs:
    """Takes the place of the job queue, which would need a process that keeps running."""

    def set_application(self, application):
        pass

    def __bool__(self):
        return False

    def __getattr__(self, name):
        note(Misconfigured(NO_JOBS))  # the bot may catch it
        raise Misconfigured(NO_JOBS)


def choice():
    return getattr(sys.modules.get("bot"), "SESSION", None)


def check(application, request, persistence):
    """Raise Misconfigured if an Application needs something that doesn't work here."""
    types = application.context_types
    for is_wrong, why in (
        (application.bot.request is not request, "build() must use the builder that it gets"),
        (application.persistence is not persistence, "leave out .persistence(): use SESSION"),
        (application.bot.callback_data_cache is not None, "leave out .arbitrary_callback_data()"),
        (application.post_init or application.post_stop, "leave out .post_init() and .post_stop()"),
        ({types.user_data, types.chat_data} != {dict}, "user_data and chat_data must be dicts"),
        (choice() == "topic", 'SESSION must not be "topic": the library has no data by topic'),
    ):
        if is_wrong:
            raise Misconfigured(why)
    handlers = [*chain(*application.handlers.values())]
    for each in handlers:
        if isinstance(each, ConversationHandler):
            handlers += chain(each.entry_points, *each.states.values(), each.fallbacks)
            each._conversations = {}  # it may be an earlier update's, too
            fit = FIT.get((each.per_chat, each.per_user), ("chat",))
            if not each.persistent:
                raise Misconfigured("a ConversationHandler must have a name and persistent=True")
            if each.conversation_timeout:
                raise Misconfigured("leave out conversation_timeout: no timer runs between updates")
            if not callable(choice()) and choice() not in fit:
                fits = " or ".join(f'SESSION = "{name}"' for name in fit)
                raise Misconfigured(f"{each.name} needs {fits} in bot.py, above `reply = …`")


def log_warning(_, kind, file, line, *__):
    """Log a warning of Python without its text, which may quote people."""
    about = {"warning": kind.__name__, "at": f"{file.rpartition('/')[2]}:{line}"}
    logger.warning("Python warns", extra=about)


warnings.showwarning = log_warning
Application.run_polling = Application.run_webhook = refuse_to_poll
application_logger = logging.getLogger("telegram.ext.Application")
application_logger.setLevel(logging.WARNING)  # each update has a line already
application_logger.filters = [keep_errors]
# It logs an exception where there is none, which Lambda's formatter can't write.
logging.getLogger("telegram.ext.ConversationHandler").setLevel(logging.CRITICAL)
