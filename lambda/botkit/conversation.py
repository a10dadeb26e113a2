"""A conversation of several questions, written as straight code.

    from botkit import conversation
    from botkit.conversation import ask

    def order(message):
        size = yield ask("size", say(message, "Which size?"), choices=["S", "M"])
        day = yield ask("day", say(message, "Which day?"))
        return say(message, f"{size} on {day}. Thank you!")

    SESSION = "chat_user"
    reply = conversation.handler({"/order": order}, fallback)

The session keeps the answers. Each update runs the generator again from its start, gives it the
answers so far, and keeps one more. So a conversation outlives containers and releases. The code
between two questions runs again at each answer: put effects that must not repeat into `external`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from importlib import import_module

from . import context
from .commands import command_in, is_for_another_bot
from .errors import UsageError
from .store import checked_copy
from .types import Any, Call, Json
from .update_info import UpdateInfo

logger = logging.getLogger("botkit")

KEY = "conversation"  # in the session
MAX_STEPS = 50  # answers, and results of `external`
MAX_DATA_BYTES = 64  # bytes of a button's callback_data
MESSAGES = ("message", "business_message")  # update types
# Of the message that begins a conversation, the fields that the session keeps.
FIELDS = (
    *("message_id", "date", "chat", "from", "sender_chat", "message_thread_id"),
    *("is_topic_message", "direct_messages_topic", "business_connection_id", "text"),
)
# Of a call, the parameters that say where it goes.
WHERE = ("chat_id", "message_thread_id", "direct_messages_topic_id", "business_connection_id")
GROUPS = ("group", "supergroup")
# Methods that begin with "send", but take no reply_markup, or only buttons.
NO_REPLY = (
    *("sendChatAction", "sendGame", "sendInvoice", "sendMediaGroup"),
    *("sendMessageDraft", "sendRichMessageDraft"),
)

Conversation = Generator["Question | external", Any, "list[Call] | done"]
Reply = Callable[[Json, Json], "list[Call]"]


class Question:
    """A question. `answer` returns the answer in a message, or None without one."""

    def __init__(
        self,
        name: str,
        calls: list[Any],
        answer: Callable[[Json], Any] | None,
        retry_text: str | None,
    ) -> None:
        if not isinstance(calls, list) or not calls:
            raise UsageError(f"the question {name} must have a list of calls")
        self.name, self.calls = name, calls
        self.answer, self.retry_text = answer, retry_text
        _must_be_yielded(self)

    def retry_calls(self) -> list[Any]:
        """Return the calls that ask again after an answer that doesn't fit."""
        if self.retry_text is None:
            return self.calls
        same = {
            key: self.calls[-1][key] for key in (*WHERE, "reply_markup") if key in self.calls[-1]
        }
        return [{"method": "sendMessage", **same, "text": self.retry_text}]


class _Outdated(UsageError):
    """A conversation can't go on. The text says why, and quotes nobody."""


def ask(
    name: str, calls: list[Call], *, choices: list[str] | None = None, retry_text: str | None = None
) -> Question:
    """Ask for a text: `text = yield ask(…)`.

    `name` identifies the question across releases, so that its wording may change. `calls` ask it.
    With `choices`, the text must be one of these, in small or capital letters. After another
    answer, the bot sends the text `retry_text`, or makes `calls` again, and the conversation keeps
    waiting.
    """
    by_text = {choice.casefold(): choice for choice in choices or ()}

    def answer(message: Json) -> Any:
        text = message.get("text", "").strip()
        return (by_text.get(text.casefold()) if choices else text) or None

    return Question(name, calls, answer, retry_text)


def ask_button(name: str, calls: list[Call], *, retry_text: str | None = None) -> Question:
    """Ask for a tap on a button in `calls`, and give its callback_data (up to 51 bytes).

    A mark is put before it, so that no button of another question is mistaken for one of these.
    `retry_text` is as in `ask`, for messages.
    """
    return Question(name, calls, None, retry_text)


def ask_photo(name: str, calls: list[Call], *, retry_text: str | None = None) -> Question:
    """Ask for a photo, and give the file_id of its largest size.

    `retry_text` is as in `ask`. Of an album, the first photo is the answer, and the others answer
    the next questions.
    """

    def answer(message: Json) -> Any:
        return message["photo"][-1]["file_id"] if message.get("photo") else None

    return Question(name, calls, answer, retry_text)


def ask_message(name: str, calls: list[Call], *, retry_text: str | None = None) -> Question:
    """Ask for any message, and give it as Telegram sent it.

    `retry_text` is as in `ask`.
    """
    return Question(name, calls, lambda message: message, retry_text)


class external:
    """Call a function, and keep its result: `result = yield external("price", lambda: …)`.

    It is called again only if its update is redelivered, or another update changes the session,
    before the result is kept. The result must be a value that JSON can hold.
    """

    def __init__(self, name: str, function: Callable[[], Any]) -> None:
        self.name = f"external {name}"  # a question may have the same name
        self.function = function
        _must_be_yielded(self)


