"""Gifts: those that a bot sends, and those that a business account has."""

from __future__ import annotations

from typing import Any

import pytest

from telegram_stand_in import TYPES, Json, Stage
from telegram_stand_in.bot_api import RETURNS, conform

KINDS = [name for name in TYPES["Update"] if name != "update_id"]
ALL_GIFTS = dict.fromkeys(TYPES["AcceptedGiftTypes"], True)


class Shop:
    """A stage with a business account and a customer, whose bot keeps the updates."""

    def __init__(self) -> None:
        self.updates: list[Json] = []
        self.stage = Stage(self.updates.extend)
        self.call("getUpdates", allowed_updates=KINDS)
        self.account = self.stage.business("Bob")
        self.ada = self.account.user("Ada")
        self.ada.send("Hi")
        self.id = {"business_connection_id": self.account.connection["id"]}
        unlimited, limited = self.call("getAvailableGifts")["gifts"]
        self.heart, self.cake = unlimited["id"], limited["id"]

    def call(self, method: str, **params: Any) -> Any:
        """Make a call, and return its result, which is as documented, or why it is refused."""
        answer = self.stage.telegram.answer(method, params).answer
        if not answer["ok"]:
            return answer["description"].removeprefix("Bad Request: ")
        hints: list[str] = []
        conform(RETURNS[method], answer["result"], hints)
        assert hints == []
        return answer["result"]

    def account_call(self, method: str, number: int = -1, **params: Any) -> Any:
        """Make a call about a gift of the account, by default the latest."""
        return self.call(
            method, **self.id, owned_gift_id=self.account.gifts[number].owned_gift_id, **params
        )


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_bot_sends_a_gift_to_a_person(shop: Shop) -> None:
    ada = shop.stage.user("Ada")
    gift = {"gift_id": shop.cake, "user_id": ada.user["id"], "pay_for_upgrade": True}
    assert shop.call("sendGift", **gift) == "BALANCE_TOO_LOW"
    shop.stage.stars = 100
    assert shop.call("sendGift", text="*Yum* /x", text_parse_mode="MarkdownV2", **gift) is True
    message = ada.receive()
    assert (message.gift.gift.star_count, message.gift.prepaid_upgrade_star_count) == (50, 25)
    assert [each.type for each in message.gift.entities] == ["bold"]
    assert "owned_gift_id" not in message.gift and "convert_star_count" not in message.gift
    assert shop.stage.stars == 25
    [_, bought] = shop.call("getStarTransactions")["transactions"]
    assert bought["receiver"]["transaction_type"] == "gift_purchase"
    [owned] = shop.call("getUserGifts", user_id=ada.user["id"])["gifts"]
    assert (owned["sender_user"]["username"], owned["text"]) == ("test_bot", "Yum /x")
    assert "owned_gift_id" not in owned


def test_a_channel_gets_gifts_that_are_not_limited(shop: Shop) -> None:
    shop.stage.stars = 100
    news = shop.stage.channel("News")
    place = {"chat_id": news.chat["id"]}
    refused = shop.call("sendGift", gift_id=shop.cake, **place)
    assert refused == "limited gifts can't be sent to channel chats"
    assert shop.call("sendGift", gift_id=shop.heart, **place) is True
    assert news.receive("gift").gift.gift.star_count == 15
    assert shop.call("getChatGifts", **place)["total_count"] == 1
    group = shop.stage.group("Club")
    refused = shop.call("sendGift", gift_id=shop.heart, chat_id=group.chat["id"])
    assert refused == "PEER_ID_INVALID"


def test_a_limited_gift_is_sold_out(shop: Shop) -> None:
    shop.stage.stars = 200
    gift = {"gift_id": shop.cake, "user_id": shop.ada.user["id"]}
    assert [shop.call("sendGift", **gift) for _ in range(3)] == [
        True,
        True,
        "STARGIFT_USAGE_LIMITED",
    ]
    assert shop.stage.stars == 100
    [_, cake] = shop.call("getAvailableGifts")["gifts"]
    assert cake["remaining_count"] == 0
    with pytest.raises(ValueError, match="can't be given: Bad Request: STARGIFT_USAGE_LIMITED"):
        shop.ada.give(shop.cake)


def test_a_bot_gives_premium(shop: Shop) -> None:
    shop.stage.stars = 1000
    wish = {"user_id": shop.ada.user["id"], "month_count": 3, "star_count": 1000}
    refused = shop.call("giftPremiumSubscription", **{**wish, "month_count": 4})
    assert refused == "GIFT_MONTHS_INVALID"
    refused = shop.call("giftPremiumSubscription", **{**wish, "star_count": 999})
    assert refused == "wrong Premium subscription price specified"
    assert shop.call("giftPremiumSubscription", **wish) is True
    shop.ada.send("Thanks")
    assert shop.updates[-1]["business_message"]["from"]["is_premium"] is True
    assert shop.call("giftPremiumSubscription", **wish) == "BALANCE_TOO_LOW"


