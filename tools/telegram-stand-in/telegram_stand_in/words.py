"""What people and bots do, in words: the transcript, and what is shown of a call."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from .bot_api import Json, method_named
from .delivery import kind_of
from .rich import buttons_in, lines_of
from .sending import ENVELOPE
from .stand_in import Call
from .state import Sent

MAX_LINES = 200  # of a transcript, when a test fails: a bot may have written for ever
ROUTINE = ("get", "setWebhook", "deleteWebhook")  # calls that begin so aren't in the transcript


def lines(event: Any) -> list[str]:
    """Return the lines of the transcript about an event: a call, an update, or a note."""
    if isinstance(event, Sent):
        return [said(event.update) + (f" ({event.unheard})" if event.unheard else "")]
    if not isinstance(event, Call):
        return [f"{event}"]
    hints = [f"    ({hint})" for hint in event.hints]
    if event.fault or event.status != 200:
        told = event.answer.get("description", event.fault)
        return [f"  {event.method} failed: {told}", *hints]
    if event.method.startswith(ROUTINE):
        return []
    chats = [change.get("message", {}).get("chat", {}) for change in event.changes]
    where = next((f" in {chat['title']}" for chat in chats if "title" in chat), "")
    rows = [f"    {row}" for row in buttons(event)]
    return [f"  Bot{where}: {seen(event)}", *rows, *hints]


def latest(lines: Iterable[str]) -> str:
    """Return the last lines, as many as somebody reads, and say how many came before."""
    text = "\n".join(lines).encode(errors="backslashreplace").decode()  # as xdist must send it
    told = text.split("\n")
    before = len(told) - MAX_LINES
    return "\n".join([f"… {before} lines before", *told[before:]]) if before > 0 else text


def said(update: Json) -> str:
    """Return a line about what a person did."""
    kind = kind_of(update)
    content: Json = update[kind]
    sender = content.get("from") or content.get("user") or {}
    who = sender.get("first_name") or "Telegram"
    chat = content.get("chat", {}).get("title")
    where = f" in {chat}" if chat else ""
    match kind:
        case "message":
            other = next((name for name in content if name not in ENVELOPE), "nothing")
            return f"{who}{where}: {text_of(content) or f'({other})'}"
        case "edited_message":
            return f"{who}{where} edits: {text_of(content)}"
        case "callback_query":
            return f"{who} taps [{label_pressed(content)}]"
        case "inline_query":
            return f"{who} asks: {content.get('query', '')}"
        case "message_reaction":
            reactions = content.get("new_reaction", [])
            emoji = " ".join(each.get("emoji", f"({each.get('type')})") for each in reactions)
            return f"{who}{where} reacts: {emoji or 'no more'}"
    return f"{who}{where}: ({kind})"


def seen(call: Call) -> str:
    """Return what people see of a call: its text, or its name, and a caption if it has one."""
    messages = [each["message"] for each in call.changes if each["kind"] in ("message", "edited")]
    texts = [text for message in messages if (text := text_of(message))]
    if any({"text", "rich_message"} & set(message) for message in messages):
        return "\n".join(texts)
    if answers := [each for each in call.changes if each["kind"] == "answer" and each.get("text")]:
        return str(answers[0]["text"])  # in a pop-up
    return " ".join([f"({method_named(call.method) or call.method})", *texts])


def text_of(message: Json) -> str:
    """Return the text of a message, its caption, or its poll's question."""
    rich, poll = message.get("rich_message"), message.get("poll")
    if isinstance(rich, dict):
        return "\n".join(lines_of(rich.get("blocks", [])))
    question = poll.get("question", "") if isinstance(poll, dict) else ""
    return str(message.get("text") or message.get("caption") or question)


def title_of(result: Json) -> str:
    """Return how people see a result of an inline query."""
    return str(result.get("title") or result.get("caption") or result.get("id", "no text"))


def buttons(call: Call) -> list[str]:
    """Return the rows that people can tap after a call: buttons, options, results."""
    rows = itertools.chain.from_iterable(labels(each) for each in call.changes)
    return [" ".join(f"[{label}]" for label in row) for row in rows]


def labels(change: Json) -> list[list[str]]:
    """Return the labels that people can tap after a change, as rows."""
    rows: list[list[Any]] = []
    message = change.get("message", {})
    for keyboard in (message.get("reply_markup"), change.get("keyboard")):
        if keyboard:
            rows += keyboard.get("inline_keyboard", keyboard.get("keyboard", []))
    rows += [[each] for each in buttons_in(message.get("rich_message"))]
    rows += [[option] for option in message.get("poll", {}).get("options", [])]
    rows += [[title_of(result)] for result in change.get("results", [])]
    return [[str(k["text"] if isinstance(k, dict) else k) for k in row] for row in rows]


def buttons_of(message: Json) -> list[Json]:
    """Return the inline buttons of a message, and those in its text."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [*itertools.chain(*rows), *buttons_in(message.get("rich_message"))]


def label_pressed(query: Json) -> str:
    """Return the text of the button that a callback query came from, or what it sent."""
    data = query.get("data")
    found = buttons_of(query.get("message", {})) if data else []
    pressed = [b["text"] for b in found if b.get("callback_data") == data]
    return pressed[0] if pressed else str(data or query.get("game_short_name", ""))
