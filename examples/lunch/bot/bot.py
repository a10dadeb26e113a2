"""A bot that collects a group's orders for lunch: /lunch posts a list, with a link to order.

A lunch is a session with the orders of all. Its key is in the link, where anyone can write another
one, so who reads or orders must be a member of the lunch's group.
"""

import json
import os
import re
import time
from pathlib import Path

from botkit import session as sessions
from botkit import telegram
from botkit.commands import command_in
from botkit.errors import BotkitError, TelegramError

PAGE = os.environ["MINI_APP_URL"]
MENU = json.loads(Path(__file__).with_name("menu.json").read_bytes())  # prices in cents
DISHES = {dish["id"]: dish for dish in MENU}

OPEN = 12 * 3600  # seconds that a lunch takes orders
MAX_OF_A_DISH = 9  # of a dish, for a person
LUNCH = re.compile(r"-\d{1,20}_\d{1,20}", re.ASCII)  # "chat_message", of the message /lunch

HELP = "Add me to a group and write /lunch there. Everyone in it can order, and sees the list."
HERE = "Choose your lunch. Your group sees the list."
OVER = "This lunch is over. Write /lunch in your group for a new one."
NONE = "Which lunch? Tap “Order” below the list in your group."
STRANGER = "This lunch is for the members of its group only."
FAILED = "Sorry, something went wrong."

COMMANDS = {"lunch": "Ask the group what it wants for lunch"}


def SESSION(update):
    """A lunch has a session, and nothing else has."""
    message = update["message"]
    is_group = message["chat"]["type"] != "private"
    is_lunch = is_group and command_in(message.get("text")) == "lunch"
    return f"{message['chat']['id']}_{message['message_id']}" if is_lunch else None


def reply(update, session):
    message = update["message"]
    chat = message["chat"]
    _, _, rest = message.get("text", "").partition(" ")
    if chat["type"] == "private":
        lunch = rest if command_in(message.get("text")) == "start" else ""
        return [{"method": "sendMessage", "chat_id": chat["id"], **offer(lunch)}]
    if command_in(message.get("text")) == "lunch":
        begin(message, telegram.call("getMe")["username"], session)
    return []


ALLOWED_UPDATES = {"message": reply}


def on_error(update):
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": FAILED}]


def offer(lunch):
    """Return the message with the button that opens the page."""
    if not LUNCH.fullmatch(lunch):
        return {"text": HELP}
    button = {"text": "Order", "web_app": {"url": f"{PAGE}?lunch={lunch}"}}
    return {"text": HERE, "reply_markup": {"inline_keyboard": [[button]]}}


def begin(message, me, lunch):
    """Post the list of a new lunch, whose session is still empty."""
    chat = message["chat"]
    id = f"{chat['id']}_{message['message_id']}"
    lunch |= {"id": id, "chat": chat["id"], "group": chat["title"], "orders": {}}
    lunch |= {"link": f"https://t.me/{me}?start={id}", "until": int(time.time()) + OPEN}
    params = {"chat_id": chat["id"], **content(lunch)}
    if message.get("is_topic_message"):
        params["message_thread_id"] = message["message_thread_id"]
    lunch["post"] = telegram.call("sendMessage", **params)["message_id"]  # to edit it later


def on_request(request):
    """Answer the page: GET /menu, and POST /order with {id of a dish: how many}."""
    asked = (request["method"], request["path"])
    if asked not in (("GET", "/menu"), ("POST", "/order")):
        return 404, {"message": "There is nothing here."}
    user, id = request["user"], request["query"].get("lunch", "")
    if not LUNCH.fullmatch(id):
        return 404, {"message": NONE}
    lunch = read(id)
    if not lunch:
        return 404, {"message": OVER}
    if not is_member(lunch["chat"], user["id"]):
        return 403, {"message": STRANGER}
    listed = True
    if asked == ("POST", "/order"):
        try:
            dishes = checked(request["body"])
        except ValueError as error:
            return 400, {"message": str(error)}
        lunch = write(id, user, dishes)
        if not lunch:
            return 404, {"message": OVER}
        listed = show(lunch)
    mine = lunch["orders"].get(str(user["id"]), {"dishes": {}})
    orders = sorted(lunch["orders"].values(), key=lambda order: order["name"].casefold())
    return {
        "group": lunch["group"],
        "menu": MENU,
        "most": MAX_OF_A_DISH,
        "mine": mine,
        "orders": orders,
        "listed": listed,  # whether the group also sees it
    }


