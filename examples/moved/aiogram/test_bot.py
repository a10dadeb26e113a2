"""Tests of the bot: what people do by their words, and what they see."""

import pytest


def add(person):
    for text in ("/add", "Emma", "Jane Austen"):
        person.send(text)


def test_a_book_is_added_shown_and_taken_off(chat):
    ada = chat.user("Ada")
    add(ada)
    assert [message.text for message in ada.unread()] == [
        "What is the title?",
        "Who wrote it?",
        "Emma, by Jane Austen is on your list.",
    ]
    ada.send("/list")
    ada.press("Emma, by Jane Austen")
    assert ada.receive("answer").text == "Taken off your list"
    assert ada.receive("deleted")
    ada.send("/list")
    assert ada.unread()[-1].text == "Your list is empty."


def test_a_list_is_its_owners(chat):
    club = chat.group("Book club", admin=True)
    ada, grace = club.user("Ada"), club.user("Grace")
    add(ada)
    ada.send("/list")
    grace.press("Emma, by Jane Austen")
    assert grace.receive("answer").text == "This is somebody else's list"
    assert ada.unread("deleted") == []


def test_people_hear_of_a_failure(chat, bot, monkeypatch):
    monkeypatch.setattr(bot, "reply", lambda *arguments: 1 / 0)
    ada = chat.user("Ada")
    with pytest.raises(ZeroDivisionError):
        ada.send("Hi")
    assert ada.receive().text == "Sorry, something went wrong."
