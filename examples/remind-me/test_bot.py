"""Tests of the bot: updates and sessions in, calls and what waits out."""

import copy
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

# Thursday, 26 November 2026, 12:00 in UTC, 13:00 in Berlin.
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
BERLIN = {"zone": "Europe/Berlin"}
CHAT = {"id": -42, "type": "supergroup"}


def say(bot, text, session, written=NOON, id=7, **content):
    """Write to the bot in the chat, and return what it answers."""
    about = {"message_id": id, "date": int(written.timestamp()), "chat": CHAT, **content}
    [call] = bot.reply({"message": {**about, "text": text}}, session)
    assert (call["method"], call["chat_id"]) == ("sendMessage", -42)
    return call


def local(year, month, day, hour, minute=0, zone="Europe/Berlin"):
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone))


TIMES = {
    "20m": ("20m tea", {}, local(2026, 11, 26, 12, 20, "UTC"), "Thu 26 Nov 2026 at 12:20 (UTC)"),
    "1d2h3m": ("1d2h3m tea", BERLIN, local(2026, 11, 27, 15, 3), "Fri 27 Nov 2026 at 15:03"),
    "0m": ("0m tea", BERLIN, local(2026, 11, 26, 13), "Thu 26 Nov 2026 at 13:00"),
    "today": ("18:30 tea", BERLIN, local(2026, 11, 26, 18, 30), "Thu 26 Nov 2026 at 18:30"),
    "tomorrow": ("9:05 tea", BERLIN, local(2026, 11, 27, 9, 5), "Fri 27 Nov 2026 at 09:05"),
    "not now, but tomorrow": ("13:00 tea", BERLIN, local(2026, 11, 27, 13), "Fri 27 Nov"),
    "this minute, elsewhere": ("13:00 tea", {}, local(2026, 11, 26, 13, 0, "UTC"), "Thu 26 Nov"),
    "a weekday": ("Mon 9:00 tea", BERLIN, local(2026, 11, 30, 9), "Mon 30 Nov 2026 at 09:00"),
    "later that day": ("thu 18:30 tea", BERLIN, local(2026, 11, 26, 18, 30), "Thu 26 Nov"),
    "years later": ("999d tea", BERLIN, local(2029, 8, 21, 14), "Tue 21 Aug 2029 at 14:00"),
    "a week later": ("thu 9:00 tea", BERLIN, local(2026, 12, 3, 9), "Thu 03 Dec 2026 at 09:00"),
}


@pytest.mark.parametrize(("text", "session", "at", "told"), TIMES.values(), ids=TIMES)
def test_a_reminder_waits_until_its_time(bot, schedules, text, session, at, told):
    session = {**session}
    assert told in say(bot, f"/remind@a_bot {text}", session)["text"]
    [(name, scheduled)] = schedules.items()
    assert (name, scheduled.at) == ("-42.7", at)
    assert scheduled.event == {
        "method": "sendMessage",
        "chat_id": -42,
        "text": "⏰ tea",
        "reply_parameters": {"message_id": 7, "allow_sending_without_reply": True},
    }
    assert session["reminders"] == {"7": [int(at.timestamp()), "tea"]}


# The clocks in Berlin go back on 25 October 2026, and forward on 28 March 2027, at night.
AGAIN = local(2026, 10, 25, 2, 40).replace(fold=1)
CHANGES = {
    "a day by the clock": ("18:00 x", local(2026, 10, 24, 19), local(2026, 10, 25, 18)),
    "24 hours": ("24h x", local(2026, 10, 24, 19), local(2026, 10, 25, 18)),
    "in the hour that comes again": ("2:50 x", AGAIN, AGAIN.replace(minute=50)),
    "an hour": ("1h x", local(2027, 3, 28, 1, 30), local(2027, 3, 28, 3, 30)),
}


@pytest.mark.parametrize(("text", "written", "at"), CHANGES.values(), ids=CHANGES)
def test_the_clocks_change(bot, schedules, text, written, at):
    say(bot, f"/remind {text}", {**BERLIN}, written)
    assert schedules["-42.7"].at.timestamp() == at.timestamp()


@pytest.mark.parametrize(
    ("command", "texts"),
    [
        (
            "/remind",
            ["", "20m", "tea", "25:00 tea", "12:60 tea", "fri tea", "fri 20m tea", "٢m tea"],
        ),
        ("/every", ["", "mon", "mon 9:00", "20m tea", "mon 25:00 tea"]),
    ],
)
def test_invalid_reminder_gets_the_help(bot, schedules, command, texts):
    session = {}
    for text in texts:
        assert say(bot, f"{command} {text}", session)["text"] == bot.HELP
    assert (schedules, schedules.recurring, session) == ({}, {}, {})


def test_a_reminder_stays_in_its_topic(bot, schedules):
    say(bot, "/remind 1m tea", {}, is_topic_message=True, message_thread_id=5)
    assert schedules["-42.7"].event["message_thread_id"] == 5


