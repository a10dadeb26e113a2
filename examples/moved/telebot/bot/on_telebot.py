"""Runs a bot of pyTelegramBotAPI (telebot) on terraform-aws-telegram-bot 0.1.0.

    SESSION = "chat"  # keeps states with their data, and the functions that wait for a message
    reply = on_telebot.make_reply(bot)

From this import on, the calls of every TeleBot go through botkit.telegram. The file is the bot's
own: change what doesn't suit. README.md in examples/moved/telebot says what works otherwise here.
"""

import json
import logging
import sys
import threading
import warnings
from copy import deepcopy

import telebot
from botkit import context, telegram
from botkit.errors import BotkitError, Misconfigured, TelegramError, Unreachable, UsageError
from telebot import apihelper, handler_backends, util
from telebot.storage import StateMemoryStorage

MEMORY = (
    StateMemoryStorage,
    handler_backends.MemoryHandlerBackend,
    handler_backends.FileHandlerBackend,  # of enable_save_next_step_handlers()
)
# The beginnings of telebot's errors after which it doesn't call a handler.
NOT_CALLED = ("Custom filter: wrong type", "It is not allowed to pass", "You are passing more")
WEBHOOK = "must not be called: terraform apply registers the webhook"
POLLS = 'updates come through the webhook: poll only under `if __name__ == "__main__":`'
OTHERS = "this data isn't in the update's session: use botkit.session"
own = {}  # the session, the chat and the user of the update that is handled
logger = logging.getLogger(__name__)


def make_reply(bot):
    """Return reply() for bot.py. The session replaces what telebot would keep in memory."""
    if not isinstance(bot, telebot.TeleBot):
        raise Misconfigured("on_telebot.make_reply() needs a TeleBot: AsyncTeleBot isn't supported")
    storages = {"current_states": States(), "next_step_backend": Waiting("steps")}
    storages["reply_backend"] = Waiting("replies")
    use(bot, storages)
    if bot.current_states is storages["current_states"] and choice() is None and has_states(bot):
        raise Misconfigured('state= needs SESSION in bot.py, such as "chat", above `reply = …`')

    def reply(update, session=None):
        use(bot, storages)  # again: bot.py may have set others
        own.update(place_of(update), session=session)
        storages["current_states"].data = deepcopy((session or {}).get("states", {}))
        try:
            bot.process_new_updates([telebot.types.Update.de_json(update)])
        except Exception as error:
            note(error)
        try:
            storages["current_states"].keep()
        finally:
            own.clear()
        refuse_timers()
        for kind in [kind for kind, kept in (session or {}).items() if kept == {}]:
            del session[kind]
        return []

    return reply


def use(bot, storages):
    """Replace what a bot has in memory, and what would outlive an update."""
    for name, storage in storages.items():
        if type(getattr(bot, name)) in MEMORY:
            setattr(bot, name, storage)
    if not isinstance(bot.exception_handler, Errors):
        bot.exception_handler = Errors(bot.exception_handler)
    if bot.threaded:
        bot.threaded = False
        for worker in bot.worker_pool.workers:
            worker.stop()


def choice():
    return getattr(sys.modules.get("bot"), "SESSION", None)


def has_states(bot):
    """Tell whether a handler has state=."""
    lists = [each for name, each in vars(bot).items() if name.endswith("_handlers") and each]
    handlers = [each for each in lists for each in each if isinstance(each, dict)]
    return any("state" in each["filters"] for each in handlers)


def place_of(update):
    """Return the chat and the user of an update. Without a chat, telebot takes the user for it."""
    content = next((each for each in update.values() if isinstance(each, dict)), {})
    user = content.get("from", content.get("user", {})).get("id")
    return {"user": user, "chat": content.get("message", content).get("chat", {}).get("id", user)}


def refuse_timers():
    """Note timers that run on: they would go off during another update, or never."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
            note(BotkitError("a Timer can't go off after the update: use botkit.schedule"))


def note(error):
    """Note an error that decides how the update ends. Telegram's words say more than telebot's."""
    failure = getattr(getattr(error, "result", None), "refusal", error)
    context.current.calls.retryable_failures.append((None, failure))


def refuse(error):
    note(error)  # the bot may catch it
    raise error


class Errors(telebot.ExceptionHandler):
    """Notes an error of botkit, and one that the bot's own handler doesn't handle."""

    def __init__(self, theirs):
        self.theirs = theirs

    def handle(self, exception):
        is_handled = bool(self.theirs and self.theirs.handle(exception))
        if isinstance(exception, BotkitError) or not is_handled:
            note(exception)
        return is_handled


def keep_errors(record):
    """Keep telebot from only logging an error, with a text that may quote people."""
    error = sys.exception() if record.levelno == logging.ERROR else None
    if error is None and str(record.msg).startswith(NOT_CALLED):
        error = BotkitError(record.msg)
    if error and own:
        note(error)
    return not error


def check(chat, user):
    """Refuse what isn't in the update's session. `chat`, `user`: whether it is the update's."""
    has = {"chat_user": chat and user, "user": user}
    if not has.get(choice(), chat):
        refuse(UsageError(OTHERS))


