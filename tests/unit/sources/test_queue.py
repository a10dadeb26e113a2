"""queue.py: updates go through SQS FIFO, between the webhook and the bot."""

from __future__ import annotations

import json
import random
import re
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest
from telegram_stand_in import TYPES

from tests.conftest import BotApi, Start, StartBot
from tests.support.stubs import (
    AWS,
    QUEUE,
    TEXT,
    Container,
    Json,
    Part,
    Peer,
    Serve,
    answers,
    answers_all,
    echo,
    http,
    message,
    queue_event,
    request,
    with_clock,
)

TAKEN = http({"MessageId": "1", "MD5OfMessageBody": "x", "SequenceNumber": "1"})
DONE: Json = {"batchItemFailures": []}
AGAIN = {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


Queued = Callable[..., tuple[Container, Peer]]


@pytest.fixture
def queued(start: Start, serve: Serve, bot_api: BotApi) -> Queued:
    """Start a container that has a queue, whose SQS plays a part: `queued(part)`."""

    def start_container(part: Part = answers_all, url: str = "") -> tuple[Container, Peer]:
        sqs = serve(part)
        environment = {**AWS, "AWS_ENDPOINT_URL": url or sqs.url}
        return start(bot_api.url, QUEUE_URL=QUEUE, **environment), sqs

    return start_container


def compact(update: Json) -> str:
    """Return an update as the queue takes it: UTF-8, and no spaces."""
    return json.dumps(update, ensure_ascii=False, separators=(",", ":"))


# ── Into the queue


def test_an_update_is_queued_and_not_answered(queued: Queued) -> None:
    container, sqs = queued(answers(TAKEN))
    update = message(text="Grüße 👍")
    assert container.invoke(request(json.dumps(update))) == {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain"},
        "body": "",
    }
    [asked] = sqs.bodies
    assert asked.pop("MessageBody") == compact(update)
    assert asked == {"QueueUrl": QUEUE, "MessageDeduplicationId": "1", "MessageGroupId": "42"}
    head = sqs.requests[0].partition(b"\r\n\r\n")[0].decode()
    assert "X-Amz-Target: AmazonSQS.SendMessage\r\n" in head + "\r\n"
    assert "Content-Type: application/x-amz-json-1.0\r\n" in head + "\r\n"
    assert container.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "update",
        "update_id": 1,
        "kind": "message",
        "methods": [],
        "outcome": "queued",
    }


ADA = {"id": 7, "is_bot": False, "first_name": "Ada"}
GROUP = {"id": -100, "type": "supergroup"}
POST = {"chat": GROUP, "from": ADA}
TOPIC = {"message_thread_id": 5, "is_topic_message": True}
# Each kind of update of the Bot API, and its group; None if it is answered at once.
KINDS: dict[str, tuple[Json, str | None]] = {
    "business_connection": ({"id": "x", "user": ADA}, "7"),
    "business_message": (POST, "-100"),
    "callback_query": ({"from": ADA, "message": POST}, "query:7"),
    "channel_post": ({"chat": GROUP}, "-100"),
    "chat_boost": ({"chat": GROUP, "boost": {"source": {"user": ADA}}}, "-100"),
    "chat_join_request": (POST, "-100"),
    "chat_member": (POST, "-100"),
    "chosen_inline_result": ({"from": ADA}, "7"),
    "deleted_business_messages": ({"chat": GROUP}, "-100"),
    "edited_business_message": (POST, "-100"),
    "edited_channel_post": ({"chat": GROUP}, "-100"),
    "edited_message": (POST, "-100"),
    "guest_message": (POST, None),
    "inline_query": ({"from": ADA}, None),
    "managed_bot": ({"user": ADA}, "7"),
    "message": (POST, "-100"),
    "message_reaction": ({"chat": GROUP, "user": ADA}, "-100"),
    "message_reaction_count": ({"chat": GROUP}, "-100"),
    "my_chat_member": (POST, "-100"),
    "poll": ({"id": "x"}, "poll"),
    "poll_answer": ({"user": ADA}, "7"),
    "pre_checkout_query": ({"from": ADA}, None),
    "purchased_paid_media": ({"from": ADA}, "7"),
    "removed_chat_boost": ({"chat": GROUP, "source": {"user": ADA}}, "-100"),
    "shared_widget_query": ({"from": ADA}, None),
    "shipping_query": ({"from": ADA}, None),
    "stopped_message_generation": ({"chat": GROUP, "draft_id": 1}, None),
    "subscription": ({"user": ADA}, "7"),
    "widget_query": ({"from": ADA, "chat": GROUP}, None),
}
GROUPS: dict[str, tuple[Json, str | None]] = {
    **{kind: ({kind: content}, group) for kind, (content, group) in KINDS.items()},
    "a join request with a deadline": ({"chat_join_request": {**POST, "query_id": "1"}}, None),
    "a query_id before it": ({"business_message": {**POST, "query_id": "1"}}, "-100"),
    "a query_id after it": ({"message": {**POST, "query_id": "1"}}, "-100"),
    "a topic": ({"message": {**POST, **TOPIC}}, "-100:5"),
    "a guest's topic": ({"guest_message": {**POST, **TOPIC}}, None),
    "a reply in a plain group": ({"message": {**POST, "message_thread_id": 5}}, "-100"),
    "a topic without an id": ({"message": {**POST, "is_topic_message": True}}, "-100"),
    "a kind of tomorrow": ({"whistle": {"id": 1}}, "whistle"),
    "no object": ({"whistle": 1}, "whistle"),
    "a chat without an id": ({"message": {"chat": {}, "from": ADA}}, "7"),
    "no chat": ({"message": {"chat": 1}}, "message"),
    "nothing": ({}, "update"),
}


