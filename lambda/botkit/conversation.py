"""A dialogue of several questions, written as straight code.

    from botkit import conversation
    from botkit.conversation import ask

    def order(message):
        size = yield ask("size", say(message, "Which size?"), among=["S", "M"], again="S or M?")
        day = yield ask("day", say(message, "Which day?"))
        return say(message, f"{size} on {day}. Thank you!")

    SESSION = "chat_user"
    reply = conversation.reply_with({"/order": order}, otherwise)

The session keeps the answers. Each update runs the generator again from its start, gives it the
answers so far, and keeps one more. So a dialogue outlives containers and releases. The code between
two questions runs again at each answer: put effects that must not repeat into `keep`.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager

from . import current
from .aws import to_json
from .commands import command_in, is_for_another_bot
from .errors import BadConversation, Misconfigured
from .place import Place
from .session import check_own
from .store import checked_copy
from .types import Any, Call, Json

logger = logging.getLogger("botkit")

KEY = "conversation"  # in the session
MOST_KEPT = 50  # answers, and results of `keep`
LARGEST = 32 << 10  # bytes of a dialogue in the session, which is JSON in UTF-8
LONGEST_DATA = 64  # bytes of a button's callback_data
COMMAND = re.compile(r"/[a-z0-9_]{1,32}")

# Of the message that begins a dialogue, the fields that the session keeps.
FIELDS = (
    "message_id",
    "date",
    "chat",
    "from",
    "sender_chat",
    "message_thread_id",
    "is_topic_message",
    "direct_messages_topic",
    "business_connection_id",
    "text",
)
MESSAGES = ("message", "business_message")  # kinds of update
# Of a call, the parameters that say where it goes.
WHERE = ("chat_id", "message_thread_id", "direct_messages_topic_id", "business_connection_id")
GROUPS = ("group", "supergroup")
# Methods that begin with "send", but take no reply_markup, or only buttons.
NO_REPLY = (
    *("sendChatAction", "sendGame", "sendInvoice", "sendMediaGroup"),
    *("sendMessageDraft", "sendRichMessageDraft"),
)
# Messages with one of these are a person's. All others report an event in a chat.
CONTENT = (
    "animation",
    "audio",
    "chat_shared",
    "checklist",
    "contact",
    "dice",
    "document",
    "game",
    "live_photo",
    "location",
    "paid_media",
    "photo",
    "poll",
    "rich_message",
    "sticker",
    "story",
    "text",
    "users_shared",
    "venue",
    "video",
    "video_note",
    "voice",
    "web_app_data",
)

Dialogue = Generator["Question | Kept", Any, "list[Call] | Done"]
Reply = Callable[[Json, Json], "list[Call]"]


class Question:
    """A question of a dialogue. `answer` returns the answer in a message, or None without one."""

    def __init__(
        self,
        name: str,
        calls: list[Call],
        answer: Callable[[Json], Any] | None,
        again: str | None,
    ) -> None:
        if not isinstance(calls, list) or not calls:
            raise BadConversation(f"the question {name} must have a list of calls")
        self.name, self.answer, self.again = name, answer, again
        self.calls: list[Any] = calls
        _made(self)

    def is_in(self, topic: Any) -> bool:
        """Tell whether the question is in a topic, None for a chat outside of its topics."""
        last: Json = self.calls[-1]
        own = last.get("message_thread_id") or last.get("direct_messages_topic_id")
        return bool(topic == own)

    def asked_again(self) -> list[Any]:
        """Return the calls that ask again after an answer that doesn't fit."""
        if self.again is None:
            return self.calls
        last = self.calls[-1]
        same = {name: last[name] for name in (*WHERE, "reply_markup") if name in last}
        return [{"method": "sendMessage", **same, "text": self.again}]


class Kept:
    """The result of a function that is called once."""

    def __init__(self, name: str, function: Callable[[], Any]) -> None:
        self.name, self.function = name, function
        _made(self)


class Done:
    """The end of a dialogue that changes the session."""

    name = "its end"

    def __init__(self, calls: list[Call], change: Callable[[Json], Any]) -> None:
        if not isinstance(calls, list):
            raise BadConversation("a dialogue must return a list of calls")
        self.calls, self.change = calls, change


