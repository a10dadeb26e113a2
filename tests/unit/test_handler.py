"""handler.py: which module handles an event, in what time, and what start-up does."""

import importlib
import sys
from types import SimpleNamespace

import pytest

from tests.support.stubs import CALL, NOBODY, QUEUE, UPDATE, Context, request, unload

URL = "https://bot.example/telegram"
HTTP = {"requestContext": {}}
SOURCES = {
    "an update": (request(UPDATE), "webhook"),
    "one that imitates a removal": ({**HTTP, "tf": {"action": "delete"}, "url": URL}, "webhook"),
    "one that imitates the warm-up": ({**HTTP, "tf": {"action": "warm"}}, "webhook"),
    "one that imitates a call": ({**HTTP, **CALL}, "webhook"),
    "a file of the page": ({**HTTP, "routeKey": "ANY /app/{proxy+}"}, "mini_app"),
    "the page": ({**HTTP, "routeKey": "ANY /app"}, "mini_app"),
    "an invalid route": ({**HTTP, "routeKey": 7}, "webhook"),
    "a check": ({"tf": {"action": "check"}, "sources": "1"}, "release"),
    "a registration": ({"tf": {"action": "register"}, "url": URL}, "release"),
    "a removal": ({"tf": {"action": "delete", "prev_input": None}, "url": URL}, "release"),
    "a removal's creation": ({"tf": {"action": "create"}, "url": URL}, "release"),
    "a removal's update": ({"tf": {"action": "update"}, "url": URL}, "release"),
    "a look": ({"tf": {"action": "watch"}, "url": URL}, "release"),
    "the warm-up": ({"tf": {"action": "warm"}}, "release"),
    "a registration of nothing": ({"tf": {"action": "register"}}, "event"),
    "another action": ({"tf": {"action": "x"}, "url": URL}, "event"),
    "a destination's": ({"requestContext": {}, "requestPayload": {}}, "event"),
    "a call": (CALL, "event"),
    "calls": ([CALL], "event"),
    "nothing": (None, "event"),
}


@pytest.mark.parametrize(("event", "source"), SOURCES.values(), ids=SOURCES)
def test_source_of_event(start, bot_api, event, source):
    container = start(bot_api.url, MINI_APP_URL="https://bot.example/app/index.html")
    assert container.handler.source_of(event) == source


# For each source, how many seconds of 2.5 and of 900 its events have.
SECONDS = {
    "webhook": (1.5, 24.0),
    "mini_app": (1.5, 24.0),
    "queue": (2.0, 899.5),
    "release": (1.5, 899.0),
    "event": (1.5, 899.0),
}


@pytest.mark.parametrize(("source", "seconds"), SECONDS.items(), ids=SECONDS)
def test_each_source_has_its_time(container, monkeypatch, source, seconds):
    container.stop_clock()
    given = []

    def handle(*event):
        given.append(container.handler.deadline.left())

    container.handler.source_of = lambda event: source
    monkeypatch.setattr(container.module(source), "handle", handle)
    for left in (2.5, 900):
        container.handler.handler({}, Context(round(left * 1000)))
    assert tuple(given) == seconds


def test_import_and_connection_share_the_start_up_time(start_bot):
    source = "from botkit.deadline import deadline\ndeadline.start(-1)\nreply = lambda update: []"
    container = start_bot(source)
    assert container.module("deadline").deadline.left() <= -1


# ── Start-up

TELEGRAM = {"REPLY_MODE": "api"}
AWS = {"QUEUE_URL": QUEUE, "SESSION_TABLE": "sessions"}
AWS_STEPS = ["start sqs", "start dynamodb", "import bot", "open dynamodb", "open sqs"]
STARTS = {
    "api": (TELEGRAM, ["start telegram", "import bot", "open telegram"]),
    "webhook": ({"REPLY_MODE": "webhook"}, ["import bot"]),
    "AWS": ({"REPLY_MODE": "webhook", **AWS}, AWS_STEPS),
    "all": ({**TELEGRAM, **AWS}, ["start telegram", *AWS_STEPS, "open telegram"]),
}


@pytest.fixture
def start_up(monkeypatch):
    """Start up with connections that hang. Returns the steps, and the time that each had."""
    unload()
    steps, given, clock = [], [], SimpleNamespace(now=0.0)

    class Hangs:
        def __init__(self, service):
            self.service = service

        def start_connecting(self):
            steps.append(f"start {self.service}")

        def open(self, timeout):
            steps.append(f"open {self.service}")
            given.append(timeout)
            clock.now += timeout

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "bot":
                steps.append("import bot")

    def run(environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        importlib.import_module("botkit.telegram").default_client.connection = Hangs("telegram")
        aws = importlib.import_module("botkit.aws")
        aws.connections.update({service: Hangs(service) for service in ("sqs", "dynamodb")})
        deadline = importlib.import_module("botkit.deadline").deadline
        deadline.clock = lambda: clock.now
        deadline.start(8)
        monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
        importlib.import_module("handler")
        return steps, given

    return run


@pytest.mark.parametrize(("environment", "expected"), STARTS.values(), ids=STARTS)
def test_bot_is_imported_while_connections_are_made(start_up, environment, expected):
    assert start_up(environment)[0] == expected


def test_hanging_service_leaves_the_others_their_time(start_up):
    _, given = start_up({**TELEGRAM, **AWS})
    assert given == [3, 3, 2], "DynamoDB, SQS, and Telegram"


def test_function_starts_if_a_service_is_unreachable(start_with_sessions):
    container = start_with_sessions("def reply(update):\n    return []", AWS_ENDPOINT_URL=NOBODY)
    assert [line["message"] for line in container.log] == ["connection failed at start-up"]
    assert container.log[0]["error"].startswith("ConnectionRefusedError")
    container.deliver({"update_id": 1})
    assert container.line["outcome"] == "ignored"


def test_webhook_mode_imports_no_module_for_calls(start, bot_api):
    container = start(bot_api.url, REPLY_MODE="webhook")
    container.invoke(request(UPDATE))
    assert not {"botkit.telegram", "botkit.connection", "botkit.aws"} & set(sys.modules)
