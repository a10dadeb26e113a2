"""What --send, --press, --update, --advance … do, in this order, and the bot's answers."""

from __future__ import annotations

import contextlib
import json
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from telegram_stand_in import (
    ADA,
    QUERIES,
    TYPES,
    Bot,
    Call,
    Delivery,
    Json,
    Person,
    Sent,
    Telegram,
    buttons,
    kind_of,
    seen,
    text_of,
    title_of,
)

from telegram_bot_aws.demo.deployments import Deployment, Hosted
from telegram_bot_aws.demo.progress import aside, say, step, tell
from telegram_bot_aws.demo.samples import PEOPLE, place_of, stage_of
from telegram_bot_aws.local.container import Invocation
from telegram_bot_aws.local.processes import ToolError

PATIENCE_SECONDS = 30.0  # for an answer
PASSING = ("action", "draft")  # visible for a moment only, so no answer
# The outcomes that are no failure; "": it isn't known.
DONE = ("", "answered", "ignored", "rate_limited", "queued", "duplicate")
INLINE = "@bot"  # begins an inline query; no username is that short
POSTS = ("message", "channel_post")  # update types with a new message of a chat
MAX_NAME_CHARACTERS = 64  # characters of a first name


class Given(NamedTuple):
    """What is in a file: an update without its id, or else an event of AWS."""

    file: str
    content: Any
    is_update: bool


