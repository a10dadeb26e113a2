"""Ignores everybody who isn't in the input allowed_ids, which lists people, groups and channels.

This module is loaded only if somebody is listed: otherwise everybody may write.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..context import BoundedDict, Context
from ..errors import TelegramError
from ..outcome import Outcome
from ..settings import settings
from ..update_info import UpdateInfo

logger = logging.getLogger("botkit")

# For each update type, whose ids are compared with allowed_ids: one match lets it in. "person" is
# who writes, presses or asks. For somebody who acts as a chat (an anonymous admin, a channel), it
# is that chat, not the placeholder account in `from`. "account" is the owner of the business
# account, since anybody may connect the bot to theirs. A type that names nobody is let in.
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
UNKNOWN = ("person",)  # an update type of a later Bot API

MAX_REMEMBERED = 100  # accounts
accounts = BoundedDict(MAX_REMEMBERED)  # the owners of business accounts, by connection
blocked_count = 0  # updates, and requests of the Mini App, that this container has ignored


def allowlist(ctx: Context, call_next: Callable[[], Outcome]) -> Outcome:
    """Let an update pass if its sender, chat or account may use the bot, and ignore all others."""
    info = UpdateInfo(ctx.payload)
    ids = ids_of(info)
    if not is_allowed(ids):
        return ignored(ids)
    new = info.content.get("migrate_to_chat_id")
    if new is not None and info.chat_id in settings.allowed_ids:
        logger.warning(
            "a group became a supergroup, which has a new id: change allowed_ids",
            extra={"id": info.chat_id, "new_id": new},
        )
    return call_next()


def is_allowed(ids: list[int] | None) -> bool:
    """Tell whether one of these ids is listed. None, of an update that names nobody, is allowed."""
    return ids is None or not settings.allowed_ids.isdisjoint(ids)


def ignored(ids: list[int] | None) -> Outcome:
    """Return the outcome for somebody who isn't allowed, with the ids to copy into allowed_ids."""
    global blocked_count
    blocked_count += 1
    return Outcome("ignored", log_fields={"sender_ids": ids, "blocked_count": blocked_count})


def ids_of(info: UpdateInfo) -> list[int] | None:
    """Return the ids that count for an update, or None if its type names nobody.

    Raises BotkitError if Telegram doesn't say now whose account it is.
    """
    whose = WHOSE.get(info.update_type, UNKNOWN)
    if not whose:
        return None
    if info.business_connection_id is not None:
        whose = ("account",)
    ids = {
        "person": info.sender_id,
        "chat": info.chat_id,
        "account": _owner(info.business_connection_id) if "account" in whose else None,
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
    owner: int = accounts[str(connection)]
    return owner
