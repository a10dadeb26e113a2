"""Stories of business accounts, and photos in profiles and of chats."""

from __future__ import annotations

from typing import Any

import pytest

from telegram_stand_in import TYPES, Json, Stage, Upload, picture
from telegram_stand_in.bot_api import RETURNS, conform

KINDS = [name for name in TYPES["Update"] if name != "update_id"]
UPLOADS = {
    "portrait": Upload("a.png", "image/png", picture(1080, 1920)),
    "square": Upload("b.png", "image/png", picture(64, 64)),
    "clip": Upload("c.mp4", "video/mp4", b"clip"),
}
PHOTO = {"type": "photo", "photo": "attach://portrait"}
STATIC = {"type": "static", "photo": "attach://square"}
ANIMATED = {"type": "animated", "animation": "attach://clip"}
DAY = 86400


class Shop:
    """A stage with two business accounts, whose bot keeps the updates."""

    def __init__(self) -> None:
        self.updates: list[Json] = []
        self.stage = Stage(self.updates.extend)
        self.call("getUpdates", allowed_updates=KINDS)
        self.bobs, self.eves = self.stage.business("Bob"), self.stage.business("Eve")
        self.bob, self.eve = (
            {"business_connection_id": each.connection["id"]} for each in (self.bobs, self.eves)
        )
        self.hints: list[str] = []

    def call(self, method: str, **params: Any) -> Any:
        """Make a call, and return its result, which is as documented, or why it is refused."""
        call = self.stage.telegram.answer(method, params, uploads=UPLOADS)
        self.hints = call.hints
        if not call.answer["ok"]:
            return call.answer["description"].removeprefix("Bad Request: ")
        hints: list[str] = []
        conform(RETURNS[method], call.answer["result"], hints)
        assert hints == []
        return call.answer["result"]


@pytest.fixture
def shop() -> Shop:
    return Shop()


# Stories.


def test_a_story_is_posted_edited_and_deleted(shop: Shop) -> None:
    wish = {"content": PHOTO, "active_period": DAY, "post_to_chat_page": True}
    posted = shop.call("postStory", caption="*Tea*", parse_mode="MarkdownV2", **wish, **shop.bob)
    assert (posted["chat"]["first_name"], posted["id"], shop.hints) == ("Bob", 1, [])
    [story] = shop.bobs.stories
    assert (story.caption, story.active_period, story.post_to_chat_page) == ("Tea", DAY, True)
    bob = shop.stage.user("Bob")
    assert bob.receive("story").story.photo.file_id == story.photo.file_id
    which = {"story_id": 1, **shop.bob}
    clip = {"type": "video", "video": "attach://clip"}
    assert shop.call("editStory", content=clip, caption="Cake", **which) == posted
    [story] = shop.bobs.stories
    assert ("photo" in story, story.caption, story.active_period) == (False, "Cake", DAY)
    assert shop.call("deleteStory", **which) is True
    assert shop.bobs.stories == []
    assert bob.receive("story_deleted").story_id == 1
    assert shop.call("deleteStory", **which) == "STORY_ID_INVALID"


def test_a_story_is_reposted_between_accounts_of_the_bot(shop: Shop) -> None:
    shop.call("postStory", content=PHOTO, caption="Tea", active_period=DAY, **shop.bob)
    wish = {"from_chat_id": shop.bobs.connection["user"]["id"], "active_period": 2 * DAY}
    wish |= shop.eve
    assert shop.call("repostStory", from_story_id=2, **wish) == "STORY_ID_INVALID"
    assert shop.call("repostStory", from_story_id=1, **wish)["chat"]["first_name"] == "Eve"
    [story] = shop.eves.stories
    assert (story.caption, story.active_period) == ("Tea", 2 * DAY)
    del shop.bobs.connection["rights"]["can_manage_stories"]
    assert shop.call("repostStory", from_story_id=1, **wish) == "BOT_ACCESS_FORBIDDEN"
    shop.bobs.disconnect()
    assert shop.call("repostStory", from_story_id=1, **wish) == "chat not found"
    refused = shop.call("repostStory", from_story_id=0, **wish)
    assert refused == "invalid story to repost specified"


