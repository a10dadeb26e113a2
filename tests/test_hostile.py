"""Hostile events: whatever comes, the function answers, and calls nobody without the secret.

What is HTTP is refused with a 4xx, or answered 200 with no call. The bot never answers 410, at
which Telegram would drop the webhook. Each call that a mutated update gets is valid by type.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve, Start
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stubs import SECRET, SECRET_HEADER, Container, Json, Peer, answers_all, message, request

UPDATES = [
    json.loads(path.read_text("utf-8"))["update"]
    for path in sorted((Path(__file__).parent / "updates").rglob("*.json"))
]
UPDATE = json.dumps(message())


def deep(levels: int) -> Any:
    """Return a list in a list in a list …"""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "a number": 7,
    "a float": 1.5,
    "infinite": float("inf"),
    "400 digits": 10**399,
    "empty text": "",
    "text": "planted",
    "NUL": "\x00",
    "half a pair": "\ud800",
    "not ASCII": "é👍",
    "huge": "x" * 6_000_000,
    "an empty list": [],
    "a list": ["x"],
    "an empty object": {},
    "an object": {"x": {"y": "z"}},
    "objects of odd names": {"": None, "\ud800": 1, "x" * 1000: 2},
    "nested deep": deep(900),
}
EVENTS: dict[str, Json] = {
    "payload 2.0": request(UPDATE),
    "payload 1.0": {
        "version": "1.0",
        "resource": "/telegram",
        "path": "/telegram",
        "httpMethod": "POST",
        "headers": {SECRET_HEADER: SECRET},
        "multiValueHeaders": {SECRET_HEADER: [SECRET]},
        "queryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"stage": "$default", "identity": {"sourceIp": "149.154.167.197"}},
        "body": UPDATE,
        "isBase64Encoded": False,
    },
    "ALB": {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": "POST",
        "path": "/telegram",
        "queryStringParameters": {},
        "headers": {SECRET_HEADER: SECRET},
        "body": UPDATE,
        "isBase64Encoded": False,
    },
}
FIELDS = [(kind, field) for kind, event in EVENTS.items() for field in event]


@pytest.fixture
def peer(serve: Serve) -> Peer:
    """A Bot API that carries everything out, and counts."""
    return serve(answers_all)


@pytest.fixture
def container(start: Start, peer: Peer) -> Container:
    return start(peer.url)


def is_refused_or_served(container: Container, event: Any) -> int:
    """Invoke the function with an HTTP event, and return the status, which is one that may be."""
    answer = container.invoke(event)
    assert set(answer) == {"statusCode", "headers", "body"}
    assert isinstance(answer["body"], str)
    assert "Traceback" not in answer["body"]
    assert answer["statusCode"] in (200, 400, 401)
    return int(answer["statusCode"])


@pytest.mark.parametrize("kind", EVENTS)
def test_each_kind_of_http_event_is_served(container: Container, peer: Peer, kind: str) -> None:
    assert is_refused_or_served(container, EVENTS[kind]) == 200
    assert len(peer.requests) == 1


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=" ".join)
def test_a_field_may_be_missing_or_anything(
    container: Container, peer: Peer, kind: str, field: str
) -> None:
    needed = field in ("headers", "body")
    without = {key: value for key, value in EVENTS[kind].items() if key != field}
    assert is_refused_or_served(container, without) == (
        200 if not needed else 400 if field == "body" else 401
    )
    for name, value in VALUES.items():
        status = is_refused_or_served(container, {**EVENTS[kind], field: value})
        if field == "isBase64Encoded":
            assert status == (400 if value else 200), name
        else:
            assert status == (200 if not needed else 400 if field == "body" else 401), name
    assert len(peer.requests) <= 1  # the same update is answered once


@pytest.mark.parametrize("name", VALUES)
def test_without_the_secret_no_call_is_made(container: Container, peer: Peer, name: str) -> None:
    for kind, field in FIELDS:
        event = copy.deepcopy(EVENTS[kind])
        event["headers"][SECRET_HEADER] = "wrong"
        event[field] = VALUES[name]
        assert is_refused_or_served(container, event) == 401
    assert peer.requests == []


@pytest.mark.parametrize("name", VALUES)
def test_an_event_of_another_kind_gets_an_error(
    container: Container, peer: Peer, name: str
) -> None:
    events = [
        VALUES[name],
        {"Records": VALUES[name]},
        {"tf": VALUES[name]},
        {"source": VALUES[name]},
    ]
    events += [{"url": VALUES[name]}, {"tf": VALUES[name], "url": "https://x"}, [VALUES[name]]]
    for event in events:
        if isinstance(event, dict) and isinstance(event.get("tf"), dict) and "url" in event:
            continue  # that is Terraform's
        assert set(container.invoke(event)) == {"error"}
    assert peer.requests == []


@pytest.mark.parametrize("encoded", [False, True], ids=["plain", "base64"])
def test_a_body_of_six_megabytes(container: Container, peer: Peer, encoded: bool) -> None:
    size = 6 * 2**20 * 3 // 4 if encoded else 6 * 2**20
    update = message()
    update["message"]["reply_to_message"] = {"text": "x" * (size - len(UPDATE) - 60)}
    body = json.dumps(update)
    if encoded:
        body = base64.b64encode(body.encode()).decode()
    assert is_refused_or_served(container, request(body, isBase64Encoded=encoded)) == 200
    assert len(peer.requests) == 1


IMITATIONS: list[Json] = [
    {"tf": {"action": "delete"}, "url": "https://bot.example/telegram"},
    {"source": "aws.events"},
    {"Records": [{"eventSource": "aws:s3"}]},
    {"requestContext": {}, "headers": {SECRET_HEADER: SECRET}, "body": UPDATE},
]


@pytest.mark.parametrize("imitated", IMITATIONS, ids=lambda event: next(iter(event)))
def test_a_body_that_imitates_an_event_is_a_body(
    container: Container, peer: Peer, imitated: Json
) -> None:
    assert is_refused_or_served(container, request(json.dumps(imitated))) == 400
    with_id = {"update_id": 1, **imitated}
    assert is_refused_or_served(container, request(json.dumps(with_id))) == 200
    assert is_refused_or_served(container, request(json.dumps(imitated), "wrong")) == 401
    assert peer.requests == []


# ── Properties

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["update_id", "message", "chat", "id", "text"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
many = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Go through all places in a JSON value, each as its container and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Draw an update in which up to three places are gone, or hold something else."""
    update = copy.deepcopy(draw(st.sampled_from(UPDATES)))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(list(places(update)) or [({}, "x")]))
        if draw(st.booleans()) and isinstance(holder, dict):
            holder.pop(key, None)
        else:
            holder[key] = draw(JSON)
    return update


