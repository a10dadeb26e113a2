"""Each method: what people see of it and what it returns, and what Telegram refuses."""

import re

import pytest

from telegram_stand_in import ADA, GRACE, METHODS, Telegram, seen
from telegram_stand_in.bot_api import MEDIA, RETURNS, TYPES, UNIONS, array_of, conform
from telegram_stand_in.payments import Payment
from telegram_stand_in.request import PLAYED
from telegram_stand_in.settings import MAX_DOWNLOAD
from tests.calls import CHAT, TOKEN, UPLOADS

GROUP = -1001000000001
FILE = "attach://file"
PHOTO = {"type": "photo", "media": FILE}
LINK = {"inline_keyboard": [[{"text": "Site", "url": "https://example.org"}]]}
PRESS = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
ARTICLE = {"type": "article", "id": "1", "title": "a"}
ARTICLE |= {"input_message_content": {"message_text": "a"}}
COMMAND = {"command": "start", "description": "Begin"}
APP = {"type": "web_app", "text": "Open", "web_app": {"url": "https://example.org"}}
LOCAL = ("http://127.0.0.1:8000/", "http://x.execute-api.localhost:4566/")
INVOICE = {"title": "Tea", "description": "A cup", "payload": "tea", "currency": "XTR"}
INVOICE |= {"prices": [{"label": "Tea", "amount": 3}]}
THUMB = [{"type": "emoji", "emoji": "👍"}]
PLACE = {"from_chat_id": CHAT, "message_id": "text"}
BUSINESS = {"business_connection_id": "shop"}
CLUB = {"chat_id": GROUP}


@pytest.fixture
def world():
    """A Telegram in which each method can be called, and the ids of messages in it."""
    telegram = Telegram(TOKEN)
    club = {"id": GROUP, "type": "supergroup", "title": "Club"}
    telegram.send(telegram.message("hers"))
    telegram.send(telegram.message("in the club", chat=club, user=GRACE))
    telegram.send(telegram.message(new_chat_members=[ADA]))
    ids = {"hers": 1, "joined": 3, "": 99}
    calls = {
        "text": ("sendMessage", {"text": "a", "reply_markup": PRESS}),
        "photo": ("sendPhoto", {"photo": FILE}),
        "poll": ("sendPoll", {"question": "Where?", "options": ["a", "b"]}),
    }
    for name, (method, params) in calls.items():
        call = telegram.answer(method, {"chat_id": CHAT, **params}, uploads=UPLOADS)
        ids[name] = call.answer["result"]["message_id"]
    press = {"from": ADA, "chat_instance": "1", "data": "yes"}
    telegram.send({"callback_query": {"id": "query", **press}})
    telegram.send({"inline_query": {"id": "inline", "from": ADA, "query": "", "offset": ""}})
    about = telegram.message("for Bob", business_connection_id="shop")
    telegram.send({"business_message": about["message"]})
    chat = about["message"]["chat"]
    about = {"currency": "XTR", "total_amount": 3, "invoice_payload": "tea"}
    payment = Payment(telegram.bot, ADA, chat, about, telegram.now())
    telegram.checkouts["checkout"] = telegram.charges["charge"] = payment
    telegram.files.add("document", b"abc", "a.txt", id="known")
    telegram.calls.clear()
    return telegram, ids


def call(world, method, params):
    """Make a call, to the chat by default, with the ids of messages in place of their names."""
    telegram, ids = world
    given = {"chat_id": CHAT} if "chat_id" in METHODS[method] else {}
    given |= params
    if isinstance(given.get("message_id"), str):
        given["message_id"] = ids[given["message_id"]]
    if "message_ids" in given:
        given["message_ids"] = [ids.get(each, each) for each in given["message_ids"]]
    return telegram.answer(method, given, uploads=UPLOADS)


def at(result, path):
    """Return a part of a result: a.0.b is result["a"][0]["b"]."""
    for name in filter(None, path.split(".")):
        result = result[int(name)] if name.isdigit() else result[name]
    return result


def camel(kind):
    return "".join(map(str.title, kind.split("_")))


