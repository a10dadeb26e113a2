"""A bot that splits a group's bills: /join, /paid, and each Friday what is owed then.

Each group has a ledger: a session under its chat's id. A dialogue is in the session of a person in
a chat. The page shows a ledger to the members of its group.
"""

import os
import re
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

from botkit import conversation, schedule, telegram
from botkit import session as sessions
from botkit.commands import command_in
from botkit.conversation import ask, ask_message, keep
from botkit.errors import Refused

PAGE = os.environ["MINI_APP_URL"]
FRIDAYS = "0 18 ? * FRI *"
AMOUNT = re.compile(r"\d{1,6}([.,]\d\d)?", re.ASCII)
GROUP = re.compile(r"-\d{1,20}", re.ASCII)
MOST = 50  # people who share the bills of a group

HELP = """Add me to a group. There,
/join – share the group's bills from now on
/paid – tell what you paid for all
/debts – who owes what
/zone Europe/Berlin – remind the group each Friday at 18:00 there"""
RECEIPTS = "Reply with the receipts: a photo or an album. Or with any word, if you have none."
SESSION = "chat_user"
TOGETHER = "albums"
LIMIT = (30, 60)  # updates of a person in a minute
HANDLED = ["message"]
COMMANDS = {
    "join": "Share the group's bills",
    "paid": "Tell what you paid",
    "debts": "Who owes what",
    "zone": "Remind the group each Friday",
}


def paid(message):
    """Ask for an amount and the receipts, then share what was paid among all who have joined."""
    payer = str(message["from"]["id"])
    if not (yield keep("has joined", lambda: payer in ledger_of(message)["people"])):
        return [say(message, "/join first.")]
    for number in count(1):
        text = yield ask(f"amount {number}", [say(message, "How much? Such as 12.50")])
        if AMOUNT.fullmatch(text):
            break
    sent = yield ask_message("receipts", [say(message, RECEIPTS)])
    photos = sum("photo" in part for part in sent.get("together", [sent]))
    cents = int(100 * Decimal(text.replace(",", ".")))
    debts = yield keep("debts", lambda: book(message, payer, cents))
    name = message["from"]["first_name"]
    return [say(message, f"{name} paid {price(cents)} (receipts: {photos}).\n{debts}")]


def book(message, payer, cents):
    change(message, "share", lambda ledger: share(ledger, payer, cents))
    return owed(ledger_of(message))


def otherwise(update, session):
    message = update["message"]
    _, _, rest = message.get("text", "").partition(" ")
    command = command_in(message.get("text"))
    if message["chat"]["type"] == "private":
        return [say(message, HELP) | (button(rest) if GROUP.fullmatch(rest) else {})]
    match command:
        case "join":
            return [say(message, change(message, "join", lambda all: join(all, message["from"])))]
        case "debts":
            link = (
                f"https://t.me/{telegram.call('getMe')['username']}?start={message['chat']['id']}"
            )
            return [say(message, f"{owed(ledger_of(message))}\n{link}")]
        case "zone":
            return [say(message, remind(message, rest))]
        case "start" | "help":
            return [say(message, HELP)]
    return []


dialogue = conversation.reply_with({"/paid": paid}, otherwise)


def reply(update, session):
    if "from" not in update["message"] or "sender_chat" in update["message"]:
        return []  # a group or channel as which somebody writes shares no bill
    if update["message"]["chat"]["type"] == "private":
        return otherwise(update, session)
    return dialogue(update, session)


def on_limit(update):
    return [say(update["message"], "Please wait a minute.")]


def on_failure(update):
    return [say(update["message"], "Sorry, something went wrong.")]


def on_event(event):
    """Tell a group its debts, as they are now: schedule.cron has scheduled this."""
    ledger = read(event["group"])
    if not any(person["balance"] for person in ledger["people"].values()):
        return []
    return [{"method": "sendMessage", "chat_id": event["group"], "text": owed(ledger)}]


def on_request(request):
    """Answer the page: GET /debts of a group, for its members."""
    group = request["query"].get("group", "")
    if request["path"] != "/debts" or not GROUP.fullmatch(group):
        return 404, {"message": "Which group? Write /debts there, and follow the link."}
    try:
        member = telegram.call("getChatMember", chat_id=int(group), user_id=request["user"]["id"])
    except Refused as refusal:
        if refusal.code == 429:
            raise
        member = {"status": "left"}
    if member["status"] in ("left", "kicked"):
        return 403, {"message": "These debts are for the members of the group only."}
    return {"people": [*read(group)["people"].values()], "debts": owed(read(group))}


def say(message, text):
    call = {"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}
    if message.get("is_topic_message"):
        call["message_thread_id"] = message["message_thread_id"]
    return call


def button(group):
    shown = {"text": "Debts", "web_app": {"url": f"{PAGE}?group={group}"}}
    return {"reply_markup": {"inline_keyboard": [[shown]]}}


def remind(message, zone):
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        return "Which zone? Such as /zone Europe/Berlin"
    group = message["chat"]["id"]
    schedule.cron({"group": group}, FRIDAYS, zone, f"{group}.debts")
    return f"Each Friday at 18:00 ({zone}) I tell what is owed then."


# The ledger: for each person a name and a balance in cents, which are 0 in all.


def read(group):
    return {"people": {}} | sessions.read(str(group))


def ledger_of(message):
    return read(message["chat"]["id"])


def change(message, name, function):
    """Change a group's ledger once for this update, also if it is delivered again."""
    return sessions.change(str(message["chat"]["id"]), function, once=name)


def join(ledger, user):
    people = ledger.setdefault("people", {})
    if str(user["id"]) not in people and len(people) == MOST:
        return f"{MOST} people share already."
    people.setdefault(str(user["id"]), {"name": user["first_name"], "balance": 0})
    return f"{len(people)} of you share the bills from now on."


def share(ledger, payer, cents):
    """Share what was paid: odd cents go to those who joined first."""
    people = ledger["people"]
    for number, person in enumerate(people.values()):
        person["balance"] -= cents // len(people) + (number < cents % len(people))
    people[payer]["balance"] += cents


def owed(ledger):
    """Return who owes whom, with few payments: the largest debt goes to the largest claim."""
    balances = {id: person["balance"] for id, person in ledger["people"].items()}
    lines = []
    while any(balances.values()):
        debtor, claimant = min(balances, key=balances.get), max(balances, key=balances.get)
        cents = min(-balances[debtor], balances[claimant])
        balances[debtor] += cents
        balances[claimant] -= cents
        names = [ledger["people"][id]["name"] for id in (debtor, claimant)]
        lines.append(f"{names[0]} owes {names[1]} {price(cents)}")
    return "\n".join(lines) or "Nobody owes anything."


def price(cents):
    return f"{cents // 100}.{cents % 100:02} €"
