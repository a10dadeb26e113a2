"""Telegram Stars: what bots and business accounts have, and the transactions of bots.

A bot's are the sum of its transactions. Source: https://core.telegram.org/bots/api#startransaction
Words of refusals: https://core.telegram.org/method/payments.sendStarsForm
"""

from __future__ import annotations

from typing import Any

from .request import Request, bad, business_of, plays
from .state import Bot, World

Json = dict[str, Any]

TOO_LOW = "BALANCE_TOO_LOW"
MOST_AT_ONCE = 10_000  # from a business account


def balance(bot: Bot) -> int:
    """Return how many Stars a bot has. Refunds can make it negative."""
    return sum(each["amount"] * (1 if "source" in each else -1) for each in bot.transactions)


def move(world: World, bot: Bot, amount: int, id: str = "", **partner: Json) -> None:
    """Note that a bot got Stars from a `source`, or gave them to a `receiver`."""
    about = {"id": id or world.new_id(), "amount": amount, "date": int(world.now())}
    with world.changed:
        bot.transactions.append({**about, **partner})


def spend(request: Request, amount: int, receiver: Json) -> None:
    """Have the bot pay. Raises Refusal."""
    with request.world.changed:
        if amount > balance(request.bot):
            raise bad(TOO_LOW)
        move(request.world, request.bot, amount, receiver=receiver)


def spend_of_account(request: Request, connection: Json, amount: int) -> None:
    """Have a business account pay. Raises Refusal."""
    owner, stars = connection["user"]["id"], request.world.stars
    with request.world.changed:
        if amount > stars[owner]:
            raise bad(TOO_LOW)
        stars[owner] -= amount


@plays("getMyStarBalance")
def _get_my_star_balance(request: Request) -> Json:
    return {"amount": balance(request.bot)}


@plays("getStarTransactions")
def _get_star_transactions(request: Request) -> Json:
    offset = request.get("offset", 0)
    return {"transactions": request.bot.transactions[offset : offset + request.get("limit", 100)]}


@plays("getBusinessAccountStarBalance")
def _get_account_balance(request: Request) -> Json:
    connection = business_of(request, "can_view_gifts_and_stars")
    return {"amount": request.world.stars[connection["user"]["id"]]}


@plays("transferBusinessAccountStars")
def _transfer(request: Request) -> bool:
    connection, amount = business_of(request, "can_transfer_stars"), request.params["star_count"]
    if not 1 <= amount <= MOST_AT_ONCE:  # the words are TDLib's, the largest amount the page's
        raise bad("invalid amount of Telegram Stars to transfer specified")
    spend_of_account(request, connection, amount)
    source = {"type": "user", "transaction_type": "business_account_transfer"}
    source["user"] = connection["user"]
    move(request.world, request.bot, amount, source=source)
    return True
