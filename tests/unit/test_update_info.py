"""update_info.py: where an update of each kind is."""

import pytest
from botkit.update_info import UpdateInfo
from telegram_stand_in import TYPES

ADA = {"id": 7, "is_bot": False, "first_name": "Ada"}
BEA = {"id": 8, "is_bot": False, "first_name": "Bea"}
ADMIN = {"id": 1087968824, "is_bot": True, "first_name": "Group"}  # Telegram's, for anonymous ones
GROUP = {"id": -100, "type": "supergroup"}
CHANNEL = {"id": -200, "type": "channel"}
PRIVATE = {"id": 7, "type": "private"}
SAID = {"chat": GROUP, "from": ADA}
THREAD = {"message_thread_id": 5}
TOPIC = {**THREAD, "is_topic_message": True}
DIRECT = {"direct_messages_topic": {"topic_id": 9, "user": ADA}}
BUSINESS = {"chat": PRIVATE, "from": ADA, "business_connection_id": "b1"}

# Each update type: its content, and the room, topic, user and person in it. What Telegram may
# leave out has a row of its own below.
KINDS = {
    "message": (SAID, ("-100", None, 7, 7)),
    "edited_message": (SAID, ("-100", None, 7, 7)),
    "channel_post": ({"chat": CHANNEL}, ("-200", None, None, None)),
    "edited_channel_post": ({"chat": CHANNEL}, ("-200", None, None, None)),
    "business_connection": ({"id": "b1", "user": ADA}, (None, None, 7, 7)),
    "business_message": (BUSINESS, ("business:b1:7", None, 7, 7)),
    "edited_business_message": (BUSINESS, ("business:b1:7", None, 7, 7)),
    "deleted_business_messages": (
        {"chat": PRIVATE, "business_connection_id": "b1", "message_ids": [1]},
        ("business:b1:7", None, None, None),
    ),
    "guest_message": ({**SAID, "guest_query_id": "1"}, ("guest:-100", None, 7, 7)),
    "message_reaction": ({"chat": GROUP, "user": ADA}, ("-100", None, 7, 7)),
    "message_reaction_count": ({"chat": GROUP}, ("-100", None, None, None)),
    "inline_query": ({"from": ADA}, (None, None, 7, 7)),
    "chosen_inline_result": ({"from": ADA, "inline_message_id": "x"}, (None, None, 7, 7)),
    "callback_query": (
        {"from": BEA, "message": {**SAID, **TOPIC}},
        ("-100", 5, 8, 8),  # the person who pressed, in the place of the button
    ),
    "shipping_query": ({"from": ADA}, (None, None, 7, 7)),
    "pre_checkout_query": ({"from": ADA}, (None, None, 7, 7)),
    "purchased_paid_media": ({"from": ADA}, (None, None, 7, 7)),
    "poll": ({"id": "1"}, (None, None, None, None)),
    "poll_answer": ({"user": ADA}, (None, None, 7, 7)),
    "my_chat_member": (SAID, ("-100", None, 7, 7)),
    "chat_member": ({**SAID, "new_chat_member": {"user": BEA}}, ("-100", None, 7, 7)),
    "chat_join_request": ({**SAID, "user_chat_id": 7}, ("-100", None, 7, 7)),
    "chat_boost": ({"chat": GROUP, "boost": {"source": {"user": ADA}}}, ("-100", None, None, None)),
    "removed_chat_boost": ({"chat": GROUP, "source": {"user": ADA}}, ("-100", None, None, None)),
    "managed_bot": ({"user": ADA, "bot": BEA}, (None, None, 7, 7)),
    "subscription": ({"user": ADA}, (None, None, 7, 7)),
    "stopped_message_generation": ({"chat": PRIVATE, "draft_id": 1}, ("7", None, None, None)),
    "widget_query": (SAID, ("-100", None, 7, 7)),
    "shared_widget_query": ({"from": ADA, "widget_id": "1"}, (None, None, 7, 7)),
}
OTHERS = {
    "a forum's topic": ({"message": {**SAID, **TOPIC}}, ("-100", 5, 7, 7)),
    "a reply in a plain group": ({"message": {**SAID, **THREAD}}, ("-100", None, 7, 7)),
    "direct messages": ({"message": {**SAID, **DIRECT}}, ("-100", 9, 7, 7)),
    "an anonymous admin": (
        {"message": {"chat": GROUP, "from": ADMIN, "sender_chat": GROUP}},
        ("-100", None, ADMIN["id"], -100),
    ),
    "a channel's post in a group": (
        {"message": {"chat": GROUP, "sender_chat": CHANNEL}},
        ("-100", None, None, -200),
    ),
    "an anonymous reaction": (
        {"message_reaction": {"chat": GROUP, "actor_chat": CHANNEL}},
        ("-100", None, None, -200),
    ),
    "a chat's vote": ({"poll_answer": {"voter_chat": CHANNEL}}, (None, None, None, -200)),
    "a chat's vote, as bots got it before": (
        {"poll_answer": {"user": ADMIN, "voter_chat": CHANNEL}},
        (None, None, ADMIN["id"], -200),
    ),
    "a press in an account's chat": (
        {"callback_query": {"from": BEA, "message": BUSINESS}},
        ("business:b1:7", None, 8, 8),
    ),
    "a press below an inline message": (
        {"callback_query": {"from": ADA, "inline_message_id": "x"}},
        (None, None, 7, 7),
    ),
    "a kind of tomorrow": ({"whistle": {"id": 1}}, (None, None, None, None)),
    "odd values": (
        {"message": {"chat": 1, "from": {}, "user": ADA, "direct_messages_topic": "x"}},
        (None, None, 7, 7),
    ),
    "no object": ({"whistle": 1}, (None, None, None, None)),
    "nothing": ({}, (None, None, None, None)),
}
ALL = {**{kind: ({kind: content}, where) for kind, (content, where) in KINDS.items()}, **OTHERS}


@pytest.mark.parametrize(("update", "where"), ALL.values(), ids=ALL)
def test_an_update_is_somewhere(update, where):
    info = UpdateInfo({"update_id": 1, **update})
    assert (info.chat_key, info.topic_id, info.user_id, info.sender_id) == where
    assert info.update_type == next(iter(update), "")


def test_a_message_may_be_that_of_a_button():
    press = {"from": BEA, "message": {**BUSINESS, **TOPIC}}
    info = UpdateInfo({"update_id": 1, "callback_query": press})
    assert (info.content, info.message) == (press, press["message"])
    assert (
        info.chat_id,
        info.business_connection_id,
        info.message_thread_id,
        info.direct_messages_topic_id,
    ) == (7, "b1", 5, None)
    info = UpdateInfo({"update_id": 1, "message": {**SAID, **DIRECT}})
    assert info.content == info.message
    assert (
        info.chat_id,
        info.business_connection_id,
        info.message_thread_id,
        info.direct_messages_topic_id,
    ) == (-100, None, None, 9)


def test_each_kind_of_the_bot_api_is_listed():
    """Read in Telegram's documentation where its updates are, then add it above."""
    assert set(KINDS) == set(TYPES["Update"]) - {"update_id"}
