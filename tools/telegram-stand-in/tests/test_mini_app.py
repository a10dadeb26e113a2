"""Mini Apps: what a page learns of who opened it, and the data that it sends."""

import json
import time
import urllib.parse

import pytest

from telegram_stand_in import GRACE
from telegram_stand_in.mini_app import init_data
from tests.calls import TOKEN

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


def test_init_data_has_the_user(telegram):
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


def test_data_arrives_as_a_message_of_the_buttons(stage):
    ada = stage.user("Ada")
    ada.send_data("Order", "ü" * 2048)
    assert stage.took("message")["web_app_data"] == {"data": "ü" * 2048, "button_text": "Order"}
    for data in ("", "ü" * 2048 + "x"):
        with pytest.raises(ValueError, match="takes 1 to 4096 bytes"):
            ada.send_data("Order", data)
