"""The function's own calls with files, as Telegram reads them."""

from __future__ import annotations

import json
from typing import Any

from botkit.http.multipart import encode
from telegram_stand_in import Json, Telegram, picture, post

from tests.support.stubs import TOKEN
from tests.support.telegram import files

PNG = picture(20, 10)


def test_telegram_takes_files(telegram: Telegram) -> None:
    def send(method: str, **params: Any) -> Json:
        body, content_type = encode({"chat_id": 42, **params})
        headers = {"Content-Type": content_type}
        status, _, answer = post(f"{telegram.url}/bot{TOKEN}/{method}", headers, body)
        assert status == 200, answer
        result: Json = json.loads(answer)["result"]
        return result

    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}
    photo = send("sendPhoto", photo=("é.png", PNG), caption="c", reply_markup=keyboard)
    assert photo["reply_markup"] == keyboard
    assert files(telegram) == [("é.png", PNG)]
    media = [{"type": "photo", "media": f"attach://{name}"} for name in "ab"]
    send("sendMediaGroup", media=media, a=PNG, b=("b.png", PNG))
    assert telegram.calls[-1].hints == []