# A method, its parameters, what people see, a part of the result, and its value (...: any).
CALLS = [
    ("sendMessage", {"text": "*b*", "parse_mode": "MarkdownV2"}, "message b", "text", "b"),
    *((f"send{camel(k)}", {k: FILE, "photo": FILE, "caption": "c"}, "message", k, ...)
      for k in MEDIA),
    ("sendPhoto", {"photo": "https://example.org/a.png"}, "message", "photo.0.file_id", ...),
    ("sendMediaGroup", {"media": [PHOTO, {**PHOTO, "caption": "b"}]}, "message b",
     "1.caption", "b"),
    ("sendDice", {}, "message", "dice.emoji", "🎲"),
    ("sendPoll", {"question": "Who?", "options": ["a", {"text": "b"}]}, "message Who?",
     "poll.options.1.text", "b"),
    ("sendInvoice", INVOICE, "message", "invoice.total_amount", 3),
    ("sendRichMessage", {"rich_message": {"html": "<h1>a</h1>b"}}, "message a\nb",
     "rich_message.blocks.1.text", "b"),
    ("sendMessageDraft", {"draft_id": 7, "text": "Onc"}, "draft", "", True),
    ("sendRichMessageDraft", {"draft_id": 7, "rich_message": {"markdown": "a"}}, "draft", "", True),
    ("sendChatAction", {"action": "typing"}, "action", "", True),
    ("copyMessage", PLACE, "message a", "message_id", ...),
    ("copyMessage", {"from_chat_id": CHAT, "message_id": "photo", "caption": "c"}, "message c",
     "message_id", ...),
    ("forwardMessage", PLACE, "message a", "forward_origin.sender_user.username", "echo_bot"),
    ("editMessageText", {"message_id": "text", "text": "b"}, "edited b", "text", "b"),
    ("editMessageText", {"message_id": "text", "rich_message": {"html": "b"}}, "edited b",
     "rich_message.blocks.0.text", "b"),
    ("editMessageCaption", {"message_id": "photo", "caption": "b"}, "edited b", "caption", "b"),
    ("editMessageMedia", {"message_id": "photo", "media": {"type": "video", "media": FILE}},
     "edited", "video.duration", 0),
    ("editMessageReplyMarkup", {"message_id": "text", "reply_markup": LINK}, "edited a",
     "reply_markup", LINK),
    ("deleteMessage", {"message_id": "hers"}, "deleted", "", True),
    ("deleteMessages", {"message_ids": ["hers", 99]}, "deleted", "", True),
    ("setMessageReaction", {"message_id": "hers", "reaction": THUMB}, "reaction", "", True),
    ("answerCallbackQuery", {"callback_query_id": "query", "text": "Ok"}, "answer Ok", "", True),
    ("answerInlineQuery", {"inline_query_id": "inline", "results": [ARTICLE]}, "results", "", True),
    ("answerPreCheckoutQuery", {"pre_checkout_query_id": "checkout", "ok": True}, "answer",
     "", True),
    ("refundStarPayment", {"user_id": CHAT, "telegram_payment_charge_id": "charge"}, "", "", True),
    ("getMe", {}, "", "username", "echo_bot"),
    ("setMyCommands", {"commands": [COMMAND]}, "commands", "", True),
    ("getMyCommands", {}, "", "", []),
    ("deleteMyCommands", {}, "commands", "", True),
    ("setChatMenuButton", {"menu_button": APP}, "menu_button", "", True),
    ("getChatMenuButton", {}, "", "type", "commands"),
    ("getChat", {}, "", "first_name", "Ada"),
    ("getChatMember", {**CLUB, "user_id": GRACE["id"]}, "", "status", "member"),
    ("getBusinessConnection", BUSINESS, "", "is_enabled", True),
    ("getFile", {"file_id": "known"}, "", "file_path", "documents/file_2.txt"),
    ("getUpdates", {"limit": 1}, "", "0.message.text", "hers"),
    ("setWebhook", {"url": "https://example.org"}, "", "", True),
    ("getWebhookInfo", {}, "", "pending_update_count", 6),
    ("deleteWebhook", {"drop_pending_updates": True}, "", "", True),
]  # fmt: skip


@pytest.mark.parametrize(("method", "params", "sees", "path", "value"), CALLS)
def test_a_method_that_is_played(world, method, params, sees, path, value):
    params = {name: each for name, each in params.items() if name in METHODS[method]}
    made = call(world, method, params)
    assert (made.status, made.hints) == (200, []), made.answer
    result, hints = made.answer["result"], []
    conform(RETURNS[method], result, hints)
    assert hints == [], "it is as documented"
    assert at(result, path) == value or value is ...
    kinds = dict.fromkeys(change["kind"] for change in made.changes)
    text = seen(made).removeprefix(f"({method})").strip()
    text = "" if text == "c" and method.startswith("send") else text
    assert " ".join(filter(None, [*kinds, text])) == sees


def test_each_method_that_is_played_is_in_the_table():
    assert {method for method, *_ in CALLS} == set(PLAYED)


