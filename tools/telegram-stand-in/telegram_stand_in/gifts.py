"""Gifts: regular ones, which cost Telegram Stars, and the unique ones that they can become.

Ours are the catalogue, the looks of unique gifts, what a transfer costs and a conversion brings.
Sources: https://core.telegram.org/bots/api#sendgift and https://core.telegram.org/api/gifts
Words of refusals: https://core.telegram.org/method/payments.getPaymentForm, payments.sendStarsForm,
payments.upgradeStarGift and payments.transferStarGift; without capitals they are TDLib's,
https://github.com/tdlib/td, StarGiftManager.cpp, if nothing else is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .bot_api import Refusal
from .business import must_be_active
from .content import picked
from .files import picture
from .request import Request, bad, business_of, chat_of, plays, text_in, user_of
from .sending import put
from .stars import spend, spend_of_account
from .state import Bot, World, private_chat

Json = dict[str, Any]

# Fields of a Gift, by its name.
CATALOGUE: dict[str, Json] = {
    "Heart": {"id": "5001", "star_count": 15},
    "Cake": {"id": "5002", "star_count": 50, "total_count": 2, "upgrade_star_count": 25},
}
CONVERSION = 85  # percent of a gift's price
TRANSFER = 25  # Telegram Stars
PREMIUM = {3: 1000, 6: 1500, 12: 2500}  # Telegram Stars, by months
LONGEST_TEXT = 128
ENTITIES = set("bold italic underline strikethrough spoiler custom_emoji date_time".split())
# Fields of an OwnedGift that only a business account's own list has.
OF_ACCOUNTS = set(
    "owned_gift_id is_saved can_be_upgraded convert_star_count is_upgrade_separate "
    "can_be_transferred".split()
)


@dataclass
class Owned:
    """A gift that somebody has: a user or a channel. `about` is the OwnedGift."""

    owner: int
    about: Json


# The catalogue.


def catalogue(world: World) -> dict[str, Json]:
    """Return the gifts that can be sent, as Gift, by id."""
    with world.changed:
        if not world.gifts:
            for gift in CATALOGUE.values():
                left = {"remaining_count": gift["total_count"]} if "total_count" in gift else {}
                world.gifts[gift["id"]] = {**gift, **left, "sticker": _sticker(world)}
        return world.gifts


def _sticker(world: World) -> Json:
    file = world.files.add("sticker", picture(512, 512))
    kind = {"type": "regular", "is_animated": False, "is_video": False}
    return {**file.about(), **kind, "width": 512, "height": 512}


def unique_gift(world: World, gift_id: str) -> Json:
    """Return a new UniqueGift."""
    made = [each.about["gift"].get("gift_id") for each in world.owned_gifts]
    number = made.count(gift_id) + 1
    base = next(name for name, gift in CATALOGUE.items() if gift["id"] == gift_id)
    look = {"name": "Plain", "rarity_per_mille": 1000}
    colors = "center_color edge_color symbol_color text_color".split()
    return {
        "gift_id": gift_id,
        "base_name": base,
        "name": f"{base}-{number}",
        "number": number,
        "model": {**look, "sticker": _sticker(world)},
        "symbol": {**look, "sticker": _sticker(world)},
        "backdrop": {**look, "colors": dict.fromkeys(colors, 0)},
    }


# Gifts that are sent.


@plays("getAvailableGifts")
def _get_available_gifts(request: Request) -> Json:
    return {"gifts": [*catalogue(request.world).values()]}


@plays("sendGift")
def _send_gift(request: Request) -> bool:
    world, (chat, partner) = request.world, _receiver(request)
    gift = _gift(world, request.params["gift_id"])
    upgrade = _upgrade(gift) if request.get("pay_for_upgrade") else {}
    price = gift["star_count"] + sum(upgrade.values())
    about = {**_text(request), **upgrade, "sender_user": request.bot.user}
    if chat["type"] == "channel" and "total_count" in gift:
        raise bad("limited gifts can't be sent to channel chats")  # ours
    _must_be_accepted(world, chat["id"], _kind(gift))
    with world.changed:
        _must_be_left(gift)
        spend(request, price, {**partner, "gift": gift})
        owned = _own(world, chat["id"], gift, world.new_message_id(), about)
    told = {name: value for name, value in owned.items() if name != "owned_gift_id"}
    if chat["type"] == "private":
        put(request, {"gift": picked("GiftInfo", told)}, chat)
    else:
        request.change("gift", chat_id=chat["id"], gift=picked("GiftInfo", told))
    return True


def _receiver(request: Request) -> tuple[Json, Json]:
    """Return the chat that gets a gift, and the TransactionPartner."""
    if request.get("chat_id") is None:
        user = user_of(request)
        chat = request.bot.chats.get(user["id"], private_chat(user))
    else:
        chat = chat_of(request)
    if chat["type"] == "channel":
        return chat, {"type": "chat", "chat": chat}
    if chat["type"] != "private" or chat["id"] not in request.world.people:
        raise bad("PEER_ID_INVALID")
    user = request.world.people[chat["id"]]
    return chat, {"type": "user", "transaction_type": "gift_purchase", "user": user}


def _gift(world: World, id: str) -> Json:
    gift = catalogue(world).get(id)
    if gift is None:
        raise bad("STARGIFT_INVALID")
    return gift


def _upgrade(gift: Json) -> Json:
    """Return the field for an upgrade that the sender pays."""
    if "upgrade_star_count" not in gift:
        raise bad("STARGIFT_UPGRADE_UNAVAILABLE")
    return {"prepaid_upgrade_star_count": gift["upgrade_star_count"]}


def _text(request: Request) -> Json:
    """Return the fields for the text of a gift."""
    names = {"mode": "text_parse_mode", "entities": "text_entities"}
    text, entities = text_in(request, request.params, "text", **names)
    if len(text) > LONGEST_TEXT:
        raise bad("gift text is too long")  # ours
    kept = [each for each in entities if each["type"] in ENTITIES]
    return {**({"text": text} if text else {}), **({"entities": kept} if kept else {})}


def _kind(gift: Json) -> str:
    return "limited_gifts" if "total_count" in gift else "unlimited_gifts"


def _must_be_accepted(world: World, owner: int, kind: str) -> None:
    accepted = world.profiles.get(owner, {}).get("accepted_gift_types", {})
    if not accepted.get(kind, True):
        raise bad("USER_DISALLOWED_STARGIFTS")


def _must_be_left(gift: Json) -> None:
    """Take one of a limited gift."""
    if gift.get("remaining_count") == 0:
        raise bad("STARGIFT_USAGE_LIMITED")
    if "remaining_count" in gift:
        gift["remaining_count"] -= 1


def _own(world: World, owner: int, gift: Json, id: int, about: Json) -> Json:
    """Note who has a gift, and return it as OwnedGift. Its id is that of the service message."""
    can_be = {"can_be_upgraded": True} if "upgrade_star_count" in gift else {}
    ids = {"type": "regular", "gift": {**gift}, "owned_gift_id": f"{id}"}
    dates = {"send_date": int(world.now()), "is_saved": True}
    owned = {**ids, **dates, **can_be, **about}
    world.owned_gifts.append(Owned(owner, owned))
    return owned


@plays("giftPremiumSubscription")
def _gift_premium(request: Request) -> bool:
    user, months = user_of(request), request.params["month_count"]
    _text(request)  # people see it in a message that bots don't know
    if months not in PREMIUM:
        raise bad("GIFT_MONTHS_INVALID")
    if request.params["star_count"] != PREMIUM[months]:
        raise bad("wrong Premium subscription price specified")
    _must_be_accepted(request.world, user["id"], "premium_subscription")
    partner = {"type": "user", "transaction_type": "premium_purchase", "user": user}
    spend(request, PREMIUM[months], {**partner, "premium_subscription_duration": months})
    with request.world.changed:
        user["is_premium"] = True
    return True


# Lists of gifts.


@plays("getBusinessAccountGifts")
def _get_account_gifts(request: Request) -> Json:
    owner = business_of(request, "can_view_gifts_and_stars")["user"]["id"]
    return _listed(request, owner, set())


@plays("getUserGifts")
def _get_user_gifts(request: Request) -> Json:
    return _listed(request, user_of(request)["id"], OF_ACCOUNTS)


@plays("getChatGifts")
def _get_chat_gifts(request: Request) -> Json:
    return _listed(request, chat_of(request)["id"], OF_ACCOUNTS)


def _listed(request: Request, owner: int, hidden: set[str]) -> Json:
    """Return the gifts of an owner that a call wants, the latest first."""
    world = request.world
    found = [
        each.about
        for each in reversed(world.owned_gifts)
        if each.owner == owner and not any(request.get(f"exclude_{x}") for x in _kinds(each.about))
    ]
    if request.get("sort_by_price"):
        prices = {id: gift["star_count"] for id, gift in catalogue(world).items()}
        found.sort(key=lambda each: -prices[each["gift"].get("gift_id") or each["gift"]["id"]])
    offset = request.get("offset", "0")
    start = int(offset) if offset.isdecimal() else 0
    end = start + max(1, min(request.get("limit", 100), 100))
    shown = [{n: v for n, v in each.items() if n not in hidden} for each in found[start:end]]
    more = {"next_offset": f"{end}"} if end < len(found) else {}
    return {"total_count": len(found), "gifts": shown, **more}


def _kinds(owned: Json) -> list[str]:
    """Return the kinds of a gift, as they are called in exclude_ parameters."""
    if owned["type"] == "unique":
        return ["saved", "unique"]
    if "total_count" not in owned["gift"]:
        return ["saved", "unlimited"]
    can_be = "upgradable" if "upgrade_star_count" in owned["gift"] else "non_upgradable"
    return ["saved", f"limited_{can_be}"]


# Gifts of a business account.


@plays("setBusinessAccountGiftSettings")
def _set_gift_settings(request: Request) -> bool:
    owner = business_of(request, "can_change_gift_settings")["user"]["id"]
    accepted = request.params["accepted_gift_types"]
    with request.world.changed:
        request.world.profiles.setdefault(owner, {})["accepted_gift_types"] = accepted
    text = " ".join(name for name, accepts in accepted.items() if accepts)
    request.change("profile", name="gifts", text=text)
    return True


def _owned(request: Request, connection: Json) -> Owned:
    """Return the gift of a call, which the account must have. Raises Refusal."""
    id, owner = request.params["owned_gift_id"], connection["user"]["id"]
    if not id.isdecimal() or int(id) == 0:
        raise bad("invalid gift identifier specified")
    owned: list[Owned] = request.world.owned_gifts
    for each in owned:
        if (each.owner, each.about["owned_gift_id"]) == (owner, id):
            return each
    raise bad("STARGIFT_NOT_FOUND")


@plays("convertGiftToStars")
def _convert(request: Request) -> bool:
    connection = business_of(request, "can_convert_gifts_to_stars")
    owned, world = _owned(request, connection), request.world
    if "convert_star_count" not in owned.about:
        raise bad("the gift can't be converted to Telegram Stars")  # ours
    owner = connection["user"]["id"]
    with world.changed:
        world.owned_gifts.remove(owned)
        world.stars[owner] += owned.about["convert_star_count"]
    return True


@plays("upgradeGift")
def _upgrade_gift(request: Request) -> bool:
    connection = business_of(request, "can_transfer_and_upgrade_gifts")
    owned, world = _owned(request, connection), request.world
    if owned.about["type"] == "unique":
        raise bad("STARGIFT_ALREADY_UPGRADED")
    gift = owned.about["gift"]
    if "can_be_upgraded" not in owned.about:
        raise bad("STARGIFT_UPGRADE_UNAVAILABLE")
    price = 0 if "prepaid_upgrade_star_count" in owned.about else gift["upgrade_star_count"]
    stars = request.get("star_count", 0)
    _must_be_paid(request, price, stars)
    if stars < price:
        raise bad("wrong upgrade price specified")
    spend_of_account(request, connection, price)
    id = world.new_message_id()
    kept = {n: owned.about[n] for n in ("send_date", "is_saved", "sender_user")}
    free = {"can_be_transferred": True, "transfer_star_count": TRANSFER}
    with world.changed:
        unique = {
            "type": "unique",
            "gift": unique_gift(world, gift["id"]),
            "owned_gift_id": f"{id}",
        }
        owned.about = {**unique, **kept, **free}
    place = connection["id"], kept["sender_user"]["id"]
    if chat := request.bot.business_chats.get(place):
        _tell(request, connection, chat, id, owned.about["gift"], "upgrade")
    return True


def _must_be_paid(request: Request, price: int, stars: int) -> None:
    """Check what a call pays for a gift, and the right to. Raises Refusal."""
    if stars:
        business_of(request, "can_transfer_stars")
    if price and not stars:
        raise bad("PAYMENT_REQUIRED")
    if stars and not price:
        raise bad("NO_PAYMENT_NEEDED")


@plays("transferGift")
def _transfer_gift(request: Request) -> bool:
    connection = business_of(request, "can_transfer_and_upgrade_gifts")
    owned, new_owner = _owned(request, connection), request.params["new_owner_chat_id"]
    chat = request.bot.business_chats.get((connection["id"], new_owner))
    if chat is None:
        raise bad("have no access to the new gift owner")
    must_be_active(request, connection, new_owner)
    if owned.about["type"] != "unique":
        raise bad("STARGIFT_NOT_UNIQUE")
    stars = request.get("star_count", 0)
    _must_be_paid(request, TRANSFER, stars)
    if stars != TRANSFER:
        raise bad("wrong transfer price specified")
    _must_be_accepted(request.world, new_owner, "unique_gifts")
    spend_of_account(request, connection, TRANSFER)
    id = request.world.new_message_id()
    with request.world.changed:
        owned.owner = new_owner
        owned.about = {
            **owned.about,
            "owned_gift_id": f"{id}",
            "sender_user": connection["user"],
            "send_date": int(request.world.now()),
        }
    _tell(request, connection, chat, id, owned.about["gift"], "transfer")
    return True


def _tell(request: Request, connection: Json, chat: Json, id: int, gift: Json, origin: str) -> None:
    """Show people the service message about a unique gift. The bot, which acted, gets none."""
    message = {
        "message_id": id,
        "date": int(request.world.now()),
        "from": connection["user"],
        "chat": chat,
        "business_connection_id": connection["id"],
        "unique_gift": {"gift": gift, "origin": origin},
    }
    request.change("message", message=request.world.keep(message))


# People.


def give(
    world: World,
    bot: Bot,
    connection: Json,
    message: Json,
    gift_id: str,
    *,
    pay_for_upgrade: bool = False,
    text: str = "",
) -> Json:
    """Give a gift to a business account, and return the message that tells. `message` has all else.

    Raises ValueError if it can't be given.
    """
    owner = connection["user"]["id"]
    try:
        gift = _gift(world, gift_id)
        upgrade = _upgrade(gift) if pay_for_upgrade else {}
        _must_be_accepted(world, owner, _kind(gift))
        with world.changed:
            _must_be_left(gift)
    except Refusal as refusal:
        raise ValueError(f"the gift can't be given: {refusal.description}") from None
    about = {"sender_user": message["from"], **({"text": text} if text else {}), **upgrade}
    about["convert_star_count"] = gift["star_count"] * CONVERSION // 100
    with world.changed:
        owned = _own(world, owner, gift, message["message_id"], about)
    message = {**message, "gift": picked("GiftInfo", owned)}
    world.send({"business_message": message}, bot)
    return message