class Script:
    """People's actions in the chats. Their words and the bot's answers go to the terminal."""

    def __init__(
        self, telegram: Telegram, deployment: Deployment, *, as_json: bool = False
    ) -> None:
        self._telegram = telegram
        self._deployment = deployment
        self._bots = [
            (hosted, bot)
            for hosted in deployment.bots
            for bot in telegram.bots
            if bot.token == hosted.token
        ]
        self._as_json = as_json
        self._people = dict(PEOPLE)
        self._user = ADA
        self._where = "private"
        self._stages = {bot.id: stage_of(telegram, bot) for bot in telegram.bots}
        self._shown = len(telegram.calls)
        self._from_queue: list[Invocation] = []
        self._events = 0  # that came by themselves
        self.event_failed = False  # one of them
        deployment.from_queue = self._take
        deployment.on_event = self._take_event

    def _take(self, invocation: Invocation) -> None:
        with self._telegram.changed:
            self._from_queue.append(invocation)
            self._telegram.changed.notify_all()

    def _take_event(self, invocation: Invocation) -> None:
        self.event_failed |= tell_failed_event(invocation)
        with self._telegram.changed:
            self._events += 1
            self._telegram.changed.notify_all()

    def run(self, kind: str, value: Any) -> None:
        """Do what a flag says. Raises ToolError."""
        match kind:
            case "as":
                self._user = self._person(value)
            case "chat":
                self._where = value
            case "advance":
                self._advance(value)
            case "press":
                self._press(value)
            case "update":
                for hosted, bot in self._bots:
                    if value.is_update:
                        self._send_update(hosted, bot, value)
                    else:
                        self._send_event(hosted, value)
            case _:
                for hosted, bot in self._bots:
                    self._send(hosted, bot, value)

    # The speaker, and the chat.

    def _person(self, name: str) -> Json:
        """Return a person by name, a new one if there is none."""
        new = {**ADA, "id": 4398 + len(self._people), "first_name": name}
        return self._people.setdefault(name.lower(), new)

    def _actor(self, bot: Bot) -> Person:
        """Return who acts, in the chat and towards a bot."""
        return self._stages[bot.id].person(self._user, **self._place)

    @property
    def _place(self) -> Json:
        """The chat in which the person acts, and its topic, as fields of a message."""
        return place_of(self._where, self._user)

    @property
    def _speaker(self) -> str:
        """The person and the chat, unless both are the defaults."""
        chat = self._place["chat"]
        where = f" in {chat['title']}" if "title" in chat else ""
        return f"{self._user['first_name']}{where}: " if where or self._user is not ADA else ""

    # Actions.

    def _advance(self, seconds: float) -> None:
        """Let time pass. Raises ToolError if the bot does nothing in it."""
        with step("letting time pass"):
            before = self._events
            due = self._deployment.advance(seconds)
            with contextlib.suppress(TimeoutError):
                if due:
                    self._telegram.wait(lambda: self._events >= before + due, PATIENCE_SECONDS)
                else:
                    more = lambda: len(self._telegram.calls) > self._shown  # noqa: E731
                    self._telegram.wait(more, min(seconds, PATIENCE_SECONDS))
        if not self._show():
            raise ToolError("nothing came in this time")

    def _send(self, hosted: Hosted, bot: Bot, value: str) -> None:
        """Send a text, a file or an inline query."""
        act: Callable[[], object]
        if is_inline(value):
            act = partial(self._actor(bot).ask, value.removeprefix(INLINE).strip())
            self._do(hosted, bot, "asked", value, act)
        else:
            content = Path(value[1:]) if value.startswith("@") else value
            act = partial(self._actor(bot).send, content)
            self._do(hosted, bot, "delivered", value, act)

    def _send_update(self, hosted: Hosted, bot: Bot, update: Given) -> None:
        """Send an update with new ids. Raises ToolError if it lacks parts."""
        [(kind, content)] = update.content.items()
        if kind in POSTS:
            about = {"message_id": self._telegram.new_message_id(), "date": int(time.time())}
            content = {**content, **about}
        elif kind in QUERIES:
            content = {**content, "id": self._telegram.new_id()}

        def send() -> None:
            try:
                self._telegram.send({kind: content}, bot)
            except (AttributeError, KeyError, TypeError) as error:
                told = f"Telegram sends no such {kind}: {error!r}"
                raise ToolError(f"{update.file}: {told}") from None

        self._do(hosted, bot, "delivered", update.file, send)

    def _send_event(self, hosted: Hosted, event: Given) -> None:
        """Invoke a bot's function with an event. Raises ToolError if the bot fails."""
        with step(f'event "{event.file}" sent{self._to(hosted)}'):
            before = self._events
            invocation = self._deployment.send_event(hosted, event.content)
            if invocation.outcome.get("outcome") == "queued":
                self._telegram.wait(
                    lambda: self._events > before, PATIENCE_SECONDS + hosted.timeout
                )
        answered = self._show()
        if error := error_of_event(invocation):
            raise ToolError(f"the event failed: {error}\n{invocation.traceback}".rstrip())
        if not answered and not self._as_json:
            say("(no answer)")

    def _to(self, hosted: Hosted) -> str:
        """Name a bot if there are several."""
        return f" to {hosted.name}" if len(self._deployment.bots) > 1 else ""

    def _press(self, text: str) -> None:
        """Tap the latest button with a label, of each bot. Raises ToolError if there is none."""
        labels: list[str] = []
        is_done = False
        for hosted, bot in self._bots:
            actor = self._actor(bot)
            labels += [button.label for button in actor.buttons()]
            if button := actor.button(text):
                if button.kind == "page":
                    told = "opens a page or a link, which only the chat page can show"
                    raise ToolError(f'"{button.label}" {told}')
                act = partial(actor.press, text, timeout=0)
                done = "delivered" if button.kind == "text" else "tapped"
                self._do(hosted, bot, done, button.label, act, told=button.kind != "choose")
                is_done = True
        if not is_done:
            there = " ".join(f"[{label}]" for label in labels) or "none"
            raise ToolError(f'there is no button "{text}" to tap. The buttons: {there}')

    # Delivery.

    def _do(
        self,
        hosted: Hosted,
        bot: Bot,
        done: str,
        name: str,
        act: Callable[[], object],
        *,
        told: bool = True,
    ) -> None:
        """Do something, wait until its updates are answered, and show the answer.

        If the bot must be `told`, it has to get one of the updates. Raises ToolError.
        """
        events = len(self._telegram.events)
        before, messages = len(self._telegram.deliveries), set(self._telegram.messages)

        def tries() -> list[Delivery]:
            return [d for d in self._telegram.deliveries[before:] if d.bot == bot.id]

        self._from_queue.clear()
        act()
        if told:
            self._check_heard(bot, name, self._telegram.events[events:])
        with step(f'{self._speaker}"{name}" {done}{self._to(hosted)}'):
            self._telegram.wait(
                lambda: (
                    not self._telegram.pending() or any(d.next_try_in is not None for d in tries())
                ),
                PATIENCE_SECONDS,
            )
        for (chat, id), message in self._telegram.messages.items():
            if "via_bot" in message and (chat, id) not in messages and not self._as_json:
                say(text_of(message) or f"({title_of(message)})")
        over = [each for each in tries() if each.status or each.error]  # the next may be under way
        invocations = [self._invocation(hosted, delivery) for delivery in over]
        answered = self._show()
        for delivery, invocation in zip(over, invocations, strict=True):
            judge(delivery, invocation)
        if over and not answered and not self._as_json:
            say("(no answer)")

    def _check_heard(self, bot: Bot, name: str, events: list[Any]) -> None:
        """Raise ToolError if the bot gets none of the updates among some events."""
        sent = [each for each in events if isinstance(each, Sent) and each.bot == bot.id]
        if not sent or not all(each.unheard for each in sent):
            return
        kind = kind_of(sent[0].update)
        if bot.outbox.wants(sent[0].update):
            why = sent[0].unheard.partition(": ")[2]
            raise ToolError(f'the bot doesn\'t get "{name}": {why}. --admin makes it one')
        handled = ", ".join(bot.outbox.info.get("allowed_updates", ["Telegram's own choice"]))
        raise ToolError(
            f'the bot doesn\'t get "{name}": add "{kind}" to ALLOWED_UPDATES in bot.py, which '
            f"lists only {handled}"
        )

    def _invocation(self, hosted: Hosted, delivery: Delivery) -> Invocation:
        """Return the invocation that answered a delivery, after the queue if it was there."""
        found = self._deployment.details(delivery.headers.get("apigw-requestid", ""))
        if found.outcome.get("outcome") != "queued":
            return found
        id = delivery.update["update_id"]

        def taken() -> list[Invocation]:
            return [each for each in self._from_queue if each.outcome.get("update_id") == id]

        with step("answered by way of the queue"):
            self._telegram.wait(taken, PATIENCE_SECONDS + hosted.timeout)
        return taken()[0]

    def _show(self) -> bool:
        """Print the calls that came since the last time. Returns whether one was an answer."""
        answered = False
        calls = self._telegram.calls[self._shown :]
        self._shown += len(calls)
        unheard = ""
        for call in calls:
            if self._as_json:
                say(json.dumps(self._line_of(call), ensure_ascii=False))
            if call.status != 200:
                refusal = f"{call.method} was refused: {call.answer.get('description')}"
                tell("\n".join([refusal, *(f"  ({hint})" for hint in call.hints)]), colour="yellow")
                if call.delivery is not None:
                    unheard = refusal
                continue
            passing = call.changes and all(each["kind"] in PASSING for each in call.changes)
            if passing or call.method.startswith("get"):
                continue
            answered = True
            if not self._as_json:
                say(self._elsewhere(call) + seen(call))
                for row in buttons(call):
                    tell(row)
        if unheard:  # a webhook's answer: the bot never gets to know
            raise ToolError(unheard)
        return answered

    def _elsewhere(self, call: Call) -> str:
        """Name the chat of a call's message, if it is another than the person's."""
        for change in call.changes:
            chat = change.get("message", {}).get("chat")
            if chat and chat["id"] != self._place["chat"]["id"]:
                return f"(to {chat.get('title') or chat.get('first_name')}) "
        return ""

    def _line_of(self, call: Call) -> Json:
        """Return a call as --json prints it."""
        bot = self._telegram.bot_by_id(call.bot).me["username"]
        about = {"method": call.method, "params": call.params, "files": call.files, "bot": bot}
        return {**about, **call.answer}


