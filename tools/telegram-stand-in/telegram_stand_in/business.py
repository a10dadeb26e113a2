"""Business accounts, in whose name a bot writes to people.

Source: https://core.telegram.org/bots/features#chat-automation
Words of refusals in capitals: https://core.telegram.org/api/errors. The others are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .bot_api import Json
from .request import Request, bad, business_of, chat_of, message_ids, plays
from .state import Bot

if TYPE_CHECKING:
    from .stand_in import Telegram

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


def _message(request: Request, id: int) -> Json:
    connection = request.params["business_connection_id"]
    for message in [*request.world.messages.values()]:
        if message.get("business_connection_id") == connection and message["message_id"] == id:
            return message
    raise bad("message not found")


@plays("readBusinessMessage")
def _read(request: Request) -> bool:
    business_of(request, "can_read_messages")
    chat_of(request)
    message = _message(request, request.params["message_id"])
    request.change("read", chat_id=message["chat"]["id"], message_id=message["message_id"])
    return True


@plays("deleteBusinessMessages")
def _delete(request: Request) -> bool:
    connection = business_of(request, "can_delete_sent_messages", "can_delete_all_messages")
    messages = [_message(request, id) for id in message_ids(request)]
    may_all = connection["rights"].get("can_delete_all_messages")
    if not may_all and any("sender_business_bot" not in message for message in messages):
        raise bad("message can't be deleted")
    if len({message["chat"]["id"] for message in messages}) > 1:
        raise bad("all messages must be of the same chat")
    for message in messages:
        key = message["chat"]["id"], message["message_id"]
        with request.world.changed:
            request.world.messages.pop(key, None)
        request.change("deleted", chat_id=key[0], message_id=key[1])
    return True


# People.


def connect(world: Telegram, bot: Bot, user: Json, rights: Json) -> Json:
    """Let a bot answer for a person, and return the connection."""
    connection = world.connection(user, rights=rights)
    with world.changed:
        bot.businesses[connection["id"]] = connection
        bot.me["can_connect_to_business"] = True
    world.send({"business_connection": {**connection}}, bot)
    return connection


def disconnect(world: Telegram, bot: Bot, connection: Json) -> None:
    """End a connection."""
    with world.changed:
        connection["is_enabled"] = False
    world.send({"business_connection": {**connection}}, bot)
