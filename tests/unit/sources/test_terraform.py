"""terraform.py: which events are Terraform's, and what time each of them has."""

from __future__ import annotations

import pytest

from tests.support.stubs import Container, Json, load, with_clock

URL = "https://bot.example/telegram"
OURS: dict[str, tuple[Json, bool]] = {
    "a check": ({"tf": {"action": "check"}, "sources": "1"}, True),
    "a registration": ({"tf": {"action": "register"}, "url": URL}, True),
    "a removal": ({"tf": {"action": "delete", "prev_input": None}, "url": URL}, True),
    "a queue's removal": ({"tf": {"action": "delete"}, "url": URL, "is": "queue"}, True),
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


@pytest.mark.parametrize(("action", "function"), [("register", "register"), ("delete", "remove")])
def test_terraform_waits_less_long_than_the_function_may_run(
    container: Container, monkeypatch: pytest.MonkeyPatch, action: str, function: str
) -> None:
    with_clock(container, monkeypatch)
    registration, given = container.module("release.registration"), []
    left = container.handler.deadline.left
    monkeypatch.setattr(registration, function, lambda event: given.append(left()))
    for milliseconds in (2_500, 900_000):
        container.invoke({"tf": {"action": action}, "url": URL}, milliseconds)
    assert given == [1.5, 24.0]


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(12_000, [5.5, 11.0]), (900_000, [12.0, 899.0])]
)
def test_a_queue_has_half_of_the_time_of_its_removal_and_what_the_webhook_leaves(
    container: Container, monkeypatch: pytest.MonkeyPatch, milliseconds: int, seconds: list[float]
) -> None:
    with_clock(container, monkeypatch)
    registration, given = container.module("release.registration"), []
    left = container.handler.deadline.left
    monkeypatch.setattr(registration, "remove", lambda event: given.append(left()))
    drain = container.module("release.drain")
    monkeypatch.setattr(drain, "await_empty_queue", lambda event: given.append(left()))
    container.invoke({"tf": {"action": "delete"}, "url": URL, "is": "queue"}, milliseconds)
    assert given == seconds
