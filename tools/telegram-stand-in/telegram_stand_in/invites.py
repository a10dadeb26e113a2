"""Invite links of groups and channels, and who joins by them.

Words of refusals: https://github.com/tdlib/td, DialogInviteLinkManager.cpp.
"""

from __future__ import annotations

import math
from typing import Any

from .request import Request, bad, chat_of, group_of, plays
from .state import Bot, World

Json = dict[str, Any]

LINK = "https://t.me/+"
LONGEST_NAME = 32  # characters
SUBSCRIPTION = 2592000  # seconds: the only period that Telegram allows
FIELDS = ("expire_date", "member_limit", "name", "subscription_period", "subscription_price")


def _chat_of(request: Request) -> Json:
    """Return the chat of a call, to which the bot may invite people. Raises Refusal."""
    private = "can't invite members to a private chat"
    return group_of(request, "can_invite_users", private, "manage chat invite link")


def _described(request: Request) -> Json:
    """Return the fields of a link that a call gives. Raises Refusal."""
    params = request.params
    if request.get("creates_join_request") and request.get("member_limit"):
        told = "member limit can't be specified for links requiring administrator approval"
        raise bad(told)
    if not 0 <= request.get("member_limit", 0) <= 99999:
        raise bad("member limit must be from 1 to 99999")  # ours, and so are those below
    if params.get("subscription_period", SUBSCRIPTION) != SUBSCRIPTION:
        raise bad("SUBSCRIPTION_PERIOD_INVALID")
    found = {name: params[name] for name in FIELDS if params.get(name)}
    if "name" in found:
        found["name"] = found["name"][:LONGEST_NAME]
    return {**found, "creates_join_request": request.get("creates_join_request", False)}


def _make(request: Request, chat: Json, **about: Any) -> Json:
    link: Json = {"invite_link": f"{LINK}{request.world.new_id()}", "creator": request.bot.user}
    link |= {"creates_join_request": False, "is_primary": False, "is_revoked": False, **about}
    with request.world.changed:
        request.world.invite_links[link["invite_link"]] = {"chat": chat, "link": link, "by": set()}
    return link


@plays("createChatInviteLink", "createChatSubscriptionInviteLink")
def _create(request: Request) -> Json:
    chat = _chat_of(request)
    if request.method == "createChatSubscriptionInviteLink" and chat["type"] != "channel":
        raise bad("the chat must be a channel")
    return _make(request, chat, **_described(request))


@plays("exportChatInviteLink")
def _export(request: Request) -> str:
    chat = _chat_of(request)
    for each in request.world.invite_links.values():
        if each["chat"]["id"] == chat["id"] and each["link"]["is_primary"]:
            each["link"]["is_revoked"] = True
    return str(_make(request, chat, is_primary=True)["invite_link"])


def _known(request: Request) -> Json:
    chat = _chat_of(request)
    known = request.world.invite_links.get(request.params["invite_link"])
    if not known or known["chat"]["id"] != chat["id"]:
        raise bad("INVITE_HASH_EXPIRED")
    link: Json = known["link"]
    return link


@plays("editChatInviteLink", "editChatSubscriptionInviteLink")
def _edit(request: Request) -> Json:
    link = _known(request)
    if link["is_revoked"]:
        raise bad("INVITE_HASH_EXPIRED")
    about = _described(request)
    names = FIELDS if request.method == "editChatInviteLink" else ("name",)
    with request.world.changed:
        for name in names:
            link.pop(name, None)
        link.update(about)
    return link


@plays("revokeChatInviteLink")
def _revoke(request: Request) -> Json:
    link = _known(request)
    with request.world.changed:
        link["is_revoked"] = True
    if link["is_primary"]:  # a chat always has one
        _make(request, chat_of(request), is_primary=True)
    return link


# People.


def usable(world: World, url: str, user: Json) -> Json:
    """Return an invite link's record, by which a person may join. Raises ValueError."""
    known = world.invite_links.get(url)
    if not known:
        raise ValueError(f"there is no invite link {url}")
    link: Json = known["link"]
    if link["is_revoked"] or link.get("expire_date", math.inf) < world.now():
        raise ValueError(f"the invite link {url} is revoked, or has expired")
    if len(known["by"] - {user["id"]}) >= link.get("member_limit", 100000):
        raise ValueError(f"{link['member_limit']} people have joined by the invite link {url}")
    return known


def ask_to_join(world: World, bot: Bot, known: Json, user: Json) -> None:
    """Send the request of a person, whom a bot may approve."""
    about = {"chat": known["chat"], "from": user, "user_chat_id": user["id"]}
    request = {**about, "date": int(world.now()), "invite_link": known["link"]}
    world.send({"chat_join_request": request}, bot)