def is_member(chat, person):
    """Tell whether a person is in a group now. Raises TelegramError at a rate limit."""
    try:
        member = telegram.call("getChatMember", chat_id=chat, user_id=person)
    except TelegramError as refusal:
        if refusal.error_code == 429:
            raise
        return False  # of a person that the bot doesn't know, or of a group that it isn't in
    if member["status"] == "restricted":
        return member["is_member"]
    return member["status"] in ("creator", "administrator", "member")


def checked(body):
    """Return an order that the page sent. Raises ValueError with the rule."""
    if not isinstance(body, dict):
        raise ValueError("An order is {id of a dish: how many}.")
    for dish, number in body.items():
        if dish not in DISHES:
            raise ValueError(f"{dish[:40]!r} isn't on the menu.")
        if type(number) is not int or not 0 <= number <= MAX_OF_A_DISH:
            raise ValueError(f"Order 0 to {MAX_OF_A_DISH} of {DISHES[dish]['name']}.")
    return {dish: number for dish, number in body.items() if number}


# The orders.


def read(id):
    """Return a lunch that takes orders, or None."""
    lunch = sessions.read(id)
    return lunch if lunch.get("until", 0) > time.time() else None


def write(id, user, dishes):
    """Put a person's order in the place of their last one, and return the lunch; None if it's over.

    An order without dishes takes the last one back.
    """

    def put(lunch):
        if lunch.get("until", 0) <= time.time():
            return None
        lunch["orders"].pop(str(user["id"]), None)
        if dishes:
            lunch["orders"][str(user["id"])] = {"name": user["first_name"], "dishes": dishes}
        return lunch

    return sessions.change(id, put)


# The list in the group.


def show(lunch):
    """Edit the list in the group, and tell whether it is up to date.

    Edits after two orders at the same time may arrive in the wrong order: so look again.
    """
    shown = None
    while lunch and lunch["orders"] != shown:
        place = {"chat_id": lunch["chat"], "message_id": lunch["post"]}
        try:
            telegram.call("editMessageText", **place, **content(lunch))
        except BotkitError as error:
            # The order is taken. Telegram may limit how often a list is edited, or it was deleted.
            print(f"the list wasn't edited: {error}")
            return False
        shown, lunch = lunch["orders"], read(lunch["id"])
    return True


def content(lunch):
    """Return the text of a list, and the button below it."""
    orders = sorted(lunch["orders"].values(), key=lambda order: order["name"].casefold())
    text = "Lunch! What would you like?"
    if orders:
        counts = [(d, sum(order["dishes"].get(d, 0) for order in orders)) for d in DISHES]
        total = sum(number * DISHES[dish]["price"] for dish, number in counts)
        lines = [f"{number}× {DISHES[dish]['name']}" for dish, number in counts if number]
        text = "\n".join([f"Lunch for {len(orders)}, {price(total)}", "", *lines, ""])
        text = "\n".join([text, *map(line, orders)])
    button = {"text": "Order", "url": lunch["link"]}
    return {"text": text, "reply_markup": {"inline_keyboard": [[button]]}}


def line(order):
    """Return a person's line in the list."""
    what = ", ".join(f"{n}× {DISHES[dish]['name']}" for dish, n in order["dishes"].items())
    total = price(sum(n * DISHES[dish]["price"] for dish, n in order["dishes"].items()))
    return f"{order['name']}, {total}: {what}"


def price(cents):
    return f"€{cents // 100}.{cents % 100:02}"
