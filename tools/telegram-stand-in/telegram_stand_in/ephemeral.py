"""Ephemeral messages, which one person sees in a group.

Source: https://core.telegram.org/bots/api#ephemeral-messages-and-commands
"""

from __future__ import annotations

from typing import Any

from .request import Request, bad, chat_of, plays, user_of

Json = dict[str, Any]


def ephemeral_place(request: Request) -> tuple[Json, Json]:
    """Return the chat of an ephemeral message and who receives it. Raises Refusal.

    A tap tells both. A bot that is an administrator may write without one, to any person. Not
    played: other bots have only 15 seconds after the tap.
    """
    wish = request.params["ephemeral_message_parameters"]
    press = request.bot.presses.get(wish.get("callback_query_id", ""), {})
    if "callback_query_id" in wish and not press:
        raise bad("QUERY_ID_INVALID")
    message = press.get("message", {})
    chat = chat_of(request) if "chat_id" in request.params else message.get("chat")
    if chat is None:
        raise bad("chat_id is empty")
    receiver = press.get("from")
    if "receiver_user_id" in wish:
        by_id = Request(request.world, request.bot, "", {"user_id": wish["receiver_user_id"]}, {})
        receiver = user_of(by_id)
    if receiver is None or receiver["is_bot"]:
        raise bad("USER_ID_INVALID")
    if not press:
        if chat["type"] not in ("group", "supergroup"):
            raise bad("ephemeral messages can be sent to groups only")
        if request.world.member(chat, request.bot.user)["status"] != "administrator":
            raise bad("not enough rights to send ephemeral messages")
    return chat, receiver


def ephemeral_message(request: Request, what: str) -> Json:
    """Return the ephemeral message of a call. `what` completes the error. Raises Refusal."""
    key = chat_of(request)["id"], request.params["ephemeral_message_id"]
    message = request.world.ephemeral.get(key)
    receiver = request.params["receiver_user_id"]
    is_it = message and message["from"]["id"] == request.bot.id
    if not message or not is_it or message["receiver_user"]["id"] != receiver:
        raise bad(f"message {what} not found")
    return message


@plays("deleteEphemeralMessage")
def _delete_ephemeral_message(request: Request) -> bool:
    message = ephemeral_message(request, "to delete")
    chat, id = message["chat"]["id"], message["ephemeral_message_id"]
    del request.world.ephemeral[chat, id]
    request.change("deleted", chat_id=chat, message_id=0, ephemeral_message_id=id)
    return True
