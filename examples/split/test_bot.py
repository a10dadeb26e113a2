"""Tests of the bot: what a group does by its words, and what it sees."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from botkit.errors import Refused

PHOTO = {"photo": b"a receipt"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("MINI_APP_URL", "https://example.org/app/index.html")


@pytest.fixture
def people(chat):
    """Ada and Grace, who share the bills of a group."""
    group = chat.group("Flat", admin=True)
    found = [group.user("Ada"), group.user("Grace")]
    for number, person in enumerate(found, 1):
        assert said(person, "/join") == f"{number} of you share the bills from now on."
    return found


def said(person, *contents, **how):
    """Return what the group sees last after a person's message. Apps reply to a question."""
    person.send(*contents, **how)
    return person.unread()[-1].text


def pay(person, amount, *contents):
    assert said(person, "/paid") == "How much? Such as 12.50"
    assert said(person, amount).startswith("Reply with the receipts")
    return said(person, *contents or ("none",), album=len(contents) > 1)


def test_what_is_paid_is_shared(people):
    ada, grace = people
    told = pay(ada, "12,51", PHOTO, PHOTO, PHOTO)
    assert told == "Ada paid 12.51 € (receipts: 3).\nGrace owes Ada 6.25 €"
    assert pay(grace, "6").endswith("Grace owes Ada 3.25 €")


def test_an_amount_that_is_none_is_asked_again(people):
    ada, _ = people
    for text in ("/paid", "a lot", "1.5"):
        assert said(ada, text) == "How much? Such as 12.50"


def test_who_has_not_joined_pays_nothing(chat):
    ada = chat.group("Flat", admin=True).user("Ada")
    assert said(ada, "/paid") == "/join first."


def test_each_friday_the_group_hears_its_debts_as_they_are_then(people, chat, waits):
    ada, grace = people
    assert said(ada, "/zone Europe/Ber").startswith("Which zone?")
    told = said(ada, "/zone Europe/Berlin")
    assert told == "Each Friday at 18:00 (Europe/Berlin) I tell what is owed then."
    chat.advance(7 * 86_400)  # nobody owes anything
    pay(ada, "10")
    pay(grace, "4")
    chat.advance(7 * 86_400)
    told = ada.unread()[-1]
    assert told.text == "Grace owes Ada 3.00 €"
    at = datetime.fromtimestamp(told.date, UTC).astimezone(ZoneInfo("Europe/Berlin"))
    assert (at.weekday(), at.hour) == (4, 18)


def test_the_page_is_for_members(people, chat, bot):
    ada, _ = people
    pay(ada, "10")
    group = said(ada, "/debts").rpartition("?start=")[2]
    me = chat.user("Ada")
    me.send(f"/start {group}")
    assert me.receive().buttons == ["Debts"]

    def ask(user, **query):
        return bot.on_request({"path": "/debts", "query": query, "user": user})

    assert ask(ada.user, group=group)["debts"] == "Grace owes Ada 5.00 €"
    assert ask({"id": 99}, group=group)[0] == 403
    assert ask(ada.user)[0] == 404


def test_a_busy_telegram_is_no_refusal(bot, calls):
    calls.results["getChatMember"] = Refused("getChatMember", 429, "Too Many Requests", {})
    with pytest.raises(Refused):
        bot.on_request({"path": "/debts", "query": {"group": "-5"}, "user": {"id": 7}})


def test_too_many_are_told_once(people, chat, bot):
    chat.advance(60 - chat.telegram.now() % 60)  # a minute begins
    ada, _ = people
    for _ in range(40):
        ada.send("/help")
    texts = [message.text for message in ada.unread()]
    assert [texts.count(text) for text in (bot.HELP, "Please wait a minute.")] == [30, 1]


def test_a_ledger_has_so_many_people(bot):
    ledger = {}
    said = [bot.join(ledger, {"id": id, "first_name": "A"}) for id in [*range(51), 0]]
    assert said[-3:] == [
        "50 of you share the bills from now on.",
        "50 people share already.",
        "50 of you share the bills from now on.",
    ]


def test_in_private_it_says_where_it_works(chat):
    ada = chat.user("Ada")
    assert said(ada, "/start").startswith("Add me to a group.")


def test_what_concerns_nobody_gets_no_answer(people):
    ada, _ = people
    before = len(ada.unread())
    ada.send("Hello")
    ada.send("Hello", sender_chat=ada.chat)
    assert len(ada.unread()) == before


def test_people_hear_of_a_failure(people, bot, monkeypatch):
    ada, _ = people
    monkeypatch.setattr(bot, "owed", lambda ledger: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ada.send("/debts")
    assert ada.unread()[-1].text == "Sorry, something went wrong."
