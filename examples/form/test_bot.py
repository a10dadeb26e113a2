"""Tests of the bot: messages and sessions in, texts out."""

import pytest

NO_FORM = "Send /start to book a table."
DONE = "Thank you, Ada: a table on Friday for four."


@pytest.fixture
def say(bot):
    """Write to the bot in a chat, and return what it answers: `say(text)`."""
    session = {}

    def say(text, session=session):
        content = {"photo": []} if text is None else {"text": text}
        chat, ada = {"id": 4242, "type": "private"}, {"id": 4242, "first_name": "Ada"}
        message = {"message_id": 1, "chat": chat, "from": ada, **content}
        [call] = bot.reply({"message": message}, session)
        assert (call["method"], call["chat_id"]) == ("sendMessage", 4242)
        return call["text"]

    return say


def test_three_questions_and_a_summary(say):
    assert say("hello") == NO_FORM
    assert say("/start") == "What is your name?"
    assert say("Ada") == "Which day?"
    assert say("Friday") == "How many people?"
    assert say("four") == DONE
    assert say("thanks") == NO_FORM
    assert say("/start") == "What is your name?"


def test_what_is_no_text_is_no_answer(say):
    say("/start")
    assert say(None) == "What is your name?"
    assert say("Ada") == "Which day?"


def test_a_form_can_be_cancelled(say):
    session = {}
    say("/start", session)
    say("Ada", session)
    assert say("/cancel", session) == "I forgot your answers. Send /start to begin again."
    assert session == {}
    assert say("Friday", session) == NO_FORM


def test_a_group_gets_no_answer(bot):
    group = {"id": -42, "type": "supergroup"}
    assert bot.reply({"message": {"message_id": 1, "chat": group, "text": "/start"}}, {}) == []