def test_reminders_are_listed_and_cancelled(bot, schedules):
    session = {**BERLIN}
    say(bot, "/remind 9:00 report", session, id=8)
    say(bot, "/remind 20m tea", session, id=7)
    shown = say(bot, "/reminders", session)
    assert shown["text"] == "Tap a reminder to cancel it:"
    buttons = [
        [{"text": "✕ Thu 26 Nov 2026 13:20 tea", "callback_data": "7"}],
        [{"text": "✕ Fri 27 Nov 2026 09:00 report", "callback_data": "8"}],
    ]
    assert shown["reply_markup"] == {"inline_keyboard": buttons}

    post = {"message_id": 9, "chat": CHAT, "date": 0}
    query = {"id": "777", "message": post, "data": "7"}
    for told in ("Cancelled.", "This one no longer waits."):
        edit, answer = bot.reply({"callback_query": query}, session)
        assert (edit["method"], edit["chat_id"], edit["message_id"]) == ("editMessageText", -42, 9)
        assert answer["text"] == told
        assert list(schedules) == ["-42.8"]
        assert list(session["reminders"]) == ["8"]


def test_a_press_that_runs_again_is_answered_alike(bot, schedules):
    """When another container has changed the session: Scheduler has forgotten by then."""
    session = {}
    say(bot, "/remind 20m tea", session, datetime.now(UTC))
    query = {"id": "777", "message": {"message_id": 9, "chat": CHAT, "date": 0}, "data": "7"}
    answers = [bot.reply({"callback_query": query}, copy.deepcopy(session)) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0][1]["text"] == "Cancelled."


@pytest.mark.parametrize(
    ("text", "cron", "title"),
    [
        ("Mon 9:00 report", "0 9 ? * MON *", "mon 09:00"),
        ("23:05 report", "5 23 ? * * *", "every day 23:05"),
    ],
)
def test_a_reminder_recurs_until_it_is_cancelled(bot, schedules, text, cron, title):
    session = {**BERLIN}
    told = say(bot, f"/every {text}", session)["text"]
    assert told == f"I will remind you: {title} (Europe/Berlin)."
    call = {"method": "sendMessage", "chat_id": -42, "text": "⏰ report"}
    [(name, recurring)] = schedules.recurring.items()
    assert (name, recurring.cron, recurring.zone) == ("-42.7", cron, "Europe/Berlin")
    assert recurring.event == call
    shown = say(bot, "/reminders", session)
    button = {"text": f"✕ {title} report", "callback_data": "every 7"}
    assert shown["reply_markup"]["inline_keyboard"] == [[button]]

    post = {"message_id": 9, "chat": CHAT, "date": 0}
    query = {"id": "777", "message": post, "data": button["callback_data"]}
    for told in ("Cancelled.", "This one no longer waits."):
        edit, answer = bot.reply({"callback_query": query}, session)
        assert (edit["text"], answer["text"]) == ("Nothing waits.", told)
        assert schedules.recurring == {}


def test_past_reminder_is_no_longer_listed(bot, schedules):
    session = {}
    say(bot, "/remind 20m tea", session)
    shown = say(bot, "/reminders", session, local(2026, 11, 26, 12, 20, "UTC"))
    assert (shown["text"], shown["reply_markup"]) == ("Nothing waits.", {"inline_keyboard": []})


def test_a_chat_has_only_so_many(bot, schedules):
    session = {"reminders": {str(id): [10**10, "tea"] for id in range(49)}}
    assert "every day 09:00" in say(bot, "/every 9:00 tea", session)["text"]
    for command in ("/every 9:00 tea", "/remind 20m tea"):
        told = say(bot, command, session, id=99)["text"]
        assert told == "50 reminders wait already: /reminders cancels some."
    assert (list(schedules), list(schedules.recurring)) == ([], ["-42.7"])


def test_list_has_the_beginning_of_a_long_text(bot, schedules):
    session = {}
    say(bot, "/remind 20m " + "語" * 4080, session)
    say(bot, "/every 9:00 " + "語" * 4080, session, id=8)
    assert session["reminders"]["7"][1] == "語" * 40
    assert session["every"] == {"8": "every day 09:00 " + "語" * 40}
    assert schedules["-42.7"].event["text"] == "⏰ " + "語" * 4080


def test_the_zone_is_kept(bot, schedules):
    session = {}
    assert say(bot, "/zone Asia/Kolkata", session)["text"] == "All times are now in Asia/Kolkata."
    assert session == {"zone": "Asia/Kolkata"}
    for unknown in ("", "Europe", "Atlantis/Poseidonis", "../../etc/passwd", "Europe/Ber lin"):
        assert say(bot, f"/zone {unknown}", session)["text"].startswith("Which one?")
    assert session == {"zone": "Asia/Kolkata"}


def test_other_messages(bot, schedules):
    assert say(bot, "/start", {})["text"] == say(bot, "/help", {})["text"] == bot.HELP
    assert bot.reply({"message": {"message_id": 7, "chat": CHAT, "text": "tea"}}, {}) == []
    assert bot.reply({"message": {"message_id": 7, "chat": CHAT, "photo": []}}, {}) == []


def test_people_hear_of_a_failure(chat, bot, monkeypatch):
    ada = chat.user("Ada")
    ada.send("/every 9:00 tea", "/reminders")
    monkeypatch.setattr(bot, "shown", lambda *arguments: 1 / 0)
    for act in (lambda: ada.send("/reminders"), lambda: ada.press("✕ every day 09:00 tea")):
        with pytest.raises(ZeroDivisionError):
            act()
    assert [ada.unread()[-1].text, ada.receive("answer").text] == [bot.FAILED, bot.FAILED]
