"""What the bot says. To make it your own bot, edit this file and nothing else.

`reply(update)` takes an update (https://core.telegram.org/bots/api#update, as a dict) and returns
the Bot API calls that answer it, each a dict of the method and its parameters:

    {"method": "sendMessage", "chat_id": 42, "text": "Hello"}

The calls are made in the order given. There is no I/O here, and no clock: the same update always
gets the same calls. An exception raised here is logged, and costs the one update its answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would cost 2 ms of every cold start
    from typing import Any

    Json = dict[str, Any]

PREFIX = "You said: "
HELP = "I say what you say: write to me, or send me anything else, and I send it back."
NOT_COPYABLE = "Thank you! Telegram doesn't let me send that one back."
BUTTON = {"text": "Press me", "callback_data": "pressed"}
PRESSED = "You pressed the button."

MAX_TEXT = 4096  # sendMessage's limit, counted here in UTF-16 code units, the strictest reading

# https://core.telegram.org/bots/api#message: what a chat reports about itself. Nobody said it.
SERVICE = {
    "boost_added",
    "channel_chat_created",
    "chat_background_set",
    "chat_owner_changed",
    "chat_owner_left",
    "chat_shared",
    "checklist_tasks_added",
    "checklist_tasks_done",
    "connected_website",
    "delete_chat_photo",
    "direct_message_price_changed",
    "forum_topic_closed",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "gift",
    "gift_upgrade_sent",
    "giveaway_completed",
    "giveaway_created",
    "group_chat_created",
    "left_chat_member",
    "managed_bot_created",
    "message_auto_delete_timer_changed",
    "migrate_from_chat_id",
    "migrate_to_chat_id",
    "new_chat_members",
    "new_chat_photo",
    "new_chat_title",
    "paid_message_price_changed",
    "passport_data",
    "pinned_message",
    "poll_option_added",
    "poll_option_deleted",
    "proximity_alert_triggered",
    "refunded_payment",
    "successful_payment",
    "suggested_post_approval_failed",
    "suggested_post_approved",
    "suggested_post_declined",
    "suggested_post_paid",
    "suggested_post_refunded",
    "supergroup_chat_created",
    "unique_gift",
    "users_shared",
    "video_chat_ended",
    "video_chat_participants_invited",
    "video_chat_scheduled",
    "video_chat_started",
    "web_app_data",
    "write_access_allowed",
}

# https://core.telegram.org/bots/api#copymessage: what it refuses, service messages aside.
UNCOPYABLE = {"giveaway", "giveaway_winners", "invoice", "paid_media"}

# https://core.telegram.org/bots/api#messageentity: the fields of a part of a text, and their types.
ENTITY = {
    "type": str,
    "offset": int,
    "length": int,
    "url": str,
    "user": dict,
    "language": str,
    "custom_emoji_id": str,
    "unix_time": int,
    "date_time_format": str,
}


def reply(update: Json) -> list[Json]:
    """Return the Bot API calls that answer an update: none for kinds that aren't handled."""
    for kind, answer in HANDLED.items():
        if kind in update:
            return answer(update[kind])
    return []


def on_message(message: Json) -> list[Json]:
    """Echo a message: its text, or a copy of anything else."""
    if not is_from_a_person(message) or not SERVICE.isdisjoint(message):
        return []
    if message["message_id"] == 0:  # Telegram scheduled it by itself: it can't be used yet
        return []
    if "text" not in message:
        return [copy(message)]
    text = message["text"]
    if command(text) in ("/start", "/help"):
        return [send(message, HELP, reply_markup={"inline_keyboard": [[BUTTON]]})]
    if utf16_length(PREFIX + text) > MAX_TEXT:
        return [copy(message)]
    if "entities" in message:
        return [send(message, PREFIX + text, entities=moved(message["entities"]))]
    return [send(message, PREFIX + text)]


def on_callback_query(query: Json) -> list[Json]:
    """Answer the press of an inline button, which shows that it waits until then."""
    query_id = typed(str, query["id"])
    return [{"method": "answerCallbackQuery", "callback_query_id": query_id, "text": PRESSED}]


# The kinds of update that are handled. Telegram is asked for these and for no others.
HANDLED = {"message": on_message, "callback_query": on_callback_query}


def is_from_a_person(message: Json) -> bool:
    """Tell people, who get answers, from what mustn't get one: two bots could talk for ever."""
    if message.get("is_automatic_forward"):  # a channel's post, in the group that discusses it
        return False
    if "sender_chat" in message:  # an anonymous admin or a channel: a person, shown as a bot
        return True
    return not message.get("from", {}).get("is_bot")


def command(text: str) -> str:
    """Return the command that a text begins with, as "/start", or what else its first word is."""
    first_word = text.split(maxsplit=1)[0] if text.strip() else ""
    return first_word.partition("@")[0]


def send(message: Json, text: str, **params: Any) -> Json:
    """Return the call that sends a text to where a message came from."""
    return {"method": "sendMessage", **place(message), "text": text, **params}


def copy(message: Json) -> Json:
    """Return the call that sends a message back as it is, or says that it can't be."""
    poll = message.get("poll", {})
    is_secret = poll.get("type") == "quiz" and "correct_option_ids" not in poll
    if is_secret or not UNCOPYABLE.isdisjoint(message):
        return send(message, NOT_COPYABLE)
    to = place(message)
    source = {"from_chat_id": to["chat_id"], "message_id": typed(int, message["message_id"])}
    return {"method": "copyMessage", **to, **source}


def place(message: Json) -> Json:
    """Return the parameters that keep an answer in the message's chat, topic and protection."""
    params = {"chat_id": typed(int, message["chat"]["id"])}
    if message.get("is_topic_message"):  # a plain reply has a thread id too, and no topic
        params["message_thread_id"] = typed(int, message["message_thread_id"])
    if "direct_messages_topic" in message:
        params["direct_messages_topic_id"] = typed(
            int, message["direct_messages_topic"]["topic_id"]
        )
    if message.get("has_protected_content"):
        params["protect_content"] = True
    return params


def moved(entities: list[Json]) -> list[Json]:
    """Return a text's entities (bold, links …) as they are after PREFIX."""
    by = utf16_length(PREFIX)
    for entity in entities:
        for name in ENTITY.keys() & entity.keys() | {"type", "offset", "length"}:
            typed(ENTITY[name], entity[name])
    return [{**entity, "offset": entity["offset"] + by} for entity in entities]


def utf16_length(text: str) -> int:
    """Return a text's length in UTF-16 code units, in which Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text)


def typed[T](kind: type[T], value: Any) -> T:
    """Return value if it is of that kind, and raise TypeError if Telegram sent another one."""
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} was expected, not {type(value).__name__}")
    return value
