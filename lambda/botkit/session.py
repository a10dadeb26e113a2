"""Sessions: a dict for each key, in the module's DynamoDB table, which outlives updates.

    from botkit import session

    person = session.read("42")
    session.change("42", lambda person: person.update(paid=True), once="paid")

The keys are those of SESSION in bot.py. These functions are for on_event() and on_request().
reply() gets its session as an argument, which middleware/with_session.py reads and saves.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable

from . import bot_module, context, store
from .errors import Misconfigured, UsageError
from .types import Any, Json
from .update_info import UpdateInfo

SCOPES = ("chat", "topic", "user", "chat_user")  # that SESSION may name
MAX_NAME_BYTES = 64  # of `once`


def read(key: str) -> Json:
    """Return a copy of the session with this key, empty if there is none.

    Raises UsageError for an impossible key, and Unreachable if DynamoDB can't be used.
    """
    store.check_key(key)
    return store.Item(key).session


def change(
    key: str,
    function: Callable[[Json], Any],
    *,
    days: int | None = None,
    once: str | None = None,
) -> Any:
    """Call `function` with the session as a dict, keep its changes, and return its result.

    It is called again if another container has changed the session. An update or event that is
    retried changes the session again, unless the change has a name, `once`: then the first result
    is returned. It must be JSON of up to 1 KB, and the session remembers the last 100. A Mini App's
    request has no id, so `once` doesn't work there.

    The session is kept for `days`, if they are given, instead of session_retention_in_days. Raises
    UsageError, also for the session that reply() has as its argument, Unreachable if DynamoDB
    can't be used or there is no time left, and the exceptions of `function`.
    """
    mark = None if once is None else _mark(once)
    # After such a change, reply() would find its session changed, and run again, for ever.
    if key == context.current.session_key:
        raise UsageError("reply() must change its own session through its argument `session`")
    store.check_key(key)
    return store.change(key, function, days=days, once=mark)


def key_of(update: Json) -> str | None:
    """Return the key of an update's session, or None if it has none. bot.py must have SESSION.

    Raises Misconfigured, and UsageError or the exceptions of a function in SESSION.
    """
    scope = rule(bot_module.load())
    if callable(scope):
        copy = marshal.loads(marshal.dumps(update))  # the function may change it
        key: str | None = bot_module.call_function("SESSION", copy)
        if key is not None:
            store.check_key(key)
        return key
    info = UpdateInfo(update)
    parts = {
        "chat": [info.chat_key],
        "topic": [info.chat_key] if info.topic_id is None else [info.chat_key, info.topic_id],
        "user": [info.sender_id],
        "chat_user": [info.chat_key, info.sender_id],
    }[scope]
    return None if None in parts else "/".join(map(str, parts))


def rule(bot: Any) -> Any:
    """Return SESSION of bot.py. Raises Misconfigured."""
    scope = bot.SESSION
    if not callable(scope) and scope not in SCOPES:
        names = ", ".join(f'"{name}"' for name in SCOPES)
        raise Misconfigured(f"SESSION in bot.py must be {names} or a function of an update")
    return scope


def _mark(once: str) -> str | None:
    """Return the name of a change with the id of the update or event. Raises UsageError.

    None outside of an invocation, as in an author's tests: nothing is retried there.
    """
    if not isinstance(once, str) or not 0 < len(once.encode(errors="replace")) <= MAX_NAME_BYTES:
        raise UsageError(f"once must be a name of 1 to {MAX_NAME_BYTES} bytes")
    ctx = context.current
    if ctx.source == "start":
        return None
    if not (ctx.is_update or ctx.id):
        raise UsageError("once needs the id of an update or event: leave it out in on_request()")
    return f"{once}:{ctx.id}"
