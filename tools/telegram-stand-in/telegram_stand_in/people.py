"""People's view of a bot's calls, and their actions, in words: texts and labels of buttons."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from .content import media_content
from .files import image_type
from .found import marked
from .request import Request
from .rich import buttons_in, lines_of, plain_text
from .stand_in import Call, Telegram
from .state import Bot, Json

LOCATION = {"latitude": 51.4779, "longitude": -0.0015}  # that a keyboard's button shares
# Parts of emoji besides those that Unicode calls symbols: variants, joiners, keycaps, tags.
OF_EMOJI = {*map(chr, (0x200D, 0x20E3, 0xFE0E, 0xFE0F, *range(0xE0020, 0xE0080)))}


# People's messages.


def text_content(text: str) -> Json:
    """Return the content of a message with a text, and what Telegram finds in it: links …"""
    return marked({"text": text})


def contact(person: Json) -> Json:
    """Return a person's own contact, as a keyboard's button shares it."""
    about = {"first_name": person["first_name"], "user_id": person["id"]}
    return {"contact": {"phone_number": "+15550100", **about}}


def file_content(
    telegram: Telegram, data: bytes, name: str = "", kind: str = "", **about: Any
) -> Json:
    """Return the content of a message with a file. By default it is a photo, or a document.

    `about` are fields of the file: `duration`, `width` …
    """
    kind = kind or ("photo" if image_type(data) else "document")
    file = telegram.files.add(kind, data, name)
    return media_content(Request(telegram, telegram.bot, "", {}, {}), kind, file.id, about)


# People's view.


def seen(call: Call) -> str:
    """Return what people see of a call: its text, or its name, and a caption if it has one."""
    messages = [each["message"] for each in call.changes if each["kind"] in ("message", "edited")]
    texts = [text for message in messages if (text := text_of(message))]
    if any({"text", "rich_message"} & set(message) for message in messages):
        return "\n".join(texts)
    if answers := [each for each in call.changes if each["kind"] == "answer" and each.get("text")]:
        return str(answers[0]["text"])  # in a pop-up
    return " ".join([f"({call.method})", *texts])


def text_of(message: Json) -> str:
    """Return the text of a message, its caption, or its poll's question."""
    if "rich_message" in message:
        return "\n".join(lines_of(message["rich_message"].get("blocks", [])))
    poll = message.get("poll", {}).get("question", "")
    return str(message.get("text") or message.get("caption") or poll)


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
    return [[plain_text(k["text"] if isinstance(k, dict) else k) for k in row] for row in rows]


