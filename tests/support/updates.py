"""Updates of each type, with where they are and whose ids let them in (allowed_ids)."""

ADA = {"id": 7, "is_bot": False, "first_name": "Ada"}
BEA = {"id": 8, "is_bot": False, "first_name": "Bea"}
ADMIN = {"id": 1087968824, "is_bot": True, "first_name": "Group"}  # Telegram's, for anonymous ones
GROUP = {"id": -100, "type": "supergroup"}
CHANNEL = {"id": -200, "type": "channel"}
PRIVATE = {"id": 7, "type": "private"}
OWNER = 9  # of the business account b1
SAID = {"chat": GROUP, "from": ADA}
THREAD = {"message_thread_id": 5}
TOPIC = {**THREAD, "is_topic_message": True}
DIRECT = {"direct_messages_topic": {"topic_id": 6, "user": ADA}}
BUSINESS = {"chat": PRIVATE, "from": ADA, "business_connection_id": "b1"}
DELETED = {"chat": PRIVATE, "business_connection_id": "b1", "message_ids": [1]}

# Each update type: its content, then its chat's key, topic, user and sender, and the ids that let
# it in. What Telegram may leave out has a row of its own below.
IN_GROUP = ("-100", None, 7, 7), [7, -100]
OF_ADA = (None, None, 7, 7), [7]
OF_CHAT = ("-100", None, None, None), [-100]
TYPES = {
    "message": (SAID, *IN_GROUP),
    "edited_message": (SAID, *IN_GROUP),
    "channel_post": ({"chat": CHANNEL}, ("-200", None, None, None), [-200]),
    "edited_channel_post": ({"chat": CHANNEL}, ("-200", None, None, None), [-200]),
    "business_connection": ({"id": "b1", "user": ADA}, *OF_ADA),
    "business_message": (BUSINESS, ("business:b1:7", None, 7, 7), [OWNER]),
    "edited_business_message": (BUSINESS, ("business:b1:7", None, 7, 7), [OWNER]),
    "deleted_business_messages": (DELETED, ("business:b1:7", None, None, None), [OWNER]),
    "guest_message": ({**SAID, "guest_query_id": "1"}, ("guest:-100", None, 7, 7), [7]),
    "message_reaction": ({"chat": GROUP, "user": ADA}, *IN_GROUP),
    "message_reaction_count": ({"chat": GROUP}, *OF_CHAT),
    "inline_query": ({"from": ADA}, *OF_ADA),
    "chosen_inline_result": ({"from": ADA, "inline_message_id": "x"}, *OF_ADA),
    "callback_query": ({"from": BEA, "message": SAID}, ("-100", None, 8, 8), [8, -100]),
    "shipping_query": ({"from": ADA}, *OF_ADA),
    "pre_checkout_query": ({"from": ADA}, *OF_ADA),
    "purchased_paid_media": ({"from": ADA}, *OF_ADA),
    "poll": ({"id": "1"}, (None, None, None, None), None),
    "poll_answer": ({"user": ADA}, *OF_ADA),
    "my_chat_member": (SAID, *IN_GROUP),
    "chat_member": ({**SAID, "new_chat_member": {"user": BEA}}, *IN_GROUP),
    "chat_join_request": ({**SAID, "user_chat_id": 7}, *IN_GROUP),
    "chat_boost": ({"chat": GROUP, "boost": {"source": {"user": ADA}}}, *OF_CHAT),
    "removed_chat_boost": ({"chat": GROUP, "source": {"user": ADA}}, *OF_CHAT),
    "managed_bot": ({"user": ADA, "bot": BEA}, *OF_ADA),
    "subscription": ({"user": ADA}, *OF_ADA),
    "stopped_message_generation": ({"chat": PRIVATE}, ("7", None, None, None), [7]),
    "widget_query": (SAID, *IN_GROUP),
    "shared_widget_query": ({"from": ADA, "widget_id": "1"}, *OF_ADA),
}
OTHERS = {
    "a private chat": ({"message": {"chat": PRIVATE, "from": ADA}}, ("7", None, 7, 7), [7]),
    "a forum's topic": ({"message": {**SAID, **TOPIC}}, ("-100", 5, 7, 7), [7, -100]),
    "a reply in a plain group": ({"message": {**SAID, **THREAD}}, *IN_GROUP),
    "direct messages": ({"message": {**SAID, **DIRECT}}, ("-100", 6, 7, 7), [7, -100]),
    "an anonymous admin": (
        {"message": {"chat": GROUP, "from": ADMIN, "sender_chat": GROUP}},
        *(("-100", None, ADMIN["id"], -100), [-100]),
    ),
    "who writes as a channel": (
        {"message": {"chat": GROUP, "from": ADMIN, "sender_chat": CHANNEL}},
        *(("-100", None, ADMIN["id"], -200), [-200, -100]),
    ),
    "an anonymous reaction": (
        {"message_reaction": {"chat": GROUP, "actor_chat": CHANNEL}},
        *(("-100", None, None, -200), [-200, -100]),
    ),
    "a channel's vote": (
        {"poll_answer": {"user": ADMIN, "voter_chat": CHANNEL}},
        *((None, None, ADMIN["id"], -200), [-200]),
    ),
    "a press in a topic": (
        {"callback_query": {"from": BEA, "message": {**SAID, **TOPIC}}},
        *(("-100", 5, 8, 8), [8, -100]),
    ),
    "a press in an account's chat": (
        {"callback_query": {"from": BEA, "message": BUSINESS}},
        *(("business:b1:7", None, 8, 8), [OWNER]),
    ),
    "a press below an inline message": (
        {"callback_query": {"from": ADA, "inline_message_id": "x"}},
        *OF_ADA,
    ),
    "a type of tomorrow": ({"whistle": {"user": ADA, "chat": GROUP}}, ("-100", None, 7, 7), [7]),
    "odd values": (
        {"whistle": {"chat": 1, "from": {}, "direct_messages_topic": "x"}},
        *((None, None, None, None), []),
    ),
    "no object": ({"whistle": 1}, (None, None, None, None), []),
}
UPDATES = {
    **{name: ({name: content}, *about) for name, (content, *about) in TYPES.items()},
    **OTHERS,
}
