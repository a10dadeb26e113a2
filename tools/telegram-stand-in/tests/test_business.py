"""Business accounts, guest messages and invite links, as people and bots see them."""

from __future__ import annotations

from typing import Any

import pytest

from telegram_stand_in import METHODS, TYPES, Json, Stage
from tests.calls import UPLOADS

KINDS = [name for name in TYPES["Update"] if name not in ("update_id", "message")]


class Plays:
    """A stage whose bot keeps the updates, and calls what a test says."""

    def __init__(self) -> None:
        self.updates: list[Json] = []
        self.stage = Stage(self.updates.extend)
        self.call("getUpdates", allowed_updates=KINDS)

    def call(self, method: str, **params: Any) -> Any:
        answer = self.stage.telegram.answer(method, params, uploads=UPLOADS).answer
        return answer["result"] if answer["ok"] else answer["description"]

    def took(self, kind: str) -> Any:
        """Return the content of the next update, which must be of a kind."""
        update = self.updates.pop(0)
        assert kind in update
        return update[kind]


@pytest.fixture
def plays() -> Plays:
    return Plays()


# Business accounts.


def test_a_bot_answers_in_the_name_of_an_account(plays: Plays) -> None:
    shop = plays.stage.business("Bob")
    connection = plays.took("business_connection")
    assert (connection["user"]["first_name"], connection["is_enabled"]) == ("Bob", True)
    ada = shop.user("Ada")
    ada.send("Are you open?")
    asked = plays.took("business_message")
    place = {"business_connection_id": asked["business_connection_id"]}
    place["chat_id"] = asked["chat"]["id"]
    keyboard = {"inline_keyboard": [[{"text": "When?", "callback_data": "when"}]]}
    sent = plays.call("sendMessage", text="Yes", reply_markup=keyboard, **place)
    answer = ada.receive()
    assert (answer["from"]["first_name"], answer.text) == ("Bob", "Yes")
    assert answer.sender_business_bot.username == "test_bot"
    assert plays.stage.user("Ada").unread() == [], "in her own chat with the bot"
    ada.press("When?")
    assert plays.took("callback_query")["message"]["business_connection_id"] == connection["id"]
    plays.call("editMessageText", text="Until six", message_id=sent["message_id"], **place)
    assert ada.receive("edited").text == "Until six"
    assert plays.call("getBusinessConnection", business_connection_id=connection["id"])


def test_a_bot_reads_and_deletes_messages(plays: Plays) -> None:
    shop = plays.stage.business("Bob")
    ada = shop.user("Ada")
    sent = ada.send("spam")
    id = {"business_connection_id": shop.connection["id"]}
    message = {"chat_id": ada.chat["id"], "message_id": sent.message_id}
    assert plays.call("readBusinessMessage", **id, **message) is True
    assert ada.receive("read").message_id == sent.message_id
    assert plays.call("deleteBusinessMessages", message_ids=[sent.message_id], **id) is True
    assert ada.receive("deleted").message_id == sent.message_id
    told = plays.call("deleteBusinessMessages", message_ids=[sent.message_id], **id)
    assert told == "Bad Request: message not found"


def test_a_bot_hears_of_edits_and_deletions(plays: Plays) -> None:
    ada = plays.stage.business("Bob").user("Ada")
    sent = ada.send("Hi")
    plays.updates.clear()
    ada.edit(sent, "Ho")
    assert plays.took("edited_business_message")["text"] == "Ho"
    ada.delete(sent)
    assert plays.took("deleted_business_messages")["message_ids"] == [sent.message_id]


