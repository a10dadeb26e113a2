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

# The update types whose chat may be listed, too. In others, such as guest_message, the bot isn't in
# the chat, which may have another chat's id.
CHAT_COUNTS = {
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "message_reaction",
    "message_reaction_count",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "stopped_message_generation",
    "widget_query",
}

MAX_REMEMBERED = 100  # accounts
accounts = BoundedDict(MAX_REMEMBERED)  # the owners of business accounts, by connection


def allowlist(ctx: Context, call_next: Callable[[], Outcome]) -> Outcome:
    """Let an update pass if its sender, chat or account may use the bot, and ignore all others."""
    info = UpdateInfo(ctx.payload)
    ids = ids_of(info)
    if ids is not None and settings.allowed_ids.isdisjoint(ids):
        return Outcome("ignored", log_fields={"sender_ids": ids})  # to copy into allowed_ids
    new = info.content.get("migrate_to_chat_id")
    if new is not None and info.chat_id in settings.allowed_ids:
        logger.warning(
            "a group became a supergroup, which has a new id: change allowed_ids",
            extra={"id": info.chat_id, "new_id": new},
        )
    return call_next()


def ids_of(info: UpdateInfo) -> list[int] | None:
    """Return the ids that count for an update, or None if it names nobody: a poll's result.

    In a business account, only its owner counts, since anybody may connect the bot to theirs.
    Elsewhere it is who writes, presses or asks, which is a chat for a channel or anonymous admin.
    Raises BotkitError if Telegram doesn't say now whose account it is.
    """
    if info.update_type == "poll":
        return None
    if info.business_connection_id is not None:
        ids = [_owner(info.business_connection_id)]
    elif info.update_type in CHAT_COUNTS:
        ids = [info.sender_id, info.chat_id]
    else:
        ids = [info.sender_id]
    # A private chat has its person's id.
    return [each for each in dict.fromkeys(ids) if each is not None]


def _owner(connection: str) -> int | None:
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
        accounts[connection] = found["user"]["id"]
    owner: int = accounts[connection]
    return owner
