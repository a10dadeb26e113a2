"""Payments: invoices, the questions that a bot answers before it is paid, and refunds.

Nobody pays: a person who taps the button of an invoice has the money, and an address.
Source: https://core.telegram.org/bots/payments and https://core.telegram.org/bots/payments-stars
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .bot_api import QUERY_TOO_OLD
from .request import Request, bad, business_of, plays, user_of
from .sending import put
from .stars import move
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
    url: str = ""  # of the invoice, if it is a link

    @property
    def about(self) -> Json:
        """The fields of every message and query about it."""
        total = sum(price["amount"] for price in self.prices)
        about = {"currency": self.invoice["currency"], "total_amount": total}
        wanted = {name: text for name, text in WANTED.items() if self.invoice.get(f"need_{name}")}
        info = {"order_info": wanted} if wanted else {}
        return {**about, "invoice_payload": self.invoice["payload"], **self.option, **info}


@dataclass
class Subscription:
    """A subscription, which is paid again when its time is over: `until`, in seconds since 1970.

    `state` is that of BotSubscriptionUpdated. What the bot has canceled, the user can't continue.
    """

    checkout: Checkout
    until: int
    state: str = "active"
    is_canceled_by_bot: bool = False


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
    if "business_connection_id" in request.params:
        business_of(request)
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
    return _begin(world, Checkout(bot, user, chat, invoice, prices=invoice["prices"], url=url))


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


def _charge(world: World, checkout: Checkout, due: float | None = None) -> Json:
    """Keep a payment, and return it as a SuccessfulPayment.

    `due` is when a subscription's payment was due, unless it is the first one.
    """
    charge = f"charge-{world.new_id()}"
    paid = {
        **checkout.about,
        "telegram_payment_charge_id": charge,
        "provider_payment_charge_id": f"provider-{charge}",
    }
    if period := checkout.invoice.get("subscription_period"):
        until = int(world.now() if due is None else due) + period
        paid |= {"subscription_expiration_date": until, "is_recurring": True}
        if due is None:
            paid["is_first_recurring"] = True
            world.subscriptions[charge] = Subscription(checkout, until)
    with world.changed:
        world.charges[charge] = {"paid": paid, "checkout": checkout}
    if paid["currency"] == STARS:
        move(world, checkout.bot, paid["total_amount"], charge, source=_source(checkout))
    return paid


def _payer(checkout: Checkout) -> Json:
    """Return who pays, as a TransactionPartnerUser."""
    return {"type": "user", "transaction_type": checkout.kind, "user": checkout.user}


def _source(checkout: Checkout) -> Json:
    """Return who pays, and for what."""
    source, invoice = _payer(checkout), checkout.invoice
    if payload := invoice.get("payload"):
        is_media = checkout.kind == "paid_media_payment"
        source["paid_media_payload" if is_media else "invoice_payload"] = payload
    if period := invoice.get("subscription_period"):
        source["subscription_period"] = period
    return source


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
        charge["refunded"] = True
    paid, checkout = charge["paid"], charge["checkout"]
    move(world, request.bot, paid["total_amount"], id, receiver=_payer(checkout))
    names = ("currency", "total_amount", "invoice_payload", "telegram_payment_charge_id")
    refunded = {name: paid[name] for name in names}
    _say(world, checkout, refunded_payment=refunded)
    return True


# Subscriptions. A renewal brings a payment: that the bot is asked first isn't documented.


@plays("editUserStarSubscription")
def _edit_subscription(request: Request) -> bool:
    """Cancel a subscription, or let the user continue it, who then has to do so.

    Source: https://core.telegram.org/method/payments.botCancelStarsSubscription
    """
    user, id = user_of(request), request.params["telegram_payment_charge_id"]
    subscription = request.world.subscriptions.get(id)
    if subscription is None or subscription.checkout.user["id"] != user["id"]:
        if id in request.world.charges:
            request.hints.append("a subscription is known by the id of its first payment")
        raise bad("CHARGE_NOT_FOUND")
    with request.world.changed:
        subscription.is_canceled_by_bot = request.params["is_canceled"]
        if request.params["is_canceled"]:
            subscription.state = "canceled"
    return True


def renew(world: World) -> None:
    """Have the subscriptions paid whose time is over. Who can't pay, has one no more."""
    for each in [*world.subscriptions.values()]:
        while each.state == "active" and each.until <= world.now():
            if each.checkout.user["id"] in world.poor:
                _set_state(world, each, "failed")
                break
            paid = _charge(world, each.checkout, due=each.until)
            each.until = paid["subscription_expiration_date"]
            _say(world, each.checkout, successful_payment=paid)


def change_subscription(world: World, url: str, user: Json, state: str) -> None:
    """Cancel a person's subscription by a link ("canceled"), or continue it ("active").

    Raises ValueError if the person can't.
    """
    theirs = (
        each
        for each in reversed([*world.subscriptions.values()])
        if (each.checkout.url, each.checkout.user["id"]) == (url, user["id"])
    )
    subscription = next(theirs, None)
    if subscription is None or subscription.until <= world.now():
        raise ValueError(f"{user['first_name']} has no subscription by {url}")
    if subscription.state == state:
        raise ValueError(f"the subscription is {state} already")
    if subscription.is_canceled_by_bot:
        raise ValueError("the bot has canceled the subscription")
    _set_state(world, subscription, state)


def _set_state(world: World, subscription: Subscription, state: str) -> None:
    subscription.state = state
    checkout = subscription.checkout
    about = {"user": checkout.user, "invoice_payload": checkout.invoice["payload"]}
    world.send({"subscription": {**about, "state": state}}, checkout.bot)
