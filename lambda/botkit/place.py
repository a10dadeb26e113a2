"""Where an update is: its kind, chat, topic, business account and person.

Source: https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

from .current import kind_of
from .types import Any, Json


class Place:
    """Where an update is. Attributes that it doesn't have are None, and its `kind` is "".

    `content` is the update's content. `message` is its message, or the one whose button was tapped,
    or else all of its content. `chat`, `topic`, `user` and `person` are ids: `topic` is one of a
    forum (`thread`) or of a channel's direct messages (`direct_topic`), and `person` may also be a
    chat as which somebody writes, votes or reacts.
    """

    def __init__(self, update: Json) -> None:
        self.kind = kind_of(update)
        self.content = content = _object(update.get(self.kind))
        self.message = message = _object(content.get("message")) or content
        self.chat = _id(message, "chat")
        # A reply in a plain group also has a thread id, but belongs to no topic.
        self.thread = message.get("message_thread_id") if message.get("is_topic_message") else None
        self.direct_topic = _object(message.get("direct_messages_topic")).get("topic_id")
        self.topic = self.direct_topic if self.thread is None else self.thread
        self.business: str | None = message.get("business_connection_id")
        self.user = _id(content, "from", "user")
        # The chat first: beside it, `from` is an account that Telegram uses for all such chats.
        self.person = _id(content, "sender_chat", "actor_chat", "voter_chat", "from", "user")

    @property
    def room(self) -> str | None:
        """The chat, under a name that no other chat of the bot has."""
        if self.chat is None:
            return None
        if self.kind == "guest_message":  # its chat may have the same id as one of the bot's chats
            return f"guest:{self.chat}"
        if self.business is not None:  # so may the chats of a business account
            return f"business:{self.business}:{self.chat}"
        return str(self.chat)


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _id(content: Json, *names: str) -> Any:
    """Return the id of the first object that `content` has under one of these names."""
    ids = (_object(content.get(name)).get("id") for name in names)
    return next((each for each in ids if each is not None), None)
