"""Tests of the bot: what people do by their words, and what they see."""

import pytest


def test_a_message_is_answered_with_hello(chat):
    ada = chat.user("Ada")
    ada.send("Hi")
    assert ada.receive().text == "Hello, Ada!"


def test_the_button_repeats_the_text(chat):
    ada = chat.group("Book club").user("Ada")
    ada.send("/start")
    assert ada.receive().buttons == ["Again"]
    ada.press("Again")
    assert ada.receive().text == "Hello, Ada!"
    assert ada.receive("answer")  # or the button would wait


def test_people_hear_of_a_failure(chat, bot, monkeypatch):
    monkeypatch.setattr(bot, "reply", lambda *arguments: 1 / 0)
    ada = chat.user("Ada")
    with pytest.raises(ZeroDivisionError):
        ada.send("Hi")
    assert ada.receive().text == "Sorry, something went wrong."
