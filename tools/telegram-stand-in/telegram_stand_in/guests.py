"""Guest messages: somebody mentions a bot in a chat without the bot, which may answer once.

Source: https://core.telegram.org/bots/api#answerguestquery
"""

from __future__ import annotations

from typing import Any

from .inline import inline_content
from .request import Request, check_web_app, inline_keyboard, plays, take_query
from .state import Bot, World

Json = dict[str, Any]


@plays("answerGuestQuery")
def _answer_guest_query(request: Request) -> Json:
    result, world = request.params["result"], request.world
    part = Request(world, request.bot, request.method, result, request.uploads)
    content = inline_content(request, result)
    check_web_app(result, {"type": "inline"})
    asked = take_query(request, request.params["guest_query_id"], "guest_message")
    message = {
        "message_id": world.new_message_id(),
        "date": int(world.now()),
        "from": request.bot.user,
        "chat": asked["chat"],
        "guest_bot_caller_user": asked["from"],
        **content,
        **inline_keyboard(part),
    }
    id = world.new_id()
    world.inline_messages[id] = asked["chat"]["id"], message["message_id"]
    request.change("message", message=world.keep(message))
    return {"inline_message_id": id}


def names(bot: Bot, message: Json) -> bool:
    """Tell whether a message names a bot, which then gets it as a guest."""
    text = f"{message.get('text', '')} {message.get('caption', '')}".lower()
    return f"@{bot.me['username'].lower()}" in text.split()


def summon(world: World, bot: Bot, message: Json) -> None:
    """Give a bot a message that names it."""
    world.send({"guest_message": {**message, "guest_query_id": world.new_id()}}, bot)
