"""The bot of all that is switched on: it counts, it writes later, and it fails until a repair."""

from datetime import UTC, datetime, timedelta

from botkit import schedule

RELEASE = "first"


def reply(update, session):
    message = update["message"]
    answer = {"method": "sendMessage", "chat_id": message["chat"]["id"]}
    if message["text"] == "fail" and RELEASE != "repaired":
        raise ValueError("as it was asked to")
    if message["text"] == "later":
        at = datetime.now(UTC) + timedelta(seconds=5)
        schedule.once({**answer, "text": f"{RELEASE}: it is later"}, at, "acceptance")
    text = message["text"]
    if text == "count":
        session["count"] = session.get("count", 0) + 1
        text = f"count {session['count']}"
    return [{**answer, "text": f"{RELEASE}: {text}"}]


ALLOWED_UPDATES = ["message"]
QUEUED_UPDATES = ["message"]
SESSION = "chat"