class _Changed(BadConversation):
    """A dialogue can't go on. The text says why, and quotes nobody."""


class _CantTap(_Changed):
    """The person writes as an anonymous admin, but would tap with their own account."""


def ask(
    name: str, calls: list[Call], *, among: list[str] | None = None, again: str | None = None
) -> Question:
    """Ask for a text: `text = yield ask(…)`.

    `name` identifies the question across releases, so that its wording may change. `calls` ask it.
    With `among`, the text must be one of these, in small or capital letters. After another answer,
    the bot sends the text `again`, or makes `calls` again, and the dialogue keeps waiting.
    """
    if among == []:
        raise BadConversation(f"the question {name} must have at least one text in among")
    choices = {choice.casefold(): choice for choice in among or ()}

    def answer(message: Json) -> Any:
        text = message.get("text", "").strip()
        return (choices.get(text.casefold()) if among else text) or None

    return Question(name, calls, answer, again)


def ask_press(name: str, calls: list[Call], *, again: str | None = None) -> Question:
    """Ask for a tap on a button in `calls`, and give its callback_data.

    A callback_data may have up to 51 bytes: a mark is put before it, so that no button of another
    question is mistaken for one of these. `again` is as in `ask`, for messages. For an anonymous
    admin, the dialogue ends here: a tap would come from their own account.
    """
    return Question(name, calls, None, again)


def ask_photo(name: str, calls: list[Call], *, again: str | None = None) -> Question:
    """Ask for a photo, and give the file_id of its largest size. `again` is as in `ask`.

    For an album, it gives the first photo.
    """
    return Question(name, calls, lambda message: _photo(message.get("photo")), again)


def ask_message(name: str, calls: list[Call], *, again: str | None = None) -> Question:
    """Ask for any message, and give it as Telegram sent it. `again` is as in `ask`."""
    return Question(name, calls, lambda message: message, again)


def keep(name: str, function: Callable[[], Any]) -> Kept:
    """Call a function, and keep its result: `result = yield keep("price", lambda: …)`.

    It is called again only if its update is redelivered, or somebody else changes the session,
    before the result is kept. The result must be a value that JSON can hold.
    """
    return Kept(name, function)


def done(calls: list[Call], change: Callable[[Json], Any]) -> Done:
    """End a dialogue, and change the session once: `return done(calls, change)`."""
    return Done(calls, change)


def reply_with(
    starts: Mapping[str, Callable[[Json], Dialogue]],
    otherwise: Reply,
    *,
    changed: Reply | None = None,
    seconds: float | None = None,
) -> Reply:
    """Return a reply(update, session) that runs dialogues.

    `starts` has the commands that begin them: {"/order": order}. Each is a generator at the top of
    a module, and gets the message that began it. `otherwise` answers all other updates: while a
    dialogue waits, those of other people, chats and topics, taps on other buttons, and commands for
    other bots. Any other command ends the dialogue. So does an update that comes more than
    `seconds` after the last answer.

    A message that is older than the dialogue's last message or tap also goes to `otherwise`. A
    replay may bring such a message.

    Of an album, the first part that fits is the answer. The other parts get no answer, even if the
    dialogue ended with the first.

    If a release has changed the questions up to the current one, if a dialogue is too long for a
    session, or if `ask_press` asks an anonymous admin, the dialogue ends with a line in the log.
    Then `changed` answers the update, or `otherwise` if there is none.
    """
    for command, function in starts.items():
        if not COMMAND.fullmatch(command):
            raise BadConversation(f'a dialogue must begin with a command: "/order", not {command}')
        _name_of(function)

    def reply(update: Json, session: Json) -> list[Call]:
        try:
            return lead(update, session)
        except _Changed as reason:
            about = {"dialogue": session.pop(KEY)["of"], "reason": str(reason)}
            logger.warning("a dialogue has ended", extra=about)
            return (changed or otherwise)(update, session)

    def lead(update: Json, session: Json) -> list[Call]:
        place, state = Place(update), _state(session)
        if "over" in state:
            if place.kind in MESSAGES and place.content.get("media_group_id") == state["over"]:
                return []
            if place.person == state["person"]:
                del session[KEY]
        elif state and seconds is not None and time.time() - state["at"] > seconds:
            del session[KEY]
        elif state and (place.person != state["person"] or _is_earlier(update, state)):
            return otherwise(update, session)
        text = place.content.get("text") if place.kind in MESSAGES else None
        if is_for_another_bot(text):
            return otherwise(update, session)
        command = f"/{own}" if (own := command_in(text)) else ""
        if "of" in session.get(KEY, {}) and not command:
            calls = _answer(update, session)
            return otherwise(update, session) if calls is None else calls
        if command:
            session.pop(KEY, None)
        if command in starts:
            return start(starts[command], update, session)
        return otherwise(update, session)

    return reply


