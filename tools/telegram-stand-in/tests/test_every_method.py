"""Each method of the Bot API is known: with what it takes, and with a result as documented."""

from __future__ import annotations

from typing import Any

import pytest

from telegram_stand_in import METHODS, Json, Telegram
from telegram_stand_in.bot_api import RETURNS, TYPES, array_of, conform
from telegram_stand_in.content import photo_size
from telegram_stand_in.files import Upload, picture
from telegram_stand_in.gifts import Owned, catalogue, unique_gift
from telegram_stand_in.payments import Checkout, Subscription
from telegram_stand_in.stars import move
from telegram_stand_in.stories import Story
from tests.calls import TOKEN

GROUP: Json = {"id": -1001000000001, "type": "supergroup", "title": "Book club"}
NEWS: Json = {"id": -1001000000002, "type": "channel", "title": "News"}
UPLOADS = {"file": Upload("a.png", "image/png", picture(2, 2))}
UPLOADS["story"] = Upload("b.png", "image/png", picture(1080, 1920))
STORY = {"type": "photo", "photo": "attach://story"}
SCALARS: Json = {"Boolean": True, "Float": 1.0, "Integer": 1, "InputFile": "attach://file"}
# The value of a parameter where any value of its type won't do, by name or by method and name.
VALUES: Json = {
    "action": "typing",
    "business_connection_id": "business",
    "gift_id": "5001",
    "guest_query_id": "guest",
    "new_owner_chat_id": GROUP["id"],
    "owned_gift_id": "1",
    "invite_link": "https://t.me/+invite",
    "audio_file_id": "attach://file",
    "callback_query_id": "query",
    "file_id": "known",
    "from_chat_id": GROUP["id"],
    "html": "<p>Hello</p>",
    "inline_query_id": "inline",
    "media": "attach://file",
    "photo": "attach://file",
    "receiver_user_id": 4343,
    "pre_checkout_query_id": "checkout",
    "shipping_query_id": "checkout",
    "telegram_payment_charge_id": "charge",
    "url": "https://example.org",
    "user_id": 4343,
    "web_app_query_id": "web app",
    "widget_id": "shared",
    "widget_query_id": "widget",
}
# Calls that need a certain message, or more than what is required.
MORE: dict[str, Json] = {
    "editMessageText": {"text": "new"},
    "editMessageCaption": {"message_id": "photo", "caption": "new"},
    "editMessageMedia": {"media": {"type": "photo", "media": "attach://file"}},
    "editEphemeralMessageCaption": {"caption": "new"},
    "editEphemeralMessageMedia": {"media": {"type": "photo", "media": "attach://file"}},
    "editEphemeralMessageReplyMarkup": {
        "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "a.b"}]]}
    },
    "editEphemeralMessageText": {"ephemeral_message_id": "text for one", "text": "new"},
    "editMessageReplyMarkup": {
        "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "a.b"}]]}
    },
    "editMessageLiveLocation": {"message_id": "location"},
    "stopMessageLiveLocation": {"message_id": "location"},
    "createChatSubscriptionInviteLink": {"chat_id": NEWS["id"], "subscription_period": 2592000},
    "createInvoiceLink": {"currency": "XTR"},
    "readBusinessMessage": {"message_id": "business"},
    "deleteBusinessMessages": {"message_ids": ["business"]},
    "sendWidget": {"chat_id": 4242},
    "sendSharedWidget": {"chat_id": 4242},
    "editMessageWidgetData": {"chat_id": 4242, "message_id": "widget"},
    "closeForumTopic": {"message_thread_id": 7},
    "deleteForumTopic": {"message_thread_id": 7},
    "editForumTopic": {"message_thread_id": 7},
    "reopenForumTopic": {"message_thread_id": 8},
    "stopPoll": {"message_id": "poll"},
    "answerShippingQuery": {"shipping_options": [{"id": "a", "title": "b", "prices": []}]},
    "sendInvoice": {"currency": "XTR"},
    "postStory": {"active_period": 86400, "content": STORY},
    "editStory": {"content": STORY},
    "repostStory": {"active_period": 86400, "from_chat_id": 4444},
    "sendGift": {"chat_id": NEWS["id"]},
    "giftPremiumSubscription": {"month_count": 3, "star_count": 1000},
    "upgradeGift": {"star_count": 25},
    "transferGift": {"owned_gift_id": "2", "star_count": 25},
    "setGameScore": {"message_id": "text"},
    "sendMediaGroup": {"media": [{"type": "photo", "media": "attach://file"}] * 2},
    "sendRichMessage": {"rich_message": {"html": "<p>Hello</p>"}},
    "sendRichMessageDraft": {"chat_id": 4242, "rich_message": {"markdown": "Hello"}},
    "sendMessageDraft": {"chat_id": 4242},
    "setChatMenuButton": {"chat_id": 4242},
    "getChatMenuButton": {"chat_id": 4242},
}