class done:
    """End a conversation, and change the session once: `return done(calls, change)`."""

    name = "its end"

    def __init__(self, calls: list[Call], change: Callable[[Json], Any]) -> None:
        if not isinstance(calls, list):
            raise UsageError("a conversation must return a list of calls")
        self.calls, self.change = calls, change


def handler(
    entry_points: Mapping[str, Callable[[Json], Conversation]],
    fallback: Reply,
    *,
    timeout: float | None = None,
) -> Reply:
    """Return a reply(update, session) that runs conversations.

    `entry_points` has the commands that begin them: {"/order": order}. Each is a generator at the
    top of a module, and gets the message that began it. `fallback` answers all other updates: while
    a conversation waits, those of other people, chats and topics, taps on other buttons, commands
    for other bots, and messages that are older than the last answer. Any other command ends the
    conversation. So does an update that comes more than `timeout` after the last answer.

    If a release has changed the questions up to the current one, or if there are more than 50
    answers, the conversation ends with a line in the log, and `fallback` answers the update.
    """
    for command, function in entry_points.items():
        name = command_in(command)
        if not name or command != f"/{name}":
            raise UsageError(f'a conversation must begin with a command: "/order", not {command}')
        _name_of(function)

    def reply(update: Json, session: Json) -> list[Call]:
        info, state = UpdateInfo(update), session.get(KEY, {})
        if state and not (isinstance(state, dict) and "of" in state):
            raise UsageError(
                f'session["{KEY}"] is for botkit.conversation: use another name for your own data'
            )
        if state and timeout is not None and time.time() - state["at"] > timeout:
            del session[KEY]
        text = info.content.get("text") if info.update_type in MESSAGES else None
        is_for_others = KEY in session and (
            info.sender_id != state["person"] or _is_earlier(info, state)
        )
        if is_for_others or is_for_another_bot(text):
            return fallback(update, session)
        if command := command_in(text):
            session.pop(KEY, None)
        if f"/{command}" in entry_points:
            return start(entry_points[f"/{command}"], update, session)
        try:
            calls = _answer(info, session) if KEY in session else None
        except _Outdated as reason:
            fields = {"conversation": session.pop(KEY)["of"], "reason": str(reason)}
            logger.warning("a conversation has ended", extra=fields)
            calls = None
        return fallback(update, session) if calls is None else calls

    return reply


def start(function: Callable[[Json], Conversation], update: Json, session: Json) -> list[Call]:
    """Begin a conversation, and return the calls of its first question.

    Use it in `fallback`, after a tap on a button or a link such as t.me/a_bot?start=order. After a
    tap, the conversation gets the message with the button, as if from the person who tapped it. A
    conversation that waits in this session ends, even if somebody else began it.
    """
    info = UpdateInfo(update)
    if info.chat_id is None or info.sender_id is None:
        raise UsageError("a conversation must begin with an update of a person in a chat")
    if context.current.session_key == "":
        raise UsageError(
            "a conversation can't be kept: SESSION in bot.py gives this update no session"
        )
    message = {name: info.message[name] for name in FIELDS if name in info.message}
    if info.update_type == "callback_query":  # the message is the bot's
        message["from"] = info.content["from"]
    session[KEY] = {
        "of": _name_of(function),
        "id": update.get("update_id", 0),
        "person": info.sender_id,
        "last_message_id": info.content.get("message_id", 0),  # of the person; 0 after a tap
        "message": message,
        "steps": [],  # the answers
    }
    with closing(_Replay(session)) as replay:
        return replay.advance(None)


def _is_earlier(info: UpdateInfo, state: Json) -> bool:
    """Tell whether a message is older than the person's last one, as a redrive may bring it."""
    start_info = UpdateInfo({"message": state["message"]})
    is_here = info.update_type in MESSAGES and info.chat_key == start_info.chat_key
    return is_here and info.content.get("message_id", 0) < state["last_message_id"]


def _answer(info: UpdateInfo, session: Json) -> list[Any] | None:
    """Answer an update of the person, or return None if it is for `fallback`. Raises _Outdated."""
    start_info = UpdateInfo({"message": session[KEY]["message"]})
    if (info.chat_key, info.topic_id) != (start_info.chat_key, start_info.topic_id):
        return None
    with closing(_Replay(session)) as replay:
        if info.update_type == "callback_query":
            data = replay.pressed_data(str(info.content.get("data")))
            if data is None:
                return None
            taken = {"method": "answerCallbackQuery", "callback_query_id": info.content["id"]}
            return [taken, *replay.advance(data)]
        if info.update_type not in MESSAGES:
            return None
        answer = replay.question.answer(info.content) if replay.question.answer else None
        if answer is None:
            return replay.prepare_calls(replay.question.retry_calls())
        session[KEY]["last_message_id"] = info.content.get("message_id", 0)
        return replay.advance(answer)