def start(function: Callable[[Json], Dialogue], update: Json, session: Json) -> list[Call]:
    """Begin a dialogue, and return the calls of its first question.

    Use it in `otherwise`, after a tap on a button or a link such as t.me/a_bot?start=order. After a
    tap, the dialogue gets the message with the button, as if from the person who tapped it. A
    dialogue that waits in this session ends, even if somebody else began it.
    """
    place = Place(update)
    if place.chat is None or place.person is None:
        raise BadConversation("a dialogue must begin with an update of a person in a chat")
    check_own("a dialogue")
    message = {name: place.message[name] for name in FIELDS if name in place.message}
    if "from" in place.content:  # of a tap, the message is the bot's
        message["from"] = place.content["from"]
    tap = {"tap": _tap_of(update)} if place.kind == "callback_query" else {}
    session[KEY] = {
        "of": _name_of(function),
        "id": update.get("update_id", 0),
        "person": place.person,
        "last": message.get("message_id", 0),
        **tap,
        "said": place.content.get("message_id", 0),  # by the person: 0 after a tap
        "message": message,
        "steps": [],  # the answers, under the name that stored sessions have
    }
    try:
        with _Rerun(session) as run:
            return run.go_on(None)
    except _CantTap:
        raise
    except _Changed as reason:
        raise BadConversation(f"{function.__name__}() can't begin: {reason}") from None


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if a bot that runs dialogues has no session to keep them in."""
    if not hasattr(bot, "SESSION"):
        raise Misconfigured(
            'bot.py uses botkit.conversation: it must have SESSION, such as "chat_user"'
        )


def _state(session: Json) -> Json:
    """Return the dialogue of a session, {} if there is none.

    After a dialogue that an album ended, it contains only the album's id, "over", and the "person".
    """
    state = session.get(KEY, {})
    if not isinstance(state, dict) or (state and not state.keys() & {"of", "over"}):
        raise BadConversation(
            f'session["{KEY}"] is for botkit.conversation: keep your own data under another name'
        )
    return state


def _is_earlier(update: Json, state: Json) -> bool:
    """Tell whether a message was sent before a dialogue's last one in its chat, or its last tap.

    For a message, its id tells. But a tap has no message id, and messages may have been sent after
    the button and before the tap. Such a message is older than the bot's answer to the tap, and its
    update has a smaller id than the tap's. Neither is enough alone: a tap may wait while the person
    writes on, and after a quiet week Telegram chooses update ids at random.
    """
    place = Place(update)
    if place.kind not in MESSAGES or place.room != Place({"message": state["message"]}).room:
        return False
    album, message_id = place.content.get("media_group_id"), place.content.get("message_id", 0)
    if album is not None and album == state.get("album"):
        return False
    if 0 < message_id < state.get("last", 0):
        return True
    tap_id, answered_at = state.get("tap", (0, 0))
    is_older = 0 < place.content.get("date", 0) < answered_at  # in a test, it may be 0
    return bool(is_older and update.get("update_id", 0) < tap_id)


def _tap_of(update: Json) -> list[int]:
    """Return a tap's id and the time of the answer to it, as a session keeps them."""
    return [update.get("update_id", 0), int(time.time())]


