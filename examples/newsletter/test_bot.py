"""Tests of the bot: people come and go, and get newsletters while containers and Telegram fail."""

import re
import threading
from contextlib import nullcontext, suppress
from itertools import count
from types import SimpleNamespace

import pytest
from botkit import aws as aws_api
from botkit import telegram
from botkit.deadline import deadline
from botkit.fakes import clock
from telegram_stand_in import Fault

OWNER = 4242
BEGINS = "It begins within a minute."


class Crashed(BaseException):
    """The container has ended."""


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("OWNER_ID", f"{OWNER}")
    monkeypatch.setenv("TABLE", "newsletter-bot")


@pytest.fixture
def people(aws):
    """The ids of those who subscribed, in the table."""
    people = set()

    def scan(params):
        after = int(params.get("ExclusiveStartKey", {}).get("person", {}).get("N", 0))
        size = params.get("Limit", 25)
        found = sorted(id for id in people if id > after)[:size]
        keys = [{"person": {"N": f"{id}"}} for id in found]
        last = {"LastEvaluatedKey": keys[-1]} if len(keys) == size else {}
        return {"Count": len(keys), "Items": keys, **last}

    aws.results |= {
        "PutItem": lambda params: people.add(int(params["Item"]["person"]["N"])),
        "DeleteItem": lambda params: people.discard(int(params["Key"]["person"]["N"])),
        "Scan": scan,
    }
    return people


@pytest.fixture
def owner(people, chat):
    return chat.user("Owner", id=OWNER)


@pytest.fixture
def readers(chat, owner, people, bot, monkeypatch):
    """Sixty people who subscribed. Pauses between copies last no real time."""
    monkeypatch.setattr(clock.clock, "sleep", chat.telegram.advance, raising=False)
    monkeypatch.setattr(deadline, "clock", clock.clock.time)
    threads = SimpleNamespace(map=map, submit=lambda function, *given: function(*given))
    monkeypatch.setattr(bot.newsletter, "ThreadPoolExecutor", lambda _: nullcontext(threads))
    readers = [chat.user(f"Reader {number}") for number in range(60)]
    for reader in readers:
        reader.send("/subscribe")
    chat.limits()
    return readers


@pytest.fixture
def crash_at(readers, monkeypatch):
    """Let the container crash after these operations, counted from now."""
    numbers, crashes = count(1), set()

    def watched(operation):
        def operate(*arguments, **named):
            result = operation(*arguments, **named)
            if next(numbers) in crashes:
                raise Crashed
            return result

        return operate

    def crash_at(*operations):
        crashes.clear()
        now = next(numbers)
        crashes.update(now + number for number in operations)

    for place, name in ((aws_api, "call"), (aws_api, "request"), (telegram.Client, "post")):
        monkeypatch.setattr(place, name, watched(getattr(place, name)))
    return crash_at


def begin(owner, text="News!"):
    """Have the owner send a text to all, and return what the bot says to that."""
    owner.send("/send", reply_to=owner.send(text))
    owner.press(owner.unread()[-1].buttons[0])
    return owner.unread("answer")[-1].text


def tap(bot, person, question=11):
    """Tap the button of a question, as it was, and return the bot's answer."""
    query = {"id": "777", "from": person.user, "message": {"message_id": question}, "data": "9 60"}
    [call] = bot.reply({"callback_query": query})
    return call["text"]


def report(owner, readers, text="News!", unsure=0):
    """Check that all got it, and no more got it twice than the owner is told. Return that."""
    got = [sum(each.text == text for each in reader.unread()) for reader in readers]
    told = owner.unread("edited")[-1].text
    twice = int(re.search(r"At most (\d+)", told)[1])
    assert 0 not in got
    assert sum(copies > 1 for copies in got) <= twice <= unsure
    assert f": {len(readers)} people got it." in told
    return told


def test_people_come_and_go(people, chat):
    ada = chat.user("Ada")
    ada.send("/start", {"photo": b"x"}, "/subscribe", "/subscribe")
    assert people == {ada.user["id"]}
    ada.send("/unsubscribe", "/unsubscribe")
    assert people == set()
    assert [message.text for message in ada.unread()] == [
        *(["/subscribe to the newsletter."] * 2),
        *(["You get the newsletter now. /unsubscribe ends that."] * 2),
        *(["You don't get the newsletter any more."] * 2),
    ]


def test_blocking_the_bot_ends_the_subscription(people, chat, bot):
    ada = chat.user("Ada")
    ada.send("/subscribe")
    began = {"chat": ada.chat, "new_chat_member": {"status": "member"}}
    assert bot.reply({"my_chat_member": began}) == []
    assert people == {ada.user["id"]}
    ada.block()
    assert people == set()


def test_a_group_gets_no_answer(people, chat):
    ada = chat.group("Readers").user("Ada")
    ada.send("/subscribe")
    assert (ada.unread(), people) == ([], set())


def test_only_the_owner_sends(owner, chat, bot, schedules):
    ada = chat.user("Ada")
    ada.send("/stop")
    ada.send("/send", reply_to=ada.send("News!"))
    assert {message.text for message in ada.unread()} == {"/subscribe to the newsletter."}
    assert (tap(bot, ada), len(schedules)) == ("Only the owner can send it.", 0)
    owner.send("/send", "hello")
    help = "Answer the message that all should get with /send."
    assert [message.text for message in owner.unread()] == [help, help]


