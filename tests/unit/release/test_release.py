"""release/__init__.py: which events are Terraform's, and what time each of them has."""

import contextlib

import pytest

from tests.support.stubs import AWS, with_clock

URL = "https://bot.example/telegram"
OURS = {
    "a check": ({"tf": {"action": "check"}, "sources": "1"}, True),
    "a registration": ({"tf": {"action": "register"}, "url": URL}, True),
    "a removal": ({"tf": {"action": "delete", "prev_input": None}, "url": URL}, True),
    "a queue's removal": ({"tf": {"action": "delete"}, "url": URL, "hook": "drain_queue"}, True),
    "a removal's creation": ({"tf": {"action": "create"}, "url": URL}, True),
    "a removal's update": ({"tf": {"action": "update"}, "url": URL}, True),
    "a look": ({"tf": {"action": "watch"}, "url": URL, "namespace": "x"}, True),
    "the warm-up": ({"tf": {"action": "warm"}}, True),
    "a registration of nothing": ({"tf": {"action": "register"}}, False),
    "another action": ({"tf": {"action": "x"}, "url": URL}, False),
}


@pytest.mark.parametrize(("event", "is_ours"), OURS.values(), ids=OURS)
def test_an_event_is_terraforms_or_anothers(container, event, is_ours):
    assert (container.handler.source_of(event) == "terraform") is is_ours


@pytest.mark.parametrize("event", ["warm", "create", "update"])
def test_some_events_get_nothing(container, event):
    assert container.invoke({"tf": {"action": event}}) == {}
    assert container.log == []


def test_an_event_is_no_part_of_the_update_before_it(container):
    context = container.module("context")
    context.activate(context.Context.of_update("webhook", {"update_id": 1}))
    container.invoke({"tf": {"action": "warm"}})
    assert context.current.source == "terraform"


@pytest.mark.parametrize("action", ["register", "delete"])
def test_terraform_waits_less_long_than_the_function_may_run(container, action):
    """As its first call of Telegram sees."""
    with_clock(container)
    given = []

    def post(method, params, timeout):
        given.append(timeout)
        raise container.telegram.TelegramError(method, 400, "no", {})

    container.answer_telegram(post)
    firsts = []
    event = {"tf": {"action": action}, "url": URL, "max_connections": 20}
    for milliseconds in (2_500, 900_000):
        given.clear()
        with contextlib.suppress(container.module("release.registration").RegistrationFailed):
            container.invoke(event, milliseconds)
        firsts.append(given[0])
    assert firsts == [1.5, 24.0]


@pytest.mark.parametrize("seconds", [12, 900])
def test_a_queue_has_all_the_time_of_its_removal(start, bot_api, seconds):
    container = start(bot_api.url, **AWS, QUEUE_URL="https://sqs.local/1/bot.fifo")
    with_clock(container)
    left, given = container.handler.deadline.left, []

    def empty(*about):
        given.append(left())
        counts = ("", "Delayed", "NotVisible")
        return {"Attributes": {f"ApproximateNumberOfMessages{name}": "0" for name in counts}}

    container.answer_calls(empty)
    bot_api.answers("getWebhookInfo", {}, {"url": URL})
    container.invoke(
        {"tf": {"action": "delete"}, "url": URL, "hook": "drain_queue"}, seconds * 1000
    )
    assert given == [seconds - 1] * 2