def test_an_update_is_answered_in_its_group_or_at_once(container: Container) -> None:
    queue = container.module("steps.enqueue")
    updates = {name: {"update_id": 1, **fields} for name, (fields, _) in GROUPS.items()}
    assert {
        name: queue.group(update) if queue.waits(update) else None
        for name, update in updates.items()
    } == {name: group for name, (_, group) in GROUPS.items()}


def test_each_kind_of_the_bot_api_has_been_classified() -> None:
    """Read in Telegram's documentation whether the kind has a deadline, then add it above."""
    assert set(KINDS) == set(TYPES["Update"]) - {"update_id"}


PRESS = {"update_id": 1, "callback_query": {"id": "1", "from": ADA}}
CHECKOUT = {"update_id": 1, "pre_checkout_query": {"id": "1", "from": ADA}}
CALL = {"method": "sendMessage", "chat_id": 7, "text": "Well"}


@pytest.mark.parametrize(
    ("update", "variables"),
    [(CHECKOUT, {}), (PRESS, {"AT_ONCE": ["callback_query"]})],
    ids=["a kind with a deadline", "a kind that the bot adds"],
)
def test_what_cannot_wait_never_sees_the_queue(
    queued: Queued, bot_api: BotApi, update: Json, variables: Json
) -> None:
    container, sqs = queued()
    vars(container.bot).update(variables, reply=lambda update: [CALL])
    bot_api.refuses(CALL, 500, "Oops")
    assert container.deliver(update) == (503, None)  # Telegram keeps it, and delivers it again
    bot_api.expects(CALL)
    assert container.deliver(update) == (200, None)
    assert container.deliver(update) == (200, None)
    assert [line["outcome"] for line in container.log] == ["unreachable", "answered", "repeated"]
    assert not any("source" in line for line in container.log)
    assert sqs.requests == []


@pytest.mark.parametrize("query", ["at-once", "at-once="])
def test_while_the_queue_is_being_removed_an_update_is_answered_at_once(
    queued: Queued, bot_api: BotApi, query: str
) -> None:
    container, sqs = queued()
    bot_api.expects(echo())
    container.invoke(request(json.dumps(message()), rawQueryString=query))
    assert container.line["outcome"] == "answered"
    assert sqs.requests == []


BY_TOPIC = 'SESSION = "topic"\ndef reply(update, session):\n    return []'
SAID: Json = {"chat": GROUP, "from": ADA, "is_topic_message": True, "message_thread_id": 5}


def test_a_group_is_a_session_where_there_is_one(start_with_sessions: StartBot) -> None:
    group = start_with_sessions(BY_TOPIC).module("steps.enqueue").group
    in_topic = group({"message": SAID})
    assert in_topic.startswith("session:")
    # So does a tap: it waits behind a message, and changes the session after it.
    assert group({"callback_query": {"from": {"id": 8}, "message": SAID}}) == in_topic
    assert group({"message": {"chat": GROUP}}) != in_topic
    assert group({"poll_answer": {"user": ADA}}) == "7"  # it has no session
    longest = start_with_sessions(BY_TOPIC.replace('"topic"', "lambda update: 2048 * 'x'"))
    assert len(longest.module("steps.enqueue").group({"message": SAID})) <= 128  # SQS's limit


