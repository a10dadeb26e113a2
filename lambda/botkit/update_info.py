"""Where an update is: its type, chat, topic, business connection and sender.

Source: https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

from .context import update_type
from .types import Any, Json


class UpdateInfo:
    """Where an update is. Attributes that it doesn't have are None, and `update_type` is "".

    `content` is the update's content. `message` is its message, or the one whose button was
    pressed, or else all of its content. `topic_id` is a forum's `message_thread_id` or a channel's
    `direct_messages_topic_id`. `sender_id` may be that of a chat as which somebody writes, votes or
    reacts.
    """

    def __init__(self, update: Json) -> None:
        self.update_type = update_type(update)
        self.content = content = _object(update.get(self.update_type))
        self.message = message = _object(content.get("message")) or content
        self.chat_id = _id(message, "chat")
        # A reply in a plain group also has a thread id, but belongs to no topic.
        is_in_topic = message.get("is_topic_message")
        self.message_thread_id = message.get("message_thread_id") if is_in_topic else None
        direct_messages_topic = _object(message.get("direct_messages_topic"))
        self.direct_messages_topic_id = direct_messages_topic.get("topic_id")
        self.topic_id = self.message_thread_id
        if self.topic_id is None:
            self.topic_id = self.direct_messages_topic_id
        self.business_connection_id: str | None = message.get("business_connection_id")
        self.user_id = _id(content, "from", "user")
        # Prefer the chat: beside it, Telegram puts a placeholder account into `from`.
        self.sender_id = _id(content, "sender_chat", "actor_chat", "voter_chat", "from", "user")

    @property
    def chat_key(self) -> str | None:
        """A key that is unique among all of the bot's chats, including guest and business chats."""
        if self.chat_id is None:
            return None
        # Guest and business chats may have the same ids as the bot's own.
        if self.update_type == "guest_message":
            return f"guest:{self.chat_id}"
        if self.business_connection_id is not None:
            return f"business:{self.business_connection_id}:{self.chat_id}"
        return str(self.chat_id)


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _id(content: Json, *names: str) -> Any:
    """Return the id of the first object that `content` has under one of these names."""
    ids = (_object(content.get(name)).get("id") for name in names)
    return next((each for each in ids if each is not None), None)
