"""Ignores everybody who isn't in the input allowed_ids, which lists people, groups and channels.

This module is loaded only if somebody is listed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from .. import allowed
from ..current import Run
from ..errors import TelegramError
from ..outcome import Outcome
from ..place import Place
from ..settings import settings

logger = logging.getLogger("botkit")

# For each update type, whose ids are compared with allowed_ids: one match lets it in. "person"
# is who writes, taps or asks. For somebody who acts as a chat (an anonymous admin, a channel), it
# is that chat, not the account in `from`, which Telegram uses for all such chats. "account" is the
# owner of the business account, since anybody may connect the bot to theirs. A kind that names
# nobody is let in.
WHOSE: dict[str, tuple[str, ...]] = {
    "message": ("person", "chat"),
    "edited_message": ("person", "chat"),
    "channel_post": ("person", "chat"),
    "edited_channel_post": ("person", "chat"),
    "business_connection": ("person",),
    "business_message": ("account",),
    "edited_business_message": ("account",),
    "deleted_business_messages": ("account",),
    "guest_message": ("person",),  # the bot isn't in that chat, which may have another chat's id
    "message_reaction": ("person", "chat"),
    "message_reaction_count": ("chat",),
    "inline_query": ("person",),
    "chosen_inline_result": ("person",),
    "callback_query": ("person", "chat"),  # below a message of a business account: its owner
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


def step(run: Run, go_on: Callable[[], Outcome]) -> Outcome:
    """Let an update pass if its person, chat or account may use the bot, and ignore all others."""
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
    return go_on()


def ids_of(place: Place) -> list[int] | None:
    """Return the ids that count for an update, or None if its kind names nobody.

    Raises BotkitError if Telegram doesn't say now whose account it is.
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
    """Return the id of the person whose account is connected, or None if it no longer is.

    Raises BotkitError.
    Source: https://core.telegram.org/bots/api#getbusinessconnection
    """
    if connection not in accounts:
        from .. import telegram  # lazy: in webhook mode, nothing else loads it

        try:
            found = telegram.call("getBusinessConnection", business_connection_id=connection)
        except TelegramError as error:
            if error.retryable:
                raise
            return None
        accounts[str(connection)] = found["user"]["id"]
        if len(accounts) > REMEMBERED:
            del accounts[next(iter(accounts))]
    return accounts[str(connection)]
