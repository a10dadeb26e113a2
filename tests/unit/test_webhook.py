"""webhook.py, pipeline.py: the sender of a request, its response, and duplicates."""

import base64
import json
import time
from _operator import _compare_digest

import pytest

from tests.support.stubs import SECRET, SECRET_HEADER, UPDATE, echo, message, request, text_response


def test_call_is_made_and_logged_whatever_the_bot_changes(container, bot_api):
    def reply(update):
        update.clear()
        return [echo()]

    container.bot.reply = reply
    bot_api.expects(echo())
    assert container.invoke(request(UPDATE)) == text_response(200)
    assert container.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "update",
        "update_id": 1,
        "update_type": "message",
        "methods": ["sendMessage"],
        "outcome": "answered",
    }
    assert container.outcome_of() == "duplicate"


def test_half_a_surrogate_pair_is_replaced(container, bot_api):
    bot_api.expects(echo("\ufffd, 👍 and \ufffd"))
    container.deliver(message(text="\ud800, 👍 and \udc4d"))


def test_duration_is_logged(container, monkeypatch):
    readings = iter([1.0, 3.34567])  # before the answer, and after it
    container.stop_clock()  # which the deadline goes by
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: next(readings))
        container.deliver({"update_id": 1})
    assert [line["duration_ms"] for line in container.log] == [2345.7]


def test_body_may_be_base64(container, bot_api):
    bot_api.expects(echo())
    body = base64.b64encode(UPDATE.encode()).decode()
    assert container.outcome_of(body, isBase64Encoded=True) == "answered"


# ── Secret missing or wrong

SECRETS = {
    "wrong": {SECRET_HEADER: "wrong"},
    "empty": {SECRET_HEADER: ""},
    "a part": {SECRET_HEADER: SECRET[:-1]},
    "more": {SECRET_HEADER: SECRET + "x"},
    "in capitals": {SECRET_HEADER: SECRET.upper()},
    "not ASCII": {SECRET_HEADER: "gehéim"},
    "a list": {SECRET_HEADER: [SECRET]},
    "another header": {"authorization": SECRET},
    "no headers": {},
    "headers are text": f"{SECRET_HEADER}: {SECRET}",
}


@pytest.mark.parametrize("configured", [SECRET, ""], ids=["configured", "not_configured"])
def test_nothing_is_parsed_without_the_secret(start, bot_api, configured):
    container = start(bot_api.url, TELEGRAM_WEBHOOK_SECRET=configured)
    got = {
        (name, body): container.invoke(request(body, headers=headers))
        for name, headers in SECRETS.items()
        for body in (UPDATE, "{")
    }
    assert got == dict.fromkeys(got, text_response(401, "the secret token is missing or wrong"))
    assert container.log == []


@pytest.mark.parametrize("secret", [SECRET, "é"], ids=["right", "wrong"])
def test_secret_is_compared_in_constant_time(container, bot_api, secret):
    if secret == SECRET:
        bot_api.expects(echo())
    compared = []
    module = container.module("webhook")
    module.compare_digest = lambda *both: compared.append(both) or _compare_digest(*both)
    container.invoke(request(UPDATE, secret))
    assert compared == [(secret.encode(), SECRET.encode())]


# ── Bodies that are not updates

NO_JSON = "the body is not valid JSON"
NO_UPDATE = "the body is not an update: an object with an integer update_id"
BODIES = {
    "empty": ("", NO_JSON),
    "half an object": ('{"update_id": 1', NO_JSON),
    "two objects": ('{"update_id": 1}{}', NO_JSON),
    "5000 digits": ('{"update_id": ' + "9" * 5000 + "}", NO_JSON),
    "nested too deep": ("[" * 200_000, NO_JSON),
    "a list of updates": (f"[{UPDATE}]", NO_UPDATE),
    "no update_id": ('{"message": {}}', NO_UPDATE),
    "update_id text": ('{"update_id": "1"}', NO_UPDATE),
    "update_id true": ('{"update_id": true}', NO_UPDATE),
    "update_id 1.0": ('{"update_id": 1.0}', NO_UPDATE),
}
ENCODED = {
    "no base64": ("é", NO_JSON),
    "an update": (UPDATE, NO_JSON),
    "no bytes": (None, NO_JSON),
    "no UTF-8": (base64.b64encode(b'{"update_id": "\xff"}').decode(), NO_JSON),
    "no update": (base64.b64encode(b"[]").decode(), NO_UPDATE),
}


@pytest.mark.parametrize(
    ("bodies", "encoded"), [(BODIES, False), (ENCODED, True)], ids=["plain", "base64"]
)
def test_body_that_is_not_an_update_is_rejected(container, bodies, encoded):
    got = {
        name: container.invoke(request(body, isBase64Encoded=encoded))
        for name, (body, _) in bodies.items()
    }
    assert got == {name: text_response(400, reason) for name, (_, reason) in bodies.items()}
    logged = [(line["level"], line["message"], line["reason"]) for line in container.log]
    assert logged == [("WARNING", "bad request", reason) for _, reason in bodies.values()]


# ── Redelivery


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [(5, "5"), (0, "0"), (3600, "3600"), (3601, "3600"), (-1, None), (None, None)],
)
def test_retry_after_is_what_telegram_honours(container, bot_api, retry_after, header):
    bot_api.refuses(echo(), 429, "Too Many Requests", retry_after=retry_after)
    assert container.deliver(message()) == (503, header)


def test_last_256_updates_are_remembered(container):
    container.stub_telegram(lambda method, params, timeout: True)
    for update_id in range(257):
        container.deliver(message(update_id))
    assert list(container.module("pipeline").recent) == list(range(1, 257))
    assert container.outcome_of(json.dumps(message(1))) == "duplicate"
    assert container.outcome_of(json.dumps(message(0))) == "answered"
