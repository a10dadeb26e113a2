"""Stories that a bot posts on behalf of business accounts. They stay until they are deleted.

Source: https://core.telegram.org/bots/api#poststory
Words of refusals: https://github.com/tdlib/telegram-bot-api, Client.cpp, and
https://github.com/tdlib/td, StoryManager.cpp, if nothing else is said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .content import caption_content, uploaded
from .request import Request, bad, business_of, plays
from .state import private_chat

Json = dict[str, Any]

PERIODS = {6 * 3600, 12 * 3600, 86400, 2 * 86400}  # seconds until it is archived
LONGEST_CAPTION = 2048
# How many areas of a kind a story can have.
MOST_AREAS = {"location": 10, "suggested_reaction": 5, "link": 3, "weather": 3, "unique_gift": 1}
SIZE = 1080, 1920  # of a photo


@dataclass
class Story:
    """A story: `bot` posted it, `about` are its content, its caption and the like."""

    bot: int
    about: Json


@plays("postStory")
def _post(request: Request) -> Json:
    about = _content(request)
    connection = business_of(request, "can_manage_stories")
    return _put(request, connection, about)


@plays("repostStory")
def _repost(request: Request) -> Json:
    connection = business_of(request, "can_manage_stories")
    source, id = request.params["from_chat_id"], request.params["from_story_id"]
    if id <= 0 or source <= 0:
        raise bad("invalid story to repost specified")
    managed = (each for each in request.bot.businesses.values() if each["user"]["id"] == source)
    sources = [each["rights"] for each in managed if each["is_enabled"]]
    if not sources:
        raise bad("chat not found")
    if not any(rights.get("can_manage_stories") for rights in sources):
        raise bad("BOT_ACCESS_FORBIDDEN")
    return _put(request, connection, _known(request, source, id).about)


def _put(request: Request, connection: Json, about: Json) -> Json:
    """Post a story, and return it as Story."""
    period = request.params["active_period"]
    if period not in PERIODS:
        raise bad("invalid story active period specified")
    flags = {n: True for n in ("post_to_chat_page", "protect_content") if request.get(n)}
    owner, world = connection["user"], request.world
    with world.changed:
        latest = max((id for chat, id in world.stories if chat == owner["id"]), default=0)
        about = {**about, "id": latest + 1, "active_period": period, **flags}
        world.stories[owner["id"], latest + 1] = Story(request.bot.id, about)
    return _shown(request, connection, about)


@plays("editStory")
def _edit(request: Request) -> Json:
    about = _content(request)
    connection = business_of(request, "can_manage_stories")
    id = request.params["story_id"]
    if id <= 0:
        raise bad("story can't be edited")
    story = _known(request, connection["user"]["id"], id)
    kept = ("id", "active_period", "post_to_chat_page", "protect_content")
    story.about = {**about, **{name: story.about[name] for name in kept if name in story.about}}
    return _shown(request, connection, story.about)


@plays("deleteStory")
def _delete(request: Request) -> bool:
    connection = business_of(request, "can_manage_stories")
    owner, id = connection["user"]["id"], request.params["story_id"]
    if id <= 0:
        raise bad("invalid story identifier specified")
    _known(request, owner, id)
    with request.world.changed:
        del request.world.stories[owner, id]
    request.change("story_deleted", chat_id=owner, story_id=id)
    return True


def _known(request: Request, owner: int, id: int) -> Story:
    """Return a story that the bot posted. Raises Refusal, in words that Telegram's servers have."""
    story = request.world.stories.get((owner, id))
    if story is None or story.bot != request.bot.id:
        raise bad("STORY_ID_INVALID")
    found: Story = story
    return found


def _shown(request: Request, connection: Json, about: Json) -> Json:
    """Show a story to people, and return it as Story."""
    chat = private_chat(connection["user"])
    request.change("story", chat_id=chat["id"], story=about)
    return {"chat": chat, "id": about["id"]}


def _content(request: Request) -> Json:
    """Return the content, the caption and the areas of a call. Raises Refusal."""
    wish = request.params["content"]
    kind = wish["type"]
    file = uploaded(request, wish[kind], kind, f"story {kind} must be uploaded as a file")
    if kind == "photo" and file.size() != SIZE:
        request.hints.append("a story's photo must have 1080 × 1920 pixels")
    caption = caption_content(request, request.params, LONGEST_CAPTION)
    areas = request.get("areas", [])
    for area, count in Counter(each["type"]["type"] for each in areas).items():
        if count > MOST_AREAS[area]:
            raise bad(f"a story can have up to {MOST_AREAS[area]} {area} areas")  # ours
    return {kind: file.about(), **caption, **({"areas": areas} if areas else {})}
