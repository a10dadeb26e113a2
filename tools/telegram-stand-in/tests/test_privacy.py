"""What a bot gets of a group: https://core.telegram.org/bots/features#privacy-mode."""

import pytest

from telegram_stand_in import kind_of

KINDS = ["message", "edited_message", "chat_member", "message_reaction"]


@pytest.fixture(autouse=True)
def _asked(stage):
    stage.asks_for(*KINDS)


def says(stage, chat, **params):
    return stage.call("sendMessage", chat_id=chat["id"], text="a", **params)


TEXTS = [
    ("hello", False),
    ("hello @test_bot", False),
    ("see /help", False),
    ("/help", True),
    ("/help@test_bot", True),
    ("/help@Test_Bot me", True),
    ("/help@other_bot", False),
    ("/", False),
]


@pytest.mark.parametrize(("text", "comes"), TEXTS)
def test_a_bot_gets_commands(stage, text, comes):
    stage.group("Club").user("Ada").send(text)
    assert len(stage.updates) == comes
    assert comes or "(kept from the bot: in privacy mode it gets only" in stage.transcript


@pytest.mark.parametrize(
    ("about", "count"), [({}, 0), ({"privacy": False}, 2), ({"admin": True}, 2)]
)
def test_all_messages_without_privacy_mode(stage, about, count):
    ada = stage.group("Club", **about).user("Ada")
    ada.edit(ada.send("hello"), "hi")
    assert len(stage.updates) == count
    assert stage.call("getMe")["can_read_all_group_messages"] is ("privacy" in about)


def test_replies_to_the_bot(stage):
    ada = stage.group("Club").user("Ada")
    answer = ada.send("and this", reply_to=says(stage, ada.chat))
    ada.send("a reply to that", reply_to=answer)
    ada.send("a reply to somebody", reply_to=ada.send("hello"))
    texts = [update["message"]["text"] for update in stage.updates]
    assert texts == ["and this", "a reply to that"]


def test_a_message_sent_via_the_bot(stage):
    ada = stage.group("Club").user("Ada")
    stage.asks_for("inline_query", "message")
    ada.ask("cats")
    article = {"type": "article", "id": "1", "title": "A cat"}
    article["input_message_content"] = {"message_text": "a cat"}
    query = stage.updates[-1]["inline_query"]["id"]
    stage.call("answerInlineQuery", inline_query_id=query, results=[article])
    ada.press("A cat")
    assert stage.updates[-1]["message"]["text"] == "a cat"


def test_events_in_the_group_but_no_members(stage):
    club = stage.group("Club")
    club.user("Grace").join()
    ada = club.user("Ada")
    ada.react(ada.send("hello"), "👍")
    assert [kind_of(update) for update in stage.updates] == ["message"]
    assert "only an administrator of the group gets message_reaction" in stage.transcript


def test_a_key_of_the_keyboard_replies_in_a_group(stage):
    ada = stage.group("Club").user("Ada")
    asked = says(stage, ada.chat, reply_markup={"keyboard": [["Red"]]})
    assert ada.receive().buttons == ["Red"]
    ada.press("Red")
    assert stage.updates[-1]["message"]["text"] == "Red"
    assert stage.updates[-1]["message"]["reply_to_message"]["message_id"] == asked["message_id"]