def _answer(update: Json, session: Json) -> list[Any] | None:
    """Answer an update of the person, or return None if it is for `otherwise`. Raises _Changed."""
    place, state = Place(update), session[KEY]
    asked = Place({"message": state["message"]})
    if place.room != asked.room:
        return None  # with SESSION = "user", a message of the person elsewhere
    content = place.content
    is_press = place.kind == "callback_query"
    if not is_press and not (place.kind in MESSAGES and any(name in content for name in CONTENT)):
        return None
    with _Rerun(session) as run:
        if is_press:
            data = run.pressed(str(content.get("data")))
            if data is None:
                return None
            state["last"] = max(place.message.get("message_id", 0), state.get("last", 0))
            state["tap"] = _tap_of(update)
            taken = {"method": "answerCallbackQuery", "callback_query_id": content["id"]}
            return [taken, *run.go_on(data)]
        if place.topic != asked.topic and run.question.is_in(asked.topic):
            return None
        album, known = content.get("media_group_id"), len(state["steps"])
        is_part = album is not None and album == state.get("album")
        if is_part and known > state["album_at"]:
            return []  # an earlier part was an answer
        answer = run.question.answer(content) if run.question.answer else None
        if album is not None:
            state |= {"album": album, "album_at": known}
        if answer is None:
            return [] if is_part else run.sent(run.question.asked_again())
        state["said"] = content.get("message_id", 0)
        state["last"] = max(state["said"], state.get("last", 0))
        calls = run.go_on(answer)
        if album is not None:
            session.setdefault(KEY, {"over": album, "person": state["person"]})
        return calls


class _Rerun:
    """The dialogue of a session, which runs up to its current `question` in a `with` block."""

    question: Question

    def __init__(self, session: Json) -> None:
        self._session, self._state = session, session[KEY]

    def __enter__(self) -> _Rerun:
        module, _, name = self._state["of"].partition(":")
        function = getattr(_imported(module), name, None)
        if function is None:
            raise _Changed("it is gone")
        given = checked_copy(self._state)  # the dialogue may change what it gets
        self._generator = function(given["message"])
        if not isinstance(self._generator, Generator):
            raise BadConversation(f"{name}() must be a generator, which has a yield")
        value = None
        for asked, kept in given["steps"]:
            self._next(value, asked)
            value = kept
        if "question" in self._state:
            question = self._next(value, self._state["question"])
            if not isinstance(question, Question):
                raise _Changed(f"{question.name} isn't a question any more")
            self.question = question
        return self

    def __exit__(self, *exception: object) -> None:
        with _without_effects():
            self._generator.close()

    def go_on(self, answer: Any) -> list[Any]:
        """Keep an answer to the question, and return the calls of the next one, or of the end."""
        kept = self._state["steps"]
        if "question" in self._state:
            kept.append([self._state["question"], answer])
        point = self._next(_copy(answer))
        while isinstance(point, Kept):
            answer = _copy(point.function())
            kept.append([point.name, answer])
            point = self._next(_copy(answer))
        if isinstance(point, Done):
            del self._session[KEY]
            point.change(self._session)
            return point.calls
        self.question = point
        self._state |= {"question": point.name, "at": int(time.time())}
        if len(kept) > MOST_KEPT or len(to_json(self._state).encode()) > LARGEST:
            raise _Changed(f"it has more than {MOST_KEPT} answers or {LARGEST:,} bytes")
        return self.sent(point.calls)

    def sent(self, calls: list[Any]) -> list[Any]:
        """Return the question's calls, with a mark on its buttons that no other button has.

        In a group, a question that a message answers asks for a reply instead.
        """
        if self.question.answer:
            return self._with_reply(calls)
        if self._state["person"] < 0:  # https://core.telegram.org/api/bots/ids: a chat
            raise _CantTap("an anonymous admin can't tap a button of ask_press")
        marked = []
        for call in calls:
            if "reply_markup" in call:
                call = {**call, "reply_markup": _copy(call["reply_markup"])}
            marked.append(call)
        for button in _buttons(marked):
            button["callback_data"] = self._mark + button["callback_data"]
            if len(button["callback_data"].encode()) > LONGEST_DATA:
                raise BadConversation(
                    f"the callback_data of {self.question.name} must have at most "
                    f"{LONGEST_DATA - len(self._mark)} bytes"
                )
        return marked

    def _with_reply(self, calls: list[Any]) -> list[Any]:
        """Return the question's calls. In a group, they make the person's app reply to it.

        In privacy mode, a bot gets no other answer there. Parameters of the last call's own stay.
        Source: https://core.telegram.org/bots/api#forcereply
        """
        last, chat = calls[-1], self._state["message"]["chat"]
        method = str(last.get("method"))
        takes_reply = method.startswith("send") and method not in NO_REPLY
        is_here = chat.get("type") in GROUPS and last.get("chat_id") == chat["id"]
        if "reply_markup" in last or not (takes_reply and is_here):
            return calls
        offer: Json = {"reply_markup": {"force_reply": True}}
        if said := self._state.get("said"):
            reply: Any = {"message_id": said, "allow_sending_without_reply": True}
            offer["reply_parameters"] = reply = last.get("reply_parameters", reply)
            # Then only the sender of that message is asked to reply.
            if isinstance(reply, dict) and reply.get("message_id") == said:
                offer["reply_markup"]["selective"] = True
        return [*calls[:-1], {**last, **offer}]

    def pressed(self, data: str) -> str | None:
        """Return the callback_data of the question's button that was tapped, if it is one.

        A modified app can send any data, so a question for a text has no such button.
        """
        own = [] if self.question.answer else _buttons(self.question.calls)
        return next(
            (b["callback_data"] for b in own if self._mark + b["callback_data"] == data), None
        )

    @property
    def _mark(self) -> str:
        return f"{self._state['id']:x}.{len(self._state['steps'])}."

    def _next(self, value: Any, name: str | None = None) -> Question | Kept | Done:
        """Run the dialogue until it yields or ends. Raises _Changed if that has another name."""
        with _without_effects() as made:
            try:
                point = self._generator.send(value)
            except StopIteration as end:
                point = end.value if isinstance(end.value, Done) else Done(end.value, bool)
        if made and made[0] is not point:
            raise BadConversation(
                f"a dialogue must yield each ask(…) and keep(…): {made[0].name} has no yield"
            )
        if not isinstance(point, (Question, Kept, Done)):
            raise BadConversation("a dialogue must yield ask(…) or keep(…)")
        if name is not None and point.name != name:
            raise _Changed(f"{point.name} comes instead of {name}")
        return point


