"""A bot that reminds: /remind 20m tea, /remind 18:30 call Ada, /every mon 9:00 report"""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from botkit import schedule
from botkit.commands import command_in

HELP = """What I can do:
/remind 20m tea
/remind 18:30 call Ada
/remind fri 9:00 report
/every mon 9:00 report – each Monday; without a day, each day
/reminders – what waits
/zone Europe/Berlin – where your clock is"""
PAUSE = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?", re.ASCII)
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MAX_REMINDERS = 50  # reminders in a chat
FULL = f"{MAX_REMINDERS} reminders wait already: /reminders cancels some."
FAILED = "Sorry, something went wrong."

# The chat's zone, the reminders that wait: id → [time, title], and those that recur: id → title.
SESSION = "chat"
ALLOWED_UPDATES = ["message", "callback_query"]
COMMANDS = {
    "remind": "Remind me",
    "every": "Remind me each week or day",
    "reminders": "What waits",
    "zone": "Set the time zone",
}


def reply(update, session):
    if "callback_query" in update:
        return on_press(update["callback_query"], session)
    message = update["message"]
    words = message.get("text", "").split()[1:]
    match command_in(message.get("text")):
        case "remind":
            return [send(message, remind(message, words, session))]
        case "every":
            return [send(message, recur(message, words, session))]
        case "reminders":
            return [{**send(message, ""), **shown(session, message["date"])}]
        case "zone":
            return [send(message, set_zone(words, session))]
        case "start" | "help":
            return [send(message, HELP)]
    return []


def on_error(update):
    if query := update.get("callback_query"):
        toast = {"callback_query_id": query["id"], "text": FAILED}
        return [{"method": "answerCallbackQuery", **toast}]
    return [send(update["message"], FAILED)]


def send(message, text):
    call = {"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}
    if message.get("is_topic_message"):
        call["message_thread_id"] = message["message_thread_id"]
    return call


def set_zone(words, session):
    try:
        session["zone"] = ZoneInfo(" ".join(words)).key
    except (KeyError, ValueError, OSError):  # also "Europe", a folder
        return "Which one? Write, for example: /zone Europe/Berlin"
    return f"All times are now in {session['zone']}."


def remind(message, words, session):
    # When it was written, since the message may arrive late, or twice.
    at, text = when(words, datetime.fromtimestamp(message["date"], zone(session)))
    if not (at and text):
        return HELP
    reminders = waiting(session, message["date"])
    if is_full(session, message["date"]):
        return FULL
    id = str(message["message_id"])
    call = send(message, f"⏰ {text}")
    call["reply_parameters"] = {"message_id": int(id), "allow_sending_without_reply": True}
    schedule.once(call, at, f"{call['chat_id']}.{id}")
    session["reminders"] = {**reminders, id: [int(at.timestamp()), text[:40]]}
    return f"I will remind you on {at:%a %d %b %Y at %H:%M} ({zone(session)})."


def recur(message, words, session):
    day = words.pop(0).lower() if words and words[0].lower() in DAYS else ""
    clock, text = CLOCK.fullmatch(words[0]) if words else None, " ".join(words[1:])
    if not (clock and text):
        return HELP
    if is_full(session, message["date"]):
        return FULL
    hour, minute = map(int, clock.groups())
    call, id = send(message, f"⏰ {text}"), str(message["message_id"])
    cron = f"{minute} {hour} ? * {day.upper() or '*'} *"
    schedule.cron(call, cron, zone(session).key, f"{call['chat_id']}.{id}")
    title = f"{day or 'every day'} {hour:02}:{minute:02}"
    session["every"] = {**session.get("every", {}), id: f"{title} {text[:40]}"}
    return f"I will remind you: {title} ({zone(session)})."


def is_full(session, now):
    return len(waiting(session, now)) + len(session.get("every", {})) >= MAX_REMINDERS


def when(words, now):
    """Return the time that the words begin with, if they do, and the text that follows."""
    day, rest = "", words
    if words and words[0].lower() in DAYS:
        day, rest = words[0].lower(), words[1:]
    first, text = rest[0] if rest else "", " ".join(rest[1:])
    if clock := CLOCK.fullmatch(first):
        days = (DAYS.index(day) - now.weekday()) % 7 if day else 0
        hour, minute = map(int, clock.groups())
        # The fold tells which one it is, in the hour that comes twice in autumn.
        at = datetime.combine(now + timedelta(days), time(hour, minute, fold=now.fold), now.tzinfo)
        return at if at > now else at + timedelta(7 if day else 1), text
    if first and not day and (pause := PAUSE.fullmatch(first)):
        days, hours, minutes = (int(part or 0) for part in pause.groups())
        pause = timedelta(days, hours=hours, minutes=minutes)
        return (now.astimezone(UTC) + pause).astimezone(now.tzinfo), text
    return None, text


def zone(session):
    return ZoneInfo(session.get("zone", "UTC"))


def waiting(session, now):
    return {id: each for id, each in session.get("reminders", {}).items() if each[0] > now}


def shown(session, now):
    """Return the text and the buttons of the list."""
    rows = []
    for id, (at, text) in sorted(waiting(session, now).items(), key=lambda item: item[1]):
        label = f"✕ {datetime.fromtimestamp(at, zone(session)):%a %d %b %Y %H:%M} {text}"
        rows.append([{"text": label, "callback_data": id}])
    for id, text in session.get("every", {}).items():
        rows.append([{"text": f"✕ {text}", "callback_data": f"every {id}"}])
    text = "Tap a reminder to cancel it:" if rows else "Nothing waits."
    return {"text": text, "reply_markup": {"inline_keyboard": rows}}


def on_press(query, session):
    message, now = query["message"], datetime.now(UTC).timestamp()
    kind, _, id = query["data"].rpartition(" ")
    place = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
    # When reply() runs again, only the session still has a cancelled reminder.
    listed = session.get("every", {}) if kind else waiting(session, now)
    waits = schedule.cancel(f"{place['chat_id']}.{id}") or id in listed
    session.get("every" if kind else "reminders", {}).pop(id, None)
    text = "Cancelled." if waits else "This one no longer waits."
    return [
        {"method": "editMessageText", **place, **shown(session, now)},
        {"method": "answerCallbackQuery", "callback_query_id": query["id"], "text": text},
    ]
