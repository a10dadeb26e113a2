"""drain.py: a queue is removed when it is empty, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import BotApi, Serve, Start
from tests.support.stubs import KEY, Container, answers, http, silent, with_pauses

CREDENTIALS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": KEY,
}
URL = "https://abcdef1234.execute-api.eu-central-1.amazonaws.com/telegram"
INFO = {"url": URL, "has_custom_certificate": False, "pending_update_count": 3}
QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/bot.fifo"


def counts(visible: int, hidden: int = 0, delayed: int = 0) -> bytes:
    """Return SQS's answer to GetQueueAttributes."""
    numbers = {"": visible, "Delayed": delayed, "NotVisible": hidden}
    named = {f"ApproximateNumberOfMessages{name}": str(n) for name, n in numbers.items()}
    return http({"Attributes": named})


@pytest.fixture
def with_queue(start: Start, serve: Serve, bot_api: BotApi) -> Callable[..., Container]:
    """Start a container with a queue, a stub of SQS that plays a part, and our webhook set."""

    def start_container(part: Any) -> Container:
        bot_api.answers("getWebhookInfo", {}, INFO)
        bot_api.answers("deleteWebhook", {})
        return start(bot_api.url, QUEUE_URL=QUEUE, AWS_ENDPOINT_URL=serve(part).url, **CREDENTIALS)

    return start_container


DRAIN = {"tf": {"action": "delete"}, "url": URL, "is": "queue"}
TOO_SHORT = "the queue was empty, but not for a minute"


def test_a_queue_is_removed_when_it_was_empty_for_a_minute_without_a_webhook(
    with_queue: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = [(0, 1, 0), (0, 0, 1), *[(0, 0, 0)] * 60, *[(2, 0, 0)] * 30, *[(0, 0, 0)] * 62]
    container = with_queue(answers(*(counts(*reading) for reading in readings)))
    pauses = with_pauses(container, monkeypatch)
    assert container.invoke(DRAIN, 300_000) == {}
    assert pauses == [1.0] * 152
    assert container.log == []


@pytest.mark.parametrize("seconds", [1.5, 2])
def test_an_emulated_aws_needs_no_minute(
    with_queue: Callable[..., Container], monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    container = with_queue(answers(*[counts(0)] * 9))
    pauses = with_pauses(container, monkeypatch)
    drain = {**DRAIN, "quiet_seconds": seconds}
    assert container.invoke(drain, 9_000) == {}
    assert pauses == [1.0] * 2


@pytest.mark.parametrize(("milliseconds", "pause"), [(3_000, 0.5), (1_500, 0.125)])
def test_a_queue_that_is_not_empty_in_time_fails_the_apply(
    with_queue: Callable[..., Container],
    monkeypatch: pytest.MonkeyPatch,
    milliseconds: int,
    pause: float,
) -> None:
    container = with_queue(answers(*[counts(3, 2)] * 9))
    pauses = with_pauses(container, monkeypatch)
    with pytest.raises(Exception, match=r"lost with it: 5\. .* purge-queue --queue-url " + QUEUE):
        container.invoke(DRAIN, milliseconds)
    assert pauses == [pause] * 3  # the last reading has as much time as there is before the others


@pytest.mark.parametrize(
    ("busy", "seconds"), [(0, 7), (3, 4)], ids=["all the time", "for half of it"]
)
def test_in_a_short_time_the_queue_must_be_empty_for_half_of_it(
    with_queue: Callable[..., Container],
    monkeypatch: pytest.MonkeyPatch,
    busy: int,
    seconds: int,
) -> None:
    container = with_queue(answers(*[counts(1)] * busy, *[counts(0)] * (8 - busy)))
    with_pauses(container, monkeypatch)
    assert container.invoke(DRAIN, 9_000) == {}
    assert (container.line["message"], container.line["seconds"]) == (TOO_SHORT, seconds)


@pytest.mark.parametrize(("busy", "milliseconds"), [(4, 9_000), (3, 8_000)])
def test_a_queue_that_was_empty_for_too_short_a_time_fails_the_apply(
    with_queue: Callable[..., Container],
    monkeypatch: pytest.MonkeyPatch,
    busy: int,
    milliseconds: int,
) -> None:
    container = with_queue(answers(*[counts(1)] * busy, *[counts(0)] * 4))
    with_pauses(container, monkeypatch)
    with pytest.raises(Exception, match="would be lost with it: an unknown number"):
        container.invoke(DRAIN, milliseconds)


def test_a_queue_that_cant_be_read_fails_the_apply(
    with_queue: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = with_queue(answers(*[http({}, "503 Away")] * 9))
    with_pauses(container, monkeypatch)
    with pytest.raises(Exception, match="would be lost with it: an unknown number"):
        container.invoke(DRAIN, 2_900)


def test_a_webhook_that_cant_be_removed_yet_keeps_the_queue(
    start: Start, serve: Serve, bot_api: BotApi
) -> None:
    """Updates would still come into it."""
    bot_api.answers("getWebhookInfo", {}, INFO)
    bot_api.refuses({"method": "deleteWebhook"}, 429, "Too Many Requests", retry_after=40)
    queue = serve(answers(counts(0)))
    container = start(bot_api.url, QUEUE_URL=QUEUE, AWS_ENDPOINT_URL=queue.url, **CREDENTIALS)
    with pytest.raises(Exception, match="did not remove the webhook, .* in 40 seconds$") as caught:
        container.invoke(DRAIN)
    assert type(caught.value).__name__ == "QueueNotEmpty"
    assert queue.requests == []


def test_a_hanging_telegram_leaves_time_to_look_at_the_queue(start: Start, serve: Serve) -> None:
    queue = serve(answers(*[counts(0)] * 3))
    hangs = serve(silent).url
    container = start(hangs, QUEUE_URL=QUEUE, AWS_ENDPOINT_URL=queue.url, **CREDENTIALS)
    assert container.invoke({**DRAIN, "quiet_seconds": 0}, 3_000) == {}
    assert len(queue.requests) == 1


def test_a_queue_that_is_gone_does_not_hold_up_its_removal(
    with_queue: Callable[..., Container],
) -> None:
    error = {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "none"}
    container = with_queue(answers(http(error, "400 Bad")))
    assert container.invoke(DRAIN) == {}
    assert container.line["message"] == "the queue's updates can't be counted"
    assert container.line["error"] == "QueueDoesNotExist: none"


@pytest.mark.parametrize(
    "answer", [http({}, "503 Away"), http({})], ids=["SQS away", "a malformed answer"]
)
def test_a_reading_that_fails_is_made_again(
    with_queue: Callable[..., Container], monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    container = with_queue(answers(answer, counts(3)))
    with_pauses(container, monkeypatch)
    with pytest.raises(Exception, match="would be lost with it: 3"):
        container.invoke(DRAIN, 2_900)
    assert container.log[0]["message"] == "the queue's updates can't be counted"


def test_after_a_reading_that_fails_the_queue_must_be_empty_for_the_whole_time(
    with_queue: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = with_queue(answers(*[counts(0)] * 2, http({}, "503 Away"), *[counts(0)] * 9))
    pauses = with_pauses(container, monkeypatch)
    assert container.invoke({**DRAIN, "quiet_seconds": 2}, 60_000) == {}
    assert len(pauses) == 5
