"""Payments: invoices, the question that a bot answers before it is paid, and refunds.

Nobody pays: a person who taps the button of an invoice has the money.
Source: https://core.telegram.org/bots/payments and https://core.telegram.org/bots/payments-stars
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .bot_api import QUERY_TOO_OLD, Json
from .content import pick_fields
from .request import Request, bad, plays, user_of
from .sending import put
from .state import Bot

if TYPE_CHECKING:
    from .stand_in import Telegram

STARS = "XTR"  # the currency
ANSWER_SECONDS = 10  # for a pre-checkout query


@dataclass
class Payment:
    """A payment that a person has begun. `about` are the fields of all that tells of it."""

    bot: Bot
    user: Json
    chat: Json
    about: Json
    at: float
    is_refunded: bool = False


@plays("sendInvoice")
def _send_invoice(request: Request) -> Json:
    params = request.params
    if not params["prices"]:
        raise bad("there must be at least one price")
    if params["currency"] != STARS and not params.get("provider_token"):
        raise bad("PAYMENT_PROVIDER_INVALID")
    buttons = params.get("reply_markup", {}).get("inline_keyboard", [])
    if buttons and not buttons[0][0].get("pay"):
        raise bad("the first button of an invoice must be a Pay button")
    price = {"currency": params["currency"]}
    price["total_amount"] = sum(each["amount"] for each in params["prices"])
    invoice = {"start_parameter": "", **pick_fields("Invoice", params), **price}
    message = put(request, {"invoice": invoice})
    about = {**price, "invoice_payload": params["payload"]}
    request.telegram.invoices[message["chat"]["id"], message["message_id"]] = about
    return message


def begin(telegram: Telegram, chat_id: int, message_id: int, user: Json) -> None:
    """Pay an invoice, as a person does by its button."""
    message, about = telegram.messages[chat_id, message_id], telegram.invoices[chat_id, message_id]
    bot, id = telegram.bot_by_id(message["from"]["id"]), telegram.new_id()
    payment = Payment(bot, user, message["chat"], about, telegram.now())
    telegram.checkouts[id] = payment
    telegram.send({"pre_checkout_query": {"id": id, "from": user, **about}}, bot)


@plays("answerPreCheckoutQuery")
def _answer_pre_checkout_query(request: Request) -> bool:
    telegram, id = request.telegram, request.params["pre_checkout_query_id"]
    ok, text = request.params["ok"], request.get("error_message")
    if not ok and not text:
        raise bad("error_message must say why, where ok is False")
    payment = telegram.checkouts.pop(id, None)
    # Bots answer as fast at any pace.
    if not payment or telegram.now() - payment.at > ANSWER_SECONDS:
        raise bad(QUERY_TOO_OLD)
    request.change("answer", id=id, **({} if ok else {"text": text, "show_alert": True}))
    if ok:
        charge = f"charge-{telegram.new_id()}"
        ids = {"telegram_payment_charge_id": charge, "provider_payment_charge_id": f"at-{charge}"}
        telegram.charges[charge] = payment
        _say(telegram, payment, successful_payment={**payment.about, **ids})
    return True


def _say(telegram: Telegram, payment: Payment, **content: Any) -> None:
    """Send a service message from a person's chat to the bot."""
    update = telegram.message(chat=payment.chat, user=payment.user, **content)
    telegram.send(update, payment.bot)


@plays("refundStarPayment")
def _refund_star_payment(request: Request) -> bool:
    telegram, user = request.telegram, user_of(request)
    id = request.params["telegram_payment_charge_id"]
    with telegram.changed:
        payment = telegram.charges.get(id)
        if payment is None or payment.user["id"] != user["id"]:
            raise bad("CHARGE_NOT_FOUND")
        if payment.about["currency"] != STARS:
            raise bad("only payments in Telegram Stars can be refunded")
        if payment.is_refunded:
            raise bad("CHARGE_ALREADY_REFUNDED")
        payment.is_refunded = True
    about = {**payment.about, "telegram_payment_charge_id": id}
    _say(telegram, payment, refunded_payment=about)
    return True
