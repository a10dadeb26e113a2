"""The function's own calls with files, as Telegram reads them."""

import json

from botkit.http.multipart import encode
from telegram_stand_in import picture, post

from tests.support.stubs import TOKEN
from tests.support.telegram import files

PNG = picture(20, 10)


def test_telegram_takes_files(telegram):
    def send(method, **params):
        body, content_type = encode({"chat_id": 42, **params})
        headers = {"Content-Type": content_type}
        status, _, answer = post(f"{telegram.url}/bot{TOKEN}/{method}", headers, body)
        assert status == 200, answer
        result = json.loads(answer)["result"]
        return result

    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}
    photo = send("sendPhoto", photo=("é.png", PNG), caption="c", reply_markup=keyboard)
    assert photo["reply_markup"] == keyboard
    assert files(telegram) == [("é.png", PNG)]
    media = [{"type": "photo", "media": f"attach://{name}"} for name in "ab"]
    send("sendMediaGroup", media=media, a=PNG, b=("b.png", PNG))
    assert telegram.calls[-1].hints == []
