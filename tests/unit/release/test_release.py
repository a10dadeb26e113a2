"""release/__init__.py: what Terraform's events get, and how long each may take."""

import pytest

from tests.support.stubs import with_pauses

URL = "https://bot.example/telegram"


@pytest.mark.parametrize("event", ["warm", "create", "update"])
def test_some_events_get_nothing(container, event):
    context = container.module("context")
    context.activate(context.Context.of_update("webhook", {"update_id": 1}))
    assert container.invoke({"tf": {"action": event}}) == {}
    assert container.log == []
    assert context.current.source == "release", "it is no part of the update before it"


COUNTS = {f"ApproximateNumberOfMessages{name}": "0" for name in ("", "Delayed", "NotVisible")}
HAS = {
    "a registration": ({"action": "register"}, {}, 24.0),
    "a removal": ({"action": "delete"}, {}, 24.0),
    "a queue's removal": ({"action": "delete"}, {"hook": "drain_queue"}, 899.0),
}


@pytest.mark.parametrize(("tf", "more", "most"), HAS.values(), ids=HAS)
def test_first_call_of_telegram_has_the_time_of_its_action(container, monkeypatch, tf, more, most):
    container.stop_clock()
    given = []

    def post(method, params, timeout):
        given.append(container.handler.deadline.left())
        raise container.telegram.TelegramError(method, 401, "no", {})

    container.stub_telegram(post)
    container.module("sqs").call = lambda *about, **params: {"Attributes": COUNTS}
    event = {"tf": tf, "url": URL, "max_connections": 20, **more}
    for milliseconds in (2_500, 900_000):
        with_pauses(monkeypatch, container.stop_clock())
        try:
            container.invoke(event, milliseconds)
        except container.module("release").ReleaseFailed:
            assert tf == {"action": "register"}
    assert [given[0], given[-1]] == [1.5, most]
