"""Hostile events: the function answers each of them, and makes no call without the secret.

An HTTP event gets a 4xx or 200. It never gets 410, at which Telegram would drop the webhook.
"""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram_bot_aws.local.events import app_event

from tests.support.stubs import SECRET, SECRET_HEADER, answers_all, message, request

MISSING = object()
VALUES = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "a number": 7,
    "a float": 1.5,
    "400 digits": 10**399,
    "empty text": "",
    "NUL": "\x00",
    "half a surrogate pair": "\ud800",
    "not ASCII": "é👍",
    "long": "x" * 5_000,  # above Telegram's limits
    "a list": ["x"],
    "an object": {"x": {"y": "z"}},
    "objects of odd names": {"": None, "\ud800": 1, "x" * 1000: 2},
    "nested deep": json.loads("[" * 1001 + "]" * 1001),
}
ANYTHING = [("missing", MISSING), *VALUES.items()]
REQUEST = request(json.dumps(message()))
# With the fields that a client certificate and an authorizer add.
EVENT = {
    **REQUEST,
    "cookies": ["a=1", "b=2"],
    "queryStringParameters": {"a": "1,2", "b": "3"},
    "requestContext": {
        **REQUEST["requestContext"],
        "authentication": {"clientCert": {"clientCertPem": "-----BEGIN CERTIFICATE-----"}},
        "authorizer": {"jwt": {"claims": {"sub": "a person"}, "scopes": ["a", "b"]}},
    },
    "pathParameters": {"a": "1"},
    "stageVariables": {"a": "1"},
}
SECRET_PLACES = [("headers",), ("headers", SECRET_HEADER)]


def places(value, way=()):
    """Yield all places in a JSON value."""
    items = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*way, key)
        yield from places(inner, (*way, key))


def changed(whole, place, value):
    """Return a copy of a JSON value, with another value at a place, or without it (MISSING)."""
    key, *rest = place
    result = copy.copy(whole)
    if rest:
        result[key] = changed(whole[key], tuple(rest), value)
    elif value is MISSING:
        del result[key]
    else:
        result[key] = value
    return result


@pytest.fixture
def peer(serve):
    """A Bot API that carries out every call, and counts its connections."""
    return serve(answers_all)


@pytest.fixture
def container(start, peer):
    return start(peer.url)


@pytest.fixture(params=["api", "webhook"])
def in_mode(request, start, peer):
    """A container in each of the two reply modes."""
    return start(peer.url, REPLY_MODE=request.param)


def status_of(container, event):
    """Invoke the function with an HTTP event, and return the status of its valid answer."""
    answer = container.invoke(event, 60_000)  # enough for a busy machine
    assert set(answer) == {"statusCode", "headers", "body"}
    assert isinstance(answer["body"], str)
    assert "Traceback" not in answer["body"]
    assert answer["statusCode"] in (200, 400, 401)
    return answer["statusCode"]


def status_with(place, value, secret):
    """Return the status that EVENT must get with another value at a place."""
    if secret != SECRET or place in SECRET_PLACES:
        return 401
    is_encoded = place == ("isBase64Encoded",) and value is not MISSING and bool(value)
    return 400 if place == ("body",) or is_encoded else 200


@pytest.mark.parametrize("secret", [SECRET, "wrong"], ids=["right", "wrong"])
def test_fields_may_be_missing_or_anything(container, peer, secret):
    event = changed(EVENT, ("headers", SECRET_HEADER), secret)
    for place in places(event):
        for name, value in ANYTHING:
            if (place, value) == (("requestContext",), MISSING):
                continue  # then it isn't an HTTP event
            status = status_of(container, changed(event, place, value))
            assert status == status_with(place, value, secret), (place, name)
    assert len(peer.requests) == (secret == SECRET)  # the same update is answered once


# ── Bodies


PERSON = {"id": 42, "is_bot": False, "first_name": "Ada"}
ENTITY = {"type": "text_link", "offset": 0, "length": 7, "url": "https://example.org/"}
BODIES = {
    "a text in a topic": message(
        text="planted", entities=[ENTITY], message_thread_id=3, is_topic_message=True
    ),
    "a command of an admin": message(
        text="/help",
        sender_chat={"id": -1001, "type": "supergroup", "title": "A group"},
        is_automatic_forward=False,
    ),
    "a poll": message(poll={"id": "1", "type": "quiz", "correct_option_ids": [0]}),
    "a press of a button": {
        "update_id": 1,
        "callback_query": {
            "id": "1",
            "from": PERSON,
            "message": message()["message"],
            "chat_instance": "2",
            "data": "pressed",
        },
    },
}


def deliver(container, body):
    """Deliver a body with the right secret, for the first time, and return the status."""
    container.module("pipeline").recent.clear()
    return status_of(container, request(json.dumps(body)))


@pytest.mark.parametrize("kind", BODIES)
def test_any_place_of_an_update_may_be_missing_or_anything(in_mode, kind):
    update = BODIES[kind]
    assert deliver(in_mode, update) == 200
    for place in places(update):
        for name, value in ANYTHING:
            status = deliver(in_mode, changed(update, place, value))
            is_update = place != ("update_id",) or type(value) is int
            assert status == (200 if is_update else 400), (place, name)


# ── Requests for a page

PAGE_EVENT = app_event(
    "POST",
    "/app/api/orders",
    "a=1",
    {"authorization": "tma user=%7B%22id%22%3A42%7D&hash=0", "content-type": "application/json"},
    b"{}",
)
STATUSES = (200, 400, 401, 404, 405)


@pytest.fixture
def page(start, peer):
    """A container with a page, whose on_request() must not be called."""
    container = start(peer.url, MINI_APP_URL="https://bot.example/app/index.html")
    unasked = lambda request: pytest.fail("a stranger was let in")  # noqa: E731
    container.bot.on_request = unasked
    return container


FIXTURES = HealthCheck.function_scoped_fixture
ANY_CHARACTER = st.characters(codec=None)  # halves of surrogate pairs included


@settings(max_examples=50, deadline=None, suppress_health_check=[FIXTURES])
@given(
    path=st.text(ANY_CHARACTER) | st.text("./%25eE0\\\0abp", max_size=20),
    query=st.text(ANY_CHARACTER),
    authorization=st.text(ANY_CHARACTER) | st.text("=&%user{}", max_size=30),
)
def test_any_request_for_a_page_gets_a_status(page, peer, path, query, authorization):
    headers = {**PAGE_EVENT["headers"], "authorization": f"tma {authorization}"}
    for start in ("/app", "/app/", "/app/api/"):
        event = {**PAGE_EVENT, "rawPath": start + path, "rawQueryString": query, "headers": headers}
        assert page.invoke(event)["statusCode"] in STATUSES
    assert peer.requests == []
