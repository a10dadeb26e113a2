"""Common parts of the frameworks' adapters: calls, how an update ends, and the session.

The framework, the bot and its error handlers may swallow an error. The update would then end as if
nothing was lost. So these errors are remembered here, and decide how it ends:

- an error of a call, a state, a job or anything else that the framework passes to botkit, even if
  the bot catches it
- another error of botkit, such as BadSchedule, that reaches one of the bot's error handlers. If the
  bot catches it before, it has handled it

A refusal by Telegram is remembered only if a retry may succeed. After an error that a retry may
fix, the update is redelivered, if people have seen none of its calls.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from .. import current, telegram
from ..deadline import deadline
from ..errors import BadSession, FailedForGood, Failure, Misconfigured, Refused, Unreachable
from ..types import Any, Json

logger = logging.getLogger("botkit")

# Methods whose work the module does.
NOT_HERE = {
    "deletewebhook": "terraform apply registers the webhook",
    "getupdates": "updates come through the webhook",
    "setwebhook": "terraform apply registers the webhook",
}
NO_STATE = "a framework's state is kept only in reply(), and with SESSION in bot.py"

checks: list[Callable[[], object]] = []  # of the adapters


class StartFailed(Misconfigured):
    """The start of the bot failed, before any update, with an `error` whose text quotes nobody."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("the start of the bot failed")
        self.error = error

    def __str__(self) -> str:
        from .. import start_error

        return f"{super().__str__()}: {start_error.described(self.error)}"


def call(method: str, params: Json) -> Any:
    """Call a method of the Bot API for a framework, and return its result.

    A file is bytes, or a pair of a file name and bytes. Raises what `telegram.call` raises.
    """
    with remembering((method, params)):
        if method.lower() in NOT_HERE:
            raise Misconfigured(f"{method} must not be called: {NOT_HERE[method.lower()]}")
        current.asking.is_framework = True
        try:
            return telegram.call(method, **params)
        finally:
            current.asking.is_framework = False


def download(file_path: str) -> bytes:
    """Return the content of a file for a framework. Raises what `telegram.download` raises."""
    with remembering(file_path):
        return telegram.download(file_path)


def remember(error: object, what: object = None) -> None:
    """Remember an error if it is botkit's, except a refusal that a retry wouldn't change."""
    failures = current.asking.failures
    if not isinstance(error, Failure):
        return
    if any(known in (error, error.__cause__) for _, known in failures):
        return
    if error.may_pass or not isinstance(error, Refused):
        failures.append((what, error))


@contextmanager
def remembering(what: object = None) -> Iterator[None]:
    """Remember the error of a block. Once a call, which `what` identifies, succeeds, forget it."""
    try:
        yield
    except Failure as error:
        remember(error, what)
        raise
    if what is not None:
        failures = current.asking.failures
        failures[:] = [failure for failure in failures if failure[0] != what]


def _first() -> Failure | None:
    """Return the first remembered error, if possible one that a retry may fix."""
    errors = [error for _, error in current.asking.failures]
    return min(errors, key=lambda each: not each.may_pass, default=None)


def handle(session: Json | None, handler: Callable[[], object]) -> list[Json]:
    """Let a framework handle an update, with the session as its state. Returns no calls.

    If an error was remembered that a retry may fix, and people would see no call twice, raises it,
    so that the update is redelivered. Otherwise any failure raises FailedForGood.
    """
    asking = current.asking
    asking.failures.clear()
    warnings.showwarning = _log_warning  # type: ignore[assignment]
    error: BaseException | None = None
    asking.state = session
    try:
        with nullcontext() if session is None else deadline.reserve("write"):
            handler()
    except BaseException as raised:
        error = raised
    finally:
        asking.state = None
    remember(error)
    if failure := _first():
        if failure.may_pass and not current.run.made.seen:
            raise failure
        error = failure if error is None or isinstance(error, Exception) else error
    if error is None:
        return []
    if not isinstance(error, Exception):  # there is no time to write the session
        raise error
    # The framework's exception says less than Telegram's refusal.
    cause = error.__cause__
    raise FailedForGood(cause if isinstance(cause, Refused) else error)


def _log_warning(_: object, kind: type[Warning], file: str, line: int, *__: object) -> None:
    """Log a warning without its text, which may quote people: aiogram's has a whole update."""
    at = f"{file.rpartition('/')[2]}:{line}"
    logger.warning("Python warns", extra={"warning": kind.__name__, "at": at})