def test_a_bot_needs_the_connection_and_its_rights(plays: Plays) -> None:
    shop = plays.stage.business("Bob", can_reply=False, can_edit_bio=False)
    ada = shop.user("Ada")
    ada.send("Hi")
    id = {"business_connection_id": shop.connection["id"]}
    say = {"text": "Ho", "chat_id": ada.chat["id"]}
    assert plays.call("sendMessage", **say) == "Bad Request: chat not found"
    assert plays.call("sendMessage", **say, **id) == "Bad Request: BOT_ACCESS_FORBIDDEN"
    assert plays.call("setBusinessAccountBio", bio="x", **id) == "Bad Request: BOT_ACCESS_FORBIDDEN"
    assert plays.call("setBusinessAccountName", first_name="Rob", **id) is True
    told = plays.call("sendMessage", business_connection_id="?", **say)
    assert told == "Bad Request: business connection not found"
    plays.updates.clear()
    shop.disconnect()
    ended = plays.took("business_connection")
    assert (ended["is_enabled"], ended["user"]["first_name"]) == (False, "Rob")
    told = plays.call("readBusinessMessage", chat_id=ada.chat["id"], message_id=1, **id)
    assert told == "Bad Request: BUSINESS_CONNECTION_INVALID"


def test_an_owner_writes_to_a_customer(plays: Plays) -> None:
    shop = plays.stage.business("Bob")
    ada, bob = shop.user("Ada"), shop.owner("Ada")
    bob.send("We are open")
    plays.took("business_connection")
    sent = plays.took("business_message")
    assert (sent["from"]["first_name"], sent["chat"]["first_name"]) == ("Bob", "Ada")
    assert sent["business_connection_id"] == shop.connection["id"]
    assert "sender_business_bot" not in sent, "which only the bot's own have"
    assert ada.unread() == [], "which are those of the bot"


GIFT_SETTINGS = {
    "show_gift_button": True,
    "accepted_gift_types": dict.fromkeys(TYPES["AcceptedGiftTypes"], True),
}
STORY = {"type": "photo", "photo": "attach://file"}
# What each method needs: a right of BusinessBotRights, and what it requires besides.
NEEDED: dict[str, tuple[str, Json]] = {
    "sendMessage": ("can_reply", {"text": "a"}),
    "editMessageText": ("can_reply", {"text": "b"}),
    "readBusinessMessage": ("can_read_messages", {}),
    "setBusinessAccountName": ("can_edit_name", {"first_name": "a"}),
    "setBusinessAccountUsername": ("can_edit_username", {}),
    "setBusinessAccountBio": ("can_edit_bio", {}),
    "getBusinessAccountStarBalance": ("can_view_gifts_and_stars", {}),
    "transferBusinessAccountStars": ("can_transfer_stars", {"star_count": 1}),
    "setBusinessAccountGiftSettings": ("can_change_gift_settings", GIFT_SETTINGS),
    "getBusinessAccountGifts": ("can_view_gifts_and_stars", {}),
    "convertGiftToStars": ("can_convert_gifts_to_stars", {"owned_gift_id": "1"}),
    "upgradeGift": ("can_transfer_and_upgrade_gifts", {"owned_gift_id": "1"}),
    "setBusinessAccountProfilePhoto": (
        "can_edit_profile_photo",
        {"photo": {"type": "static", "photo": "attach://file"}},
    ),
    "removeBusinessAccountProfilePhoto": ("can_edit_profile_photo", {}),
    "postStory": ("can_manage_stories", {"content": STORY, "active_period": 86400}),
    "editStory": ("can_manage_stories", {"content": STORY, "story_id": 1}),
    "deleteStory": ("can_manage_stories", {"story_id": 1}),
    "repostStory": (
        "can_manage_stories",
        {"from_chat_id": 1, "from_story_id": 1, "active_period": 86400},
    ),
    "transferGift": (
        "can_transfer_and_upgrade_gifts",
        {"owned_gift_id": "1", "new_owner_chat_id": 1},
    ),
}


