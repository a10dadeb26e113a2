"""terraform.py: which events are Terraform's, and what time each of them has."""

from __future__ import annotations

import pytest

from tests.support.stubs import Container, Json, load, with_clock

URL = "https://bot.example/telegram"
AROUND = "way around the queue"
OURS: dict[str, tuple[Json, bool]] = {
    "a check": ({"tf": {"action": "check"}, "sources": "1"}, True),
    "a registration": ({"tf": {"action": "register"}, "url": URL}, True),
    "a removal": ({"tf": {"action": "delete", "prev_input": None}, "url": URL}, True),
    "a queue's removal": ({"tf": {"action": "delete"}, "url": URL, "is": "queue"}, True),
    "the way around it": ({"tf": {"action": "delete"}, "url": URL, "is": AROUND}, True),
    "a removal's creation": ({"tf": {"action": "create"}, "url": URL}, True),
    "a removal's update": ({"tf": {"action": "update"}, "url": URL}, True),
    "a look": ({"tf": {"action": "watch"}, "url": URL, "namespace": "x"}, True),
    "a replay": ({"tf": {"action": "replay"}}, True),
    "the warm-up": ({"tf": {"action": "warm"}}, True),
    "a registration of nothing": ({"tf": {"action": "register"}}, False),
    "another action": ({"tf": {"action": "x"}, "url": URL}, False),
}


@pytest.mark.parametrize(("event", "is_ours"), OURS.values(), ids=OURS)
def test_an_event_is_terraforms_or_anothers(event: Json, is_ours: bool) -> None:
    assert (load("botkit.sources").source_of(event) == "terraform") is is_ours


@pytest.mark.parametrize("event", ["warm", "create", "update"])
def test_some_events_get_nothing(container: Container, event: str) -> None:
    assert container.invoke({"tf": {"action": event}}) == {}
    assert container.log == []


@pytest.mark.parametrize(
    ("action", "what", "function"),
    [
        ("register", None, "register"),
        ("delete", None, "remove"),
        ("delete", AROUND, "bypass_queue"),
    ],
)
def test_terraform_waits_less_long_than_the_function_may_run(
    container: Container,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    what: str | None,
    function: str,
) -> None:
    with_clock(container, monkeypatch)
    registration, given = container.module("release.registration"), []
    left = container.handler.deadline.left
    monkeypatch.setattr(registration, function, lambda event: given.append(left()))
    for milliseconds in (2_500, 900_000):
        container.invoke({"tf": {"action": action}, "url": URL, "is": what}, milliseconds)
    assert given == [1.5, 24.0]


@pytest.mark.parametrize("seconds", [12, 900])
def test_a_queue_has_all_the_time_of_its_removal(
    container: Container, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    with_clock(container, monkeypatch)
    drain, given = container.module("release.drain"), []
    left = container.handler.deadline.left
    monkeypatch.setattr(drain, "await_empty_queue", lambda: given.append(left()))
    container.invoke({"tf": {"action": "delete"}, "url": URL, "is": "queue"}, seconds * 1000)
    assert given == [seconds - 1]
