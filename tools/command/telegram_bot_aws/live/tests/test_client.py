"""client.py: answers that aren't the Bot API's become a sentence, in poll and in doctor."""

import json
import time
from collections.abc import Callable

import pytest
from botkit.http.connection import JSON_LIMIT

from telegram_bot_aws.live import poll
from telegram_bot_aws.live.client import Client, Unreachable, about
from telegram_bot_aws.live.poll import Poll
from telegram_bot_aws.local.container import Function
from tests.support.stubs import BOT, answers, http
from tests.support.telegram import TOKEN

ECHO = {"username": "echo_bot", "first_name": "Echo"}
NO_WEBHOOK = {"url": ""}
# Answers to getMe and getWebhookInfo, and which of the two is wrong.
ODD = {
    "null": (None, NO_WEBHOOK, "getMe"),
    "a list": ([1], NO_WEBHOOK, "getMe"),
    "no name": ({}, NO_WEBHOOK, "getMe"),
    "a number for a name": ({**ECHO, "username": 7}, NO_WEBHOOK, "getMe"),
    "true": (ECHO, True, "getWebhookInfo"),
    "no url": (ECHO, {}, "getWebhookInfo"),
    "null for a url": (ECHO, {"url": None}, "getWebhookInfo"),
    "a text for a number": (ECHO, {"url": "", "pending_update_count": "3"}, "getWebhookInfo"),
    "a list for a text": (ECHO, {"url": "", "last_error_message": []}, "getWebhookInfo"),
    "a number for a kind": (ECHO, {"url": "", "allowed_updates": [1]}, "getWebhookInfo"),
}


def result(value):
    return http({"ok": True, "result": value})


Connect = Callable[[str], Client]


@pytest.fixture
def connect():
    """Create clients, whose connections are closed at the end."""
    clients = []

    def connect(url):
        clients.append(Client(url, TOKEN))
        return clients[-1]

    yield connect
    for client in clients:
        if client.connection._kept:
            client.connection._kept.close()


@pytest.fixture
def function():
    with Function(BOT.parent, {"TELEGRAM_WEBHOOK_SECRET": ""}) as function:
        yield function


@pytest.mark.parametrize(("bot", "webhook", "method"), ODD.values(), ids=ODD)
def test_a_malformed_answer_is_not_the_bot_apis(serve, connect, bot, webhook, method):
    peer = serve(answers(result(bot), result(webhook)))
    with pytest.raises(Unreachable, match=f"^{method}: the answer isn't from the Bot API$"):
        about(connect(peer.url))


def test_the_bot_and_its_webhook(serve, connect):
    webhook = {"url": "https://x", "allowed_updates": ["message"], "pending_update_count": 1}
    peer = serve(answers(result(ECHO), result(webhook)))
    assert about(connect(peer.url)) == (ECHO, webhook)


class Stopped(Exception):
    """The test has seen enough."""


class Clock:
    """A clock for poll that stands still. A pause raises Stopped, or is added to `slept`."""

    strftime = staticmethod(time.strftime)

    def __init__(self):
        self.slept = None

    def monotonic(self):
        return 100.0

    def sleep(self, seconds):
        if self.slept is None:
            raise Stopped
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(poll, "time", clock)
    return clock


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("updates", [None, {}, [1], [{"update_id": "1"}], "[]"], ids=json.dumps)
def test_malformed_updates_are_fetched_again(
    serve,
    connect,
    function,
    capsys,
    updates,
):
    peer = serve(answers(result(updates)))
    with pytest.raises(Stopped):
        Poll(connect(peer.url), function).run()
    assert "getUpdates: the answer isn't from the Bot API" in capsys.readouterr().out


def test_a_server_without_long_polling_is_asked_once_a_second(serve, connect, function, clock):
    clock.slept = []
    peer = serve(answers(*[result([])] * 3, http({"ok": False, "error_code": 400})))
    with pytest.raises(poll.Stop):
        Poll(connect(peer.url), function).run()
    assert clock.slept == [1.0] * 3


@pytest.mark.usefixtures("clock")
def test_more_updates_than_fit_into_an_answer_are_fetched_in_parts(serve, connect, function):
    too_large = [answers(result(["x" * JSON_LIMIT]))] * 4
    parts = [[{"update_id": 6 * part + n} for n in range(6 - part)] for part in range(3)]
    peer = serve(*too_large, answers(*map(result, [*parts, [], []])))

    class Answering(Poll):
        def _answer(self, update):
            self._offset = update["update_id"] + 1

    with pytest.raises(Stopped):  # by the pause after the empty answer, the first one
        Answering(connect(peer.url), function).run()
    limits = [body["limit"] for body in peer.bodies]
    assert limits == [100, 50, 25, 12, 6, 6, 100, 100, 1]  # the last one confirms


@pytest.mark.usefixtures("clock")
def test_a_single_update_that_is_too_large_is_reported(serve, connect, function, capsys):
    peer = serve(*[answers(result(["x" * JSON_LIMIT]))] * 8)
    with pytest.raises(Stopped):
        Poll(connect(peer.url), function).run()
    assert "the response is too long" in capsys.readouterr().out
