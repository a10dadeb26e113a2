"""Each method that is played, called by aiogram, which reads the result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from telegram_stand_in import ADA, GRACE, TYPES, Json, Telegram
from telegram_stand_in.gifts import give
from telegram_stand_in.payments import Subscription
from telegram_stand_in.request import PLAYED
from telegram_stand_in.stars import move
from telegram_stand_in.stories import Story
from tests.calls import CHAT, PNG, TOKEN


class Id:
    """The result of a call before this one: the id of its message, or what `of` finds."""

    def __init__(self, name: str, of: Callable[[Telegram, int], Any] = lambda _, id: id) -> None:
        self.name = name
        self.of = of


BOT_ID = int(TOKEN.partition(":")[0])
GROUP = -1001000000001
NEWS = -1001000000002
FILE = "https://example.org/a"
PRESS = {"inline_keyboard": [[{"text": "Press", "callback_data": "pressed"}]]}
OTHER = {"inline_keyboard": [[{"text": "Other", "callback_data": "other"}]]}
INVOICE: Json = {
    "title": "Soup",
    "description": "Hot",
    "payload": "soup",
    "prices": [{"label": "A bowl", "amount": 400}],
}
BUSINESS = {"business_connection_id": "business"}
ONE = {"ephemeral_message_parameters": {"receiver_user_id": GRACE["id"]}, "chat_id": GROUP}
TOPIC = {"chat_id": GROUP, "message_thread_id": Id("createForumTopic")}
AT = {"latitude": 51.5, "longitude": -0.1}


def to_one(name: str) -> Json:
    """Return what names the ephemeral message of a call."""
    place = {"chat_id": GROUP, "receiver_user_id": GRACE["id"]}
    return {**place, "ephemeral_message_id": Id(name)}


LATEST_GIFT = Id("", lambda telegram, _: telegram.owned_gifts[-1].about["owned_gift_id"])
LATEST_LINK = Id("", lambda telegram, _: [*telegram.invite_links][-1])


def written(telegram: Telegram, _: int) -> int:
    """Have a person write to a business account, and return the message's id."""
    message: Json = telegram.message("hello")["message"]
    telegram.send({"business_message": {**message, **BUSINESS}})
    return int(message["message_id"])


def asked_as_a_guest(telegram: Telegram, _: int) -> str:
    message = telegram.message("hello", chat={"id": -7, "type": "group", "title": "Others"})
    telegram.send({"guest_message": {**message["message"], "guest_query_id": "guest"}})
    return "guest"


def subscribed(telegram: Telegram, _: int) -> str:
    """Return the id of a payment, and have it recur."""
    id = [*telegram.charges][-1]
    telegram.subscriptions[id] = Subscription(telegram.charges[id]["checkout"], 0)
    return id


def with_stars(telegram: Telegram, _: int) -> str:
    """Give a business account Stars, and return the id of its connection."""
    telegram.stars[telegram.bot.businesses["business"]["user"]["id"]] = 100
    return "business"


def rich(telegram: Telegram, _: int) -> str:
    """Give the bot Stars, and return the id of a gift."""
    move(telegram, telegram.bot, 2000, source={"type": "fragment"})
    return "5001"


def with_a_gift(telegram: Telegram, _: int) -> str:
    """Give a business account a gift, and return the id of its connection."""
    message = {**telegram.message("hello")["message"], **BUSINESS}
    del message["text"]
    give(telegram, telegram.bot, telegram.bot.businesses["business"], message, "5002")
    return "business"


def posted(telegram: Telegram, _: int) -> int:
    """Post a story, and return its id."""
    telegram.stories[4444, 1] = Story(telegram.bot.id, {"id": 1, "active_period": 86400})
    return 1


def image(_: Telegram, __: int) -> Any:
    from aiogram.types import BufferedInputFile

    return BufferedInputFile(PNG, "a.png")


def profile_photo(telegram: Telegram, _: int) -> Any:
    from aiogram.types import InputProfilePhotoStatic

    return InputProfilePhotoStatic(photo=image(telegram, 0))


PROFILE_PHOTO = Id("", profile_photo)


def here(name: str) -> Json:
    return {"message_id": Id(name)}


