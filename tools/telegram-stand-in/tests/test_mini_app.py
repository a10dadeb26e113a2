"""Mini Apps: which buttons open a page, what it learns of who pressed, and what it sends."""

import json
import time
import urllib.parse

import pytest

from telegram_stand_in import ADA, GRACE
from telegram_stand_in.mini_app import init_data
from tests.calls import CHAT, TOKEN, accepted, acts, call, refused

GROUP = {"id": -1001000000001, "type": "supergroup", "title": "Book club"}
URL = "https://example.org/app/index.html"


def inline(url=URL):
    return {"inline_keyboard": [[{"text": "Open", "web_app": {"url": url}}]]}


def keyboard(url=URL):
    return {"keyboard": [[{"text": "Open", "web_app": {"url": url}}]]}


def article(**more):
    content = {"message_text": "Ordered"}
    return {"type": "article", "id": "1", "title": "x", "input_message_content": content, **more}


def new_updates(telegram):
    found = accepted(telegram, "getUpdates")
    return found


# A published example of the documentation of Telegram's Mini Apps: its token, fields and hash.
EXAMPLE_TOKEN = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8"
EXAMPLE = (
    "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22"
    "Vladislav%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22"
    "language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%7D&auth_date=1662771648&hash="
    "c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2"
)


def test_init_data_is_signed_as_telegram_signs_it():
    fields = dict(urllib.parse.parse_qsl(EXAMPLE))
    del fields["hash"]
    assert init_data(EXAMPLE_TOKEN, fields) == EXAMPLE


def test_who_opened_a_page_is_in_its_init_data(telegram):
    user = {**GRACE, "first_name": "Gräce & Co=+"}
    fields = dict(urllib.parse.parse_qsl(telegram.open_page(user)))
    about = {name: user[name] for name in ("id", "first_name", "username", "language_code")}
    assert json.loads(fields["user"]) == {**about, "allows_write_to_pm": True}
    assert abs(int(fields["auth_date"]) - time.time()) < 60
    assert set(fields) == {"query_id", "user", "auth_date", "signature", "hash"}
    hash = fields.pop("hash")
    assert f"hash={hash}" in init_data(TOKEN, fields)
    again = dict(urllib.parse.parse_qsl(telegram.open_page(user)))
    assert again["query_id"] != fields["query_id"]


GROUP_ONLY = [
    (inline(), "BUTTON_TYPE_INVALID"),
    (keyboard(), "web App buttons can be used in private chats only"),
]


@pytest.mark.parametrize(("markup", "refusal"), GROUP_ONLY)
def test_a_page_opens_in_private_chats_only(telegram, markup, refusal):
    telegram.send(telegram.message("hello", chat=GROUP))
    text = {"text": "x", "reply_markup": markup}
    accepted(telegram, "sendMessage", chat_id=CHAT, **text)
    answer = call(telegram, "sendMessage", chat_id=GROUP["id"], **text)
    assert answer == refused(400, f"Bad Request: {refusal}")


@pytest.mark.parametrize(
    ("method", "params", "what"),
    [
        ("sendMessage", lambda url: {"text": "x", "reply_markup": inline(url)}, "inline keyboard"),
        ("sendMessage", lambda url: {"text": "x", "reply_markup": keyboard(url)}, "keyboard"),
        (
            "setChatMenuButton",
            lambda url: {
                "menu_button": {**inline(url)["inline_keyboard"][0][0], "type": "web_app"}
            },
            "menu",
        ),
    ],
)
def test_a_page_is_served_over_https(telegram, method, params, what):
    """Or from this machine, where the demo serves it."""
    for url in (URL, "http://127.0.0.1:8000/app/", "http://x.execute-api.localhost:4566/app/"):
        accepted(telegram, method, chat_id=CHAT, **params(url))
    for url in ("http://example.org/", "http://localhost.example.org/", "app", "https://[/"):
        reason = f"{what} button Web App URL '{url}' is invalid: Only HTTPS links are allowed"
        answer = call(telegram, method, chat_id=CHAT, **params(url))
        assert answer == refused(400, f"Bad Request: {reason}")


def test_an_answer_is_sent_into_the_chat_as_the_person_once(telegram):
    id = dict(urllib.parse.parse_qsl(telegram.open_page(ADA)))["query_id"]
    button = {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}
    result = {"web_app_query_id": id, "result": article(reply_markup=button)}
    sent = accepted(telegram, "answerWebAppQuery", **result)
    assert telegram.calls[-1].changes == [{"kind": "web_app_answer", "id": id}]
    [update] = new_updates(telegram)
    message = update["message"]
    assert (message["text"], message["from"], message["chat"]["id"]) == ("Ordered", ADA, CHAT)
    assert message["via_bot"]["id"] == telegram.bot.id
    inline_id = sent["inline_message_id"]
    accepted(telegram, "editMessageText", inline_message_id=inline_id, text="Delivered")
    assert telegram.messages[CHAT, message["message_id"]]["text"] == "Delivered"
    invalid = refused(400, "Bad Request: QUERY_ID_INVALID")
    assert call(telegram, "answerWebAppQuery", **result) == invalid


def test_data_arrives_as_a_message_of_the_buttons(telegram):
    acts(telegram).send_data("Order", "ü" * 2048)
    [update] = new_updates(telegram)
    assert update["message"]["web_app_data"] == {"data": "ü" * 2048, "button_text": "Order"}
    for data in ("", "ü" * 2048 + "x"):
        with pytest.raises(ValueError, match="takes 1 to 4096 bytes"):
            acts(telegram).send_data("Order", data)
