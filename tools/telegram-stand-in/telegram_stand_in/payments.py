"""Payments: invoices, the questions that a bot answers before it is paid, and refunds.

Nobody pays: a person who taps the button of an invoice has the money, and an address.
Source: https://core.telegram.org/bots/payments and https://core.telegram.org/bots/payments-stars
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .bot_api import QUERY_TOO_OLD
from .request import Request, bad, plays, user_of
from .sending import put
from .state import Bot, World

Json = dict[str, Any]

STARS = "XTR"  # the currency
MONTH = 2592000  # seconds: the only period of a subscription
MOST_A_MONTH = 10_000  # Telegram Stars
ANSWER_SECONDS = 10  # for a pre-checkout query
ADDRESS = {
    "country_code": "GB",
    "state": "",
    "city": "London",
    "street_line1": "1 Analytical Row",
    "street_line2": "",
    "post_code": "W1 1AA",
}
WANTED = {
    "name": "Ada Lovelace",
    "phone_number": "+15550100",
    "email": "ada@example.org",
    "shipping_address": ADDRESS,
}


@dataclass
class Checkout:
    """A payment that a person has begun. `invoice` are the parameters of sendInvoice."""

    bot: Bot
    user: Json
    chat: Json
    invoice: Json
    at: float = 0.0
    prices: list[Json] = field(default_factory=list)
    option: Json = field(default_factory=dict)  # the fields that name the shipping option
    kind: str = "invoice_payment"

    @property
    def about(self) -> Json:
        """The fields of every message and query about it."""
        total = sum(price["amount"] for price in self.prices)
        about = {"currency": self.invoice["currency"], "total_amount": total}
        wanted = {name: text for name, text in WANTED.items() if self.invoice.get(f"need_{name}")}
        info = {"order_info": wanted} if wanted else {}
        return {**about, "invoice_payload": self.invoice["payload"], **self.option, **info}


@plays("sendInvoice")
def _send_invoice(request: Request) -> Json:
    params = _checked(request)
    buttons = params.get("reply_markup", {}).get("inline_keyboard", [])
    if buttons and not buttons[0][0].get("pay"):
        raise bad("the first button of an invoice must be a Pay button")
    invoice = {
        "title": params["title"],
        "description": params["description"],
        "start_parameter": request.get("start_parameter", ""),
        "currency": params["currency"],
        "total_amount": sum(price["amount"] for price in params["prices"]),
    }
    message = put(request, {"invoice": invoice})
    request.world.invoices[message["chat"]["id"], message["message_id"]] = params
    return message


def _checked(request: Request) -> Json:
    params = request.params
    if not params["prices"]:
        raise bad("there must be at least one price")
    if params["currency"] != STARS and not params.get("provider_token"):
        raise bad("PAYMENT_PROVIDER_INVALID")
    if params["currency"] == STARS and len(params["prices"]) > 1:
        raise bad("an invoice in Telegram Stars must have exactly one price")
    return params


@plays("createInvoiceLink")
def _create_invoice_link(request: Request) -> str:
    params, stars = _checked(request), request.params["currency"] == STARS
    period = params.get("subscription_period")
    total = sum(price["amount"] for price in params["prices"])
    if period and (not stars or period != MONTH or total > MOST_A_MONTH):
        raise bad("SUBSCRIPTION_PERIOD_INVALID" if period != MONTH else "STARS_AMOUNT_INVALID")
    url = f"https://t.me/$stand-in{request.world.new_id()}"
    with request.world.changed:
        request.world.invoice_links[url] = request.bot, params
    return url


def begin_by_link(world: World, url: str, chat: Json, user: Json) -> str:
    """Pay by a link to an invoice, and return the id of the first query. Raises ValueError."""
    if url not in world.invoice_links:
        raise ValueError(f"there is no invoice at {url}")
    bot, invoice = world.invoice_links[url]
    return _begin(world, Checkout(bot, user, chat, invoice, prices=invoice["prices"]))


def buy_media(world: World, chat_id: int, message_id: int, user: Json) -> None:
    """Pay for the media of a message with Telegram Stars."""
    message = world.messages[chat_id, message_id]
    bot, payload = world.bot_by_id(message["from"]["id"]), world.media_payloads.get(message_id, "")
    price = {"label": "", "amount": message["paid_media"]["star_count"]}
    invoice = {"currency": STARS, "payload": payload}
    checkout = Checkout(bot, user, message["chat"], invoice, prices=[price])
    checkout.kind = "paid_media_payment"
    _charge(world, checkout)
    if payload:  # without one, Telegram doesn't tell
        world.send({"purchased_paid_media": {"from": user, "paid_media_payload": payload}}, bot)


def begin(world: World, chat_id: int, message_id: int, user: Json) -> str:
    """Pay an invoice, as a person does by its button, and return the id of the first query."""
    message = world.messages[chat_id, message_id]
    invoice = world.invoices[chat_id, message_id]
    bot = world.bot_by_id(message["from"]["id"])
    return _begin(world, Checkout(bot, user, message["chat"], invoice, prices=invoice["prices"]))


def _begin(world: World, checkout: Checkout) -> str:
    invoice, bot, user = checkout.invoice, checkout.bot, checkout.user
    if not (invoice.get("is_flexible") and invoice.get("need_shipping_address")):
        return _check_out(world, checkout)
    id = _keep(world, checkout)
    query = {"id": id, "from": user, "invoice_payload": invoice["payload"]}
    world.send({"shipping_query": {**query, "shipping_address": ADDRESS}}, bot)
    return id


def _keep(world: World, checkout: Checkout) -> str:
    checkout.at = world.now()
    id = world.new_id()
    with world.changed:
        world.checkouts[id] = checkout
    return id


def _check_out(world: World, checkout: Checkout) -> str:
    """Ask the bot whether it agrees to be paid."""
    id = _keep(world, checkout)
    query = {"id": id, "from": checkout.user, **checkout.about}
    world.send({"pre_checkout_query": query}, checkout.bot)
    return id


def _answered(request: Request, id: str) -> Checkout:
    """Return the payment that a query was about, which this answers."""
    with request.world.changed:
        checkout = request.world.checkouts.get(id)
        if checkout is None or checkout.bot is not request.bot:
            raise bad(QUERY_TOO_OLD)
        del request.world.checkouts[id]
    ok, text = request.params["ok"], request.get("error_message")
    if not ok and not text:
        raise bad("error_message must say why, where ok is False")
    request.change("answer", id=id, **({} if ok else {"text": text, "show_alert": True}))
    found: Checkout = checkout
    return found


@plays("answerShippingQuery")
def _answer_shipping_query(request: Request) -> bool:
    options = request.get("shipping_options", [])
    if request.params["ok"] and not options:
        raise bad("there must be at least one shipping option")
    checkout = _answered(request, request.params["shipping_query_id"])
    if request.params["ok"]:
        chosen = options[0]  # by a person who is in a hurry
        checkout.prices = [*checkout.prices, *chosen["prices"]]
        checkout.option = {"shipping_option_id": chosen["id"]}
        _check_out(request.world, checkout)
    return True


@plays("answerPreCheckoutQuery")
def _answer_pre_checkout_query(request: Request) -> bool:
    world = request.world
    checkout = _answered(request, request.params["pre_checkout_query_id"])
    if world.now() - checkout.at > ANSWER_SECONDS:  # bots answer as fast at any pace
        raise bad(QUERY_TOO_OLD)
    if request.params["ok"]:
        _say(world, checkout, successful_payment=_charge(world, checkout))
    return True


def _charge(world: World, checkout: Checkout) -> Json:
    """Keep a payment, and return it as a SuccessfulPayment."""
    charge = f"charge-{world.new_id()}"
    paid = {
        **checkout.about,
        "telegram_payment_charge_id": charge,
        "provider_payment_charge_id": f"provider-{charge}",
    }
    if period := checkout.invoice.get("subscription_period"):
        expires = int(world.now()) + period
        paid |= {"subscription_expiration_date": expires, "is_recurring": True}
        paid["is_first_recurring"] = True
    with world.changed:
        world.charges[charge] = {"paid": paid, "checkout": checkout, "date": int(world.now())}
    return paid


@plays("editUserStarSubscription")
def _edit_subscription(request: Request) -> bool:
    user, world = user_of(request), request.world
    charge = world.charges.get(request.params["telegram_payment_charge_id"], {"paid": {}})
    if "is_recurring" not in charge["paid"] or charge["checkout"].user["id"] != user["id"]:
        raise bad("CHARGE_NOT_FOUND")
    with world.changed:
        charge["canceled"] = request.params["is_canceled"]
    return True


def _say(world: World, checkout: Checkout, **content: Any) -> None:
    """Send a service message from a person's chat to the bot."""
    update = world.message(chat=checkout.chat, user=checkout.user, **content)
    world.send(update, checkout.bot)


