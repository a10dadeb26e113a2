"""The bot's answers: it echoes. To make it your own bot, change this file.

`reply(update)` takes an update (https://core.telegram.org/bots/api#update) and returns the Bot API
calls that answer it. Both are plain dicts, and a call holds a method and its parameters:

    {"method": "sendMessage", "chat_id": 42, "text": "Hello"}

The calls are made in the order of the list. If an exception is raised, it is logged, and the update
gets no answer.
"""

from __future__ import annotations

from botkit.commands import command_in
from botkit.types import Call, CallbackQuery, CopyMessage, Message, SendMessage, Update

PREFIX = "You said: "
HELP = "I say what you say: write to me, or send me anything else, and I send it back."
SORRY = "Thank you! Telegram doesn't let me send that one back."
BUTTON = "Tap me"
PRESSED = "You tapped the button."

# The bot's menu in Telegram's apps: each command and its description.
COMMANDS = {"start": "What this bot does", "help": "The same again"}

# The update types that Telegram sends to this bot (setWebhook's allowed_updates).
ALLOWED_UPDATES = ["message", "callback_query"]

MAX_TEXT = 4096  # of sendMessage, in UTF-16 code units

# The kinds that copyMessage takes, and those that it refuses: https://core.telegram.org/bots/api#copymessage
COPYABLE = set(
    "animation audio checklist contact dice document game live_photo location photo poll "
    "rich_message sticker story text venue video video_note voice".split()
)
NOT_COPYABLE = {"giveaway", "giveaway_winners", "invoice", "paid_media"}


def reply(update: Update) -> list[Call]:
    """Return the Bot API calls that answer an update."""
    if "message" in update:
        return on_message(update["message"])
    if "callback_query" in update:
        return on_callback_query(update["callback_query"])
    return []


def on_message(message: Message) -> list[Call]:
    """Answer a person's message. Service messages, such as "Ada joined", get no answer."""
    # A scheduled message has id 0, which can't be used in calls.
    if is_from_a_bot(message) or message["message_id"] == 0:
        return []
    text = message.get("text")
    if command_in(text) in COMMANDS:
        call = send(message, HELP)
        call["reply_markup"] = {"inline_keyboard": [[{"text": BUTTON, "callback_data": "pressed"}]]}
        return [call]
    if text is not None and utf16_length(PREFIX + text) <= MAX_TEXT:
        return [echo(message, text)]
    if not NOT_COPYABLE.isdisjoint(message) or is_secret_quiz(message):
        return [send(message, SORRY)]
    return [] if COPYABLE.isdisjoint(message) else [copy(message)]


def on_callback_query(query: CallbackQuery) -> list[Call]:
    """Answer a tap on an inline button, which shows a progress bar until then."""
    return [{"method": "answerCallbackQuery", "callback_query_id": query["id"], "text": PRESSED}]


def is_from_a_bot(message: Message) -> bool:
    """Tell whether a message is from a bot: two that answer each other would never stop."""
    if message.get("is_automatic_forward"):  # a channel's post, in the group that discusses it
        return True
    if "sender_chat" in message:  # a person who writes as an anonymous admin or a channel
        return False
    return "from" in message and message["from"]["is_bot"]


def is_secret_quiz(message: Message) -> bool:
    """Tell whether a message is a quiz with a hidden answer, which no bot can copy."""
    if "poll" not in message:
        return False
    poll = message["poll"]
    return poll["type"] == "quiz" and "correct_option_ids" not in poll


def echo(message: Message, text: str) -> SendMessage:
    """Return the call that says a text back, with its formatting."""
    call = send(message, PREFIX + text)
    if "entities" in message:
        by = utf16_length(PREFIX)
        call["entities"] = [{**e, "offset": e["offset"] + by} for e in message["entities"]]
    return call


def copy(message: Message) -> CopyMessage:
    """Return the call that sends a message back as it is."""
    chat = message["chat"]["id"]
    call: CopyMessage = {
        "method": "copyMessage",
        "chat_id": chat,
        "from_chat_id": chat,
        "message_id": message["message_id"],
    }
    keep_place(message, call)
    return call


def send(message: Message, text: str) -> SendMessage:
    """Return the call that sends a text to the chat of a message."""
    chat = message["chat"]["id"]
    call: SendMessage = {"method": "sendMessage", "chat_id": chat, "text": text}
    keep_place(message, call)
    return call


def keep_place(message: Message, call: SendMessage | CopyMessage) -> None:
    """Send the call to the topic of a message, and protect its content if the message's is."""
    # A reply in a plain group has a thread id, but no topic.
    if message.get("is_topic_message") and "message_thread_id" in message:
        call["message_thread_id"] = message["message_thread_id"]
    if "direct_messages_topic" in message:
        call["direct_messages_topic_id"] = message["direct_messages_topic"]["topic_id"]
    if message.get("has_protected_content"):
        call["protect_content"] = True


def utf16_length(text: str) -> int:
    """Return a text's length in UTF-16 code units, in which Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text)
