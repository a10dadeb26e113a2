"""Tests of the bot: what people do by their words, and what they see."""

import pytest


def test_a_birthday_is_kept_and_shown(chat):
    ada = chat.user("Ada")
    for text in ("/list", "/add", "Grace", "9 December", "/list"):
        ada.send(text)
    assert [message.text for message in ada.unread()] == [
        "I know no birthdays.",
        "Whose birthday?",
        "When is Grace's birthday?",
        "I will remember.",
        "Grace: 9 December",
    ]


def test_next_step_is_in_the_session(chat, sessions):
    ada = chat.user("Ada")
    ada.send("/add")
    id = str(ada.chat["id"])
    assert sessions[id] == {"steps": {id: [["bot", "name", [], {}]]}}


def test_people_hear_of_a_failure(chat, bot, monkeypatch):
    monkeypatch.setattr(bot, "reply", lambda *arguments: 1 / 0)
    ada = chat.user("Ada")
    with pytest.raises(ZeroDivisionError):
        ada.send("Hi")
    assert ada.receive().text == "Sorry, something went wrong."
