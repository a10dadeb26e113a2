"""Payments: the queries before one, the payment, and refunds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from telegram_stand_in import ADA, GRACE, Json, Stage, Telegram, payments
from telegram_stand_in.bot_api import conform
from tests.calls import CHAT, TOKEN

STARS: Json = {
    "title": "Tea",
    "description": "A cup",
    "payload": "tea-1",
    "currency": "XTR",
    "prices": [{"label": "Tea", "amount": 3}],
}
POUNDS = {
    **STARS,
    "currency": "GBP",
    "provider_token": "provider",
    "prices": [{"label": "Tea", "amount": 300}, {"label": "Milk", "amount": 20}],
}
TO_A_DOOR = {"need_shipping_address": True, "is_flexible": True, "need_name": True}
OPTIONS = [
    {"id": "slow", "title": "Slow", "prices": [{"label": "Slow", "amount": 100}]},
    {"id": "fast", "title": "Fast", "prices": [{"label": "Fast", "amount": 900}]},
]
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    telegram = Telegram(TOKEN)  # at Telegram's pace, whose ten seconds are long
    telegram.send(telegram.message("first"))
    update(telegram)
    yield telegram
    telegram.stop()


def done(telegram: Telegram, method: str, **params: Any) -> Any:
    call = telegram.answer(method, params)
    assert call.status == 200, call.answer
    return call.answer["result"]


def error(telegram: Telegram, method: str, **params: Any) -> str:
    call = telegram.answer(method, params)
    assert call.status == 400
    return str(call.answer["description"]).removeprefix("Bad Request: ")


def update(telegram: Telegram) -> Json:
    """Return the one update that waits, as it is documented, but its id."""
    [waiting] = done(telegram, "getUpdates")
    done(telegram, "getUpdates", offset=waiting["update_id"] + 1)
    hints: list[str] = []
    conform("Update", waiting, hints)
    assert hints == []
    return {name: value for name, value in waiting.items() if name != "update_id"}


def paid(telegram: Telegram, invoice: Json = STARS) -> Json:
    """Have an invoice paid, and return the payment."""
    message = done(telegram, "sendInvoice", chat_id=CHAT, **invoice)
    query = telegram.pay(CHAT, message["message_id"])
    assert update(telegram)["pre_checkout_query"]["id"] == query
    done(telegram, "answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
    payment: Json = update(telegram)["message"]["successful_payment"]
    return payment


def test_a_payment_in_stars_and_its_refund(telegram: Telegram) -> None:
    message = done(telegram, "sendInvoice", chat_id=CHAT, **STARS)
    query = telegram.pay(CHAT, message["message_id"])
    about = {"currency": "XTR", "total_amount": 3, "invoice_payload": "tea-1"}
    assert update(telegram) == {"pre_checkout_query": {"id": query, "from": ADA, **about}}
    done(telegram, "answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
    answer = update(telegram)["message"]
    assert (answer["from"], answer["chat"]["id"]) == (ADA, CHAT)
    payment = answer["successful_payment"]
    assert about.items() < payment.items()
    assert done(telegram, "getMyStarBalance") == {"amount": 3}
    charge = {"telegram_payment_charge_id": payment["telegram_payment_charge_id"]}
    assert done(telegram, "refundStarPayment", user_id=ADA["id"], **charge) is True
    assert update(telegram)["message"]["refunded_payment"] == {**about, **charge}
    assert done(telegram, "getMyStarBalance") == {"amount": 0}
    transactions = done(telegram, "getStarTransactions")
    hints: list[str] = []
    conform("StarTransactions", transactions, hints)
    assert hints == []
    got, gave = transactions["transactions"]
    assert "source" in got and "receiver" in gave
    again = error(telegram, "refundStarPayment", user_id=ADA["id"], **charge)
    assert again == "CHARGE_ALREADY_REFUNDED"


def test_a_parcel_is_asked_about_twice(telegram: Telegram) -> None:
    message = done(telegram, "sendInvoice", chat_id=CHAT, **POUNDS, **TO_A_DOOR)
    query = telegram.pay(CHAT, message["message_id"])
    asked = update(telegram)["shipping_query"]
    assert asked == {
        "id": query,
        "from": ADA,
        "invoice_payload": "tea-1",
        "shipping_address": payments.ADDRESS,
    }
    options = {"ok": True, "shipping_options": OPTIONS}
    done(telegram, "answerShippingQuery", shipping_query_id=query, **options)
    checkout = update(telegram)["pre_checkout_query"]
    assert (checkout["total_amount"], checkout["shipping_option_id"]) == (420, "slow")
    assert checkout["order_info"].keys() == {"name", "shipping_address"}
    done(telegram, "answerPreCheckoutQuery", pre_checkout_query_id=checkout["id"], ok=True)
    payment = update(telegram)["message"]["successful_payment"]
    assert (payment["total_amount"], payment["shipping_option_id"]) == (420, "slow")
    assert done(telegram, "getMyStarBalance") == {"amount": 0}


def test_a_bot_may_say_no_and_why(telegram: Telegram) -> None:
    message = done(telegram, "sendInvoice", chat_id=CHAT, **STARS)
    query = {"pre_checkout_query_id": telegram.pay(CHAT, message["message_id"]), "ok": False}
    update(telegram)
    call = telegram.answer("answerPreCheckoutQuery", {**query, "error_message": "No milk"})
    [change] = call.changes
    assert (change["kind"], change["text"]) == ("answer", "No milk")
    assert done(telegram, "getUpdates") == []
    assert error(telegram, "answerPreCheckoutQuery", **query) == TOO_OLD


def test_a_bot_has_ten_seconds(telegram: Telegram) -> None:
    message = done(telegram, "sendInvoice", chat_id=CHAT, **STARS)
    query = {"pre_checkout_query_id": telegram.pay(CHAT, message["message_id"]), "ok": True}
    update(telegram)
    telegram.advance(11)
    assert error(telegram, "answerPreCheckoutQuery", **query) == TOO_OLD
    assert done(telegram, "getUpdates") == []


REFUSED: dict[str, tuple[str, Json, str]] = {
    "no price": ("sendInvoice", {**STARS, "prices": []}, "there must be at least one price"),
    "no provider": ("sendInvoice", {**STARS, "currency": "EUR"}, "PAYMENT_PROVIDER_INVALID"),
    "two prices in stars": (
        "sendInvoice",
        {**STARS, "prices": STARS["prices"] * 2},
        "an invoice in Telegram Stars must have exactly one price",
    ),
    "another button first": (
        "sendInvoice",
        {**STARS, "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}},
        "the first button of an invoice must be a Pay button",
    ),
    "an unknown query": (
        "answerPreCheckoutQuery",
        {"pre_checkout_query_id": "7", "ok": True},
        TOO_OLD,
    ),
    "no option": (
        "answerShippingQuery",
        {"shipping_query_id": "7", "ok": True},
        "there must be at least one shipping option",
    ),
    "an unknown charge": (
        "refundStarPayment",
        {"user_id": ADA["id"], "telegram_payment_charge_id": "x"},
        "CHARGE_NOT_FOUND",
    ),
}


@pytest.mark.parametrize(("method", "params", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(telegram: Telegram, method: str, params: Json, why: str) -> None:
    chat = {"chat_id": CHAT} if method == "sendInvoice" else {}
    assert error(telegram, method, **chat, **params) == why


def test_only_who_paid_gets_stars_back(telegram: Telegram) -> None:
    charge = {"telegram_payment_charge_id": paid(telegram)["telegram_payment_charge_id"]}
    assert error(telegram, "refundStarPayment", user_id=GRACE["id"], **charge) == "CHARGE_NOT_FOUND"
    other = {"telegram_payment_charge_id": paid(telegram, POUNDS)["telegram_payment_charge_id"]}
    refused = error(telegram, "refundStarPayment", user_id=ADA["id"], **other)
    assert refused == "only payments in Telegram Stars can be refunded"


def test_a_subscription_by_a_link() -> None:
    updates: list[Json] = []
    stage = Stage(updates.extend)
    telegram, ada = stage.telegram, stage.user("Ada")
    ada.send("Hi")
    url = done(telegram, "createInvoiceLink", **STARS, subscription_period=payments.MONTH)
    ada.pay(url)
    query = updates[-1]["pre_checkout_query"]["id"]
    done(telegram, "answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
    paid = update(telegram)["message"]["successful_payment"]
    assert (paid["is_first_recurring"], paid["total_amount"]) == (True, 3)
    about = {"telegram_payment_charge_id": paid["telegram_payment_charge_id"]}
    about |= {"user_id": ada.user["id"], "is_canceled": True}
    assert done(telegram, "editUserStarSubscription", **about) is True
    about["telegram_payment_charge_id"] = "another"
    assert error(telegram, "editUserStarSubscription", **about) == "CHARGE_NOT_FOUND"
    with pytest.raises(ValueError, match="there is no invoice at"):
        ada.pay("https://t.me/$nothing")


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"subscription_period": 60}, "SUBSCRIPTION_PERIOD_INVALID"),
        ({"prices": [{"label": "Tea", "amount": 10_001}]}, "STARS_AMOUNT_INVALID"),
    ],
)
def test_a_subscription_is_checked(telegram: Telegram, about: Json, told: str) -> None:
    wish = {**STARS, "subscription_period": payments.MONTH, **about}
    assert error(telegram, "createInvoiceLink", **wish) == told


def test_paid_media_is_bought() -> None:
    updates: list[Json] = []
    stage = Stage(updates.extend)
    telegram, ada = stage.telegram, stage.user("Ada")
    ada.send("Hi")
    media = [{"type": "photo", "media": "https://example.org/a"}]
    about = {"star_count": 7, "media": media, "payload": "cat", "chat_id": ada.chat["id"]}
    done(telegram, "sendPaidMedia", **about)
    ada.pay(ada.receive())
    bought = updates[-1]["purchased_paid_media"]
    assert (bought["from"], bought["paid_media_payload"]) == (ada.user, "cat")
    [paid] = done(telegram, "getStarTransactions")["transactions"]
    assert paid["source"]["transaction_type"] == "paid_media_payment"
    assert done(telegram, "getMyStarBalance") == {"amount": 7}
