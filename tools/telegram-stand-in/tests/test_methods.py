"""The stand-in judges the bot, so its own checks are tested, and that it fails when told to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from telegram_stand_in import FAULTS, Json, Telegram, post
from tests.calls import CHAT, OTHER_TOKEN, SECRET, TOKEN, accepted, call, refused, say

NOT_FOUND, NO_OBJECT = (404, "Not Found"), (400, "Bad Request: can't parse JSON object")
GET_ME = f"/bot{TOKEN}/getMe"
REQUESTS = {
    "unknown token": (f"/bot{OTHER_TOKEN}/getMe", "{}", (401, "Unauthorized")),
    "no token": ("/bot123/getMe", "{}", NOT_FOUND),
    "no method": (f"/bot{TOKEN}", "{}", NOT_FOUND),
    "more": (f"{GET_ME}/more", "{}", NOT_FOUND),
    "unknown method": (f"/bot{TOKEN}/getMine", "{}", (404, "Not Found: method not found")),
    **{body[:6]: (GET_ME, body, NO_OBJECT) for body in ("{", "[]", "7", "null", "[" * 100_000)},
    **{method: (f"/bot{TOKEN}/{method}", "", (200, None)) for method in ("getMe", "GETme")},
}


@pytest.mark.parametrize(("path", "body", "answer"), REQUESTS.values(), ids=REQUESTS)
def test_a_request(telegram: Telegram, path: str, body: str, answer: tuple[int, Any]) -> None:
    status, _, said = post(telegram.url + path, {}, body.encode())
    assert (status, json.loads(said).get("description")) == answer


BUTTON = "can't parse inline keyboard button: "


def buttons(*row: Any) -> Json:
    return {"reply_markup": {"inline_keyboard": [row]}}


def data(value: Any) -> Json:
    return buttons({"text": "Press me", "callback_data": value})


def entity(**fields: Any) -> Json:
    return {"entities": [{"type": "bold", "offset": 0, "length": 1, **fields}]}


def entity_field(name: str, kind: str) -> str:
    return f'can\'t parse MessageEntity: Field "{name}" must be of type {kind}'


CHATS = {"chat_id": CHAT, "message_thread_id": 7, "direct_messages_topic_id": 7}
FLAGS = {"protect_content": True, "disable_notification": True}
PLACE = {**CHATS, **FLAGS, **data("pressed")}
KINDS = {"allowed_updates": ["message"]}
DROP = {"drop_pending_updates": True}
HOOK = {"url": "https://example.org", "secret_token": SECRET, "max_connections": 7}
VALID: dict[str, Json] = {
    "getUpdates": {"offset": 0, "limit": 1, "timeout": 0, **KINDS},
    "setWebhook": {**HOOK, **KINDS, **DROP},
    "deleteWebhook": DROP,
    "sendMessage": {**PLACE, "text": "hello", **entity()},
    "copyMessage": {**PLACE, "from_chat_id": CHAT, "message_id": 1},
    "answerCallbackQuery": {"callback_query_id": "query", "text": "hello", "show_alert": True},
}
OTHER_TYPES: dict[str | type, tuple[Any, str]] = {
    bool: (1, "a Boolean is expected"),
    int: ("7", "an Integer is expected"),
    str: (7, "a String is expected"),
    "allowed_updates": (["message", 7], "can't parse allowed_updates"),
    "chat_id": (float(CHAT), "chat not found"),
    "entities": ({}, "can't parse entities: expected an Array of MessageEntity"),
    "from_chat_id": ([CHAT], "chat not found"),
    "reply_markup": ([], "object expected as reply markup"),
    "secret_token": (7, "secret token contains unallowed characters"),
    "url": (7, "invalid webhook URL specified"),
}


@pytest.mark.parametrize(("method", "name"), [(m, name) for m in VALID for name in VALID[m]])
def test_a_parameter_has_its_type(telegram: Telegram, method: str, name: str) -> None:
    valid = VALID[method]
    value, wrong = OTHER_TYPES.get(name) or OTHER_TYPES[type(valid[name])]
    answer = call(telegram, method, **{**valid, name: value})
    assert answer == refused(400, f"Bad Request: {wrong}")
    accepted(telegram, method, **valid)


QUERY = "query is too old and response timeout expired or query ID is invalid"
END = "entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 3"
ROWS = 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
HTTPS = "bad webhook: An HTTPS URL must be provided for webhook"
BAD_URL = "invalid webhook URL specified"
SEND: dict[str, tuple[Json, str]] = {
    "no chat": ({"chat_id": ""}, "chat_id is empty"),
    "unknown chat": ({"chat_id": 1}, "chat not found"),
    "no text": ({"text": ""}, "message text is empty"),
    "blank text": ({"text": " \n"}, "text must be non-empty"),
    "4096": ({"text": "👍" * 4096}, ""),
    "4097": ({"text": "x" * 4097}, "message is too long"),
    # The text "null" to Telegram's server: https://github.com/tdlib/telegram-bot-api, Client.cpp
    "null as a chat": ({"chat_id": None}, "chat not found"),
    "null as a text": ({"text": None}, ""),
    "null as a mode": ({"parse_mode": None}, "unsupported parse_mode"),
    "null as an array, a number and a Boolean": (
        {"entities": None, "message_thread_id": None, "protect_content": None},
        "",
    ),
    "null as an object": ({"reply_markup": None}, "object expected as reply markup"),
    "to the end": ({"text": "👍", **entity(length=2)}, ""),
    "beyond it": ({"text": "👍", **entity(offset=1, length=2)}, END),
    "no entity": ({"entities": [7]}, "can't parse MessageEntity: expected an Object"),
    "offset": (entity(offset=-1), entity_field("offset", "Number")),
    "endless offset": (entity(offset=10**4299), entity_field("offset", "Number")),
    "length": (entity(length="1"), entity_field("length", "Number")),
    "type": (entity(type=None), entity_field("type", "String")),
    "null in a button": (buttons({"text": "x", "callback_data": "y", "url": None}), ""),
    "no row": ({"reply_markup": {"inline_keyboard": [7]}}, ROWS),
    "no button": (buttons(7), f"{BUTTON}InlineKeyboardButton must be an Object"),
    "no label": (buttons({}), f'{BUTTON}Can\'t find field "text"'),
    "number": (data(7), f'{BUTTON}Field "callback_data" must be of type String'),
    "64 bytes": (data("é" * 32), ""),
    "65 bytes": (data("é" * 32 + "x"), "BUTTON_DATA_INVALID"),
    "half a pair": (data("\ud800"), "strings must be encoded in UTF-8"),
}
COPY: dict[str, tuple[Json, str]] = {
    "no chat": ({"chat_id": ""}, "chat_id is empty"),
    "from no chat": ({"from_chat_id": ""}, 'parameter "from_chat_id" is required'),
    "no message": ({"message_id": None}, "message to copy not found"),
    "unknown message": ({"message_id": 99}, "message to copy not found"),
}
ANSWER: dict[str, tuple[Json, str]] = {
    "no query": ({"callback_query_id": None}, QUERY),
    "unknown query": ({"callback_query_id": "another"}, QUERY),
    "empty text": ({"text": ""}, ""),
    "200": ({"text": "x" * 200}, ""),
    "201": ({"text": "x" * 201}, "MESSAGE_TOO_LONG"),
}
HOOKS: dict[str, tuple[Json, str]] = {
    "characters": ({"secret_token": "azAZ09_-"}, ""),
    "another": ({"secret_token": "a\n"}, "secret token contains unallowed characters"),
    "257": ({"secret_token": SECRET + "s"}, "secret token is too long"),
    "half a url": ({"url": "http://["}, BAD_URL),
    "no host": ({"url": "https://"}, BAD_URL),
    "no port": ({"url": "https://example.org:99999"}, BAD_URL),
    "other scheme": ({"url": "ftp://example.org"}, BAD_URL),
    "no TLS": ({"url": "http://example.org"}, HTTPS),
    "a number that begins like loopback": ({"url": "http://1279"}, HTTPS),
    "like loopback": ({"url": "http://127.0.0.1.example.org"}, HTTPS),
}
UPDATES: dict[str, tuple[Json, str]] = {
    "for ages": ({"timeout": 2**62}, ""),
    "beyond 64 bits": ({"timeout": 2**63}, "an Integer is expected"),
}
LIMITS = {"sendMessage": SEND, "copyMessage": COPY, "answerCallbackQuery": ANSWER}
LIMITS |= {"setWebhook": HOOKS, "getUpdates": UPDATES}
CASES = {f"{m}, {name}": (m, *case) for m, cases in LIMITS.items() for name, case in cases.items()}


@pytest.mark.parametrize(("method", "changed", "wrong"), CASES.values(), ids=CASES)
def test_a_limit_is_kept(telegram: Telegram, method: str, changed: Json, wrong: str) -> None:
    status, answer = call(telegram, method, **{**VALID[method], **changed})
    expected = (400, f"Bad Request: {wrong}") if wrong else (200, None)
    assert (status, answer.get("description")) == expected


COPIED = "animation audio checklist contact dice document game live_photo location photo poll "
COPIED += "rich_message sticker story text venue video video_note voice"
NOT_COPIED = "new_chat_members paid_media giveaway giveaway_winners invoice"
QUIZZES = [({"type": "quiz"}, False), ({"type": "quiz", "correct_option_ids": [0]}, True)]


@pytest.mark.parametrize(
    ("content", "is_copied"),
    [({kind: {}, "caption": "x"}, True) for kind in COPIED.split()]
    + [({kind: {}, "caption": "x"}, False) for kind in NOT_COPIED.split()]
    + [({"poll": poll}, is_copied) for poll, is_copied in QUIZZES],
)
def test_what_is_copied(telegram: Telegram, content: Json, is_copied: bool) -> None:
    telegram.send(telegram.message(**content))
    status, answer = call(telegram, "copyMessage", **{**VALID["copyMessage"], "message_id": 2})
    if is_copied:
        copy = telegram.messages[CHAT, answer["result"]["message_id"]]
        assert copy["from"]["is_bot"] and content.items() <= copy.items()
    else:
        assert (status, answer) == refused(400, "Bad Request: message can't be copied")


REFUSALS = [
    ("429", (429, "Too Many Requests: retry after 3"), {"parameters": {"retry_after": 3}}),
    ("403", (403, "Forbidden: bot was blocked by the user"), {}),
    ("500", (500, "Internal Server Error"), {}),
]


@pytest.mark.parametrize(("kind", "answer", "more"), REFUSALS)
def test_it_refuses_on_command(
    telegram: Telegram, kind: str, answer: tuple[int, str], more: Json
) -> None:
    telegram.faults.append(FAULTS[kind](2))
    telegram.faults[0].methods = ("sendMessage",)
    for _ in range(2):
        accepted(telegram, "getMe")
        assert call(telegram, "sendMessage", **VALID["sendMessage"]) == refused(*answer, **more)
    accepted(telegram, "sendMessage", **VALID["sendMessage"])


@pytest.mark.parametrize(
    ("kind", "error", "sent"), [("silence", "timed out", 0), ("lost", "RemoteDisconnected", 1)]
)
def test_it_says_nothing_on_command(
    telegram: Telegram, monkeypatch: pytest.MonkeyPatch, kind: str, error: str, sent: int
) -> None:
    telegram.faults.append(FAULTS[kind](1))
    before = len(telegram.messages)
    with monkeypatch.context() as patch, pytest.raises(OSError, match=error):
        if kind == "silence":
            patch.setattr("telegram_stand_in.delivery.ANSWER_SECONDS", 0.3)
        call(telegram, "sendMessage", **VALID["sendMessage"])
    assert len(telegram.messages) == before + sent
    accepted(telegram, "sendMessage", **VALID["sendMessage"])


@pytest.mark.parametrize(("asked", "kept"), [(-1, 1), (0, 1), (1, 1), (100, 100), (1000, 100)])
def test_what_is_out_of_range_is_clamped(telegram: Telegram, asked: int, kept: int) -> None:
    texts = [f"{number}" for number in range(101)]
    for number, text in enumerate(texts):
        say(telegram, text, chat=1 + number % 3)
    updates = accepted(telegram, "getUpdates", limit=asked)
    assert [update["message"]["text"] for update in updates] == texts[:kept]
    assert len(accepted(telegram, "getUpdates")) == 100
    accepted(telegram, "setWebhook", url="https://example.org", max_connections=asked)
    assert accepted(telegram, "getWebhookInfo")["max_connections"] == kept


def test_an_offset_forgets_what_is_before(telegram: Telegram) -> None:
    accepted(telegram, "getUpdates", allowed_updates=[])  # asks for the usual kinds
    for text in ("one", "two", "three"):
        say(telegram, text)
    _, two, three = accepted(telegram, "getUpdates")
    assert accepted(telegram, "getUpdates", offset=two["update_id"]) == [two, three]
    assert accepted(telegram, "getUpdates") == [two, three]


def test_a_sample_for_an_inline_message_is_true(telegram: Telegram) -> None:
    score: Json = {"user_id": CHAT, "score": 1}
    call = telegram.answer("setGameScore", {**score, "inline_message_id": "x"})
    assert call.answer == {"ok": True, "result": True}
    assert telegram.answer("setGameScore", {**score, "chat_id": CHAT}).status == 400