def not_kept():
    """Return why no session keeps the update's state, or None if one does."""
    if own.get("session") is None:
        return Misconfigured("states and steps are kept only in reply(), with SESSION in bot.py")
    if context.current.session_key == "":
        return UsageError("states and steps can't be kept: SESSION gives this update no session")
    return None


class States(StateMemoryStorage):
    """States with their data: a copy of a part of the update's session."""

    def keep(self):
        """Write what has changed into the session."""
        if self.data != (own["session"] or {}).get("states", {}):
            if error := not_kept():
                note(error)
            else:
                own["session"]["states"] = self.data

    def _get_key(self, chat, user, prefix, separator, business=None, thread=None, bot=None):
        check((chat or user) == own.get("chat"), user == own.get("user"))
        return ":".join(str(part) for part in (business, thread, chat or user, user) if part)


class Waiting(handler_backends.HandlerBackend):
    """Functions that wait, by chat or by message: their names and arguments are in the session."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def register_handler(self, id, handler):
        function = handler.callback
        where = [function.__module__, getattr(function, "__name__", "")]
        if function_of(*where) is not function:
            refuse(UsageError("only a function at the top level of a module can wait"))
        is_here = self.kind == "replies" or id == own.get("chat")
        check(is_here, is_here or id == own.get("user"))
        if error := not_kept():
            refuse(error)
        waiting = own["session"].setdefault(self.kind, {}).setdefault(str(id), [])
        waiting.append([*where, list(handler.args), handler.kwargs])

    def get_handlers(self, id):
        found = []
        waiting = (own.get("session") or {}).get(self.kind, {}).pop(str(id), [])
        for module, name, arguments, named in waiting:
            if function := function_of(module, name):
                found.append(telebot.Handler(function, *arguments, **named))
            else:
                about = {"reason": f"no {module}.{name}()"}
                logger.warning("the function that waits for a message is gone", extra=about)
        return found

    clear_handlers = get_handlers


def function_of(module, name):
    return getattr(sys.modules.get(module), name, None)


class Response(util.CustomRequestResponse):
    """Telegram's refusal, which telebot turns into an exception."""

    def __init__(self, refusal):
        about = {"retry_after": refusal.retry_after} if refusal.retry_after else {}
        answer = {"ok": False, "error_code": refusal.error_code, "description": refusal.description}
        super().__init__(json.dumps({**answer, "parameters": about}), refusal.error_code)
        self.refusal = refusal


def send(method, url, params=None, files=None, **timeouts):
    """Make a call for telebot, in place of its HTTP client."""
    name, params = url.rpartition("/")[2], dict(params or {})
    if name in ("setWebhook", "deleteWebhook", "getUpdates"):
        refuse(Misconfigured(f"{name} {WEBHOOK}"))
    for key, file in (files or {}).items():
        title, file = file[:2] if isinstance(file, tuple) else (getattr(file, "name", key), file)
        data = file.read() if hasattr(file, "read") else file
        data = data.encode() if isinstance(data, str) else bytes(data)
        params[key] = (str(title).rpartition("/")[2], data)
    try:
        result = telegram.call(name, **params)
    except TelegramError as error:
        return Response(error)
    except (Misconfigured, Unreachable) as error:  # as telebot's HTTP client raises it
        raise apihelper.requests.ConnectionError(str(error)) from error
    return util.CustomRequestResponse(json.dumps({"ok": True, "result": result}))


def download(token, file_path):
    try:
        return telegram.download(file_path)
    except TelegramError as error:
        raise apihelper.ApiHTTPException("Download file", Response(error)) from error
    except (Misconfigured, Unreachable) as error:
        raise apihelper.requests.ConnectionError(str(error)) from error


def instead(text):
    """Return a function that raises Misconfigured."""
    return lambda *_, **__: refuse(Misconfigured(text))


def log_warning(_, kind, file, line, *__):
    """Log a warning of Python without its text, which may quote people."""
    about = {"warning": kind.__name__, "at": f"{file.rpartition('/')[2]}:{line}"}
    logger.warning("Python warns", extra=about)


warnings.showwarning = log_warning
telebot.logger.filters = [keep_errors]
apihelper.CUSTOM_REQUEST_SENDER, apihelper.download_file = send, download
apihelper.get_file_url = instead("a file's URL has the token: use bot.download_file(file_path)")
util.AsyncTask = instead("a thread may outlive its update: leave out util.async_dec()")
telebot.TeleBot.polling = telebot.TeleBot.infinity_polling = instead(POLLS)
telebot.TeleBot.run_webhooks = instead(POLLS)
