"""The features of the table of pairs, as parts of small bots, and what people write to them.

A bot is BASE, the parts of its features, and END. What it says has the ids of the updates that it
answers: "plain 2/2 [7]" is the second of the two parts of the answer to update 7.
"""

from collections import namedtuple

from tests.support.stubs import QUEUE

# People: in a group, and in private chats.
OWNER, ASKED, GUEST, STRANGER = 7, 8, 11, 99
OTHER, FLOODER, UNLUCKY = 9, 10, 12
GROUP = -5
PRIVATE = (OTHER, FLOODER, UNLUCKY)
ALBUM = "album"  # in `says`: a photo. Those that follow one another are an album

BASE = """
ALLOWED_UPDATES = ["message"]
ANSWERS = {}


def ids_of(update):
    return [update["message"]["message_id"]]


def say(update, word, parts=1, more="", ids=None):
    texts = [f"{word} {n}/{parts} {ids or ids_of(update)}{more}" for n in range(1, parts + 1)]
    place = {"chat_id": update["message"]["chat"]["id"]}
    return [{"method": "sendMessage", **place, "text": text} for text in texts]


def plain(update, session):
    if session is None:
        return say(update, "plain", 2)
    session.setdefault("seen", []).extend(ids_of(update))
    return say(update, f"plain-{VERSION}-{len(session['seen'])}", 2)


def answer(update, session):
    word = update["message"].get("text", "").split(" ")[0]
    return ANSWERS.get(word, plain)(update, session)
"""
END = """

def reply(update, session=None):
    calls = answer(update, session)
    if IS_BROKEN:
        raise ValueError
    return calls
"""

# The key is in a table of the bot's own.
SESSION_FUNCTION = """
from botkit import session as sessions


def SESSION(update):
    message = update["message"]
    table = sessions.read("keys")
    return table.get("key", f"{message['chat']['id']}/{message['from']['id']}")
"""
CLEAR = """

def forget(update, session):
    session.clear()
    return say(update, "forgotten", 2)


ANSWERS["forget"] = forget
"""
# The last answer has the ids of the updates that led to it.
CONVERSATION = """
from botkit import conversation


def order(message):
    begun = {"message": message}
    sent = yield conversation.ask_message("photo", say(begun, "photo?"))
    sent = {"message": sent}
    day = yield conversation.ask("day", say(sent, "day?"))
    more = f" of {[*ids_of(begun), *ids_of(sent)]}"
    return say(begun, "ordered", more=more, ids=[int(day.split()[-1])])


answer = conversation.handler({"/order": order}, answer)
"""
ON_RATE_LIMIT = """
RATE_LIMIT = (3, 3600)


def on_rate_limit(update):
    if IS_BROKEN:
        raise ValueError
    return say(update, "wait")
"""
# What one person needs may be away while all others are answered.
UNLUCKY_ONES = """
from botkit.errors import Unreachable


def need(update, session):
    if IS_AWAY:
        raise Unreachable("a shop's API: HTTP 500")
    return say(update, "served")


ANSWERS["unlucky"] = need
"""
# A bot whose dead letters nobody redrives never answers it.
ON_ERROR = """

def fail(update, session):
    if IS_BROKEN or not IS_KEPT:
        raise ValueError
    return say(update, "repaired")


def on_error(update):
    return say(update, "sorry")


ANSWERS["fail"] = fail
"""
# The end of the answer is a model's, which simulation.py plays.
STREAM = """
from botkit import stream


def model():
    return ", whole."


def grow(update, session):
    def chunks():
        yield say(update, "grown")[0]["text"]
        if IS_BROKEN:
            raise ValueError
        yield model()

    return stream.answer(update["message"], chunks())


ANSWERS["grow"] = grow
"""
ONCE = """
from datetime import UTC, datetime, timedelta
from botkit import schedule


def remind(update, session):
    if IS_BROKEN:  # before it has an effect
        raise ValueError
    word = update["message"]["text"].split()[0]
    at = datetime.now(UTC) + timedelta(hours=1)
    schedule.once(say(update, "reminder")[0], at, f"{update['message']['from']['id']}.{word}")
    return say(update, "noted")


def cancel(update, session):
    was_there = schedule.cancel(f"{update['message']['from']['id']}.remind")
    return say(update, "cancelled", more=f" {was_there}")


ANSWERS |= {"remind": remind, "remind-too": remind, "cancel": cancel}
"""
CRON = """
from botkit import schedule


def every(update, session):
    name = f"{update['message']['from']['id']}.tea"
    schedule.cron(say(update, "tea")[0], "0 16 ? * * *", "Europe/Berlin", name)
    return say(update, "noted")


def stop(update, session):
    schedule.cancel(f"{update['message']['from']['id']}.tea")
    return say(update, "stopped")


ANSWERS |= {"every": every, "stop": stop}
"""
# The event has the message that asked for it. The bot itself makes its first call.
EVENT = """
from botkit import schedule, telegram
from botkit import session as sessions


def weekly(update, session):
    name = f"{update['message']['from']['id']}.debts"
    schedule.cron({"message": update["message"]}, "0 16 ? * * *", "Europe/Berlin", name)
    return say(update, "noted")


def settle(update, session):
    schedule.cancel(f"{update['message']['from']['id']}.debts")
    return say(update, "settled")


def on_event(event):
    if IS_BROKEN:
        raise ValueError
    sessions.change("debts", lambda kept: note(kept, event), once="note")
    [due] = say(event, "due")
    telegram.call(due.pop("method"), **due)
    return say(event, "debts", 2)


def note(kept, event):
    kept.setdefault("seen", []).append([event["at"], *ids_of(event)])


ANSWERS |= {"weekly": weekly, "settle": settle}
"""


