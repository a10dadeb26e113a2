"""What --send, --press and --wait do, one after the other, and what they print of the answers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from local.container import Invocation
from local.processes import ToolError
from telegram_stand_in import ADA, Bot, Call, Delivery, Json, Telegram
from telegram_stand_in.files import image_type

from demo.deployments import Deployment, Hosted
from demo.entries import buttons_of
from demo.people import check_text, text_content

PATIENCE = 30.0  # seconds, for an answer
PASSING = ("action", "draft")  # visible for a moment only, so no answer


class Script:
    """A person's actions in the private chat. `say` prints answers, `tell` prints all else."""

    def __init__(
        self,
        telegram: Telegram,
        deployment: Deployment,
        *,
        step: Callable[[str], AbstractContextManager[None]],
        say: Callable[[str], None],
        tell: Callable[[str], None],
        as_json: bool = False,
    ) -> None:
        self._telegram = telegram
        self._deployment = deployment
        self._step, self._say, self._tell = step, say, tell
        self._as_json = as_json
        self._shown = len(telegram.calls)
        self._from_queue: list[Invocation] = []
        deployment.from_queue = self._take

    def _take(self, invocation: Invocation) -> None:
        with self._telegram.changed:
            self._from_queue.append(invocation)
            self._telegram.changed.notify_all()

    def run(self, kind: str, value: str | float) -> None:
        """Do what a flag says. Raises ToolError."""
        if kind == "wait":
            self._wait(float(value))
            return
        done = False
        if kind == "press":
            value = self._label(str(value))
        for hosted in self._deployment.bots:
            bot = next(b for b in self._telegram.bots if b.token == hosted.token)
            if kind == "send":
                self._send(hosted, bot, text_or_file(self._telegram, str(value)), str(value))
                done = True
            else:
                done |= self._press(hosted, bot, str(value))
        if not done:
            labels = [label for bot in self._telegram.bots for label in self._buttons(bot)]
            there = " ".join(f"[{label}]" for label in labels) or "none"
            raise ToolError(f'there is no button "{value}" to press. The buttons: {there}')

    # Actions.

    def _wait(self, seconds: float) -> None:
        """Wait until the bot does more. Raises ToolError if it does nothing."""
        try:
            with self._step("waiting for more"):
                self._telegram.wait(lambda: len(self._telegram.calls) > self._shown, seconds)
        except TimeoutError:
            raise ToolError(f"nothing came within {seconds:g} s") from None
        self._show()

    def _send(self, hosted: Hosted, bot: Bot, content: Json, name: str) -> None:
        update = self._telegram.message(**content)
        id = update["message"]["message_id"]
        self._deliver(
            hosted,
            bot,
            "message",
            name,
            lambda: self._telegram.send(update, bot),
            lambda update: update.get("message", {}).get("message_id") == id,
            copied=content.get("text", ""),
        )

    def _press(self, hosted: Hosted, bot: Bot, label: str) -> bool:
        """Press the latest button with a label. Returns whether there is one."""
        button = self._buttons(bot).get(label)
        if button is None:
            return False
        message, data = button
        if message is None:  # of the keyboard below the input: its text is sent
            self._send(hosted, bot, text_content(label), label)
            return True
        if "invoice" in message and not data:
            payload = self._telegram.invoices[_ids(message)]
            flexible = payload.get("is_flexible") and payload.get("need_shipping_address")
            self._ask(hosted, bot, label, "shipping" if flexible else "pre_checkout", message)
            return True
        if not data:
            raise ToolError(f'"{label}" opens a page or a link, which only the chat page can show')
        queries: list[str] = []
        self._deliver(
            hosted,
            bot,
            "callback_query",
            label,
            lambda: queries.append(self._telegram.press(*_ids(message), data)),
            lambda update: update.get("callback_query", {}).get("id") in queries,
        )
        return True

    def _ask(self, hosted: Hosted, bot: Bot, label: str, query: str, message: Json) -> None:
        """Pay an invoice: the bot is asked, and then gets the payment."""
        queries: list[str] = []
        self._deliver(
            hosted,
            bot,
            f"{query}_query",
            label,
            lambda: queries.append(self._telegram.pay(*_ids(message))),
            lambda update: update.get(f"{query}_query", {}).get("id") in queries,
        )

    def _label(self, text: str) -> str:
        """Return the label of a button that is this text, or else the only one to begin with it."""
        labels = {label for bot in self._telegram.bots for label in self._buttons(bot)}
        beginning = [label for label in labels if label.startswith(text)]
        return beginning[0] if text not in labels and len(beginning) == 1 else text

    def _buttons(self, bot: Bot) -> dict[str, tuple[Json | None, str]]:
        """Return the buttons of a bot's chat by label: the message that they are in, and data."""
        found: dict[str, tuple[Json | None, str]] = {}
        for call in self._telegram.calls:
            for change in call.changes if call.bot == bot.id else ():
                keyboard = change.get("keyboard", {})
                if change.get("message", {}).get("chat", {}).get("id") != ADA["id"]:
                    continue
                if keyboard:
                    found = {label: it for label, it in found.items() if it[0]}
                for key in itertools.chain(*keyboard.get("keyboard", [])):
                    found[key["text"] if isinstance(key, dict) else key] = None, ""
        for (chat, _), message in sorted(self._telegram.messages.items()):
            if chat == ADA["id"] and message.get("from", {}).get("id") == bot.id:
                if "invoice" in message and not buttons_of(message):
                    found["Pay"] = message, ""  # Telegram's apps show it
                for key in buttons_of(message):
                    found[key["text"]] = message, key.get("callback_data", "")
        return found

    # Delivery.

    def _deliver(
        self,
        hosted: Hosted,
        bot: Bot,
        kind: str,
        name: str,
        act: Callable[[], object],
        is_ours: Callable[[Json], bool],
        copied: str = "",
    ) -> None:
        """Do something, wait for the update to be answered, and show the answer."""
        if not bot.outbox.wants({kind: {}}):
            kinds = ", ".join(bot.outbox.info["allowed_updates"])
            what = {"message": "messages", "callback_query": "presses of buttons"}
            known = what.get(kind, "payments")
            raise ToolError(f"the bot gets no {known}: its HANDLED has no {kind}, but {kinds}")

        def tries() -> list[Delivery]:
            return [d for d in self._telegram.deliveries if is_ours(d.update)]

        self._from_queue.clear()
        to = f" to {hosted.name}" if len(self._deployment.bots) > 1 else ""
        with self._step(f'"{name}" {"delivered" if kind == "message" else "pressed"}{to}'):
            act()
            self._telegram.wait(
                lambda: (
                    not self._telegram.pending() or any(d.next_try_in is not None for d in tries())
                ),
                PATIENCE,
            )
        delivery = [d for d in tries() if d.status or d.error][-1]  # the next may be under way
        invocation = self._deployment.details(delivery.headers.get("apigw-requestid", ""))
        if invocation.outcome.get("outcome") == "queued":
            with self._step("answered by way of the queue"):
                self._telegram.wait(lambda: self._from_queue, PATIENCE + hosted.timeout)
            [invocation] = self._from_queue
        if invocation.printed:
            self._tell(invocation.printed.rstrip("\n"))
        if invocation.failure:
            raise ToolError(f"bot.py failed:\n{invocation.failure}")
        if not 200 <= delivery.status < 300:
            line = invocation.outcome
            reasons = (line.get("error"), line.get("refusal"), invocation.error, delivery.error)
            reason = next(filter(None, reasons), f"HTTP {delivery.status}")
            raise ToolError(f"the webhook did not take the message: {reason}")
        answered = self._show(copied) or bool(delivery.body)  # webhook mode: it's in the response
        if not answered and not self._as_json:
            self._say("(no answer)")

    def _show(self, copied: str = "") -> bool:
        """Print the calls that came since the last time. Returns whether one was an answer."""
        answered = False
        calls = self._telegram.calls[self._shown :]
        self._shown += len(calls)
        for call in calls:
            if self._as_json:
                self._say(json.dumps(line_of(call), ensure_ascii=False))
            if call.status != 200:
                raise ToolError(f"{call.method} was refused: {call.answer.get('description')}")
            passing = call.changes and all(each["kind"] in PASSING for each in call.changes)
            if passing or call.method.startswith("get"):
                continue
            answered = True
            if not self._as_json:
                text = copied if call.method == "copyMessage" else ""
                self._say(str(call.params.get("text", text or f"({call.method})")))
                for row in buttons(call):
                    self._tell(row)
        return answered


