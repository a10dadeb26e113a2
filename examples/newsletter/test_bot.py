"""Tests of the bot: updates in, calls out, and who has subscribed then."""

import threading

import pytest

OWNER, ADA = 1, 7
UPDATE = {"message_id": 9, "date": 0, "text": "News!"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """The owner is the person 1."""
    monkeypatch.setenv("OWNER_ID", f"{OWNER}")
    monkeypatch.setenv("TABLE", "newsletter-bot")


@pytest.fixture
def people(bot, monkeypatch):
    """Those who subscribed."""
    people = set()
    monkeypatch.setattr(bot.subscribers, "add", people.add)
    monkeypatch.setattr(bot.subscribers, "remove", people.discard)
    monkeypatch.setattr(bot.subscribers, "count", lambda: len(people))
    return people


def message(text, person, **content):
    chat = {"id": person, "type": "private", "first_name": "P"}
    return {"message": {"message_id": 10, "chat": chat, "text": text, **content}}


def say(bot, text, person=ADA, **content):
    """Write to the bot, and return what it answers."""
    [call] = bot.reply(message(text, person, **content))
    assert (call["method"], call["chat_id"]) == ("sendMessage", person)
    return call["text"]


def test_people_come_and_go(bot, people):
    assert say(bot, "/start") == "/subscribe to the newsletter."
    for _ in range(2):
        assert say(bot, "/subscribe").startswith("You get the newsletter now.")
        assert people == {ADA}
    for _ in range(2):
        assert say(bot, "/unsubscribe") == "You don't get the newsletter any more."
        assert people == set()


@pytest.mark.parametrize(("status", "left"), [("kicked", set()), ("member", {ADA})])
def test_blocking_the_bot_ends_the_subscription(bot, people, status, left):
    people.add(ADA)
    member = {"chat": {"id": ADA, "type": "private"}, "new_chat_member": {"status": status}}
    assert bot.reply({"my_chat_member": member}) == []
    assert people == left


def test_the_owner_answers_a_message_and_is_asked(bot, people):
    people.update(range(5_000))
    assert bot.reply(message("/send", OWNER, reply_to_message=UPDATE)) == [
        {
            "method": "sendMessage",
            "chat_id": OWNER,
            "text": "Should all get this message?",
            "reply_parameters": {"message_id": 9},
            "reply_markup": {
                "inline_keyboard": [[{"text": "Send it to 5,000", "callback_data": "9 5000"}]]
            },
        }
    ]


@pytest.mark.parametrize("text", ["/send", "hello"])
def test_owner_gets_the_help(bot, text):
    assert say(bot, text, OWNER) == "Answer the message that all should get with /send."


@pytest.mark.parametrize("text", ["/send", "/stop"])
def test_nobody_else_sends(bot, text):
    assert say(bot, text, reply_to_message=UPDATE) == "/subscribe to the newsletter."


def test_a_press_begins_and_a_second_one_changes_nothing(bot, sessions, schedules):
    query = {"id": "777", "from": {"id": OWNER}, "message": {"message_id": 11}, "data": "9 5000"}
    for _ in range(2):
        [call] = bot.reply({"callback_query": query})
        assert call == {
            "method": "answerCallbackQuery",
            "callback_query_id": "777",
            "text": "It begins within a minute.",
        }
        [(name, step)] = schedules.items()
        assert (name, step.event) == ("newsletter.11.0", {"newsletter": 11, "step": 0})
    kept = sessions["newsletter"]
    assert (kept["source"], kept["total"]) == (9, 5_000)


def test_forged_press_begins_nothing(bot, sessions, schedules):
    query = {"id": "777", "from": {"id": ADA}, "message": {"message_id": 11}, "data": "9 5000"}
    [call] = bot.reply({"callback_query": query})
    assert call["text"] == "Only the owner can send it."
    assert (sessions, schedules) == ({}, {})


def test_other_chats_and_messages_get_no_copy(bot, people):
    group = {"id": -42, "type": "group", "title": "Readers"}
    assert bot.reply(message("/subscribe", ADA, chat=group)) == []
    photo = message("", ADA, photo=[])
    del photo["message"]["text"]
    [call] = bot.reply(photo)
    assert call["text"] == "/subscribe to the newsletter."
    assert people == set()


def test_copies_are_sent_while_others_wait_for_their_answers(bot, monkeypatch):
    copies = bot.newsletter.Copies(OWNER, 9, ready=0)
    # Each waits for all others: one at a time, none would ever be answered.
    together = threading.Barrier(bot.newsletter.THREADS, timeout=60)
    sent = []

    class Client:
        def __init__(self):
            assert copies.turn.locked()

        def post(self, method, params, timeout):
            together.wait()
            sent.append((method, params))

    monkeypatch.setattr("copies.telegram.client", Client)
    monkeypatch.setattr("copies.RATE", 1_000)
    bot.newsletter.deadline.start(60)
    people = range(100, 100 + bot.newsletter.THREADS)
    with bot.newsletter.ThreadPoolExecutor(bot.newsletter.THREADS) as pool:
        assert set(pool.map(copies.send, people)) == {"sent"}
    assert sorted(params["chat_id"] for _, params in sent) == list(people)
    method, params = sent[0]
    assert method == "copyMessage"
    assert (params["from_chat_id"], params["message_id"]) == (OWNER, 9)


def test_people_hear_of_a_failure(chat, bot, monkeypatch):
    ada = chat.user("Ada")
    for name in ("add", "remove"):
        monkeypatch.setattr(bot.subscribers, name, lambda person: 1 / 0)
    for act in (lambda: ada.send("/subscribe"), ada.block):
        with pytest.raises(ZeroDivisionError):
            act()
    assert [message.text for message in ada.unread()] == [bot.FAILED]
    [call] = bot.on_error({"callback_query": {"id": "777"}})
    assert (call["method"], call["text"]) == ("answerCallbackQuery", bot.FAILED)