@pytest.mark.parametrize(
    "source",
    [BY_TOPIC.replace('"topic"', "lambda update: 1 / 0"), BY_TOPIC.replace("SESSION", "OTHER")],
    ids=["it fails", "there is none"],
)
def test_an_update_whose_session_cant_be_told_is_queued_all_the_same(
    start_with_sessions: StartBot, source: str
) -> None:
    container = start_with_sessions(source.replace("update, session", "update, session=None"))
    assert container.module("steps.enqueue").group({"message": {"chat": GROUP}}) == "-100"


ASKS = """
from botkit import telegram

def SESSION(update):
    return str(telegram.call("getChat", chat_id=-100)["linked_chat_id"])

def reply(update, session):
    return []
"""


@pytest.mark.parametrize(
    ("code", "outcome"), [(500, "unreachable"), (429, "throttled"), (401, "misconfigured")]
)
def test_an_update_keeps_its_group_while_its_session_cant_be_told(
    start_with_sessions: StartBot, bot_api: BotApi, code: int, outcome: str
) -> None:
    container = start_with_sessions(ASKS, QUEUE_URL=QUEUE)
    messages = container.queues.messages
    ask: Json = {"method": "getChat", "chat_id": -100}
    bot_api.refuses(ask, code, "no")
    assert container.deliver(message())[0] == 503
    assert (container.line["outcome"], messages) == (outcome, {})
    bot_api.answers("getChat", {"chat_id": -100}, {"linked_chat_id": 5})
    assert container.deliver(message())[0] == 200
    assert container.line["outcome"] == "queued"
    assert [each["group"].partition(":")[0] for each in messages.values()] == ["session"]


def refusal(code: str) -> bytes:
    return http({"__type": f"com.amazon.coral.service#{code}", "message": "no"}, "400 Bad")


UNUSABLE = {
    "no such queue": (refusal("QueueDoesNotExist"), "misconfigured"),
    "another address": (refusal("InvalidAddress"), "misconfigured"),
    "no permission": (refusal("AccessDeniedException"), "unreachable"),
    "too many calls": (refusal("RequestThrottled"), "unreachable"),
    "a server error": (http({}, "500 Oops"), "unreachable"),
}


@pytest.mark.parametrize(("said", "outcome"), UNUSABLE.values(), ids=UNUSABLE)
def test_telegram_keeps_an_update_while_the_queue_cant_be_used(
    queued: Queued, said: bytes, outcome: str
) -> None:
    container, _ = queued(answers(said))
    assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == outcome
    assert container.line["error"]


@pytest.mark.parametrize("code", ["InvalidParameterValueException", "InvalidMessageContents"])
def test_an_update_that_the_queue_refuses_is_answered_at_once(
    queued: Queued, bot_api: BotApi, code: str
) -> None:
    container, sqs = queued(answers(refusal(code)))
    bot_api.expects(echo())
    assert container.deliver(message()) == (200, None)
    assert len(sqs.requests) == 1
    assert container.line["outcome"] == "answered"
    assert container.log[-2]["message"] == "the queue can't take an update"
    assert container.log[-2]["error"] == f"{code}: no"