@contextmanager
def starting() -> Iterator[None]:
    """Run the start of a framework, which isn't a part of the update: if it fails, none is lost."""
    current.asking.is_start = True
    try:
        yield
    except BaseException as error:
        failure = error if isinstance(error, Unreachable) else _first()
        if not (failure and failure.may_pass):
            failure = StartFailed(error)
        current.asking.failures[:] = [(None, failure)]
        raise
    finally:
        current.asking.is_start = False
    current.asking.failures.clear()


def choice() -> Any:
    """Return SESSION of bot.py, or None."""
    return getattr(sys.modules.get("bot"), "SESSION", None)


def require(choices: Sequence[str], why: str) -> None:
    """Raise Misconfigured unless SESSION in bot.py is one of these choices, or a function."""
    if not callable(choice()) and choice() not in choices:
        raise Misconfigured(f"{why} bot.py must have {_described(choices)}")


def _described(choices: Iterable[str]) -> str:
    return " or ".join(f'SESSION = "{name}"' for name in choices)


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if the bot needs something impossible, so that the apply fails."""
    for each in checks:
        each()


def require_kinds(handlers: Iterable[tuple[Sequence[str], object]]) -> None:
    """Raise Misconfigured if HANDLED in bot.py has none of the kinds of update of a handler.

    `handlers` are pairs of kinds and a function. If HANDLED is missing, the registration says so.
    """
    handled = getattr(sys.modules.get("bot"), "HANDLED", None)
    if not isinstance(handled, (dict, list, set, tuple)):
        return
    for kinds, function in handlers:
        if not set(kinds) & set(handled):
            raise Misconfigured(
                f'HANDLED in bot.py must contain "{kinds[0]}", which {described(function)} handles'
            )


def described(function: Any) -> str:
    """Return the name of a function of the bot, and its line."""
    while inner := getattr(function, "__wrapped__", None) or getattr(function, "func", None):
        function = inner  # of a decorated function, or of a partial
    code = getattr(function, "__code__", None)
    name = getattr(function, "__name__", type(function).__name__)
    place = code and f" at {code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"
    return f"{name}(){place or ''}"


@remembering()
def refuse_others(chat: bool, user: bool, topic: bool) -> None:
    """Raise BadSession for data outside of the update's session, and say which SESSION would fit.

    `chat`, `user` and `topic` tell whether the data belongs to those of the update. Raises
    Misconfigured without SESSION.
    """
    _own()
    has = {"chat": chat, "topic": chat and topic, "user": user, "chat_user": chat and user}
    chosen = choice()
    if not has[chosen if isinstance(chosen, str) else "chat"]:
        fit = _described(name for name in has if has[name])
        what_to_do = f"with {fit}, it would be" if fit else "use botkit.session"
        raise BadSession(f"this data isn't in the update's session: {what_to_do}")


def read() -> Json:
    """Return the session of the update, for reading. Without SESSION, it is empty."""
    return {} if current.asking.state is None else current.asking.state


@remembering()
def change(function: Callable[[Json], object]) -> None:
    """Change the session of the update. Raises Misconfigured or BadSession if there is none."""
    own = _own()
    from ..session import check_own

    check_own("a framework's state")
    function(own)


def _own() -> Json:
    if current.asking.state is None:
        raise Misconfigured(NO_STATE)
    return current.asking.state


@remembering()
def put(kind: str, name: str, value: Any) -> None:
    """Put a value into the session under its kind and name, or delete it if it is empty.

    Raises BadSession.
    """
    from ..store import checked_copy

    new = None if value in ({}, []) else checked_copy({name: value})[name]
    if new == read().get(kind, {}).get(name):
        return

    def put_into(state: Json) -> None:
        values = state.setdefault(kind, {})
        values[name] = new
        if new is None:
            del values[name]
        if not values:
            del state[kind]

    change(put_into)


def as_json(refusal: Refused) -> str:
    """Return a refusal as Telegram's JSON, for the class that replaces a framework's client."""
    names = ("retry_after", "migrate_to_chat_id")
    parameters = {name: getattr(refusal, name) for name in names}
    answer = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    answer["parameters"] = {name: value for name, value in parameters.items() if value is not None}
    return json.dumps(answer)
