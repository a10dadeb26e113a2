"""A run: the facts about one update or event while it is worked on.

A source makes it and passes it along; steps and helpers take it as an argument. Only modules that a
bot itself calls (telegram, stream) read the global `run`. `asking` is the state of the bot's code
while it runs.

A run's calls decide whether its update may be redelivered: it may, until a call was carried out
that people would see twice. The host and the bot make their calls with `telegram.call`, which notes
them here. It also notes failures that a retry may fix: the bot, or its framework, may catch them,
and the update would end as if nothing was lost.
"""

from __future__ import annotations

import marshal

from .errors import ConversationError, TelegramError
from .types import Any, Json

# Methods (besides get…) that may be called twice without anybody noticing. An edit isn't one of
# them: repeated after a later edit, it would bring back the older text.
UNSEEN = {
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
# Telegram's refusals of a call whose effect is there already.
DONE_BEFORE = ("message is not modified", "message to delete not found")
# Its refusal of an answer to a tap or query that was answered before, or is too late.
TOO_OLD = "query is too old"


class Made:
    """The calls of a run that were made."""

    def __init__(self) -> None:
        self.methods: list[str] = []  # for the log: also those of returned calls that were refused
        self.chats: set[str] = set()  # the chats that they were for, also if they failed
        self.answered = False  # Telegram carried out at least one
        self.seen = False  # people would see at least one twice
        # What failed, though the bot may have gone on: each with the call, or None.
        self.failures: list[tuple[object, BaseException]] = []

    def carried_out(self, method: str, params: Json) -> None:
        """Write down a call that Telegram has carried out."""
        self.methods.append(method)
        self.answered = True
        self.seen |= is_seen(method, params)

    def forgive(self) -> None:
        """Let the update be redelivered, even if people saw a part of the answer.

        Either nothing that it changed was kept, or its session says where to continue.
        """
        self.seen = False
        self.failures.clear()

    def raise_failure(self) -> None:
        """Raise what failed although the bot went on, if possible an error that may pass."""
        errors = [error for _, error in self.failures]
        if errors:
            raise min(errors, key=lambda error: not getattr(error, "retryable", False))


class Run:
    """The facts about one update or event. Each fact has one writer."""

    # Written by the source, when it makes the run:
    attempt = "first"  # or "again"
    may_respond = False  # the HTTP response may contain a call
    calls: list[Json] | None = None  # to be made without asking the bot: an event's, or the rest
    group = ""  # of the message in the queue
    is_redriven = False  # the function had sent it to the dead-letter queue
    # By the step `limit`:
    asked = "reply"  # the function of bot.py that answers
    # By the step `once`:
    before = False  # this container has tried it
    # By the step `session`. Neither implies the other.
    known = False  # the session has it
    was_asked = False  # reply() has run, but others changed the session meanwhile

    _as_sent: bytes | None = None

    def __init__(
        self, source: str, subject: Any = None, id: Any = 0, about: Json | None = None
    ) -> None:
        self.source = source
        self.subject = subject  # the update or the event. The bot may change it
        self.id = id  # of the update, a number, or of Lambda's request, a string
        self.about = about or {}  # what the log may say of it
        self.made = Made()

    @classmethod
    def of_update(cls, source: str, update: Json, /, **about: Any) -> Run:
        """Return the run of an update."""
        update_id = update["update_id"]
        told = {"update_id": update_id, "update_type": kind_of(update) or None, **about}
        return cls(source, update, update_id, told)

    @classmethod
    def of_event(cls, source: str, event: Any, id: str, service: str | None) -> Run:
        """Return the run of an event from a service, with the calls in it if there are any."""
        run = cls(source, event, id, {"source": service})
        calls: Any = event if isinstance(event, list) else [event]
        if calls and all(isinstance(call, dict) and "method" in call for call in calls):
            run.calls = calls
        return run

    def keep_copy(self) -> None:
        """Keep the update or event as it came: the bot may change it."""
        self._as_sent = marshal.dumps(self.subject)

    def as_sent(self) -> Any:
        """Return a copy of the update or event as it came, which `keep_copy` kept."""
        return marshal.loads(self._as_sent or b"")

    @property
    def is_update(self) -> bool:
        """Whether it is one of Telegram's updates, not an event of another service."""
        return "update_id" in self.about

    @property
    def is_again(self) -> bool:
        """Whether it was tried before, as far as anybody knows."""
        is_old = self.attempt != "first" or self.is_redriven
        return is_old or self.before or self.known or self.was_asked


class Asking:
    """The state of the bot's code while it runs, besides the update. Each run has its own."""

    # While reply(update, session) runs: its session's key, or "" for one that won't be saved.
    session: str | None = None
    streams = 0  # how many answers have grown (stream)
    is_start = False  # the bot is starting, which isn't a part of any update
    rerun: list[Any] | None = None  # a conversation runs again: what it has made since it yielded

    def __init__(self) -> None:
        self.changing: set[str] = set()  # the keys of the sessions that session.change() changes


# Empty at start-up, and in an author's tests that call reply() themselves.
run = Run("start")
asking = Asking()


def begin(new: Run) -> Run:
    """Make a run the current one, and return it."""
    global run, asking
    run, asking = new, Asking()
    return new


def kind_of(update: Json) -> str:
    """Return the kind of an update, such as "message", or "" if it has none.

    Source: https://core.telegram.org/bots/api#update
    """
    return next((key for key in update if key != "update_id"), "")


def carried_out(method: str, params: Json) -> None:
    """Write down a call that Telegram has carried out, unless the bot is only starting."""
    if not asking.is_start:
        run.made.carried_out(method, params)


def note(error: BaseException, what: object = None) -> None:
    """Note an error that decides how the update ends, even if the bot goes on after it.

    If people saw nothing yet, it is raised when reply() returns. Otherwise the session is kept, and
    the calls that reply() returns are made first. `what` is the call that failed.
    """
    if not asking.is_start:
        run.made.failures.append((what, error))


def forget(what: object) -> None:
    """Forget the failures of a call that has succeeded now."""
    failures = run.made.failures
    failures[:] = [failure for failure in failures if failure[0] != what]


def check_rerun() -> None:
    """Raise ConversationError while a conversation runs again, which must have no effects."""
    if asking.rerun is not None:
        raise ConversationError(
            "a conversation runs again at each answer: calls of telegram, aws, schedule and "
            "session belong in `yield external(…)`"
        )


def excuses(refusal: TelegramError, method: str, params: Json) -> bool:
    """Tell whether Telegram refused a call only because its effect is there already.

    This container may not know that another one has handled the update before. So an answer to a
    tap that is too late is excused even at a first delivery, unless it has something to show.
    """
    if any(text in refusal.description for text in DONE_BEFORE):
        return True
    is_press = method.lower() == "answercallbackquery" and not is_seen(method, params)
    return TOO_OLD in refusal.description and (run.is_again or is_press)


def is_seen(method: str, params: Json) -> bool:
    """Tell whether people would see a call twice. Of an answer to a tap, only an alert or a URL."""
    name = method.lower()
    is_unseen = name.startswith("get") or name in UNSEEN
    return not is_unseen or bool(params.get("show_alert") or params.get("url"))