def of_size(size: int) -> Json:
    """Return an update that has so many bytes in UTF-8."""
    fill = size - len(compact(message(text="")).encode())
    return message(text="👍" * (fill // 4) + "x" * (fill % 4))


def test_the_largest_update_of_the_queue(queued: Queued) -> None:
    container, sqs = queued(answers(TAKEN))
    update = of_size(262_144)
    assert container.deliver(update) == (200, None)
    assert len(sqs.bodies[0]["MessageBody"].encode()) == 262_144
    assert container.line["outcome"] == "queued"


def test_a_larger_update_is_answered_at_once(queued: Queued, bot_api: BotApi) -> None:
    container, sqs = queued()
    update = of_size(262_145)
    bot_api.refuses(echo(update["message"]["text"]), 429, "no", retry_after=7)
    bot_api.expects(echo(update["message"]["text"]))
    assert container.deliver(update) == (503, "7")
    assert container.line["outcome"] == "throttled"
    assert container.deliver(update) == (200, None)
    assert container.line["outcome"] == "answered"
    assert sqs.requests == []


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
NOT_TAKEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def test_the_queue_gets_no_character_that_it_does_not_take(queued: Queued) -> None:
    container, sqs = queued(answers(TAKEN))
    text = "\0 \x1f \x7f \ud800 \ufffe \uffff \U0001ffff"
    assert container.deliver(message(text=text, **{"\uffff": 1})) == (200, None)
    [asked] = sqs.bodies
    assert not NOT_TAKEN.search(asked["MessageBody"])
    readable = text.replace("\ud800", "\ufffd")  # half a surrogate pair
    assert json.loads(asked["MessageBody"]) == message(text=readable, **{"\uffff": 1})


# ── Out of the queue


def test_a_queued_update_is_answered_once(queued: Queued, bot_api: BotApi) -> None:
    container, sqs = queued()
    bot_api.expects(echo())
    assert container.invoke(queue_event(message())) == DONE
    assert container.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "update",
        "update_id": 1,
        "kind": "message",
        "source": "queue",
        "methods": ["sendMessage"],
        "outcome": "answered",
    }
    assert container.invoke(queue_event(message(), received=2)) == DONE
    assert container.line["outcome"] == "repeated"
    assert sqs.requests == []


def test_what_failed_after_an_answer_is_not_answered_again(
    queued: Queued, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS may deliver a message twice. Only a replay asks the bot again."""
    container, _ = queued(answers(TAKEN))

    def reply(update: Json) -> list[Json]:
        container.telegram.call("sendMessage", chat_id=42, text="Wait")
        raise ValueError

    monkeypatch.setattr(container.bot, "reply", reply)
    bot_api.expects({"method": "sendMessage", "chat_id": 42, "text": "Wait"})
    outcomes = []
    for _ in range(2):
        assert container.invoke(queue_event(message())) == {"batchItemFailures": []}
        outcomes.append(container.line["outcome"])
    assert outcomes == ["bot_failed", "repeated"]


PAUSES = {
    "first": (500, {}, 1, 2, 1),
    "first, at most": (500, {}, 1, 2, 1.5),
    "ninth": (500, {}, 9, 512, 1),
    "tenth": (500, {}, 10, 900, 1),
    "tenth, at most": (500, {}, 10, 900, 1.5),
    "a wrong token": (401, {}, 3, 8, 1),
    "a short limit": (429, {"retry_after": 1}, 3, 8, 1),
    "a limit that passed": (429, {"retry_after": -1}, 3, 8, 1),
    "a limit without a time": (429, {}, 3, 8, 1),
}


@pytest.mark.parametrize(
    ("code", "parameters", "received", "seconds", "longer"), PAUSES.values(), ids=PAUSES
)
def test_what_may_succeed_later_comes_again_then(
    queued: Queued,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    parameters: Json,
    received: int,
    seconds: int,
    longer: float,
) -> None:
    monkeypatch.setattr(random, "uniform", lambda *ends: ends[ends.index(longer)])
    container, sqs = queued()
    bot_api.refuses(echo(), code, "no", **parameters)
    assert container.invoke(queue_event(message(), received)) == AGAIN
    [asked] = sqs.bodies
    assert asked.pop("VisibilityTimeout") == longer * seconds
    assert asked == {"QueueUrl": QUEUE, "ReceiptHandle": "handle-1"}
    head = sqs.requests[0].partition(b"\r\n\r\n")[0]
    assert b"X-Amz-Target: AmazonSQS.ChangeMessageVisibility" in head
    assert container.line["source"] == "queue"


@pytest.mark.parametrize(("retry_after", "seconds"), [(13, 13), (90_000, 39_600)])
def test_a_longer_limit_is_waited_for_as_long_as_sqs_can_hide_a_message(
    queued: Queued, bot_api: BotApi, retry_after: int, seconds: int
) -> None:
    container, sqs = queued()
    bot_api.refuses(echo(), 429, "no", retry_after=retry_after)
    assert container.invoke(queue_event(message(), received=3)) == AGAIN
    assert sqs.bodies[0]["VisibilityTimeout"] == seconds


@pytest.mark.parametrize(("received", "outcome"), [(1, "refused"), (2, "answered")])
def test_a_repetition_that_is_refused_is_no_failure(
    queued: Queued, bot_api: BotApi, received: int, outcome: str
) -> None:
    container, _ = queued()
    bot_api.refuses(echo(), 400, "Bad Request: query is too old and response timeout expired")
    assert container.invoke(queue_event(message(), received)) == DONE
    assert container.line["outcome"] == outcome


def test_a_second_is_kept_to_set_the_pause_in_and_one_to_end(
    queued: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: dict[str, float] = {}

    def reply(update: Json) -> list[Json]:
        left["bot"] = deadline.left()
        raise container.telegram.Unreachable("Telegram is away")

    def sqs(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        left["queue"] = deadline.left()
        connection.sendall(http())

    container, _ = queued(sqs)
    deadline = container.module("deadline").deadline
    with_clock(container)
    monkeypatch.setattr(container.bot, "reply", reply)
    assert container.invoke(queue_event(message()), milliseconds=20_900) == AGAIN
    assert left == pytest.approx({"bot": 18.9, "queue": 20.4})


@pytest.mark.parametrize("said", [refusal("MessageNotInflight"), http({}, "500 Oops")])
def test_without_a_pause_it_comes_again_after_the_visibility_time_out(
    queued: Queued, bot_api: BotApi, said: bytes
) -> None:
    container, _ = queued(answers(said))
    bot_api.refuses(echo(), 500, "no")
    assert container.invoke(queue_event(message())) == AGAIN
    assert (container.line["level"], container.line["message"]) == (
        "WARNING",
        "the pause before a retry was not set",
    )
    assert container.line["error"]


def test_a_long_answer_is_hidden_for_its_whole_time(queued: Queued, bot_api: BotApi) -> None:
    """Every queue hides an update for a minute.

    For a longer answer, a shorter timeout in a release that was refused may have changed its time.
    """
    container, sqs = queued()
    with_clock(container)
    bot_api.expects(echo(), echo())
    assert container.invoke(queue_event(message()), milliseconds=30_000) == DONE
    assert sqs.bodies == []
    assert container.invoke(queue_event(message(2)), milliseconds=31_000) == DONE
    hidden = {"QueueUrl": QUEUE, "ReceiptHandle": "handle-1", "VisibilityTimeout": 61}
    assert sqs.bodies == [hidden]


def test_an_update_is_answered_though_sqs_is_silent_when_it_is_hidden(
    queued: Queued, bot_api: BotApi
) -> None:
    container, _ = queued()
    clock = with_clock(container)

    def silent(*call: Any) -> Any:
        clock.now += container.module("deadline").deadline.left()
        raise container.telegram.Unreachable("timed out")

    container.answer_calls(silent, "sqs")
    bot_api.expects(echo())
    assert container.invoke(queue_event(message()), milliseconds=900_000) == DONE
    assert clock.now == 2.0


def test_a_long_answer_that_can_not_be_hidden_is_made_all_the_same(
    queued: Queued, bot_api: BotApi
) -> None:
    container, _ = queued(answers(refusal("MessageNotInflight")))
    bot_api.expects(echo())
    assert container.invoke(queue_event(message()), milliseconds=900_000) == DONE
    assert container.log[0]["message"] == "the update was not hidden"


def test_what_is_no_update_fails(queued: Queued) -> None:
    container, _ = queued()
    with pytest.raises(json.JSONDecodeError):
        container.invoke(queue_event("no JSON"))


# ── What isn't our queue's


OTHERS: dict[str, Json] = {
    "another queue": queue_event(TEXT, queue=QUEUE.replace("bot", "a-bot")),
    "another account's queue": queue_event(
        TEXT, queue=QUEUE.replace("123456789012", "210987654321")
    ),
    "another service": {"Records": [{"eventSource": "aws:s3"}]},
    "no ARN": {"Records": [{"eventSourceARN": "bot.fifo"}]},
    "an ARN that is none": {"Records": [{"eventSourceARN": 1}]},
    "no records": {"Records": []},
    "records that are none": {"Records": [None]},
    "a number": {"Records": 1},
    "nothing": {},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_event_is_the_bots(
    queued: Queued, monkeypatch: pytest.MonkeyPatch, other: Json
) -> None:
    container, _ = queued()
    got = []

    def on_event(event: Json) -> list[Json]:
        got.append(event)
        return []

    monkeypatch.setattr(container.bot, "on_event", on_event, raising=False)
    assert container.invoke(other) is None
    assert got == [other]


def test_without_a_queue_no_event_is_its(start: Start, bot_api: BotApi) -> None:
    container = start(bot_api.url)
    with pytest.raises(container.module("sources.event").EventFailed):
        container.invoke(queue_event(message()))
    assert "botkit.sources.queue" not in sys.modules


def test_nobody_imitates_the_queue_over_http(queued: Queued) -> None:
    container, sqs = queued()
    imitated = {**request(json.dumps(message()), "wrong"), **queue_event(message())}
    assert container.invoke(imitated)["statusCode"] == 401
    assert sqs.requests == []