def test_a_gift_to_an_account_becomes_stars(shop: Shop) -> None:
    shop.ada.give(shop.heart, "Thanks")
    told = shop.updates[-1]["business_message"]["gift"]
    assert (told["text"], told["convert_star_count"]) == ("Thanks", 12)
    [owned] = shop.call("getBusinessAccountGifts", **shop.id)["gifts"]
    assert owned["owned_gift_id"] == told["owned_gift_id"]
    assert owned["sender_user"] == shop.ada.user
    assert shop.account_call("convertGiftToStars") is True
    assert (shop.account.stars, shop.account.gifts) == (12, [])
    again = shop.call("convertGiftToStars", owned_gift_id=told["owned_gift_id"], **shop.id)
    assert again == "STARGIFT_NOT_FOUND"
    again = shop.call("convertGiftToStars", owned_gift_id="x", **shop.id)
    assert again == "invalid gift identifier specified"


def test_a_bots_gift_is_not_converted(shop: Shop) -> None:
    shop.stage.stars = 15
    shop.call("sendGift", gift_id=shop.heart, user_id=shop.account.connection["user"]["id"])
    refused = shop.account_call("convertGiftToStars")
    assert refused == "the gift can't be converted to Telegram Stars"


def test_a_gift_is_upgraded_and_transferred(shop: Shop) -> None:
    shop.ada.give(shop.cake)
    shop.account.stars = 60
    assert shop.account_call("transferGift", new_owner_chat_id=7) == (
        "have no access to the new gift owner"
    )
    new_owner = {"new_owner_chat_id": shop.ada.chat["id"]}
    assert shop.account_call("transferGift", **new_owner) == "STARGIFT_NOT_UNIQUE"
    assert shop.account_call("upgradeGift") == "PAYMENT_REQUIRED"
    refused = shop.account_call("upgradeGift", star_count=24)
    assert refused == "wrong upgrade price specified"
    assert shop.account_call("upgradeGift", star_count=25) is True
    told = shop.ada.receive().unique_gift
    assert (told.origin, told.gift.name) == ("upgrade", "Cake-1")
    [owned] = shop.call("getBusinessAccountGifts", **shop.id)["gifts"]
    assert (owned["type"], owned["transfer_star_count"]) == ("unique", 25)
    assert shop.account_call("upgradeGift") == "STARGIFT_ALREADY_UPGRADED"
    assert shop.account_call("transferGift", **new_owner) == "PAYMENT_REQUIRED"
    assert shop.account_call("transferGift", star_count=25, **new_owner) is True
    assert shop.ada.receive().unique_gift.origin == "transfer"
    assert (shop.account.stars, shop.account.gifts) == (10, [])
    assert shop.call("getUserGifts", user_id=shop.ada.user["id"])["total_count"] == 1


def test_an_upgrade_that_was_paid_costs_nothing(shop: Shop) -> None:
    shop.ada.give(shop.cake, pay_for_upgrade=True)
    assert shop.account_call("upgradeGift", star_count=25) == "NO_PAYMENT_NEEDED"
    assert shop.account_call("upgradeGift") is True
    shop.ada.give(shop.heart)
    assert shop.account_call("upgradeGift") == "STARGIFT_UPGRADE_UNAVAILABLE"
    with pytest.raises(ValueError, match="STARGIFT_UPGRADE_UNAVAILABLE"):
        shop.ada.give(shop.heart, pay_for_upgrade=True)


def test_a_payment_from_the_account_needs_a_right(shop: Shop) -> None:
    shop.ada.give(shop.cake)
    shop.account.stars = 60
    del shop.account.connection["rights"]["can_transfer_stars"]
    assert shop.account_call("upgradeGift", star_count=25) == "BOT_ACCESS_FORBIDDEN"


def test_gifts_are_listed_as_wished(shop: Shop) -> None:
    for gift in (shop.cake, shop.heart, shop.heart):
        shop.ada.give(gift)

    def listed(**wish: Any) -> list[int]:
        answer = shop.call("getBusinessAccountGifts", **shop.id, **wish)
        return [each["gift"]["star_count"] for each in answer["gifts"]]

    assert listed() == [15, 15, 50]
    assert listed(sort_by_price=True) == [50, 15, 15]
    assert listed(exclude_unlimited=True) == [50]
    assert listed(exclude_limited_upgradable=True) == [15, 15]
    assert listed(exclude_saved=True) == []
    first = shop.call("getBusinessAccountGifts", **shop.id, limit=2)
    assert (first["total_count"], len(first["gifts"])) == (3, 2)
    assert listed(offset=first["next_offset"]) == [50]


def test_an_account_says_which_gifts_it_accepts(shop: Shop) -> None:
    accepted = {**ALL_GIFTS, "unlimited_gifts": False}
    wish = {"show_gift_button": True, "accepted_gift_types": accepted}
    assert shop.call("setBusinessAccountGiftSettings", **shop.id, **wish) is True
    bob = shop.stage.user("Bob")
    bob.send("Hi")
    chat = shop.call("getChat", chat_id=bob.chat["id"])
    assert chat["accepted_gift_types"] == accepted
    shop.stage.stars = 100
    refused = shop.call("sendGift", gift_id=shop.heart, user_id=bob.user["id"])
    assert refused == "USER_DISALLOWED_STARGIFTS"
    with pytest.raises(ValueError, match="USER_DISALLOWED_STARGIFTS"):
        shop.ada.give(shop.heart)
    with pytest.raises(TypeError, match="only a business account's customers"):
        bob.give(shop.heart)