def line_of(call: Call) -> Json:
    """Return a call as --json prints it."""
    return {"method": call.method, "params": call.params, "files": call.files, **call.answer}


def text_or_file(telegram: Telegram, value: str) -> Json:
    """Return the content of a message: a text, or for "@photo.jpg" a photo or document."""
    if not value.startswith("@"):
        return text_content(value)
    path = Path(value[1:])
    data = path.read_bytes()
    kind = "photo" if image_type(data) else "document"
    file = telegram.files.add(kind, data, path.name)
    if kind == "document":
        about = {"file_name": path.name, "mime_type": file.content_type}
        return {"document": {**file.about(), **about}}
    width, height = file.size()
    return {"photo": [{**file.about(), "width": width, "height": height}]}


def check(value: str) -> str:
    """Return the value of --send. Raises ValueError if it can't be sent."""
    if not value.startswith("@"):
        check_text(value)
    elif not Path(value[1:]).is_file():
        raise ValueError(f"there is no file {value[1:]}")
    return value


def buttons(call: Call) -> list[str]:
    """Return the rows of buttons of a call, below the message or the input."""
    keyboards = [
        keyboard
        for change in call.changes
        for keyboard in (change.get("message", {}).get("reply_markup"), change.get("keyboard"))
        if keyboard
    ]
    return [
        " ".join(f"[{key['text'] if isinstance(key, dict) else key}]" for key in row)
        for keyboard in keyboards
        for row in keyboard.get("inline_keyboard", keyboard.get("keyboard", []))
    ]


def _ids(message: Json) -> tuple[int, int]:
    return message["chat"]["id"], message["message_id"]