# A feature: a part of bot.py, or settings of the function, or what happens to the bot. `says` is
# what a `person` writes to it in each of four phases. `session` is the SESSION that the bot has
# then, if the other feature has none.
Feature = namedtuple(
    "Feature", "part session settings says person", defaults=["", "", {}, (), OWNER]
)
QUEUED = {
    "QUEUE_URL": QUEUE,
    "SCHEDULE_GROUP": "bot",
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/bot-scheduler",
}

FEATURES = {
    "plain": Feature(says=(["a"], ["b"], ["c"], [])),
    "SESSION chat": Feature(session="chat"),
    "SESSION chat_user": Feature(session="chat_user"),
    "SESSION function": Feature(SESSION_FUNCTION, session="function"),
    "clear()": Feature(CLEAR, "chat", says=(["a", "forget"], ["forget"], [], ["b"])),
    "conversation": Feature(
        CONVERSATION,
        "chat_user",
        says=(
            ["/order"],
            ["Monday", "/order"],
            ["/order", "/start@another_bot", ALBUM],
            ["Friday"],
        ),
        person=ASKED,
    ),
    "RATE_LIMIT": Feature(
        ON_RATE_LIMIT, says=([], ["a", "b", ALBUM, ALBUM, "c", "d"], [], []), person=FLOODER
    ),
    "allowed_ids": Feature(
        settings={"ALLOWED_IDS": f"{OWNER},{ASKED},{GUEST},{OTHER},{FLOODER},{UNLUCKY}"},
        says=(["a"], ["b"], [], []),
        person=STRANGER,
    ),
    "queue": Feature('\nQUEUED_UPDATES = ["message"]\n', settings=QUEUED),
    "webhook mode": Feature(settings={"REPLY_MODE": "webhook"}),
    "dead letters": Feature(
        UNLUCKY_ONES, settings=QUEUED, says=([], ["unlucky"], [], []), person=UNLUCKY
    ),
    "on_error": Feature(ON_ERROR, says=([], ["fail"], ["a"], [])),
    "stream": Feature(STREAM, says=(["grow"], ["grow"], [], ["grow"])),
    "schedule.once": Feature(
        ONCE, settings=QUEUED, says=(["remind"], ["remind-too"], ["cancel"], [])
    ),
    "schedule.cron": Feature(CRON, settings=QUEUED, says=(["every"], [], [], ["stop"])),
    "event": Feature(EVENT, settings=QUEUED, says=(["weekly"], [], [], ["settle"])),
    "release": Feature(),
}

SESSIONS = ["SESSION chat", "SESSION chat_user", "SESSION function"]
# The bot itself makes the calls of these answers: it may not be known which were made. A reminder
# that came may be scheduled again.
OWN_CALLS = {"due", "grow", "grown", "reminder"}
