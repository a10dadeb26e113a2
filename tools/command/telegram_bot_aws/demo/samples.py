"""The demo's people and chats, and sample content to send."""

from __future__ import annotations

from typing import Any

from telegram_stand_in import (
    ADA,
    GRACE,
    LOCATION,
    Bot,
    Json,
    Stage,
    Telegram,
    private_chat,
)

PEOPLE: dict[str, Json] = {
    "ada": ADA,
    "grace": GRACE,
    **{
        name.lower(): {**ADA, "id": 4400 + number, "first_name": name}
        for number, name in enumerate(("Hedy", "Katherine", "Radia"))
    },
}


# The chats: their fields in a message, and the page's words about them. A person's
# private chat has the person's key.
FORUM = {"id": -1001000000002, "type": "supergroup", "title": "Workshop", "is_forum": True}
CHATS: dict[str, Json] = {
    **{
        key: {"tab": "Private", "title": "", "about": "private chat", "chat": private_chat(person)}
        for key, person in PEOPLE.items()
    },
    "group": {
        "tab": "Group",
        "title": "Book club",
        "about": "group",
        "chat": {"id": -1001000000001, "type": "supergroup", "title": "Book club"},
    },
    "topic": {
        "tab": "Topic",
        "title": "Workshop › Tools",
        "about": "topic of a group",
        "chat": FORUM,
        "thread": {"message_thread_id": 7, "is_topic_message": True},
    },
}


def chat_key(chat_id: Any) -> str:
    """Return the key of a chat by its id, or nothing."""
    return next((key for key, known in CHATS.items() if known["chat"]["id"] == chat_id), "")


def place_of(where: str, user: Json) -> Json:
    """Return the chat of a key, and its topic, as fields of a message: or else a private chat."""
    known = CHATS.get(where, {"chat": private_chat(user)})
    return {"chat": known["chat"], **known.get("thread", {})}


def stage_of(telegram: Telegram, bot: Bot) -> Stage:
    """Return a stage for a bot. What isn't documented is only told there, as in Telegram."""
    stage = Stage(telegram=telegram, bot=bot)
    stage.strict = False
    return stage


# Content other than text. The page draws it: there are no files behind these ids.
CONTENT: dict[str, Json] = {
    "photo": {
        "photo": [
            {"file_id": "lake-s", "file_unique_id": "lake-s", "width": 90, "height": 60},
            {"file_id": "lake", "file_unique_id": "lake", "width": 1280, "height": 853},
        ],
        "caption": "At the lake",
    },
    "sticker": {
        "sticker": {
            "file_id": "robot",
            "file_unique_id": "robot",
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
            "emoji": "🤖",
        }
    },
    "voice": {
        "voice": {
            "file_id": "voice",
            "file_unique_id": "voice",
            "duration": 7,
            "mime_type": "audio/ogg",
        }
    },
    "location": {"location": LOCATION},
    "poll": {
        "poll": {
            "id": "5213",
            "question": "Where shall we meet?",
            "options": [
                {"text": text, "voter_count": 0}
                for text in ("At the lake", "In the library", "Online")
            ],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
        }
    },
}
