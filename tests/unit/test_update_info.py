"""update_info.py: where an update of each type is."""

import pytest
import telegram_stand_in
from botkit.update_info import UpdateInfo

from tests.support.updates import BEA, BUSINESS, DIRECT, SAID, TOPIC, TYPES, UPDATES


@pytest.mark.parametrize(("update", "where", "ids"), UPDATES.values(), ids=UPDATES)
def test_update_has_a_chat_topic_user_and_sender(update, where, ids):
    info = UpdateInfo({"update_id": 1, **update})
    assert (info.chat_key, info.topic_id, info.user_id, info.sender_id) == where
    assert info.update_type == next(iter(update))


def test_update_may_have_no_content():
    info = UpdateInfo({"update_id": 1})
    assert (info.update_type, info.content, info.chat_key) == ("", {}, None)


PRESS = {"from": BEA, "message": {**BUSINESS, **TOPIC}}
PARTS = {
    "callback_query": (PRESS, PRESS["message"], (7, "b1", 5, None)),
    "message": ({**SAID, **DIRECT}, {**SAID, **DIRECT}, (-100, None, None, 6)),
}


@pytest.mark.parametrize("update_type", PARTS)
def test_message_may_be_that_of_a_button(update_type):
    content, message, parts = PARTS[update_type]
    info = UpdateInfo({"update_id": 1, update_type: content})
    assert (info.content, info.message) == (content, message)
    topics = info.message_thread_id, info.direct_messages_topic_id
    assert (info.chat_id, info.business_connection_id, *topics) == parts


def test_each_type_of_the_bot_api_is_listed():
    """Read in Telegram's documentation where its updates are, then add it to updates.py."""
    assert set(TYPES) == set(telegram_stand_in.TYPES["Update"]) - {"update_id"}