def value(kind: str, name: str) -> Any:
    """Return a value of a documented kind, with no more than it needs."""
    if inner := array_of(kind):
        return [value(inner, "")]
    kind = kind.partition(" | ")[0]
    if name in VALUES and kind in ("Integer", "InputFile", "String"):
        return VALUES[name]
    if kind.startswith('"'):
        return kind.strip('"')
    if kind in SCALARS:
        return SCALARS[kind]
    if kind == "String":
        return "x"
    entry = TYPES[kind]
    if isinstance(entry, str):
        return value(entry, name)
    return {n: value(k, n) for n, (k, required) in entry.items() if required}


@pytest.fixture(scope="module")
def telegram() -> Telegram:
    return Telegram(TOKEN)


def messages(telegram: Telegram) -> dict[str, int]:
    """Send what methods need, and return the ids of the bot's messages by what is in them."""
    telegram.answer("deleteWebhook", {})  # which another test may have set
    update = telegram.message("hello", chat=GROUP, user=telegram.people[4343])
    telegram.send(update)
    telegram.send(telegram.message("hello"))
    sender = {"from": telegram.people[4343]}
    by_grace = {"user": telegram.people[4343]}
    press = {"message": update["message"], "chat_instance": "1", "data": "x"}
    telegram.send({"callback_query": {"id": "query", **sender, **press}})
    telegram.send({"inline_query": {"id": "inline", "query": "x", "offset": "", **sender}})
    wish = {"chat": update["message"]["chat"], "user_chat_id": 4343, "date": 1, **sender}
    telegram.send({"chat_join_request": wish})
    asked = {"type": {"type": "data"}, "data": "x", "chat_instance": "1"}
    telegram.send({"widget_query": {"id": "widget", **sender, **asked}})
    telegram.shared_widgets["shared"] = {"html": "x", "id": "shared"}
    telegram.bot.web_app_queries["web app"] = {"chat": update["message"]["chat"], **by_grace}
    invoice = {"currency": "XTR", "payload": "x"}
    chat = update["message"]["chat"]
    checkout = Checkout(telegram.bot, telegram.people[4343], chat, invoice, telegram.now())
    telegram.checkouts["checkout"] = checkout
    paid = {**checkout.about, "telegram_payment_charge_id": "charge"}
    telegram.charges["charge"] = {"paid": paid, "checkout": checkout}
    telegram.subscriptions["charge"] = Subscription(checkout, 0)
    telegram.stars[4444] = 100
    move(telegram, telegram.bot, 2000, source={"type": "fragment"})
    telegram.bot.chats[NEWS["id"]] = NEWS
    link: Json = {"invite_link": "https://t.me/+invite", "creator": telegram.bot.user}
    link |= {"creates_join_request": False, "is_primary": False, "is_revoked": False}
    telegram.invite_links["https://t.me/+invite"] = {"chat": GROUP, "link": link, "by": set()}
    message = telegram.message("x", chat=GROUP, user=telegram.people[4343])["message"]
    telegram.send({"guest_message": {**message, "guest_query_id": "guest"}})
    telegram.send({"business_message": {**message, "business_connection_id": "business"}})
    kept = {"sender_user": sender["from"], "send_date": 1, "is_saved": True}
    can_be = {"can_be_upgraded": True, "convert_star_count": 1}
    regular = {"type": "regular", "gift": catalogue(telegram)["5002"], "owned_gift_id": "1"}
    unique = {"type": "unique", "gift": unique_gift(telegram, "5002"), "owned_gift_id": "2"}
    telegram.owned_gifts = [Owned(4444, {**regular, **kept, **can_be})]
    telegram.owned_gifts.append(Owned(4444, {**unique, **kept}))
    telegram.stories[4444, 1] = Story(telegram.bot.id, {"id": 1, "active_period": 86400})
    telegram.photos[GROUP["id"]] = [[photo_size(telegram.files.add("photo", picture(2, 2)))]]
    telegram.files.add("document", b"abc", "a.txt", id="known")
    calls: dict[str, Json] = {
        "text": {"method": "sendMessage", "text": "hello"},
        "photo": {"method": "sendPhoto", "photo": "attach://file"},
        "location": {"method": "sendLocation", "latitude": 1, "longitude": 2, "live_period": 60},
        "poll": {"method": "sendPoll", "question": "?", "options": ["a"]},
        "for one": {
            "method": "sendPhoto",
            "photo": "attach://file",
            "ephemeral_message_parameters": {"receiver_user_id": 4343},
        },
        "text for one": {
            "method": "sendMessage",
            "text": "hello",
            "ephemeral_message_parameters": {"receiver_user_id": 4343},
        },
        "topic": {"method": "sendMessage", "text": "hello", "message_thread_id": 7},
        "closed": {"method": "sendMessage", "text": "hello", "message_thread_id": 8},
        "widget": {"method": "sendWidget", "html": "x", "chat_id": 4242},
    }
    ids = {"business": message["message_id"]}
    for name, call in calls.items():
        params = {"chat_id": GROUP["id"], **call}
        answer = telegram.answer(params.pop("method"), params, uploads=UPLOADS).answer
        message = answer["result"]
        ids[name] = message.get("ephemeral_message_id", message["message_id"])
    telegram.closed_topics = {(-1001000000001, 8)}
    telegram.answer("pinChatMessage", {"chat_id": GROUP["id"], "message_id": ids["text"]})
    return ids