@pytest.mark.parametrize("method", NEEDED)
def test_a_call_needs_its_right(plays: Plays, method: str) -> None:
    right, params = NEEDED[method]
    shop = plays.stage.business("Bob")
    shop.stars = 1
    ada = shop.user("Ada")
    place: Json = {"business_connection_id": shop.connection["id"], "chat_id": ada.chat["id"]}
    ids = {"readBusinessMessage": ada.send("Hi").message_id}
    ids["editMessageText"] = plays.call("sendMessage", text="a", **place)["message_id"]
    params = {**place, "message_id": ids.get(method, 0), **params}
    params = {name: value for name, value in params.items() if name in METHODS[method]}
    del shop.connection["rights"][right]
    assert plays.call(method, **params) == "Bad Request: BOT_ACCESS_FORBIDDEN"
    shop.connection["rights"][right] = True
    assert "BOT_ACCESS_FORBIDDEN" not in f"{plays.call(method, **params)}"


def test_a_bot_writes_where_somebody_wrote_within_a_day(plays: Plays) -> None:
    ada = plays.stage.business("Bob").user("Ada")
    sent = ada.send("Hi")
    say = {"business_connection_id": sent.business_connection_id, "chat_id": ada.chat["id"]}
    plays.stage.advance(86300)
    assert plays.call("sendMessage", text="Ho", **say)["text"] == "Ho"
    plays.stage.advance(200)
    told = plays.call("sendMessage", text="Ho", **say)
    assert told == "Bad Request: BUSINESS_PEER_USAGE_MISSING"


def test_an_account_has_stars(plays: Plays) -> None:
    shop = plays.stage.business("Bob")
    shop.stars = 20
    id = {"business_connection_id": shop.connection["id"]}
    assert plays.call("getBusinessAccountStarBalance", **id) == {"amount": 20}
    told = plays.call("transferBusinessAccountStars", star_count=21, **id)
    assert told == "Bad Request: BALANCE_TOO_LOW"
    for count in (0, 10001):
        told = plays.call("transferBusinessAccountStars", star_count=count, **id)
        assert told == "Bad Request: invalid amount of Telegram Stars to transfer specified"
    assert plays.call("transferBusinessAccountStars", star_count=15, **id) is True
    assert (shop.stars, plays.stage.stars) == (5, 15)
    [moved] = plays.call("getStarTransactions")["transactions"]
    source = {"type": "user", "transaction_type": "business_account_transfer"}
    assert moved["source"] == {**source, "user": shop.connection["user"]}


def test_a_bot_has_the_stars_of_a_deposit(plays: Plays) -> None:
    plays.stage.stars = 100
    assert plays.call("getMyStarBalance") == {"amount": 100}
    assert plays.call("getStarTransactions")["transactions"][0]["source"] == {"type": "fragment"}
    with pytest.raises(ValueError, match="the bot has 100 Telegram Stars already"):
        plays.stage.stars = 99


@pytest.mark.parametrize(
    ("method", "params", "told"),
    [
        ("setBusinessAccountName", {"first_name": "a" * 65}, "FIRSTNAME_INVALID"),
        ("setBusinessAccountUsername", {"username": "a b c"}, "USERNAME_INVALID"),
        ("setBusinessAccountBio", {"bio": "a" * 141}, "ABOUT_TOO_LONG"),
    ],
)
def test_a_profile_is_checked(plays: Plays, method: str, params: Json, told: str) -> None:
    id = {"business_connection_id": plays.stage.business("Bob").connection["id"]}
    assert plays.call(method, **params, **id) == f"Bad Request: {told}"


def test_a_profile_is_seen(plays: Plays) -> None:
    shop, bob = plays.stage.business("Bob"), plays.stage.user("Bob")
    bob.send("Hi")
    id = {"business_connection_id": shop.connection["id"]}
    plays.call("setBusinessAccountBio", bio="Tea", **id)
    assert plays.call("getChat", chat_id=bob.chat["id"])["bio"] == "Tea"
    plays.call("setBusinessAccountUsername", username="bobs_tea", **id)
    assert bob.user["username"] == "bobs_tea"


# Guest messages.