def buttons_of(message: Json) -> list[Json]:
    """Return the inline buttons of a message, and those in its text."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [*itertools.chain(*rows), *buttons_in(message.get("rich_message"))]


def label_pressed(query: Json) -> str:
    """Return the text of the button that a callback query came from, or what it sent."""
    data = query.get("data")
    buttons = buttons_of(query.get("message", {})) if data else []
    labels = [plain_text(b["text"]) for b in buttons if b.get("callback_data") == data]
    return labels[0] if labels else str(data or query.get("game_short_name", ""))


# People's taps.


class Button(NamedTuple):
    """A button or the like: `kind` is "press", "text" (of the keyboard), "pay", "vote", "choose"
    (a result of an inline query) or "page", `value` its data, content, number or id. The larger
    `at`, the later it came."""

    kind: str
    message: Json
    value: Any
    at: float


def forced_reply(telegram: Telegram, user: Json, chat: Json, thread: Any, since: int) -> Json:
    """Return the message to which a person's app has them reply, or {}.

    Only those count that came after the first `since` calls: an app offers a reply once.
    """
    with telegram.changed:
        changes = [change for call in telegram.calls[since:] for change in call.changes]
    for change in reversed(changes):
        message = change.get("message", {})
        if message.get("chat", {}).get("id") != chat["id"] or "keyboard" not in change:
            continue
        if thread and message.get("message_thread_id") != thread:
            continue
        keyboard = change["keyboard"]
        sender = message.get("reply_to_message", {}).get("from", user)
        if keyboard.get("force_reply") and not (
            keyboard.get("selective") and sender["id"] != user["id"]
        ):
            return {k: v for k, v in message.items() if k != "reply_to_message"}
        return {}
    return {}


def buttons_for(
    telegram: Telegram, bot: Bot, user: Json, chat: Json, query: str = ""
) -> dict[str, Button]:
    """Return the buttons that a person can tap in a chat with a bot, by label.

    `query` is the id of the inline query whose results are shown.
    """
    found: dict[str, Button] = {}
    with telegram.changed:
        calls = [*telegram.calls]
        everything = {**telegram.messages, **telegram.ephemeral}
    for call in calls:
        for change in call.changes if call.bot == bot.id else ():
            keyboard = change.get("keyboard", {})
            if not keyboard or change["message"]["chat"]["id"] != chat["id"]:
                continue
            found.clear()
            for key in itertools.chain(*keyboard.get("keyboard", [])):
                about = key if isinstance(key, dict) else {"text": key}
                content = _content_of(about, user)
                found[about["text"]] = Button("text", change["message"], content, 0)
    for (where, id), message in sorted(everything.items(), key=lambda item: item[0]):
        sender = message.get("sender_business_bot") or message.get("via_bot")
        sender = sender or message.get("from", {})
        is_for = message.get("receiver_user", user)["id"] == user["id"]
        if (where, sender.get("id"), is_for) != (chat["id"], bot.id, True):
            continue
        if "invoice" in message and not buttons_of(message):
            found["Pay"] = Button("pay", message, "", id)  # Telegram's apps show it
        poll = message.get("poll", {"options": [], "is_closed": True})
        for number, option in enumerate(poll["options"]):
            if not poll["is_closed"]:
                found[option["text"]] = Button("vote", message, number, id)
        for key in buttons_of(message):
            data = key.get("callback_data", "")
            kind = "press" if data else "pay" if "invoice" in message else "page"
            found[plain_text(key["text"])] = Button(kind, message, data, id)
    for result in bot.inline_answers.get(query, {}).get("results", []):
        found[title_of(result)] = Button("choose", {}, result["id"], math.inf)
    return found


def _content_of(key: Json, user: Json) -> Json:
    """Return the content of the message that a key of the keyboard sends."""
    if key.get("request_contact"):
        return contact(user)
    return {"location": LOCATION} if key.get("request_location") else text_content(key["text"])


def label_of(text: str, buttons: dict[str, Button]) -> str:
    """Return the latest label that is a text, with or without emoji, or else the only one that
    begins so, or nothing."""
    if same := [label for label in buttons if text in (label, plain(label))]:
        return max(same, key=lambda label: (buttons[label].at, label == text))
    begun = [each for each in buttons if each.startswith(text) or plain(each).startswith(text)]
    return begun[0] if len(begun) == 1 else ""


def plain(label: str) -> str:
    """Return a label without emoji, and the blanks around them."""
    symbols = ("So", "Sk", "Cn")  # Cn: newer than Python's tables
    kept = (c for c in label if c not in OF_EMOJI and unicodedata.category(c) not in symbols)
    return " ".join("".join(kept).split())


def pressing(
    telegram: Telegram, button: Button, user: Json, chat: Json, query: str = ""
) -> tuple[list[str], Callable[[], Any]]:
    """Return the kinds of update, if any, by which the bot hears of a tap, and a function to tap.

    The button is none of the keyboard, whose text is sent, and opens no page.
    """
    kind, message, value, _ = button
    if kind == "choose":
        return [], partial(telegram.choose, query, value, chat, user)
    ids = message["chat"]["id"], message["message_id"]
    if kind == "pay":
        about = telegram.invoices[ids]
        is_asked = about.get("is_flexible") and about.get("need_shipping_address")
        kinds = ["shipping_query" if is_asked else "pre_checkout_query"]
        return kinds, partial(telegram.pay, *ids, user)
    if kind == "vote":
        before = telegram.votes.get((message["poll"]["id"], user["id"]), [])
        several = message["poll"]["allows_multiple_answers"]
        votes = sorted({*before, value}) if several else [value]
        return ["poll_answer", "poll"], partial(telegram.vote, *ids, votes, user)
    ephemeral = message.get("ephemeral_message_id", 0)
    return ["callback_query"], partial(telegram.press, *ids, value, user, ephemeral)