LINK: Json = {"type": {"type": "link", "url": "https://example.org"}}
LINK["position"] = dict.fromkeys(TYPES["AreaPosition"], 1.0)


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"active_period": 60}, "invalid story active period specified"),
        (
            {"content": {"type": "photo", "photo": "known"}},
            "story photo must be uploaded as a file",
        ),
        ({"caption": "a" * 2049}, "message caption is too long"),
        ({"areas": [LINK] * 4}, "a story can have up to 3 link areas"),
    ],
)
def test_a_story_is_checked(shop: Shop, about: Json, told: str) -> None:
    wish = {"content": PHOTO, "active_period": DAY, **about, **shop.bob}
    assert shop.call("postStory", **wish) == told


def test_a_storys_photo_has_a_size(shop: Shop) -> None:
    content = {"type": "photo", "photo": "attach://square"}
    shop.call("postStory", content=content, active_period=DAY, **shop.bob)
    assert shop.hints == ["a story's photo must have 1080 × 1920 pixels"]


# Photos.


def test_an_accounts_photo_is_set_and_removed(shop: Shop) -> None:
    bob = shop.stage.user("Bob")
    bob.set_photo(picture(10, 20))
    who = {"user_id": bob.user["id"]}
    assert shop.call("setBusinessAccountProfilePhoto", photo=STATIC, **shop.bob) is True
    assert shop.call("setBusinessAccountProfilePhoto", photo=ANIMATED, **shop.bob) is True
    hidden = {"photo": STATIC, "is_public": True}
    assert shop.call("setBusinessAccountProfilePhoto", **hidden, **shop.bob) is True
    photos = shop.call("getUserProfilePhotos", **who)
    assert photos["total_count"] == 3
    assert [sizes[0]["width"] for sizes in photos["photos"][1:]] == [64, 10]
    assert shop.call("removeBusinessAccountProfilePhoto", **shop.bob) is True
    [[size]] = shop.call("getUserProfilePhotos", limit=1, **who)["photos"]
    assert size["width"] == 64
    bob.send("Hi")
    chat = shop.call("getChat", chat_id=bob.chat["id"])
    assert chat["photo"]["big_file_id"] == size["file_id"]
    assert shop.call("getFile", file_id=size["file_id"])["file_path"].startswith("photos/")


def test_a_bot_has_a_photo(shop: Shop) -> None:
    who = {"user_id": shop.stage.telegram.bot.id}
    refused = shop.call("setMyProfilePhoto", photo={"type": "static", "photo": "known"})
    assert refused == "photo must be uploaded as a file"
    late = {**ANIMATED, "main_frame_timestamp": 11}
    assert shop.call("setMyProfilePhoto", photo=late) == "wrong main frame timestamp specified"
    assert shop.call("setMyProfilePhoto", photo=STATIC) is True
    assert shop.call("getUserProfilePhotos", **who)["total_count"] == 1
    assert shop.call("removeMyProfilePhoto") is True
    assert shop.call("getUserProfilePhotos", **who)["photos"] == []


def test_a_groups_photo_needs_a_right(shop: Shop) -> None:
    upload = {"photo": "attach://square"}
    club = {"chat_id": shop.stage.group("Club").chat["id"]}
    refused = shop.call("setChatPhoto", **upload, **club)
    assert refused == "not enough rights to change chat photo"
    refused = shop.call("setChatPhoto", **club, photo="known")
    assert refused == "photo must be uploaded as an InputFile"
    ada = shop.stage.user("Ada")
    ada.send("Hi")
    refused = shop.call("setChatPhoto", **upload, chat_id=ada.chat["id"])
    assert refused == "can't change private chat photo"


@pytest.mark.parametrize("kind", ["group", "channel"])
def test_a_chats_photo_is_seen(shop: Shop, kind: str) -> None:
    stage = shop.stage
    if kind == "group":
        person = stage.group("Club", admin=True).user("Ada")
    else:
        person = stage.channel("News")
    place = {"chat_id": person.chat["id"]}
    assert shop.call("deleteChatPhoto", **place) == "CHAT_NOT_MODIFIED"
    assert shop.call("setChatPhoto", photo="attach://square", **place) is True
    assert person.receive("chat").photo[0].width == 64
    stage.settle()
    update = "message" if kind == "group" else "channel_post"
    assert shop.updates[-1][update]["new_chat_photo"][0]["width"] == 64
    assert "photo" in shop.call("getChat", **place)
    assert shop.call("deleteChatPhoto", **place) is True
    stage.settle()
    assert shop.updates[-1][update]["delete_chat_photo"] is True
    assert "photo" not in shop.call("getChat", **place)
    shop.call("setChatTitle", title="Other", **place)
    stage.settle()
    assert shop.updates[-1][update]["new_chat_title"] == "Other"