PARAMETERS: dict[str, Callable[[Any], bool]] = {
    "chat_id": lambda value: type(value) is int,
    "from_chat_id": lambda value: type(value) is int,
    "message_id": lambda value: type(value) is int,
    "message_thread_id": lambda value: type(value) is int,
    "direct_messages_topic_id": lambda value: type(value) is int,
    "protect_content": lambda value: value is True,
    "callback_query_id": lambda value: type(value) is str,
    "text": lambda value: (
        type(value) is str and 1 <= len(value.encode("utf-16-le", "surrogatepass")) / 2 <= 4096
    ),
    "reply_markup": lambda value: type(value) is dict,
    "entities": lambda value: all(
        type(entity) is dict
        and type(entity["offset"]) is type(entity["length"]) is int
        and type(entity["type"]) is str
        for entity in value
    ),
}
NEEDED = {
    "sendMessage": {"chat_id", "text"},
    "copyMessage": {"chat_id", "from_chat_id", "message_id"},
    "answerCallbackQuery": {"callback_query_id"},
}


def check_calls(peer: Peer, since: int) -> None:
    """Fail if a call that was made is not valid by type."""
    for sent in peer.requests[since:]:
        head, _, body = sent.partition(b"\r\n\r\n")
        method = head.split(b" ")[1].rpartition(b"/")[2].decode()
        params = json.loads(body)
        assert set(params) >= NEEDED[method]
        for name, value in params.items():
            assert PARAMETERS[name](value), (method, name, value)


@many
@given(body=JSON)
def test_any_json_gets_a_status(container: Container, peer: Peer, body: Any) -> None:
    since = len(peer.requests)
    assert is_refused_or_served(container, request(json.dumps(body))) != 401
    check_calls(peer, since)


@many
@given(update=mutated())
def test_any_mutation_of_an_update_gets_a_status_and_valid_calls(
    container: Container, peer: Peer, update: Any
) -> None:
    container.handler.answered.clear()
    since = len(peer.requests)
    assert is_refused_or_served(container, request(json.dumps(update))) != 401
    check_calls(peer, since)


@many
@given(
    body=st.text(st.characters(codec=None)) | st.binary().map(lambda data: data.decode("latin-1"))
)
def test_any_text_gets_a_status(container: Container, peer: Peer, body: str) -> None:
    for encoded in (False, True):
        assert is_refused_or_served(container, request(body, isBase64Encoded=encoded)) == 400


@many
@given(event=st.dictionaries(st.sampled_from([*EVENTS["payload 1.0"], "tf", "url", "x"]), JSON))
def test_any_event_gets_an_answer(container: Container, peer: Peer, event: Json) -> None:
    answer = container.invoke({**event, "tf": None})
    assert answer.get("statusCode", 401) in (400, 401)
    assert peer.requests == []