def asked_to_join(telegram: Telegram, _: int) -> int:
    """Have Grace ask to join, and return her id."""
    wish = {"chat": telegram.bot.chats[GROUP], "from": GRACE, "date": 1}
    telegram.send({"chat_join_request": wish})
    return int(GRACE["id"])


# Method, parameters, and a part of the result by its path with what it must be; ...: anything. The
# calls are made in this order.
CALLS: list[tuple[str, Json, str, Any]] = [
    ("getMe", {}, "username", "echo_bot"),
    # Messages.
    ("sendMessage", {"text": "*a*", "parse_mode": "MarkdownV2"}, "entities.0.type", "bold"),
    ("editMessageText", {"text": "b", **here("sendMessage")}, "text", "b"),
    ("editMessageReplyMarkup", {"reply_markup": PRESS, **here("sendMessage")},
     "reply_markup.inline_keyboard.0.0.text", "Press"),
    ("setMessageReaction", {"reaction": [{"type": "emoji", "emoji": "👍"}],
                            **here("sendMessage")}, "", True),
    ("copyMessage", {"from_chat_id": CHAT, **here("sendMessage")}, "", ...),
    ("copyMessages", {"from_chat_id": CHAT, "message_ids": [Id("sendMessage")]}, "0", ...),
    ("forwardMessage", {"from_chat_id": CHAT, **here("sendMessage")},
     "forward_origin.sender_user.username", "echo_bot"),
    ("forwardMessages", {"from_chat_id": CHAT, "message_ids": [Id("sendMessage")]}, "0", ...),
    ("pinChatMessage", here("sendMessage"), "", True),
    ("getChat", {}, "pinned_message.text", "b"),
    ("unpinChatMessage", here("sendMessage"), "", True),
    ("unpinAllChatMessages", {}, "", True),
    ("deleteMessage", here("sendMessage"), "", True),
    ("deleteMessages", {"message_ids": [Id("forwardMessage")]}, "", True),
    ("sendChatAction", {"action": "typing"}, "", True),
    ("sendMessageDraft", {"draft_id": 1, "text": "a"}, "", True),
    ("sendRichMessage", {"rich_message": {"html": "<h1>a</h1>"}}, "rich_message.blocks.0.size", 1),
    ("sendRichMessageDraft", {"draft_id": 1, "rich_message": {"html": "<p>a</p>"}}, "", True),
    # Files.
    ("sendPhoto", {"photo": FILE, "caption": "a"}, "caption", "a"),
    ("editMessageCaption", {"caption": "b", **here("sendPhoto")}, "caption", "b"),
    ("editMessageMedia", {"media": {"type": "video", "media": FILE}, **here("sendPhoto")},
     "video.mime_type", "application/octet-stream"),
    ("sendAnimation", {"animation": FILE, "width": 7}, "animation.width", 7),
    ("sendAudio", {"audio": FILE, "performer": "a"}, "audio.performer", "a"),
    ("sendDocument", {"document": FILE}, "document.file_id", ...),
    ("sendLivePhoto", {"live_photo": FILE, "photo": FILE}, "live_photo.photo.0.width", 640),
    ("sendSticker", {"sticker": FILE, "emoji": "👍"}, "sticker.emoji", "👍"),
    ("sendVideo", {"video": FILE, "duration": 7}, "video.duration", 7),
    ("sendVideoNote", {"video_note": FILE, "length": 7}, "video_note.length", 7),
    ("sendVoice", {"voice": FILE, "duration": 7}, "voice.duration", 7),
    ("sendMediaGroup", {"media": [{"type": "photo", "media": FILE}] * 2}, "1.photo.0.width", 640),
    ("sendPaidMedia", {"star_count": 7, "media": [{"type": "photo", "media": FILE}]},
     "paid_media.star_count", 7),
    ("getFile", {"file_id": Id("", lambda telegram, _: telegram.files.add("photo", b"a").id)},
     "file_size", 1),
    # Other content.
    ("sendLocation", {**AT, "live_period": 60}, "location.latitude", 51.5),
    ("editMessageLiveLocation", {**AT, "latitude": 51.6, **here("sendLocation")},
     "location.latitude", 51.6),
    ("stopMessageLiveLocation", here("sendLocation"), "location.live_period", None),
    ("sendVenue", {**AT, "title": "a", "address": "b"}, "venue.address", "b"),
    ("sendContact", {"phone_number": "+1", "first_name": "a"}, "contact.first_name", "a"),
    ("sendDice", {"emoji": "🎯"}, "dice.emoji", "🎯"),
    ("sendPoll", {"question": "a?", "options": ["b", "c"]}, "poll.options.1.text", "c"),
    ("stopPoll", here("sendPoll"), "is_closed", True),
    ("sendChecklist", {**BUSINESS,
                       "checklist": {"title": "a", "tasks": [{"id": 1, "text": "b"}]}},
     "checklist.tasks.0.text", "b"),
    ("sendGame", {"game_short_name": "a"}, "game.title", "a"),
    # Ephemeral messages.
    ("sendMessage", {"text": "a", **ONE}, "receiver_user.first_name", "Grace"),
    ("editEphemeralMessageText", {"text": "b", **to_one("sendMessage")}, "", True),
    ("editEphemeralMessageReplyMarkup", {"reply_markup": OTHER, **to_one("sendMessage")}, "", True),
    ("sendPhoto", {"photo": FILE, **ONE}, "photo.0.width", 640),
    ("editEphemeralMessageCaption", {"caption": "b", **to_one("sendPhoto")}, "", True),
    ("editEphemeralMessageMedia", {"media": {"type": "video", "media": FILE},
                                   **to_one("sendPhoto")}, "", True),
    ("deleteEphemeralMessage", to_one("sendPhoto"), "", True),
    # Answers.
    ("answerCallbackQuery", {"callback_query_id": "query", "text": "a"}, "", True),
    ("answerInlineQuery", {"inline_query_id": Id("", lambda telegram, _: telegram.ask("a")),
                           "results": [{"type": "contact", "id": "1", "phone_number": "+1",
                                        "first_name": "a"}]}, "", True),
    ("answerWebAppQuery", {
        "web_app_query_id": Id("", lambda telegram, _: opened(telegram)),
        "result": {"type": "contact", "id": "1", "phone_number": "+1", "first_name": "a"},
    }, "inline_message_id", None),
    ("answerGuestQuery", {
        "guest_query_id": Id("", asked_as_a_guest),
        "result": {"type": "contact", "id": "1", "phone_number": "+1", "first_name": "a"},
    }, "inline_message_id", ...),
    # Business accounts.
    ("getBusinessConnection", BUSINESS, "is_enabled", True),
    ("readBusinessMessage", {**BUSINESS, "message_id": Id("", written)}, "", True),
    ("deleteBusinessMessages", {**BUSINESS, "message_ids": [Id("", written)]},
     "", True),
    ("setBusinessAccountName", {**BUSINESS, "first_name": "a"}, "", True),
    ("setBusinessAccountUsername", {**BUSINESS, "username": "alice"}, "", True),
    ("setBusinessAccountBio", {**BUSINESS, "bio": "a"}, "", True),
    ("transferBusinessAccountStars",
     {"business_connection_id": Id("", with_stars), "star_count": 30}, "", True),
    ("getBusinessAccountStarBalance", BUSINESS, "amount", 70),
    # Payments.
    ("createInvoiceLink", {**INVOICE, "currency": "XTR", "subscription_period": 2592000}, "", ...),
    ("sendInvoice", {**INVOICE, "currency": "EUR", "provider_token": "x", "is_flexible": True,
                     "need_shipping_address": True}, "invoice.total_amount", 400),
    ("answerShippingQuery", {
        "shipping_query_id": Id("sendInvoice", lambda telegram, id: telegram.pay(CHAT, id)),
        "ok": True,
        "shipping_options": [{"id": "a", "title": "b", "prices": [{"label": "c", "amount": 1}]}],
    }, "", True),
    ("answerPreCheckoutQuery", {
        "pre_checkout_query_id": Id("", lambda telegram, _: next(iter(telegram.checkouts))),
        "ok": True,
    }, "", True),
    ("sendInvoice", {**INVOICE, "currency": "XTR"}, "invoice.currency", "XTR"),
    ("answerPreCheckoutQuery", {
        "pre_checkout_query_id": Id("sendInvoice", lambda telegram, id: telegram.pay(CHAT, id)),
        "ok": True,
    }, "", True),
    ("editUserStarSubscription", {
        "user_id": ADA["id"],
        "telegram_payment_charge_id": Id("", subscribed),
        "is_canceled": True,
    }, "", True),
    ("getMyStarBalance", {}, "amount", 430),
    ("refundStarPayment", {
        "user_id": ADA["id"],
        "telegram_payment_charge_id": Id("", lambda telegram, _: [*telegram.charges][-1]),
    }, "", True),
    ("getStarTransactions", {}, "transactions.2.amount", 400),
    # Stories, and photos.
    ("repostStory", {**BUSINESS, "from_chat_id": 4444, "from_story_id": Id("", posted),
                     "active_period": 86400}, "id", 2),
    ("deleteStory", {**BUSINESS, "story_id": 1}, "", True),
    ("setBusinessAccountProfilePhoto", {**BUSINESS, "photo": PROFILE_PHOTO}, "", True),
    ("removeBusinessAccountProfilePhoto", BUSINESS, "", True),
    ("setMyProfilePhoto", {"photo": PROFILE_PHOTO}, "", True),
    ("getUserProfilePhotos", {"user_id": BOT_ID}, "photos.0.0.width", 20),
    ("removeMyProfilePhoto", {}, "", True),
    ("setChatPhoto", {"chat_id": GROUP, "photo": Id("", image)}, "", True),
    ("deleteChatPhoto", {"chat_id": GROUP}, "", True),
    # Gifts.
    ("getAvailableGifts", {}, "gifts.1.upgrade_star_count", 25),
    ("sendGift", {"gift_id": Id("", rich)}, "", True),
    ("getUserGifts", {"user_id": ADA["id"]}, "gifts.0.gift.star_count", 15),
    ("getChatGifts", {"chat_id": GROUP}, "total_count", 0),
    ("giftPremiumSubscription", {"user_id": GRACE["id"], "month_count": 3, "star_count": 1000},
     "", True),
    ("getBusinessAccountGifts", {"business_connection_id": Id("", with_a_gift)},
     "gifts.0.convert_star_count", 42),
    ("upgradeGift", {**BUSINESS, "owned_gift_id": LATEST_GIFT, "star_count": 25}, "", True),
    ("transferGift", {**BUSINESS, "owned_gift_id": LATEST_GIFT, "star_count": 25,
                      "new_owner_chat_id": ADA["id"]}, "", True),
    ("convertGiftToStars", {"business_connection_id": Id("", with_a_gift),
                            "owned_gift_id": LATEST_GIFT}, "", True),
    ("setBusinessAccountGiftSettings", {
        **BUSINESS, "show_gift_button": True,
        "accepted_gift_types": dict.fromkeys(TYPES["AcceptedGiftTypes"], True),
    }, "", True),
    # The bot.
    ("setMyCommands", {"commands": [{"command": "a", "description": "b"}]}, "", True),
    ("getMyCommands", {}, "0.description", "b"),
    ("deleteMyCommands", {}, "", True),
    ("setMyName", {"name": "a"}, "", True),
    ("getMyName", {}, "name", "a"),
    ("setMyDescription", {"description": "a"}, "", True),
    ("getMyDescription", {}, "description", "a"),
    ("setMyShortDescription", {"short_description": "a"}, "", True),
    ("getMyShortDescription", {}, "short_description", "a"),
    ("setChatMenuButton", {"menu_button": {"type": "commands"}}, "", True),
    ("getChatMenuButton", {}, "type", "commands"),
    # Chats.
    ("setChatTitle", {"chat_id": GROUP, "title": "a"}, "", True),
    ("setChatDescription", {"chat_id": GROUP, "description": "b"}, "", True),
    ("getChat", {"chat_id": GROUP}, "title", "a"),
    ("promoteChatMember", {"chat_id": GROUP, "user_id": GRACE["id"], "can_pin_messages": True},
     "", True),
    ("getChatAdministrators", {"chat_id": GROUP}, "1.can_pin_messages", True),
    ("restrictChatMember", {"chat_id": GROUP, "user_id": GRACE["id"], "permissions": {}}, "", True),
    ("getChatMember", {"chat_id": GROUP, "user_id": GRACE["id"]}, "status", "restricted"),
    ("getChatMemberCount", {"chat_id": GROUP}, "", 2),
    ("banChatMember", {"chat_id": GROUP, "user_id": GRACE["id"]}, "", True),
    ("unbanChatMember", {"chat_id": GROUP, "user_id": GRACE["id"]}, "", True),
    ("getChatMember", {"chat_id": GROUP, "user_id": GRACE["id"]}, "status", "left"),
    ("createChatInviteLink", {"chat_id": GROUP, "name": "a"}, "name", "a"),
    ("editChatInviteLink", {"chat_id": GROUP, "invite_link": LATEST_LINK}, "name", None),
    ("revokeChatInviteLink", {"chat_id": GROUP, "invite_link": LATEST_LINK}, "is_revoked", True),
    ("exportChatInviteLink", {"chat_id": GROUP}, "", ...),
    ("createChatSubscriptionInviteLink", {
        "chat_id": NEWS, "subscription_period": 2592000, "subscription_price": 7,
    }, "subscription_price", 7),
    ("editChatSubscriptionInviteLink", {"chat_id": NEWS, "invite_link": LATEST_LINK, "name": "a"},
     "name", "a"),
    ("createForumTopic", {"chat_id": GROUP, "name": "a"}, "name", "a"),
    ("editForumTopic", {**TOPIC, "name": "b"}, "", True),
    ("closeForumTopic", TOPIC, "", True),
    ("reopenForumTopic", TOPIC, "", True),
    ("deleteForumTopic", TOPIC, "", True),
    ("approveChatJoinRequest", {"chat_id": GROUP, "user_id": Id("", asked_to_join)}, "", True),
    ("declineChatJoinRequest", {"chat_id": GROUP, "user_id": Id("", asked_to_join)}, "", True),
    ("leaveChat", {"chat_id": GROUP}, "", True),
    # Updates.
    ("getUpdates", {"limit": 1}, "0.message.text", "hello"),
    ("setWebhook", {"url": "https://example.org"}, "", True),
    ("getWebhookInfo", {}, "url", "https://example.org"),
    ("deleteWebhook", {"drop_pending_updates": True}, "", True),
]  # fmt: skip
# No library knows these yet: test_rich.py has their tests.
AHEAD = {"sendWidget", "sendSharedWidget", "editMessageWidgetData", "editSharedWidgetData"}
AHEAD |= {"answerWidgetQuery"}
# aiogram can't upload what they need: test_stories.py has their tests.
AHEAD |= {"postStory", "editStory"}


