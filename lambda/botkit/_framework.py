"""What the adapters of frameworks share: calls, how an update ends, and the session.

A framework makes calls while it handles an update, and may swallow their errors. So the first
error that may be gone later is remembered here. The update then comes again, if the journal of its
calls allows that.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import telegram
from .deadline import deadline
from .errors import BadSession, Handled, Misconfigured, Refused, Unreachable
from .journal import journal
from .types import Any, Json

RESERVE = 0.5  # seconds before the deadline, in which the session is written
# The module does what these are for.
NOT_HERE = {
    "deletewebhook": "terraform apply registers the webhook",
    "getupdates": "updates come by the webhook",
    "setwebhook": "terraform apply registers the webhook",
}
NO_STATE = "a framework's state is kept only in reply(), and with SESSION in bot.py"

session: Json | None = None  # of the update that is handled, None if bot.py has no SESSION

_failures: list[tuple[object, Exception]] = []  # what failed for now, and its error
_NOTHING = object()


def call(method: str, params: Json) -> Any:
    """Call a method of the Bot API for a framework, and return its result.

    A file is bytes, or a pair of a file name and bytes. Raises what `telegram.call` raises.
    """
    with remembering((method, params)):
        if method.lower() in NOT_HERE:
            raise Misconfigured(f"{method} must not be called: {NOT_HERE[method.lower()]}")
        return telegram.call(method, **params)


def download(file_path: str) -> bytes:
    """Return the content of a file for a framework. Raises what `telegram.download` raises."""
    with remembering(file_path):
        return telegram.download(file_path)


@contextmanager
def remembering(what: object) -> Iterator[None]:
    """Remember an error that may be gone later, until `what` has succeeded."""
    try:
        yield
    except (Refused, Unreachable) as error:
        if _may_be_gone_later(error):
            _failures.append((what, error))
        raise
    _failures[:] = [failure for failure in _failures if failure[0] != what]


def _may_be_gone_later(error: BaseException | None) -> bool:
    if isinstance(error, Refused):
        return error.code == 429 or error.is_about_the_token
    return isinstance(error, Unreachable)


def handle(state: Json | None, handler: Callable[[], object]) -> list[Json]:
    """Have a framework handle an update, with the session as its state. Returns no calls.

    Raises an error that may be gone later if the update may come again, and else Handled if the
    handler failed.
    """
    global session
    end = deadline.at
    _failures.clear()
    error: BaseException | None = None
    session = state
    try:
        deadline.at -= 0 if state is None else RESERVE
        handler()
    except BaseException as raised:
        error = raised
    finally:
        session = None
        deadline.at = end
    if isinstance(error, Exception) and _may_be_gone_later(error):  # of aws.call, for example
        _failures.append((None, error))
    if _failures:
        failure = _failures[0][1]
        if not journal.is_seen:
            raise failure
        error = failure if error is None or isinstance(error, Exception) else error
    if error is None:
        return []
    if not isinstance(error, Exception):  # there is no time to write the session
        raise error
    # What the framework made of a refusal is less than what Telegram said.
    cause = error.__cause__
    raise Handled(cause if isinstance(cause, Refused) else error)


@contextmanager
def starting() -> Iterator[None]:
    """Run the start of a framework, which is no part of the update: if it fails, none is lost."""
    journal.is_start = True
    try:
        yield
    except BaseException as error:
        what = error.__cause__ if isinstance(error.__cause__, Refused) else type(error).__name__
        failure: Exception = Misconfigured(f"the start of the bot failed: {what}")
        if isinstance(error, Unreachable):
            failure = error
        elif _failures:
            failure = _failures[0][1]
        _failures[:] = [(None, failure)]
        raise
    finally:
        journal.is_start = False
    _failures.clear()


def choice() -> Any:
    """Return SESSION of bot.py, or None."""
    return getattr(sys.modules.get("bot"), "SESSION", None)


def key(chat: int, user: int, thread: int | None = None, business: str | None = None) -> str:
    """Return the key of the session that belongs to a person in a chat. Raises BadSession."""
    if session is None:
        return ""  # there is none: read() and change() know
    place = f"business:{business}:{chat}" if business else f"{chat}"
    match choice():
        case "chat":
            return place
        case "topic":
            return f"{place}/{thread}" if thread else place
        case "user":
            return f"{user}"
        case "chat_user":
            return f"{place}/{user}"
    raise BadSession(
        'what belongs to another chat or person can only be kept with SESSION = "chat", "topic", '
        '"user" or "chat_user"'
    )


def has_own() -> bool:
    """Tell whether the update has a session that is kept: others get an empty one."""
    from . import session as sessions

    return session is not None and sessions.current != ""


def read(key: str | None) -> Json:
    """Return the session with this key, or that of the update: None. Without SESSION, it is empty.

    Only the update's own may be changed.
    """
    if session is None:
        return {}
    from . import session as sessions

    if key in (None, sessions.current) or sessions.current is None:  # in tests of bots
        return session
    with remembering(("read", key)):
        data = sessions.read(key)
    for changed, function in sessions.waiting:
        if changed == key:
            function(data)
    return data


def change(key: str | None, function: Callable[[Json], object]) -> None:
    """Change the session with this key, or that of the update: None.

    The update's own is written after the handler, and then the others, for which `function` may be
    called several times. Raises Misconfigured if there is none.
    """
    with remembering(("change", key)):
        if session is None:
            raise Misconfigured(NO_STATE)
        from . import session as sessions

        if key is None and not has_own():
            raise BadSession("a framework's state can't be kept: this update has no session")
        if key in (None, sessions.current) or sessions.current is None:  # in tests of bots
            function(session)
        else:
            sessions.waiting.append((key, function))


def put(key: str | None, kind: str, name: str, value: Any, old: Any) -> None:
    """Put a value into what a session holds of a kind, or remove it: None.

    `old` is the value as it was read. Of a dict, only what differs from it is put: somebody else
    may have changed the rest meanwhile. Nothing empty stays. Raises BadSession.
    """
    if value == old:
        return
    from .session import checked_copy

    new = checked_copy({name: value})[name]

    def put_into(session: Json) -> None:
        values = session.setdefault(kind, {})
        values[name] = _merged(values.get(name), old, new)
        if values[name] in (None, {}):
            del values[name]
        if not values:
            del session[kind]

    change(key, put_into)


def _merged(now: Any, old: Any, new: Any) -> Any:
    """Return a value with the change from an old one to a new one, at any depth of dicts."""
    if old == new:
        return now
    if not isinstance(now, dict) or not isinstance(new, dict):
        return new
    old = old if isinstance(old, dict) else {}
    merged = {}
    for name in {**now, **new}:
        part = _merged(*(each.get(name, _NOTHING) for each in (now, old, new)))
        if part is not _NOTHING:
            merged[name] = part
    return merged


def answer(refusal: Refused) -> str:
    """Return a refusal as Telegram wrote it, for what a framework has in place of HTTP."""
    names = ("retry_after", "migrate_to_chat_id")
    parameters = {name: getattr(refusal, name) for name in names}
    answer = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    answer["parameters"] = {name: value for name, value in parameters.items() if value is not None}
    return json.dumps(answer)