@contextmanager
def _without_effects() -> Iterator[list[Any]]:
    """Refuse calls of telegram, aws, schedule and session, which would be made again and again.

    Yields a list that gets each ask(…) and keep(…) of the dialogue.
    """
    made: list[Any] = []
    current.asking.rerun = made
    try:
        yield made
    finally:
        current.asking.rerun = None


def _made(asked: Question | Kept) -> None:
    """Note an ask(…) or keep(…) of the running dialogue, which must yield it."""
    if current.asking.rerun is not None:
        current.asking.rerun.append(asked)


def _name_of(function: Any) -> str:
    """Return the name by which later updates find a dialogue. Raises BadConversation."""
    name = getattr(function, "__qualname__", "")
    if not name.isidentifier():
        raise BadConversation("a dialogue must be a function at the top level of a module")
    return f"{function.__module__}:{name}"


def _imported(module: str) -> Any:
    """Return the module of a dialogue, or None if it is gone.

    This container may not have imported it yet: the bot may do so only where a dialogue begins.
    """
    try:
        __import__(module)
    except ModuleNotFoundError as error:
        if f"{module}.".startswith(f"{error.name}."):
            return None
        raise
    return sys.modules[module]


def _photo(sizes: list[Json] | None) -> str | None:
    return sizes[-1]["file_id"] if sizes else None


def _buttons(calls: list[Any]) -> Iterator[Json]:
    """Yield the buttons below calls that give callback_data."""
    for call in calls:
        markup = call.get("reply_markup")  # or None, or JSON
        for row in markup.get("inline_keyboard", []) if isinstance(markup, dict) else []:
            yield from (button for button in row if "callback_data" in button)


def _copy(value: Any) -> Any:
    """Return a copy of a value. Raises BadSession if JSON would change it."""
    return checked_copy({"": value})[""]
