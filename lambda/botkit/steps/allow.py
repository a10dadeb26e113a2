"""The people who may use the bot, where the input allowed_ids lists people, groups and channels.

All others get silence. This module is loaded only if somebody is listed.
"""

from __future__ import annotations

import logging

from .. import allowed
from ..current import Run
from ..errors import Refused
from ..outcome import Outcome
from ..place import Place
from ..settings import settings

logger = logging.getLogger("botkit")

# For each kind of update, whose id counts: one that is listed lets the update in. "person" writes,
# taps or asks: the chat in whose name that is done, if there is one, and not the account that
# Telegram then names, which all such chats share. "account" is the business account's owner,
# since anyone may connect the bot to theirs. A kind that names nobody is let in.
WHOSE: dict[str, tuple[str, ...]] = {
    "message": ("person", "chat"),
    "edited_message": ("person", "chat"),
    "channel_post": ("person", "chat"),
    "edited_channel_post": ("person", "chat"),
    "business_connection": ("person",),
    "business_message": ("account",),
    "edited_business_message": ("account",),
    "deleted_business_messages": ("account",),
    "guest_message": ("person",),  # the bot isn't in that chat, whose id may be another's
    "message_reaction": ("person", "chat"),
    "message_reaction_count": ("chat",),
    "inline_query": ("person",),
    "chosen_inline_result": ("person",),
    "callback_query": ("person", "chat"),  # below a message of an account: its owner
    "shipping_query": ("person",),
    "pre_checkout_query": ("person",),
    "purchased_paid_media": ("person",),
    "poll": (),
    "poll_answer": ("person",),
    "my_chat_member": ("person", "chat"),
    "chat_member": ("person", "chat"),
    "chat_join_request": ("person", "chat"),
    "chat_boost": ("chat",),
    "removed_chat_boost": ("chat",),
    "managed_bot": ("person",),
    "subscription": ("person",),
    "stopped_message_generation": ("chat",),
    "widget_query": ("person", "chat"),
    "shared_widget_query": ("person",),
}
UNKNOWN = ("person",)  # a kind of a later Bot API

REMEMBERED = 100  # accounts
accounts: dict[str, int] = {}  # the owners of business accounts, by connection


def step(run: Run) -> Outcome | None:
    """Let an update of those who may use the bot pass, and ignore all others."""
    place = Place(run.subject)
    ids = ids_of(place)
    if not allowed.is_in(ids):
        return allowed.ignored(ids)
    new = place.content.get("migrate_to_chat_id")
    if new is not None and place.chat in settings.allowed_ids:
        logger.warning(
            "a group became a supergroup, which has a new id: change allowed_ids",
            extra={"id": place.chat, "new_id": new},
        )
    return None


def ids_of(place: Place) -> list[int] | None:
    """Return the ids that count for an update, or None if its kind names nobody.

    Raises Failure if Telegram can't say now whose account it is.
    """
    whose = WHOSE.get(place.kind, UNKNOWN)
    if not whose:
        return None
    if place.business is not None:
        whose = ("account",)
    ids = {
        "person": place.person,
        "chat": place.chat,
        "account": _owner(place.business) if "account" in whose else None,
    }
    found = dict.fromkeys(ids[name] for name in whose)  # a private chat has its person's id
    return [each for each in found if each is not None]


def _owner(connection: str | None) -> int | None:
    """Return the id of the person whose account is connected, or None if none is any more.

    Raises Failure.
    Source: https://core.telegram.org/bots/api#getbusinessconnection
    """
    if connection not in accounts:
        from .. import telegram  # in webhook mode, not loaded otherwise

        try:
            found = telegram.call("getBusinessConnection", business_connection_id=connection)
        except Refused as error:
            if error.may_pass:
                raise
            return None
        accounts[str(connection)] = found["user"]["id"]
        if len(accounts) > REMEMBERED:
            del accounts[next(iter(accounts))]
    return accounts[str(connection)]