def judge(delivery: Delivery, invocation: Invocation) -> None:
    """Raise ToolError if the outcome of an update is a failure."""
    if failure := invocation.failure:
        raise ToolError(f"bot.py failed:\n{failure}")
    line = invocation.outcome
    reasons = (line.get("error"), line.get("telegram_error"), invocation.error, delivery.error)
    reason = next(filter(None, reasons), f"HTTP {delivery.status}")
    if not 200 <= delivery.status < 300:
        raise ToolError(f"the webhook didn't accept the update: {reason}")
    if line.get("outcome", "") not in DONE:
        raise ToolError(f"the update was not answered, but {line['outcome']}: {reason}")


def tell_failed_event(invocation: Invocation) -> bool:
    """Tell why an event failed, if it did, and return whether it did."""
    error = error_of_event(invocation)
    if error:
        aside(f"An event failed: {error}", colour="red")
        aside(f"{json.dumps(invocation.event)}\n{invocation.traceback}".rstrip())
    return bool(error)


def error_of_event(invocation: Invocation) -> str:
    """Return why an event failed, or nothing. One whose calls are scheduled again didn't."""
    line = invocation.outcome
    outcome, is_scheduled = line.get("outcome", ""), "retry_after" in line
    why = line.get("error") or line.get("telegram_error")
    failure = "" if outcome in DONE or is_scheduled else f"{outcome}: {why}"
    return invocation.error or failure


def is_inline(value: str) -> bool:
    """Tell whether a value of --send is an inline query."""
    return value == INLINE or value.startswith(f"{INLINE} ")


def read_file(file: str) -> Given:
    """Return the value of --update. Raises ArgumentTypeError if the file has no JSON."""
    try:
        content = json.loads(Path(file).read_text())
    except OSError as error:
        raise ArgumentTypeError(f"{file} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise ArgumentTypeError(f"{file}: an update or event is JSON: {error}") from None
    kind = kind_of(content) if isinstance(content, dict) else ""
    is_update = kind in TYPES["Update"]
    return Given(file, {kind: content[kind]} if is_update else content, is_update)


def check(value: str) -> str:
    """Return the value of --send. Raises ArgumentTypeError if it can't be sent."""
    if not value.strip():
        raise ArgumentTypeError("a message needs some text")
    if value.startswith("@") and not is_inline(value) and not Path(value[1:]).is_file():
        problem = f'there is no file {value[1:]}. An inline query is "{INLINE} TEXT"'
        raise ArgumentTypeError(problem)
    return value


def check_name(value: str) -> str:
    """Return the value of --as. Raises ArgumentTypeError if nobody has such a name."""
    if not value.strip() or len(value) > MAX_NAME_CHARACTERS or not value.isprintable():
        raise ArgumentTypeError(f"a name has 1 to {MAX_NAME_CHARACTERS} characters")
    return value.strip()