SCALARS = {"Boolean": True, "Float": 1.0, "Integer": 1, "InputFile": FILE, "String": "x"}
VALUES = {"user_id": GRACE["id"], "chat_id": GROUP, "message_id": 2, "file_id": "known"}
VALUES |= BUSINESS


def filled(kind, name):
    """Return a value of a documented kind, with no more than it needs."""
    if inner := array_of(kind):
        return [filled(inner, "")]
    kind = kind.partition(" | ")[0]
    if name in VALUES and kind in ("Integer", "String"):
        return VALUES[name]
    if kind.startswith('"'):
        return kind.strip('"')
    if kind in SCALARS:
        return SCALARS[kind]
    if kind in UNIONS:
        return filled(UNIONS[kind], name)
    return {n: filled(k, n) for n, (k, required) in TYPES[kind].items() if required}


@pytest.mark.parametrize("method", [name for name in METHODS if name not in PLAYED])
def test_any_other_method_returns_a_sample(world, method):
    required = {n: filled(k, n) for n, (k, needed) in METHODS[method].items() if needed}
    is_business = "business_connection_id" in required
    place = (
        {"chat_id": CHAT, "message_id": 1} if is_business else {"chat_id": GROUP, "message_id": 2}
    )
    place = {name: id for name, id in place.items() if name in METHODS[method]}
    made = world[0].answer(method, required | place, uploads=UPLOADS)
    assert made.status == 200, made.answer
    hints = []
    conform(RETURNS[method], made.answer["result"], hints)
    assert hints == []
    if method.startswith("send") and "Message" in RETURNS[method]:
        assert made.changes[0]["kind"] == "message"


# What is refused: a method, the changed parameters of a valid call, and why.

QUERY = "query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
BUTTON = "can't parse inline keyboard button: "
ROWS = 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
HTTPS = "bad webhook: An HTTPS URL must be provided for webhook"
BAD_URL = "invalid webhook URL specified"
CHARACTERS = "secret token contains unallowed characters"
END = "entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 3"
BOLD = {"type": "bold", "offset": 0, "length": 1}


def buttons(*row):
    return {"text": "a", "reply_markup": {"inline_keyboard": [[*row]]}}


def data(value):
    return buttons({"text": "Press me", "callback_data": value})


def bold(**fields):
    return {"text": "👍", "entities": [{**BOLD, **fields}]}


def number(name):
    return f'can\'t parse MessageEntity: Field "{name}" must be of type Number'


def opens(url, kind="inline_keyboard"):
    return {"text": "a", "reply_markup": {kind: [[{"text": "Open", "web_app": {"url": url}}]]}}


