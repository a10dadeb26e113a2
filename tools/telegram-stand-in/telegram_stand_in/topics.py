"""The topics of a forum: a bot creates them, changes, closes and deletes them.

Their first message is a service message, whose id is the topic's. The general topic isn't played.
Source: https://core.telegram.org/bots/api#forumtopic
"""

from __future__ import annotations

from .bot_api import Json
from .request import Request, bad, chat_of, plays
from .sending import put

BLUE = 7322096  # the first colour that createForumTopic takes


@plays("createForumTopic")
def _create_forum_topic(request: Request) -> Json:
    if chat_of(request)["type"] not in ("private", "supergroup"):
        raise bad("the chat is not a forum")
    topic: Json = {"name": request.params["name"], "icon_color": request.get("icon_color", BLUE)}
    id = request.world.new_message_id()
    thread: Json = {"message_id": id, "message_thread_id": id, "is_topic_message": True}
    put(request, {"forum_topic_created": topic}, **thread)
    return {"message_thread_id": id, **topic}


CHANGED = {"edit": "edited", "close": "closed", "reopen": "reopened"}


@plays(*(f"{verb}ForumTopic" for verb in (*CHANGED, "delete")))
def _change_forum_topic(request: Request) -> bool:
    key = chat_of(request)["id"], request.params["message_thread_id"]
    closed, verb = request.world.closed_topics, request.method.removesuffix("ForumTopic")
    messages = [
        message
        for (chat, _), message in [*request.world.messages.items()]
        if (chat, message.get("message_thread_id")) == key
    ]
    if not messages:
        raise bad("TOPIC_ID_INVALID")
    if verb == "delete":
        with request.world.changed:
            for message in messages:
                del request.world.messages[key[0], message["message_id"]]
        for message in messages:
            request.change("deleted", chat_id=key[0], message_id=message["message_id"])
        return True
    if verb != "edit":
        if (verb == "close") == (key in closed):
            raise bad("TOPIC_NOT_MODIFIED")
        closed.symmetric_difference_update({key})
    name = {"name": request.params["name"]} if "name" in request.params else {}
    put(request, {f"forum_topic_{CHANGED[verb]}": name})
    return True
