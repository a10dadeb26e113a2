"""Payments: invoices, the question that a bot answers before it is paid, and refunds.

Nobody pays: a person who taps the button of an invoice has the money.
Source: https://core.telegram.org/bots/payments and https://core.telegram.org/bots/payments-stars
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .bot_api import QUERY_TOO_OLD, Json
from .request import Request, bad, plays, user_of
from .sending import put
from .state import Bot

if TYPE_CHECKING:
    from .stand_in import Telegram

STARS = "XTR"  # the currency
ANSWER_SECONDS = 10  # for a pre-checkout query


@dataclass
class Payment:
    """A payment that a person has begun. `invoice` are the parameters of sendInvoice."""

    bot: Bot
    user: Json
    chat: Json
    invoice: Json
    at: float
    is_refunded: bool = False

    @property
    def about(self) -> Json:
        """The fields of every message and query about it."""
        total = sum(price["amount"] for price in self.invoice["prices"])
        about = {"currency": self.invoice["currency"], "total_amount": total}
        return {**about, "invoice_payload": self.invoice["payload"]}


@plays("sendInvoice")
def _send_invoice(request: Request) -> Json:
    params = request.params
    if not params["prices"]:
        raise bad("there must be at least one price")
    if params["currency"] != STARS and not params.get("provider_token"):
        raise bad("PAYMENT_PROVIDER_INVALID")
    if params["currency"] == STARS and len(params["prices"]) > 1:
        raise bad("an invoice in Telegram Stars must have exactly one price")
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


def begin(world: Telegram, chat_id: int, message_id: int, user: Json) -> str:
    """Pay an invoice, as a person does by its button, and return the id of the query."""
    message, invoice = world.messages[chat_id, message_id], world.invoices[chat_id, message_id]
    bot, id = world.bot_by_id(message["from"]["id"]), world.new_id()
    payment = Payment(bot, user, message["chat"], invoice, world.now())
    with world.changed:
        world.checkouts[id] = payment
    query = {"id": id, "from": payment.user, **payment.about}
    world.send({"pre_checkout_query": query}, bot)
    return id


@plays("answerPreCheckoutQuery")
def _answer_pre_checkout_query(request: Request) -> bool:
    world, id = request.world, request.params["pre_checkout_query_id"]
    ok, text = request.params["ok"], request.get("error_message")
    if not ok and not text:
        raise bad("error_message must say why, where ok is False")
    with world.changed:
        payment = world.checkouts.get(id)
        if payment is None or payment.bot is not request.bot:
            raise bad(QUERY_TOO_OLD)
        del world.checkouts[id]
    if world.now() - payment.at > ANSWER_SECONDS:  # bots answer as fast at any pace
        raise bad(QUERY_TOO_OLD)
    request.change("answer", id=id, **({} if ok else {"text": text, "show_alert": True}))
    if ok:
        _charge(world, payment)
    return True


def _charge(world: Telegram, payment: Payment) -> None:
    """Keep a payment, and tell the bot."""
    charge = f"charge-{world.new_id()}"
    ids = {"telegram_payment_charge_id": charge, "provider_payment_charge_id": f"at-{charge}"}
    with world.changed:
        world.charges[charge] = payment
    _say(world, payment, successful_payment={**payment.about, **ids})


def _say(world: Telegram, payment: Payment, **content: Any) -> None:
    """Send a service message from a person's chat to the bot."""
    update = world.message(chat=payment.chat, user=payment.user, **content)
    world.send(update, payment.bot)


@plays("refundStarPayment")
def _refund_star_payment(request: Request) -> bool:
    world, id, user = request.world, request.params["telegram_payment_charge_id"], user_of(request)
    with world.changed:
        payment = world.charges.get(id)
        if payment is None or payment.user["id"] != user["id"]:
            raise bad("CHARGE_NOT_FOUND")
        if payment.invoice["currency"] != STARS:
            raise bad("only payments in Telegram Stars can be refunded")
        if payment.is_refunded:
            raise bad("CHARGE_ALREADY_REFUNDED")
        payment.is_refunded = True
    about = {**payment.about, "telegram_payment_charge_id": id}
    _say(world, payment, refunded_payment=about)
    return True
