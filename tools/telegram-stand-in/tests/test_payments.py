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


class Subscribed:
    """A stage on which Ada has paid the first month of a subscription."""

    def __init__(self) -> None:
        self.updates: list[Json] = []
        self.stage = Stage(self.updates.extend)
        self.telegram, self.ada = self.stage.telegram, self.stage.user("Ada")
        kinds = ["message", "pre_checkout_query", "subscription"]
        self.ada.send("Hi")
        done(self.telegram, "getUpdates", offset=-1, allowed_updates=kinds)
        wish = {**STARS, "subscription_period": payments.MONTH}
        self.url = done(self.telegram, "createInvoiceLink", **wish)
        self.ada.pay(self.url)
        query = self.took("pre_checkout_query")["id"]
        done(self.telegram, "answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
        self.stage.settle()
        self.paid = self.took("message")["successful_payment"]
        id = {"telegram_payment_charge_id": self.paid["telegram_payment_charge_id"]}
        self.which = {"user_id": self.ada.user["id"], **id}

    def took(self, kind: str) -> Any:
        """Return the content of the latest update, which must be of a kind."""
        return self.updates[-1][kind]

    def months(self, count: int = 1) -> list[Json]:
        """Let months pass, and return the updates that came."""
        before = len(self.updates)
        self.stage.advance(count * payments.MONTH)
        return self.updates[before:]


@pytest.fixture
def subscribed() -> Subscribed:
    return Subscribed()


def test_a_subscription_is_paid_again_each_month(subscribed: Subscribed) -> None:
    first = subscribed.paid
    assert (first["is_first_recurring"], first["total_amount"]) == (True, 3)
    payments_after = [each["message"]["successful_payment"] for each in subscribed.months(2)]
    for number, paid in enumerate(payments_after, 1):
        until = first["subscription_expiration_date"] + number * payments.MONTH
        assert (paid["is_recurring"], paid["subscription_expiration_date"]) == (True, until)
        assert "is_first_recurring" not in paid
    ids = {each["telegram_payment_charge_id"] for each in (first, *payments_after)}
    transactions = done(subscribed.telegram, "getStarTransactions")["transactions"]
    assert {each["id"] for each in transactions} == ids and len(ids) == 3
    assert transactions[0]["source"]["subscription_period"] == payments.MONTH
    assert subscribed.stage.stars == 9
    done(
        subscribed.telegram,
        "refundStarPayment",
        **{**subscribed.which, "telegram_payment_charge_id": transactions[1]["id"]},
    )
    assert subscribed.stage.stars == 6


def test_a_bot_cancels_a_subscription(subscribed: Subscribed) -> None:
    telegram, ada = subscribed.telegram, subscribed.ada
    cancel = {**subscribed.which, "is_canceled": True}
    assert done(telegram, "editUserStarSubscription", **cancel) is True
    with pytest.raises(ValueError, match="the bot has canceled the subscription"):
        ada.resubscribe(subscribed.url)
    done(telegram, "editUserStarSubscription", **{**cancel, "is_canceled": False})
    assert subscribed.months(0) == [], "the user has to continue it"
    ada.resubscribe(subscribed.url)
    assert subscribed.took("subscription")["state"] == "active"
    done(telegram, "editUserStarSubscription", **cancel)
    assert subscribed.months() == []


def test_a_person_cancels_and_continues_a_subscription(subscribed: Subscribed) -> None:
    ada = subscribed.ada
    ada.unsubscribe(subscribed.url)
    about = {"user": ada.user, "invoice_payload": "tea-1", "state": "canceled"}
    assert subscribed.took("subscription") == about
    with pytest.raises(ValueError, match="canceled already"):
        ada.unsubscribe(subscribed.url)
    ada.resubscribe(subscribed.url)
    assert len(subscribed.months()) == 1
    ada.unsubscribe(subscribed.url)
    assert subscribed.months() == []
    with pytest.raises(ValueError, match="Ada has no subscription by https"):
        ada.resubscribe(subscribed.url)


def test_a_subscription_that_is_not_paid_ends(subscribed: Subscribed) -> None:
    subscribed.ada.can_pay = False
    [update] = subscribed.months(2)
    assert update["subscription"]["state"] == "failed"
    with pytest.raises(ValueError, match="Ada can't pay"):
        subscribed.ada.pay(subscribed.url)
    subscribed.ada.can_pay = True
    assert subscribed.months() == []


def test_a_subscription_is_known_by_its_first_payment(subscribed: Subscribed) -> None:
    [update] = subscribed.months()
    second = update["message"]["successful_payment"]["telegram_payment_charge_id"]
    for id in (second, "another"):
        wish = {**subscribed.which, "telegram_payment_charge_id": id, "is_canceled": True}
        assert error(subscribed.telegram, "editUserStarSubscription", **wish) == "CHARGE_NOT_FOUND"
    with pytest.raises(ValueError, match="there is no invoice at"):
        subscribed.ada.pay("https://t.me/$nothing")


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
