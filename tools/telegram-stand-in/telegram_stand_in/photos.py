"""Photos in the profiles of people, bots and business accounts, and of groups and channels.

Words of refusals: https://github.com/tdlib/telegram-bot-api, Client.cpp, and
https://github.com/tdlib/td, DialogManager.cpp. A business account's public photo is one that
nobody sees here: the main photo is never hidden.
"""

from __future__ import annotations

from typing import Any

from .content import photo_size, uploaded
from .request import Request, bad, business_of, group_of, plays, user_of
from .state import World

Json = dict[str, Any]

LONGEST_ANIMATION = 10  # seconds


def add(world: World, owner: int, photo: Json) -> None:
    """Add a PhotoSize to a person's or a bot's photos, as the current one."""
    with world.changed:
        world.photos.setdefault(owner, []).insert(0, [photo])


@plays("getUserProfilePhotos")
def _get_photos(request: Request) -> Json:
    photos = request.world.photos.get(user_of(request)["id"], [])
    offset, limit = max(0, request.get("offset", 0)), max(1, min(request.get("limit", 100), 100))
    return {"total_count": len(photos), "photos": photos[offset : offset + limit]}


def _profile_photo(request: Request) -> Json:
    """Return the InputProfilePhoto of a call as PhotoSize. Raises Refusal."""
    wish = request.params["photo"]
    kind = "photo" if wish["type"] == "static" else "animation"
    if not 0 <= wish.get("main_frame_timestamp", 0) <= LONGEST_ANIMATION:
        raise bad("wrong main frame timestamp specified")
    file = uploaded(request, wish[kind], kind, "photo must be uploaded as a file")
    return photo_size(file)


@plays("setMyProfilePhoto")
def _set_mine(request: Request) -> bool:
    add(request.world, request.bot.id, _profile_photo(request))
    return _told(request)


@plays("removeMyProfilePhoto")
def _remove_mine(request: Request) -> bool:
    _remove(request, request.bot.id)
    return _told(request)


@plays("setBusinessAccountProfilePhoto")
def _set_accounts(request: Request) -> bool:
    photo = _profile_photo(request)
    owner = business_of(request, "can_edit_profile_photo")["user"]["id"]
    if not request.get("is_public"):
        add(request.world, owner, photo)
    return _told(request)


@plays("removeBusinessAccountProfilePhoto")
def _remove_accounts(request: Request) -> bool:
    owner = business_of(request, "can_edit_profile_photo")["user"]["id"]
    if not request.get("is_public"):
        _remove(request, owner)
    return _told(request)


def _remove(request: Request, owner: int) -> None:
    """Remove the current photo, if there is one. The one before becomes the current one."""
    with request.world.changed:
        del request.world.photos.get(owner, [])[:1]


def _told(request: Request) -> bool:
    request.change("profile", name="photo", text="")
    return True


# Chats.


def of_chat(world: World, chat: Json) -> Json:
    """Return the field of ChatFullInfo about a chat's photo, if it has one."""
    photos = world.photos.get(chat["id"], [])
    if not photos:
        return {}
    sizes = {"small": photos[0][0], "big": photos[0][-1]}
    names = ("file_id", "file_unique_id")
    return {"photo": {f"{size}_{n}": sizes[size][n] for size in sizes for n in names}}


def _chat_of(request: Request) -> Json:
    """Return the chat of a call, whose photo the bot may change. Raises Refusal."""
    private = "can't change private chat photo"
    return group_of(request, "can_change_info", private, "change chat photo")


@plays("setChatPhoto")
def _set_chats(request: Request) -> bool:
    value = request.params["photo"]
    file = uploaded(request, value, "photo", "photo must be uploaded as an InputFile")
    chat, photo = _chat_of(request), [photo_size(file)]
    with request.world.changed:
        request.world.photos[chat["id"]] = [photo]
    request.change("chat", chat_id=chat["id"], photo=photo)
    request.world.tell_own(request.bot, chat, new_chat_photo=photo)
    return True


@plays("deleteChatPhoto")
def _delete_chats(request: Request) -> bool:
    chat = _chat_of(request)
    with request.world.changed:
        if not request.world.photos.pop(chat["id"], None):
            raise bad("CHAT_NOT_MODIFIED")  # https://core.telegram.org/method/channels.editPhoto
    request.change("chat", chat_id=chat["id"], photo=[])
    request.world.tell_own(request.bot, chat, delete_chat_photo=True)
    return True
