"""A bot with all that demo --direct and demo must play alike."""

from datetime import UTC, datetime, timedelta

from botkit import conversation, schedule

SESSION = "chat_user"
RATE_LIMIT = (3, 86_400)
ALLOWED_UPDATES = ["message"]


def say(message, text):
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]


def order(message):
    size = yield conversation.ask("size", say(message, "S or M?"), choices=["S", "M"])
    return say(message, f"{size}. Thank you!")


def answer(update, session):
    message = update["message"]
    session["asked"] = session.get("asked", 0) + 1
    match message.get("text"):
        case "later":
            at = datetime.fromtimestamp(message["date"], UTC) + timedelta(hours=1)
            schedule.once(say(message, "Tea")[0], at, "tea")
        case "every":
            schedule.cron(say(message, "Happy new year")[0], "0 9 1 1 ? *", "UTC", "year")
    return say(message, f"{session['asked']}")


def on_rate_limit(update):
    return say(update["message"], "Tomorrow!")


reply = conversation.handler({"/order": order}, answer)
