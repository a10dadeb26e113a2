"""Topics that a bot creates, and requests to join that it decides on."""

from __future__ import annotations

import pytest

from telegram_stand_in import GRACE, Json, Telegram
from tests.calls import CHAT, done, error, make, updates

GROUP: Json = {"id": -1001000000001, "type": "supergroup", "title": "Book club", "is_forum": True}


@pytest.fixture(autouse=True)
def group(telegram: Telegram) -> None:
    """A forum that the bot is in."""
    telegram.send(telegram.message("hello", chat=GROUP, user=GRACE))
    updates(telegram)


def create(telegram: Telegram) -> Json:
    topic = done(telegram, "createForumTopic", chat_id=GROUP["id"], name="Orders")
    return {"chat_id": GROUP["id"], "message_thread_id": topic["message_thread_id"]}


def test_a_topic_begins_with_a_service_message(telegram: Telegram) -> None:
    one, other = create(telegram), create(telegram)
    assert one != other
    [change] = telegram.calls[-1].changes
    message = change["message"]
    about = {"name": "Orders", "icon_color": 7322096}
    assert message["message_id"] == message["message_thread_id"] == other["message_thread_id"]
    assert (message["is_topic_message"], message["forum_topic_created"]) == (True, about)
    icon = done(
        telegram, "createForumTopic", chat_id=GROUP["id"], name="x", icon_custom_emoji_id="7"
    )
    assert icon["icon_custom_emoji_id"] == "7"
    telegram.bot.chats[GROUP["id"]]["type"] = "group"
    why = error(telegram, "createForumTopic", chat_id=GROUP["id"], name="x")
    telegram.bot.chats[GROUP["id"]]["type"] = "supergroup"
    assert why == "the chat is not a forum"


CHANGES: list[tuple[str, Json, Json]] = [
    ("editForumTopic", {"name": "New"}, {"forum_topic_edited": {"name": "New"}}),
    ("closeForumTopic", {}, {"forum_topic_closed": {}}),
    ("reopenForumTopic", {}, {"forum_topic_reopened": {}}),
]


def test_its_changes_are_told_there(telegram: Telegram) -> None:
    topic = create(telegram)
    for method, params, content in CHANGES:
        done(telegram, method, **topic, **params)
        [change] = telegram.calls[-1].changes
        thread = {"message_thread_id": topic["message_thread_id"]}
        assert (change["message"] | content | thread) == change["message"]
    assert error(telegram, "reopenForumTopic", **topic) == "TOPIC_NOT_MODIFIED"
    nowhere = {**topic, "message_thread_id": 999}
    assert error(telegram, "closeForumTopic", **nowhere) == "TOPIC_ID_INVALID"


def test_a_topic_is_deleted_with_its_messages(telegram: Telegram) -> None:
    topic, other = create(telegram), create(telegram)
    for place in (topic, other):
        done(telegram, "sendMessage", **place, text="hello")
    call = make(telegram, "deleteForumTopic", **topic)
    gone = {change["message_id"] for change in call.changes}
    assert [change["kind"] for change in call.changes] == ["deleted", "deleted"]
    left = {id for chat, id in telegram.messages if chat == GROUP["id"]}
    assert len(left) == 3 and not left & gone
    assert error(telegram, "deleteForumTopic", **topic) == "TOPIC_ID_INVALID"


@pytest.mark.parametrize(
    ("method", "status"), [("approveChatJoinRequest", "member"), ("declineChatJoinRequest", "left")]
)
def test_a_request_to_join_is_decided_on_once(telegram: Telegram, method: str, status: str) -> None:
    place = {"chat_id": GROUP["id"], "user_id": GRACE["id"]}
    done(telegram, "unbanChatMember", **place)
    asked = {"chat": GROUP, "from": GRACE, "user_chat_id": GRACE["id"], "date": 1}
    telegram.send({"chat_join_request": asked})
    assert done(telegram, method, **place) is True
    assert done(telegram, "getChatMember", **place)["status"] == status
    assert error(telegram, method, **place) == "HIDE_REQUESTER_MISSING"
    assert CHAT not in {chat for chat, _ in telegram.members}