def test_newsletter_is_sent_once_in_several_steps(chat, owner, readers, bot, monkeypatch):
    monkeypatch.setattr("copies.MARGIN_SECONDS", 294)  # of 300: there is time for some forty
    news = owner.send("News!")
    owner.send("/send", reply_to=news)
    asked = owner.unread()[-1]
    assert (asked.text, asked.buttons) == ("Should all get this message?", ["Send it to 60"])
    assert asked.reply_to_message.message_id == news.message_id
    for _ in range(2):
        owner.press("Send it to 60")
        assert owner.receive("answer").text == BEGINS
    assert begin(owner, "Others") == "Another one is under way. /stop ends it."
    chat.advance(3600)
    assert report(owner, readers) == (
        "Done: 60 people got it. Off the list: 0 who are gone or have blocked the bot. "
        "Without it: 0 who can't get it, 0 out of reach. At most 0 got it twice."
    )
    assert 429 not in {call.status for call in chat.telegram.calls}
    assert tap(bot, owner, asked.message_id).startswith("It is over.")
    assert begin(owner, "Others") == BEGINS
    chat.advance(3600)
    report(owner, readers, "Others")


def test_question_shows_the_progress(chat, owner, readers, monkeypatch):
    monkeypatch.setattr("newsletter.SHOW_SECONDS", 0)
    begin(owner)
    chat.advance(3600)
    shown = [message.text for message in owner.unread("edited")]
    assert shown[:2] == [f"{sent} of 60 got it so far. /stop ends it." for sent in (0, 25)]


def test_newsletter_survives_failing_telegram(chat, owner, readers, people):
    readers.pop().block()
    gone = readers.pop()
    gone.block()
    people.add(gone.user["id"])
    begin(owner)
    for kind, times in (("429", 3), ("500", 40), ("silence", 2), ("lost", 2)):
        chat.fails(kind, times, method="copyMessage")
    chat.advance(7200)
    told = report(owner, readers, unsure=44)
    assert "Off the list: 1 who are gone or have blocked the bot." in told
    assert "0 who can't get it, 0 out of reach" in told
    assert people == {reader.user["id"] for reader in readers}


def test_person_out_of_reach_is_reported(chat, owner, readers, people):
    people -= {reader.user["id"] for reader in readers[1:]}
    begin(owner)
    chat.fails("500", 10**6, method="copyMessage")
    chat.advance(7200)
    told = owner.unread("edited")[-1].text
    assert told.startswith("Done: 0 people got it.") and "1 out of reach" in told


def test_container_may_crash_at_every_operation(chat, owner, readers, people, crash_at):
    people -= {reader.user["id"] for reader in readers[4:]}
    for number in range(1, 60):
        begin(owner, text := f"News {number}")
        crash_at(number, 2 * number)  # the second one in a later step
        crashed = 0
        for _ in range(3):
            try:
                chat.redrive()  # it also has the queue's messages delivered
                chat.advance(7200)
            except Crashed:
                crashed += 1
        crash_at()
        report(owner, readers[:4], text, unsure=25 * crashed)
        if not crashed:
            break
    assert 15 < number < 59


def test_duplicate_event_sends_nothing(chat, owner, readers, schedules, monkeypatch):
    monkeypatch.setattr("copies.MARGIN_SECONDS", 295.2)  # of 300: there is time for 20
    begin(owner)
    [step] = schedules.values()
    for seconds in (350, 3600):  # after two steps, and at the end
        chat.advance(seconds)
        before = len(chat.telegram.calls)
        chat.event(step.event)
        assert len(chat.telegram.calls) == before
    report(owner, readers)


def test_step_whose_first_invocation_died_is_left_to_the_next(chat, owner, readers, crash_at):
    begin(owner)
    crash_at(3)  # once the next step is scheduled
    with suppress(Crashed):
        chat.advance(30)
    chat.redrive()
    assert "News!" not in [message.text for message in readers[0].unread()]
    chat.advance(3600)
    report(owner, readers)


def test_pause_that_telegram_asks_for_is_kept(chat, owner, readers):
    begin(owner)
    longer = {"retry_after": 400}  # than a step
    chat.telegram.faults.append(Fault("refuse", 1, 429, "x", longer, ("copyMessage",)))
    chat.advance(3600)
    report(owner, readers)
    began = owner.unread()[-1].date
    assert min(reader.unread()[-1].date for reader in readers) >= began + 400


def test_the_owner_stops_an_issue(chat, owner, readers, bot, monkeypatch):
    begin(owner)
    monkeypatch.setattr("subscribers.remove", lambda person: bot.newsletter.stop())
    chat.fails("403", method="copyMessage")
    chat.advance(3600)
    assert owner.unread("edited")[-1].text.startswith("Stopped: 49 people got it.")


def test_copies_are_sent_while_others_wait_for_their_answers(bot, monkeypatch):
    copies = bot.newsletter.Copies(OWNER, 9, ready=0)
    # Each waits for all others: one at a time, none would ever be answered.
    together = threading.Barrier(bot.newsletter.THREADS, timeout=60)

    class Client:
        def __init__(self):
            assert copies.turn.locked()

        def post(self, *call):
            together.wait()

    monkeypatch.setattr("copies.telegram.client", Client)
    with bot.newsletter.ThreadPoolExecutor(bot.newsletter.THREADS) as pool:
        assert set(pool.map(copies.send, range(bot.newsletter.THREADS))) == {"sent"}


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
