"""Business accounts, in whose name a bot writes to people.

Source: https://core.telegram.org/bots/features#chat-automation
Words of refusals in capitals: https://core.telegram.org/api/errors. The others are ours.
"""

from __future__ import annotations

from typing import Any

from .bot_api import Json
from .request import Request, bad, business_of, plays

DAY = 86400  # seconds


def as_owner(request: Request) -> Json:
    """Return the fields of a message that is sent in the name of an account. Raises Refusal."""
    if "business_connection_id" not in request.params:
        return {}
    connection = business_of(request, "can_reply")
    must_be_active(request, connection, request.get("chat_id"))
    sender = {"from": connection["user"], "sender_business_bot": request.bot.user}
    return {**sender, "business_connection_id": connection["id"]}


def must_be_active(request: Request, connection: Json, chat_id: Any) -> None:
    """Refuse a call about a chat in which nobody has written to the account for a day."""
    written = request.bot.business_written.get((connection["id"], chat_id), 0)
    if request.world.now() - written > DAY:
        raise bad("BUSINESS_PEER_USAGE_MISSING")


@plays("getBusinessConnection")
def _get_business_connection(request: Request) -> Json:
    connection = request.bot.businesses.get(request.params["business_connection_id"])
    if connection is None:
        raise bad("business connection not found")
    return connection