class _Replay:
    """The conversation of a session, run up to its current `question`. Close it after use."""

    question: Question

    def __init__(self, session: Json) -> None:
        self._session, self._state = session, session[KEY]
        module, _, name = self._state["of"].partition(":")
        try:  # this container may not have imported it yet
            function = getattr(import_module(module), name, None)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            function = None
        if function is None:
            raise _Outdated("it is gone")
        given = checked_copy(self._state)  # the conversation may change what it gets
        self._generator = function(given["message"])
        if not isinstance(self._generator, Generator):
            raise UsageError(f"{name}() must be a generator, which has a yield")
        value = None
        for name, kept in given["steps"]:
            self._next(value, name)
            value = kept
        if "question" in given:
            self.question = self._next(value, given["question"])

    def close(self) -> None:
        """End the generator, whose `finally` blocks must have no effects either."""
        with _without_effects():
            self._generator.close()

    def advance(self, answer: Any) -> list[Any]:
        """Keep an answer to the question, and return the calls of the next one, or of the end."""
        kept = self._state["steps"]
        if "question" in self._state:
            kept.append([self._state["question"], answer])
        point = self._next(checked_copy(answer))
        while isinstance(point, external):
            kept.append([point.name, checked_copy(point.function())])
            point = self._next(checked_copy(kept[-1][1]))
        if isinstance(point, done):
            del self._session[KEY]
            point.change(self._session)
            return point.calls
        if len(kept) > MAX_STEPS:
            raise _Outdated(f"it has more than {MAX_STEPS} answers")
        self.question = point
        self._state |= {"question": point.name, "at": int(time.time())}
        return self.prepare_calls(point.calls)

    def prepare_calls(self, calls: list[Any]) -> list[Any]:
        """Return the question's calls, with a mark on its buttons that no other button has.

        In a group, a question that a message answers asks for a reply instead.
        """
        if self.question.answer:
            return self._with_reply(calls)
        marked = []
        for call in calls:
            if "reply_markup" in call:
                call = {**call, "reply_markup": checked_copy(call["reply_markup"])}
            marked.append(call)
        for button in _buttons(marked):
            button["callback_data"] = self._mark + button["callback_data"]
            if len(button["callback_data"].encode()) > MAX_DATA_BYTES:
                raise UsageError(
                    f"the callback_data of {self.question.name} must have at most "
                    f"{MAX_DATA_BYTES - len(self._mark)} bytes"
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
        if self._state["last_message_id"] and "reply_parameters" not in last:
            offer["reply_parameters"] = {
                "message_id": self._state["last_message_id"],
                "allow_sending_without_reply": True,
            }
            offer["reply_markup"]["selective"] = True  # only its sender is asked to reply
        return [*calls[:-1], {**last, **offer}]

    def pressed_data(self, data: str) -> str | None:
        """Return the callback_data of the question's button that was tapped, if it is one."""
        data_of_buttons = (button["callback_data"] for button in _buttons(self.question.calls))
        return next((each for each in data_of_buttons if self._mark + each == data), None)

    @property
    def _mark(self) -> str:
        return f"{self._state['id']:x}.{len(self._state['steps'])}."

    def _next(self, value: Any, name: str | None = None) -> Any:
        """Run the conversation until it yields or ends. Raises _Outdated for another name."""
        with _without_effects() as points:
            try:
                point = self._generator.send(value)
            except StopIteration as end:
                point = end.value if isinstance(end.value, done) else done(end.value, bool)
        if points and points[0] is not point:
            raise UsageError(
                f"a conversation must yield each ask(…) and external(…): "
                f"{points[0].name} has no yield"
            )
        if not isinstance(point, (Question, external, done)):
            raise UsageError("a conversation must yield ask(…) or external(…)")
        if name is not None and point.name != name:
            raise _Outdated(f"{point.name} comes instead of {name}")
        return point


def _must_be_yielded(point: Question | external) -> None:
    """Record what the conversation that runs must yield next."""
    if context.current.replaying is not None:
        context.current.replaying.append(point)


@contextmanager
def _without_effects() -> Iterator[list[Any]]:
    """Refuse calls of telegram, aws, schedule and session, which would be made again and again."""
    context.current.replaying = points = list[Any]()
    try:
        yield points
    finally:
        context.current.replaying = None


def _name_of(function: Any) -> str:
    """Return the name by which later updates find a conversation. Raises UsageError."""
    name = getattr(function, "__qualname__", "")
    if not name.isidentifier():
        raise UsageError("a conversation must be a function at the top level of a module")
    return f"{function.__module__}:{name}"


def _buttons(calls: list[Any]) -> Iterator[Json]:
    """Yield the buttons below calls that give callback_data."""
    for call in calls:
        markup = call.get("reply_markup")  # or None, or JSON
        for row in markup.get("inline_keyboard", []) if isinstance(markup, dict) else []:
            yield from (button for button in row if "callback_data" in button)