REFUSED = [
    ("sendMessage", {"chat_id": "", "text": "a"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 1, "text": "a"}, "chat not found"),
    ("sendMessage", {"chat_id": "@nobody", "text": "a"}, "chat not found"),
    ("sendMessage", {"chat_id": 1.5, "text": "a"}, "chat not found"),
    ("sendMessage", {"text": ""}, "message text is empty"),
    ("sendMessage", {}, "message text is empty"),
    ("sendMessage", {"text": 7}, "a String is expected"),
    ("sendMessage", {"text": " \n"}, "text must be non-empty"),
    ("sendMessage", {"text": "x" * 4097}, "message is too long"),
    ("sendMessage", {"text": "a", "parse_mode": "rst"}, "unsupported parse_mode"),
    ("sendMessage", {"text": "a", "protect_content": 1}, "a Boolean is expected"),
    ("sendMessage", {"text": "a", "message_thread_id": 1.5}, "an Integer is expected"),
    ("sendMessage", bold(offset=1, length=2), END),
    ("sendMessage", {"text": "a", "entities": {}},
     "can't parse entities: expected an Array of MessageEntity"),
    ("sendMessage", {"text": "a", "entities": [7]},
     "can't parse MessageEntity: expected an Object"),
    ("sendMessage", bold(offset=-1), number("offset")),
    ("sendMessage", bold(offset=10**4299), number("offset")),
    ("sendMessage", bold(length="1"), number("length")),
    ("sendMessage", {"text": "a", "reply_markup": {"inline_keyboard": [7]}}, ROWS),
    ("sendMessage", buttons(7), f"{BUTTON}InlineKeyboardButton must be an Object"),
    ("sendMessage", buttons({}), f'{BUTTON}Can\'t find field "text"'),
    ("sendMessage", buttons({"text": "a"}),
     f"{BUTTON}Text buttons are unallowed in the inline keyboard"),
    ("sendMessage", data(7), f'{BUTTON}Field "callback_data" must be of type String'),
    ("sendMessage", data("é" * 32 + "x"), "BUTTON_DATA_INVALID"),
    ("sendMessage", data("\ud800"), "strings must be encoded in UTF-8"),
    ("sendMessage", {"text": "a", "reply_parameters": {"message_id": 99}},
     "message to be replied not found"),
    ("sendMessage", {**CLUB, **opens("https://a.b")}, "BUTTON_TYPE_INVALID"),
    ("sendMessage", {**CLUB, **opens("https://a.b", "keyboard")},
     "web App buttons can be used in private chats only"),
    ("sendPhoto", {}, "there is no photo in the request"),
    ("sendPhoto", {"photo": "attach://other"}, "there is no photo in the request"),
    ("sendPhoto", {"photo": "attach://none"}, "file must be non-empty"),
    ("sendPhoto", {"photo": "attach://text"}, "IMAGE_PROCESS_FAILED"),
    ("sendPhoto", {"photo": "nowhere"}, "wrong file identifier/HTTP URL specified"),
    ("sendPhoto", {"photo": FILE, "caption": "x" * 1025}, "message caption is too long"),
    ("sendMediaGroup", {"media": [PHOTO]}, "too few messages to send"),
    ("sendChatAction", {"action": "singing"}, "wrong parameter action in request"),
    ("sendPoll", {"question": " ", "options": ["a"]}, "poll question must be non-empty"),
    ("sendPoll", {"question": "?", "options": []}, "poll must have at least 1 option"),
    ("sendMessageDraft", {"draft_id": 0, "text": "a"}, "draft_id must be non-zero"),
    ("sendMessageDraft", {**CLUB, "draft_id": 1, "text": "a"},
     "drafts can be sent to private chats only"),
    ("copyMessage", {"message_id": 1}, 'parameter "from_chat_id" is required'),
    ("copyMessage", {**PLACE, "message_id": ""}, "message to copy not found"),
    ("forwardMessage", {**PLACE, "message_id": 99}, "message to forward not found"),
    ("copyMessage", {**PLACE, "message_id": "joined"}, "message can't be copied"),
    ("forwardMessage", {**PLACE, "message_id": "joined"}, "message can't be forwarded"),
    ("editMessageText", {"message_id": "hers", "text": "b"}, "message can't be edited"),
    ("editMessageText", {"message_id": 99, "text": "b"}, "message to edit not found"),
    ("editMessageText", {"chat_id": "", "text": "b"}, "message identifier is not specified"),
    ("editMessageText", {"chat_id": "", "inline_message_id": "x", "text": "b"},
     "MESSAGE_ID_INVALID"),
    ("editMessageText", {"message_id": "photo", "text": "b"},
     "there is no text in the message to edit"),
    ("editMessageText", {"message_id": "text", "text": "a", "reply_markup": PRESS}, NOT_MODIFIED),
    ("editMessageCaption", {"message_id": "text", "caption": "b"},
     "there is no caption in the message to edit"),
    ("editMessageMedia", {"message_id": "poll", "media": PHOTO},
     "there is no media in the message to edit"),
    ("editMessageMedia", {"message_id": "photo", "media": {"type": "x"}},
     'can\'t parse InputMedia: type "x" is unsupported'),
    ("deleteMessage", {"message_id": 99}, "message to delete not found"),
    ("deleteMessages", {"message_ids": []}, "message identifiers are not specified"),
    ("setMessageReaction", {"message_id": 99}, "message to react not found"),
    ("setMessageReaction", {"message_id": 1, "reaction": THUMB * 2}, "REACTIONS_TOO_MANY"),
    ("answerCallbackQuery", {"callback_query_id": ""}, QUERY),
    ("answerCallbackQuery", {"callback_query_id": "query", "text": "x" * 201}, "MESSAGE_TOO_LONG"),
    ("answerInlineQuery", {"inline_query_id": "1", "results": [ARTICLE] * 2},
     "RESULT_ID_DUPLICATE"),
    ("answerInlineQuery", {"inline_query_id": "1", "results": [ARTICLE] * 51}, "RESULTS_TOO_MUCH"),
    ("answerInlineQuery", {"inline_query_id": "1", "results": [{**ARTICLE, "title": 1}]},
     'can\'t parse inline query result: Field "title" must be of type String'),
    ("setMyCommands", {"commands": [{**COMMAND, "command": "A b"}]}, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": "{"}, "can't parse commands JSON object"),
    ("setMyCommands", {"commands": [{**COMMAND, "description": "x" * 257}]},
     "BOT_COMMAND_DESCRIPTION_INVALID"),
    ("getChatMember", {"user_id": 77}, "user not found"),
    ("getChatMember", {"user_id": 0}, "invalid user_id specified"),
    ("setChatMenuButton", CLUB, "chat_id must be the identifier of a private chat"),
    ("sendInvoice", {**INVOICE, "prices": []}, "there must be at least one price"),
    ("sendInvoice", {**INVOICE, "currency": "EUR"}, "PAYMENT_PROVIDER_INVALID"),
    ("sendInvoice", {**INVOICE, "reply_markup": PRESS},
     "the first button of an invoice must be a Pay button"),
    ("answerPreCheckoutQuery", {"pre_checkout_query_id": "7", "ok": True}, QUERY),
    ("answerPreCheckoutQuery", {"pre_checkout_query_id": "checkout", "ok": False},
     "error_message must say why, where ok is False"),
    ("refundStarPayment", {"user_id": CHAT, "telegram_payment_charge_id": "x"},
     "CHARGE_NOT_FOUND"),
    ("refundStarPayment", {"user_id": GRACE["id"], "telegram_payment_charge_id": "charge"},
     "CHARGE_NOT_FOUND"),
    ("sendMessage", {"business_connection_id": "x", "text": "a"}, "business connection not found"),
    ("getFile", {"file_id": "nowhere"}, "invalid file_id"),
    ("getUpdates", {"timeout": 2**63}, "an Integer is expected"),
    ("getUpdates", {"allowed_updates": ["message", 7]}, "can't parse allowed_updates"),
    ("setWebhook", {"url": 7}, BAD_URL),
    ("setWebhook", {"url": "http://["}, BAD_URL),
    ("setWebhook", {"url": "https://example.org:99999"}, BAD_URL),
    ("setWebhook", {"url": "ftp://example.org"}, BAD_URL),
    ("setWebhook", {"url": "http://127.0.0.1.example.org"}, HTTPS),
    ("setWebhook", {"url": "https://a.b", "secret_token": "a\n"}, CHARACTERS),
    ("setWebhook", {"url": "https://a.b", "secret_token": "s" * 257}, CHARACTERS),
]  # fmt: skip


@pytest.mark.parametrize(("method", "params", "why"), REFUSED)
def test_invalid_call_is_refused(world, method, params, why):
    made = call(world, method, params)
    assert (made.status, made.changes) == (400, [])
    assert made.answer["description"] == f"Bad Request: {why}"


TAKEN = [
    *(("setWebhook", {"url": url}) for url in LOCAL),
    ("sendMessage", opens("https://example.org", "keyboard")),
    ("sendMessage", {"text": "👍" * 4096}),
    ("sendMessage", bold(length=2)),
    ("sendMessage", data("é" * 32)),
    ("sendMessage", buttons({"text": "x", "callback_data": "y", "url": None})),
    ("sendMessage", {"text": "a", "entities": None, "message_thread_id": None}),
    ("answerCallbackQuery", {"callback_query_id": "query", "text": "x" * 200}),
    ("setWebhook", {"url": "https://a.b", "secret_token": "azAZ09_-" * 32}),
    ("getUpdates", {"timeout": 2**62}),
]


@pytest.mark.parametrize(("method", "params"), TAKEN)
def test_call_at_the_limit_is_accepted(world, method, params):
    assert call(world, method, params).status == 200


def test_undocumented_call_gets_a_hint(world):
    telegram, _ = world
    made = telegram.answer("sendMesage", {})
    assert (made.status, made.hints) == (404, ["no such method; did you mean sendMessage?"])
    made = telegram.answer("setMyCommands", {"commands": [{**COMMAND, "command": "buy-tea"}]})
    assert made.hints == ["a command has 1 to 32 of a-z, 0-9 and _, unlike 'buy-tea'"]
    made = telegram.answer("sendMessage", {"chat_id": CHAT, "text": "a", "parse_mode": None})
    told = "sendMessage has no value of parse_mode: instead of null, leave it out"
    assert (made.status, made.hints) == (200, [told])
    made = telegram.answer("sendMessage", {"chat_id": 1, "text": "a"})
    assert re.search(r"write /start there. The bot knows 4242 \(Ada\)", made.hints[0])


def test_big_file_is_not_downloaded(world):
    world[0].files.add("document", bytes(MAX_DOWNLOAD + 1), id="big")
    made = call(world, "getFile", {"file_id": "big"})
    assert made.answer["description"] == "Bad Request: file is too big"
