"""What the bot says: it echoes. To make it your own bot, change this file.

`reply(update)` takes an update (https://core.telegram.org/bots/api#update, as a dict) and returns
the Bot API calls that answer it, each a dict of a method and its parameters:

    {"method": "sendMessage", "chat_id": 42, "text": "Hello"}

The calls are made in the list's order. An exception is logged, and its update gets no answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # at run time, `typing` would cost 2 ms of each cold start
    from typing import Any

    Json = dict[str, Any]

PREFIX = "You said: "
HELP = "I say what you say: write to me, or send me anything else, and I send it back."
SORRY = "Thank you! Telegram doesn't let me send that one back."
BUTTON = {"text": "Press me", "callback_data": "pressed"}
PRESSED = "You pressed the button."

# The bot's menu in Telegram's apps: each command and its description.
COMMANDS = {"start": "What this bot does", "help": "The same again"}

MAX_TEXT = 4096  # of sendMessage, in UTF-16 code units

# What copyMessage takes, and what it refuses: https://core.telegram.org/bots/api#copymessage
COPYABLE = set(
    "animation audio checklist contact dice document game live_photo location photo poll "
    "rich_message sticker story text venue video video_note voice".split()
)
NOT_COPYABLE = {"giveaway", "giveaway_winners", "invoice", "paid_media"}


def reply(update: Json) -> list[Json]:
    """Return the Bot API calls that answer an update."""
    for kind, answer in HANDLED.items():
        if kind in update:
            return answer(update[kind])
    return []


def on_message(message: Json) -> list[Json]:
    """Answer a person's message. Service messages, such as "Ada joined", get no answer."""
    # Telegram uses the id 0 for a message that it has scheduled: it can't be used yet.
    if is_from_a_bot(message) or message["message_id"] == 0:
        return []
    if command(message) in COMMANDS:
        return [send(message, HELP, reply_markup={"inline_keyboard": [[BUTTON]]})]
    if "text" in message and utf16_length(PREFIX + message["text"]) <= MAX_TEXT:
        return [echo(message)]
    if not NOT_COPYABLE.isdisjoint(message) or is_secret_quiz(message):
        return [send(message, SORRY)]
    return [] if COPYABLE.isdisjoint(message) else [copy(message)]


def on_callback_query(query: Json) -> list[Json]:
    """Answer the press of an inline button, which shows a progress bar until then."""
    return [{"method": "answerCallbackQuery", "callback_query_id": query["id"], "text": PRESSED}]


# The kinds of update that the bot answers. Telegram sends these and no others.
HANDLED = {"message": on_message, "callback_query": on_callback_query}


def is_from_a_bot(message: Json) -> bool:
    """Tell whether a message is from a bot: two that answer each other would never stop."""
    if message.get("is_automatic_forward"):  # a channel's post, in the group that discusses it
        return True
    if "sender_chat" in message:  # a person who writes as an anonymous admin or a channel
        return False
    return bool(message.get("from", {}).get("is_bot"))


def is_secret_quiz(message: Json) -> bool:
    """Tell whether a message is a quiz whose answer is hidden, which no bot can copy."""
    poll = message.get("poll", {})
    return poll.get("type") == "quiz" and "correct_option_ids" not in poll


def command(message: Json) -> str:
    """Return the command that a message begins with: "start" for "/start@my_bot now"."""
    first_word = (message.get("text", "").split() or [""])[0]
    return first_word[1:].partition("@")[0] if first_word[:1] == "/" else ""


def echo(message: Json) -> Json:
    """Return the call that says a text back, with its formatting."""
    if "entities" not in message:
        return send(message, PREFIX + message["text"])
    by = utf16_length(PREFIX)
    entities = [{**entity, "offset": entity["offset"] + by} for entity in message["entities"]]
    return send(message, PREFIX + message["text"], entities=entities)


def copy(message: Json) -> Json:
    """Return the call that sends a message back as it is."""
    source = {"from_chat_id": message["chat"]["id"], "message_id": message["message_id"]}
    return {"method": "copyMessage", **destination(message), **source}


def send(message: Json, text: str, **params: Any) -> Json:
    """Return the call that sends a text to where a message came from."""
    return {"method": "sendMessage", **destination(message), "text": text, **params}


def destination(message: Json) -> Json:
    """Return the parameters that keep an answer in a message's chat, topic and protection."""
    params = {"chat_id": message["chat"]["id"]}
    if message.get("is_topic_message"):  # a reply in a plain group has a thread id, but no topic
        params["message_thread_id"] = message["message_thread_id"]
    if "direct_messages_topic" in message:
        params["direct_messages_topic_id"] = message["direct_messages_topic"]["topic_id"]
    if message.get("has_protected_content"):
        params["protect_content"] = True
    return params


def utf16_length(text: str) -> int:
    """Return a text's length in UTF-16 code units, in which Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text)