@plays("refundStarPayment")
def _refund_star_payment(request: Request) -> bool:
    id = request.params["telegram_payment_charge_id"]
    user = user_of(request)
    world = request.world
    with world.changed:
        charge = world.charges.get(id)
        if charge is None or charge["checkout"].user["id"] != user["id"]:
            raise bad("CHARGE_NOT_FOUND")
        if charge["paid"]["currency"] != STARS:
            raise bad("only payments in Telegram Stars can be refunded")
        if "refunded" in charge:
            raise bad("CHARGE_ALREADY_REFUNDED")
        charge["refunded"] = int(world.now())
    paid, checkout = charge["paid"], charge["checkout"]
    names = ("currency", "total_amount", "invoice_payload", "telegram_payment_charge_id")
    refunded = {name: paid[name] for name in names}
    _say(world, checkout, refunded_payment=refunded)
    return True


@plays("getMyStarBalance")
def _get_my_star_balance(request: Request) -> Json:
    kept = [c for c in _in_stars(request) if "refunded" not in c]
    return {"amount": sum(charge["paid"]["total_amount"] for charge in kept)}


@plays("getStarTransactions")
def _get_star_transactions(request: Request) -> Json:
    found = []
    for charge in _in_stars(request):
        paid, partner = charge["paid"], {"type": "user", "user": charge["checkout"].user}
        kind = partner["transaction_type"] = charge["checkout"].kind
        about = {"id": paid["telegram_payment_charge_id"], "amount": paid["total_amount"]}
        name = "paid_media_payload" if kind == "paid_media_payment" else "invoice_payload"
        payload = {name: paid["invoice_payload"]}
        found.append({**about, "date": charge["date"], "source": {**partner, **payload}})
        if "refunded" in charge:
            found.append({**about, "date": charge["refunded"], "receiver": partner})
    offset = request.get("offset", 0)
    return {"transactions": found[offset : offset + request.get("limit", 100)]}


def _in_stars(request: Request) -> list[Json]:
    """Return the payments in Telegram Stars to a bot, the earliest first."""
    charges = list(request.world.charges.values())
    ours = [charge for charge in charges if charge["checkout"].bot is request.bot]
    return [charge for charge in ours if charge["paid"]["currency"] == STARS]
