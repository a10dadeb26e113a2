"""Tests of the bot: what people do by their words, and what they see."""

import pytest

NO_FORM = "Send /start to book a table."


def texts(person):
    """Return the texts that somebody hasn't read yet."""
    return [message.text for message in person.unread()]


def test_three_questions_and_a_summary(chat):
    ada = chat.user("Ada")
    for text in ("hello", "/start", "Ada", "Friday", "four", "thanks", "/start"):
        ada.send(text)
    assert texts(ada) == [
        NO_FORM,
        "What is your name?",
        "Which day?",
        "How many people?",
        "Thank you, Ada: a table on Friday for four.",
        NO_FORM,
        "What is your name?",
    ]


def test_only_text_is_an_answer(chat):
    ada = chat.user("Ada")
    for content in ("/start", {"dice": {"emoji": "🎲", "value": 6}}, "Ada"):
        ada.send(content)
    assert texts(ada) == ["What is your name?", "What is your name?", "Which day?"]


def test_a_form_can_be_cancelled(chat, sessions):
    ada = chat.user("Ada")
    for text in ("/start", "Ada", "/cancel"):
        ada.send(text)
    assert sessions == {str(ada.chat["id"]): {}}
    ada.send("Friday")
    assert texts(ada)[2:] == ["I forgot your answers. Send /start to begin again.", NO_FORM]


def test_a_group_gets_no_answer(chat):
    ada = chat.group("Workshop").user("Ada")
    ada.send("/start")
    assert texts(ada) == []


def test_people_hear_of_a_failure(chat, bot, monkeypatch):
    monkeypatch.setattr(bot, "reply", lambda *arguments: 1 / 0)
    ada = chat.user("Ada")
    with pytest.raises(ZeroDivisionError):
        ada.send("Hi")
    assert ada.receive().text == "Sorry, something went wrong."