@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_what_it_requires(telegram: Telegram, method: str) -> None:
    ids = messages(telegram)
    required = {n: value(k, n) for n, (k, needed) in METHODS[method].items() if needed}
    place = {"chat_id": GROUP["id"], "message_id": ids["text"], "message_ids": [ids["text"]]}
    place["ephemeral_message_id"] = ids["for one"]
    params = required | {name: place[name] for name in place if name in METHODS[method]}
    params |= MORE.get(method, {})
    for name in ("message_id", "ephemeral_message_id"):
        if params.get(name) in ids:
            params[name] = ids[params[name]]
    if params.get("message_ids") == ["business"]:
        params["message_ids"] = [ids["business"]]
    call = telegram.answer(method.upper(), params, uploads=UPLOADS)
    assert (call.method, call.status, call.hints) == (method, 200, []), call.answer
    hints: list[str] = []
    conform(RETURNS[method], call.answer["result"], hints)
    for change in call.changes:
        if "message" in change:
            conform("Message", change["message"], hints)
    assert hints == []


# Without these, Telegram does something all the same.
NOT_REQUIRED = {("setWebhook", "url"), ("setMyCommands", "commands")}
REQUIRED = [
    (method, name)
    for method, fields in METHODS.items()
    for name, (_, required) in fields.items()
    if required and (method, name) not in NOT_REQUIRED
]


def test_nothing_that_is_required_can_be_left_out(telegram: Telegram) -> None:
    for method, name in REQUIRED:
        params = {n: value(k, n) for n, (k, needed) in METHODS[method].items() if needed}
        del params[name]
        assert telegram.answer(method, params).status == 400, (method, name)
    assert len(REQUIRED) > 200


HINTS = [
    ("sendMesage", {}, ["no such method; did you mean sendMessage?"]),
    ("fly", {}, ["no such method"]),
    (
        "sendMessage",
        {"text": "x", "replymarkup": {}, "zzz": 1},
        [
            "sendMessage has no parameter replymarkup; did you mean reply_markup?",
            "sendMessage has no parameter zzz",
        ],
    ),
    (
        "sendMessage",
        {
            "text": "x",
            "reply_markup": {
                "inline_keyboard": [[{"text": "a", "calback_data": "b", "url": "a.b"}]]
            },
        },
        ["InlineKeyboardButton has no field calback_data; did you mean callback_data?"],
    ),
]


@pytest.mark.parametrize(("method", "params", "hints"), HINTS)
def test_what_isnt_documented_is_told(
    telegram: Telegram, method: str, params: Json, hints: list[str]
) -> None:
    messages(telegram)
    call = telegram.answer(method, {"chat_id": GROUP["id"], **params})
    assert call.hints == hints
    expected = (200, None) if method == "sendMessage" else (404, "Not Found: method not found")
    assert (call.status, call.answer.get("description")) == expected