def opened(telegram: Telegram) -> str:
    """Open a page, and return the id of its query."""
    telegram.open_page()
    return next(iter(telegram.bot.web_app_queries))


def at(result: Any, path: str) -> Any:
    """Return a part of a result: a.0.b is result.a[0].b."""
    for name in filter(None, path.split(".")):
        result = result[int(name)] if name.isdigit() else getattr(result, name)
    return result


def test_each_method_that_is_played(telegram: Telegram) -> None:
    import aiogram
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    group = {"id": GROUP, "type": "supergroup", "title": "Book club"}
    telegram.send(telegram.message("hello", chat=group, user=GRACE))
    telegram.bot.chats[NEWS] = {"id": NEWS, "type": "channel", "title": "News"}
    written(telegram, 0)
    ids: dict[str, int] = {"": 0}

    def filled(value: Any) -> Any:
        if isinstance(value, Id):
            return value.of(telegram, ids[value.name])
        return [filled(each) for each in value] if isinstance(value, list) else value

    async def run() -> None:
        session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
        async with aiogram.Bot(TOKEN, session=session) as bot:
            for name, wish, path, value in CALLS:
                method = getattr(aiogram.methods, name[0].upper() + name[1:])
                place = {"chat_id": CHAT} if "chat_id" in method.model_fields else {}
                params = {key: filled(each) for key, each in {**place, **wish}.items()}
                result = await bot(method(**params))
                first = result[0] if isinstance(result, list) and result else result
                for kind in ("ephemeral_message_id", "message_id", "message_thread_id"):
                    if id := getattr(first, kind, None):
                        ids[name] = id
                        break
                found = at(result, path)
                assert found is not None if value is ... else found == value, name

    with ThreadPoolExecutor(1) as pool:  # the main thread may have a loop already
        pool.submit(lambda: asyncio.run(run())).result()
    made = telegram.calls[1:]  # after the fixture's
    assert [(call.method, call.hints) for call in made if call.hints] == []
    assert {call.method for call in made} == set(PLAYED) - AHEAD
