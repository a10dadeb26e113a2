"""telegram.py, errors.py: a call of the Bot API, its result and its two errors."""

import pytest

from tests.support.stubs import TOKEN, answers, close, http, load, refusal


@pytest.fixture
def telegram():
    return load("botkit.telegram")


@pytest.fixture
def call(serve, telegram):
    """Call getMe, and have it answered."""

    def get_me(answer):
        client = telegram.Client(serve(answers(answer)).url, TOKEN)
        try:
            return client.post("getMe", {}, 5)
        finally:
            close(client.connection)

    return get_me


REFUSALS = {
    "400": (
        http(refusal(400, "Bad Request: chat not found"), "400 Bad Request"),
        (400, "Bad Request: chat not found", None, None),
    ),
    "429": (
        http(refusal(429, "Too Many Requests: retry after 5", retry_after=5), "429 Too Many"),
        (429, "Too Many Requests: retry after 5", 5, None),
    ),
    "migrated": (
        http(refusal(400, "upgraded", migrate_to_chat_id=-1009007199254740), "400 Bad Request"),
        (400, "upgraded", None, -1009007199254740),
    ),
    "no code": (http({"ok": False, "description": "x"}, "403 No"), (403, "x", None, None)),
    "a token": (http(refusal(400, f"/bot{TOKEN}/getMe")), (400, "/bot…/getMe", None, None)),
    "the last code": (http(refusal(499, "x")), (499, "x", None, None)),
}


@pytest.mark.parametrize(("answer", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_error_has_telegrams_fields(call, telegram, answer, expected):
    with pytest.raises(telegram.TelegramError) as caught:
        call(answer)
    error = caught.value
    told = (error.error_code, error.description, error.retry_after, error.migrate_to_chat_id)
    assert told == expected
    assert str(error) == f"getMe: {error.error_code} {error.description}"


NO_ANSWERS = {
    "500": (http(refusal(500, "Internal Server Error"), "500 Oops"), "HTTP 500, and no answer"),
    "503 that says ok": (http({"ok": True}, "503 Not now"), "HTTP 503, and no answer"),
    "a server's error in the body": (http(refusal(500, "Oops")), "500 Oops"),
    "a code below an error's": (http(refusal(399, "x")), "399 x"),
    "a 1 that isn't true": (http({"ok": 1}), "200 None"),
    "a list": (http([{"ok": True}]), "HTTP 200, and no answer"),
    "no JSON": (http(b"<html>"), "HTTP 200, and no answer"),
    "nested too deep": (http(b"[" * 100_000), "HTTP 200, and no answer"),
    "redirected": (http(b"", "302 Found", "Location: http://x/"), "HTTP 302, and no answer"),
}


@pytest.mark.parametrize(("answer", "text"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_answer_of_another_server_is_unreachable(call, telegram, answer, text):
    with pytest.raises(telegram.Unreachable) as caught:
        call(answer)
    assert text in str(caught.value)