def test_a_guest_answers_once(plays: Plays) -> None:
    club = plays.stage.group("Club", guest=True)
    ada = club.user("Ada")
    ada.send("Hi")
    assert plays.updates == []
    ada.send("@test_bot what is 2 + 2?")
    asked = plays.took("guest_message")
    content = {"message_text": "4"}
    result = {"type": "article", "id": "1", "title": "4", "input_message_content": content}
    answer = {"guest_query_id": asked["guest_query_id"], "result": result}
    id = plays.call("answerGuestQuery", **answer)
    assert club.user("Grace").receive().text == "4"
    assert ada.receive().guest_bot_caller_user.first_name == "Ada"
    plays.call("editMessageText", text="four", **id)
    assert ada.receive("edited").text == "four"
    assert "query is too old" in plays.call("answerGuestQuery", **answer)
    told = plays.call("sendMessage", chat_id=ada.chat["id"], text="Hi")
    assert told == "Bad Request: chat not found"


# Invite links.


def test_people_join_by_a_link(plays: Plays) -> None:
    club = plays.stage.group("Club", admin=True)
    ada, grace = club.user("Ada"), club.user("Grace")
    place = {"chat_id": club.chat["id"]}
    link = plays.call("createChatInviteLink", name="friends", member_limit=1, **place)
    ada.join(link)
    assert plays.took("chat_member")["invite_link"]["name"] == "friends"
    with pytest.raises(ValueError, match="1 people have joined"):
        grace.join(link)
    edited = plays.call("editChatInviteLink", invite_link=link["invite_link"], **place)
    assert "name" not in edited
    grace.join(edited)
    revoked = plays.call("revokeChatInviteLink", invite_link=link["invite_link"], **place)
    assert revoked["is_revoked"] is True
    with pytest.raises(ValueError, match="revoked, or has expired"):
        club.user("Alan").join(link)
    first, second = (plays.call("exportChatInviteLink", **place) for _ in range(2))
    with pytest.raises(ValueError, match="revoked"):
        club.user("Alan").join(first)
    club.user("Alan").join(second)


def test_a_link_asks_for_approval(plays: Plays) -> None:
    club = plays.stage.group("Club", admin=True)
    ada = club.user("Ada")
    place = {"chat_id": club.chat["id"]}
    link = plays.call("createChatInviteLink", creates_join_request=True, **place)
    ada.join(link)
    assert plays.took("chat_join_request")["invite_link"] == link
    assert plays.call("approveChatJoinRequest", user_id=ada.user["id"], **place) is True
    plays.stage.settle()
    joined = plays.took("chat_member")
    assert (joined["via_join_request"], joined["invite_link"]) == (True, link)


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"creates_join_request": True, "member_limit": 1}, "member limit can't be specified for"),
        ({"member_limit": 100000}, "member limit must be from 1 to 99999"),
    ],
)
def test_links_are_checked(plays: Plays, about: Json, told: str) -> None:
    club = plays.stage.group("Club", admin=True)
    assert told in plays.call("createChatInviteLink", chat_id=club.chat["id"], **about)


def test_links_need_an_administrator_of_a_group(plays: Plays) -> None:
    club = plays.stage.group("Club")
    told = plays.call("exportChatInviteLink", chat_id=club.chat["id"])
    assert told == "Bad Request: not enough rights to manage chat invite link"
    plays.stage.user("Ada").send("Hi")
    told = plays.call("exportChatInviteLink", chat_id=plays.stage.user("Ada").chat["id"])
    assert told == "Bad Request: can't invite members to a private chat"
    admin = plays.stage.group("Other", admin=True).chat["id"]
    told = plays.call("revokeChatInviteLink", chat_id=admin, invite_link="https://t.me/+x")
    assert told == "Bad Request: INVITE_HASH_EXPIRED"
    about = {"subscription_period": 2592000, "subscription_price": 5}
    told = plays.call("createChatSubscriptionInviteLink", chat_id=admin, **about)
    assert told == "Bad Request: the chat must be a channel"
