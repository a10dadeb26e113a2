"""The topics of a forum: a bot creates them, changes, closes and deletes them.

Their first message is a service message, whose id is the topic's. The general topic isn't played.
Source: https://core.telegram.org/bots/api#forumtopic
"""

from __future__ import annotations

from typing import Any

from .request import Request, bad, chat_of, plays
from .sending import put

Json = dict[str, Any]

BLUE = 7322096  # the first colour that createForumTopic takes


@plays("createForumTopic")
def _create_forum_topic(request: Request) -> Json:
    if chat_of(request)["type"] not in ("private", "supergroup"):
        raise bad("the chat is not a forum")
    topic: Json = {"name": request.params["name"], "icon_color": request.get("icon_color", BLUE)}
    if "icon_custom_emoji_id" in request.params:
        topic["icon_custom_emoji_id"] = request.params["icon_custom_emoji_id"]
    id = request.world.new_message_id()
    thread: Json = {"message_id": id, "message_thread_id": id, "is_topic_message": True}
    put(request, {"forum_topic_created": topic}, **thread)
    return {"message_thread_id": id, **topic}


def _topic(request: Request) -> tuple[tuple[int, int], list[Json]]:
    """Return the chat's and the topic's id of a call, and the topic's messages. Raises Refusal."""
    key = chat_of(request)["id"], request.params["message_thread_id"]
    messages = [
        message
        for (chat, _), message in [*request.world.messages.items()]
        if (chat, message.get("message_thread_id")) == key
    ]
    if not messages:
        raise bad("TOPIC_ID_INVALID")
    return key, messages


@plays("editForumTopic")
def _edit_forum_topic(request: Request) -> bool:
    _topic(request)
    names = ("name", "icon_custom_emoji_id")
    edited = {name: request.params[name] for name in names if name in request.params}
    put(request, {"forum_topic_edited": edited})
    return True


@plays("closeForumTopic", "reopenForumTopic")
def _close_or_reopen(request: Request) -> bool:
    key, _ = _topic(request)
    closed, closes = request.world.closed_topics, request.method == "closeForumTopic"
    if closes == (key in closed):
        raise bad("TOPIC_NOT_MODIFIED")
    closed.symmetric_difference_update({key})
    put(request, {"forum_topic_closed" if closes else "forum_topic_reopened": {}})
    return True


@plays("deleteForumTopic")
def _delete_forum_topic(request: Request) -> bool:
    key, messages = _topic(request)
    with request.world.changed:
        request.world.closed_topics.discard(key)
        for message in messages:
            del request.world.messages[key[0], message["message_id"]]
    for message in messages:
        request.change("deleted", chat_id=key[0], message_id=message["message_id"])
    return True
