"""The context of one update or event: what arrived, and what has happened since.

A source makes it and passes it to the pipeline. Modules that the bot itself calls, such as telegram
and stream, read the global `current` instead.

An update may be redelivered until a call has succeeded whose repetition people would see. So
`telegram.call` records each successful call in `calls`. It also records failures that a retry may
fix, because the bot or its framework may catch them, and the update would end as if nothing was
lost.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import TelegramError, UsageError
from .types import Any, Json

# Methods, besides get…, whose repetition users don't notice. Edits aren't included: repeating one
# could overwrite a newer edit.
INVISIBLE_METHODS = {
    "answercallbackquery",
    "answerinlinequery",
    "answerprecheckoutquery",
    "answershippingquery",
    "answerwidgetquery",
    "deletemessage",
    "deletemessages",
    "sendchataction",
    "sendmessagedraft",
    "sendrichmessagedraft",
}
# Telegram's errors for a call whose effect is there already.
ALREADY_DONE = ("message is not modified", "message to delete not found")
# Its error for an answer to a press or query that was answered before, or is too late.
QUERY_TOO_OLD = "query is too old"


class CallLog:
    """The calls that were made for an update or event."""

    def __init__(self) -> None:
        self.methods: list[str] = []  # for the log: also those of returned calls that failed
        self.chat_ids: set[str] = set()  # to which calls were made, also if they failed
        self.any_succeeded = False
        self.can_redeliver = True  # until a call succeeds whose repetition people would see
        # The calls that failed, with errors that a retry may fix. They decide how the update ends,
        # even if the bot goes on. If people saw nothing yet, one is raised when reply() returns.
        # Otherwise the session is saved, and the calls from reply() are made first. A bot that
        # catches its own errors may add one, with None.
        self.retryable_failures: list[tuple[object, BaseException]] = []

    def record(self, method: str, params: Json) -> None:
        """Record a call that Telegram has carried out."""
        self.methods.append(method)
        self.any_succeeded = True
        self.can_redeliver &= not is_visible(method, params)

    @contextmanager
    def invisible(self) -> Iterator[None]:
        """Don't count the calls in this block as visible, since a retry continues after them."""
        can_redeliver = self.can_redeliver
        yield
        self.can_redeliver = can_redeliver

    def allow_redelivery(self) -> None:
        """From now on, the calls so far don't prevent a redelivery.

        Either nothing was saved, so everything is repeated, or the session knows which calls
        remain.
        """
        self.can_redeliver = True
        self.retryable_failures.clear()

    def raise_failure(self) -> None:
        """Raise what failed although the bot went on, if possible an error that is retryable."""
        if self.retryable_failures:
            errors = [error for _, error in self.retryable_failures]
            raise min(errors, key=lambda error: not getattr(error, "retryable", False))


class Context:
    """What arrived, what its source says of it, and the state of the bot's code meanwhile."""

    attempt = 1  # which receive of the message in the queue it is
    redriven_outcome = ""  # the outcome of a dead letter that an operator has moved back
    is_retry = False  # it is known to have been tried before
    can_use_webhook_reply = False  # the HTTP response may contain a call
    message_group = ""  # of the message in the queue
    given_calls: list[Json] | None = None  # to be made without asking the bot: an event's, the rest
    # While reply(update, session) runs: its session's key, or "" for one that won't be saved.
    session_key: str | None = None
    stream_count = 0  # of the answers that reply() has streamed
    import_error: Exception | None = None  # of bot.py, which isn't imported between two steps
    replaying: list[Any] | None = None  # a conversation runs again: what it has made meanwhile

    _original = b""

    def __init__(
        self, source: str, payload: Any = None, id: Any = 0, log_fields: Json | None = None
    ) -> None:
        self.source = source
        self.payload = payload  # the update or the event. The bot may change it
        self.id = id  # of the update, a number, or of Lambda's request, a string
        self.log_fields = log_fields or {}
        self.calls = CallLog()
        self.changing: set[str] = set()  # the keys of the sessions that session.change() changes

    @classmethod
    def of_update(cls, source: str, update: Json, /, **log_fields: Any) -> Context:
        """Return the context of an update."""
        update_id = update["update_id"]
        log_fields |= {"update_id": update_id, "update_type": update_type(update) or None}
        return cls(source, update, update_id, log_fields)

    def save_original(self) -> None:
        """Save the update or event as it came: the bot may change it."""
        self._original = marshal.dumps(self.payload)

    def original(self) -> Any:
        """Return a copy of the update or event as it came, which `save_original` saved."""
        return marshal.loads(self._original)

    @property
    def is_update(self) -> bool:
        """Whether it is one of Telegram's updates, not an event of another service."""
        return "update_id" in self.log_fields


class BoundedDict(dict[Any, Any]):
    """A dict that forgets its oldest item when it has more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        if len(self) > self._most:
            del self[next(iter(self))]


# Empty at start-up, and in an author's tests that call reply() themselves.
current = Context("start")


def activate(ctx: Context) -> Context:
    """Make a context the current one, and return it."""
    global current
    current = ctx
    return ctx


@contextmanager
def detached() -> Iterator[None]:
    """Run a block whose calls are no part of the update or event, such as the import of bot.py."""
    ctx = current
    activate(Context("detached"))
    try:
        yield
    finally:
        activate(ctx)


def update_type(update: Json) -> str:
    """Return the type of an update, such as "message", or "" if it has none.

    Source: https://core.telegram.org/bots/api#update
    """
    return next((key for key in update if key != "update_id"), "")


def forbid_in_replay() -> None:
    """Raise UsageError while a conversation runs again, which must have no effects."""
    if current.replaying is not None:
        raise UsageError(
            "a conversation runs again at each answer: calls of telegram, aws, schedule and "
            "session belong in `yield external(…)`"
        )


def already_done(error: TelegramError, method: str, params: Json) -> bool:
    """Tell whether Telegram rejected a call only because it had already taken effect.

    A late answerCallbackQuery counts as such even on a first delivery, because another container
    may have answered it, unless it would show something.
    """
    if any(text in error.description for text in ALREADY_DONE):
        return True
    is_press = method.lower() == "answercallbackquery" and not is_visible(method, params)
    return QUERY_TOO_OLD in error.description and (current.is_retry or is_press)


def is_visible(method: str, params: Json) -> bool:
    """Tell whether people would see a repetition: of an answer to a press, an alert or a URL."""
    name = method.lower()
    is_invisible = name.startswith("get") or name in INVISIBLE_METHODS
    return not is_invisible or bool(params.get("show_alert") or params.get("url"))
