"""drain.py: a queue is removed when it is empty, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import BotApi, Start
from tests.support.stubs import AWS, QUEUE, Container, Serve, answers, http, with_pauses

URL = "https://abcdef1234.execute-api.eu-central-1.amazonaws.com/telegram"


def counts(visible: int, hidden: int = 0, delayed: int = 0) -> bytes:
    """Return SQS's answer to GetQueueAttributes."""
    numbers = {"": visible, "Delayed": delayed, "NotVisible": hidden}
    named = {f"ApproximateNumberOfMessages{name}": str(n) for name, n in numbers.items()}
    return http({"Attributes": named})


@pytest.fixture
def with_queue(start: Start, serve: Serve, bot_api: BotApi) -> Callable[..., Container]:
    """Start a container with a queue, and a stub of SQS that plays a part."""

    def start_container(part: Any) -> Container:
        return start(bot_api.url, QUEUE_URL=QUEUE, AWS_ENDPOINT_URL=serve(part).url, **AWS)

    return start_container


DRAIN = {"tf": {"action": "delete"}, "url": URL, "is": "queue"}


def test_a_queue_is_removed_when_one_look_finds_it_empty(
    with_queue: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform has waited until SQS's counts are right. Telegram isn't asked."""
    readings = [(2, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)]
    container = with_queue(answers(*(counts(*reading) for reading in readings)))
    pauses = with_pauses(container, monkeypatch)
    assert container.invoke(DRAIN, 9_000) == {}
    assert pauses == [1.0] * 3
    assert container.log == []


@pytest.mark.parametrize(("milliseconds", "pause"), [(3_000, 0.5), (1_500, 0.125)])
def test_a_queue_that_is_not_empty_in_time_fails_the_apply(
    with_queue: Callable[..., Container],
    monkeypatch: pytest.MonkeyPatch,
    milliseconds: int,
    pause: float,
) -> None:
    container = with_queue(answers(*[counts(3, 2)] * 9))
    pauses = with_pauses(container, monkeypatch)
    with pytest.raises(
        Exception, match=r"has 5 updates, .* purge-queue --queue-url " + QUEUE + "$"
    ):
        container.invoke(DRAIN, milliseconds)
    assert pauses == [pause] * 3  # the last reading has as much time as there is before the others


def test_a_queue_that_cant_be_read_fails_the_apply(
    with_queue: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = with_queue(answers(*[http({}, "503 Away")] * 9))
    with_pauses(container, monkeypatch)
    command = r"terraform state rm 'module\.telegram_bot\..*\.drain_queue\[0\]' "
    error = f"still has an unknown number of updates.* can no longer be reached: {command}"
    with pytest.raises(Exception, match=error) as caught:
        container.invoke(DRAIN, 2_900)
    assert type(caught.value).__name__ == "QueueNotEmpty"


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
    container = with_queue(answers(answer, counts(3), counts(0)))
    with_pauses(container, monkeypatch)
    assert container.invoke(DRAIN, 9_000) == {}
    assert container.log[0]["message"] == "the queue's updates can't be counted"
