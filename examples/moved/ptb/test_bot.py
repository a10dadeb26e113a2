"""Tests of the bot: what people do by their words, and what they see."""

import pytest


def test_a_booking_is_kept_and_shown(chat):
    ada = chat.user("Ada")
    for text in ("/bookings", "/book", "Friday", "four", "/book", "/cancel", "/bookings"):
        ada.send(text)
    assert [message.text for message in ada.unread()] == [
        "You have no bookings.",
        "Which day?",
        "How many people?",
        "Booked: Friday, for four.",
        "Which day?",
        "Nothing is booked.",
        "Friday, for four",
    ]


def test_people_hear_of_a_failure(chat, bot, monkeypatch):
    monkeypatch.setattr(bot, "reply", lambda *arguments: 1 / 0)
    ada = chat.user("Ada")
    with pytest.raises(ZeroDivisionError):
        ada.send("Hi")
    assert ada.receive().text == "Sorry, something went wrong."
