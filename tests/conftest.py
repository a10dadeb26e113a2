"""Fixtures: the Bot API, stubbed or played, and new containers."""

import json
import logging
import threading
from functools import partial

import pytest
from awslambdaric.lambda_runtime_log_utils import JsonFormatter
from botkit.fakes.services import Queues, Schedules, Table

from tests.support.stubs import (
    AWS,
    QUEUE,
    SECRET,
    SECRETS,
    SETTINGS,
    TEXT,
    TOKEN,
    Container,
    Finder,
    answers,
    refusal,
)


class Log(logging.Handler):
    """The function's log as Lambda writes it: AWS's own formatter, in strict UTF-8."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.addFilter(lambda record: record.name != "werkzeug")  # the stubbed Bot API's own
        self.lines = []

    def emit(self, record):
        self.lines.append(json.loads(self.format(record).encode()))


class BotApi:
    """A stub of the Bot API: it expects certain calls, in order, and no others.

    Where Telegram's behaviour matters, `telegram_stand_in` has it. Faults below HTTP are played by
    the peers of `serve`.
    """

    def __init__(self, server):
        self._server = server
        self.url = server.url_for("").rstrip("/")

    def expects(self, *calls, code=200, **parameters):
        """Expect calls, in the form that `bot.reply` returns, and carry out or refuse them."""
        for call in calls:
            if code == 200:
                params = {**call}
                self.answers(params.pop("method"), params)
            else:
                self.refuses(call, code, "no", **parameters)

    def answers(self, method, params, result=True, status=200, **answer):
        """Expect one call, and answer it with `result`, or with the fields of `answer` instead."""
        self._server.expect_ordered_request(
            f"/bot{TOKEN}/{method}",
            method="POST",
            headers={"Content-Type": "application/json"},
            json=params,
        ).respond_with_json(answer or {"ok": True, "result": result}, status)

    def refuses(self, call, code, description, **parameters):
        """Expect a call, and refuse it as Telegram does."""
        params = {**call}
        answer = refusal(code, description, **parameters)
        self.answers(params.pop("method"), params, status=code, **answer)

    def check(self):
        """Fail if a call was missing, different or unexpected."""
        self._server.check()
        assert not self._server.ordered_handlers, "an expected call was not made"


@pytest.fixture
def bot_api(httpserver):
    """The stubbed Bot API; unless told otherwise, it expects no call at all.

    It isn't the fixture of the stand-in's pytest plugin, which has the same name for its users.
    """
    stub = BotApi(httpserver)
    yield stub
    stub.check()


@pytest.fixture
def log():
    """The log of the containers, attached where Lambda attaches it."""
    handler, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def start(log, monkeypatch):
    """Start a container in place of the last: `start(api_url, NAME="value")`.

    At the end, no secret may be in its log or in its answers.
    """
    last = []
    said = []  # by each container; a simulation has thousands, which are let go

    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # start-up sets it

    def start_container(api_url, **environment):
        values = {
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",  # answers are written as on Lambda
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_API_URL": api_url,
            **environment,
        }
        for name in SETTINGS:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        while last:
            last.pop().stop()
        last.append(Container(log))
        said.append(last[0].said)
        return last[0]

    yield start_container
    while last:
        last.pop().stop()
    logged = json.dumps(log.lines, ensure_ascii=False)
    seen = logged + "".join(line for lines in said for line in lines)
    for secret in SECRETS:
        assert secret not in seen
    assert TEXT not in logged


@pytest.fixture
def start_with_parameter(start, serve):
    """Start a container whose token is in a Parameter Store, which gives one answer after another.

    `container.store` is its server.
    """

    def start_container(api_url, *responses, **environment):
        store = serve(answers(*responses))
        token = {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKEN_PARAMETER": "/bot/token"}
        container = start(api_url, **token, **AWS, AWS_ENDPOINT_URL=store.url, **environment)
        container.store = store
        return container

    return start_container


@pytest.fixture
def start_bot(start, bot_api, monkeypatch):
    """Start a container with this bot.py: `start_bot(source, NAME="value")`."""

    def start_container(source, **environment):
        monkeypatch.setattr(Finder, "bot", source)
        return start(bot_api.url, **environment)

    return start_container


@pytest.fixture
def start_with_aws(start_bot, bot_api):
    """Start a container whose `table`, `queues` and `schedules` are in memory.

    A second one has those of the first.
    """
    items, messages, schedules = {}, {}, {}

    def start_container(source, **environment):
        container = start_bot(source, **{**AWS, "AWS_ENDPOINT_URL": bot_api.url, **environment})
        aws = container.module("aws")
        container.table = Table(aws, items=items)
        container.queues = Queues(aws, items=messages)
        container.schedules = Schedules(aws, items=schedules)
        container.stub_aws(container.table.call, "dynamodb")
        container.stub_aws(container.queues.call, "sqs")
        container.stub_aws(container.schedules.request, "scheduler")
        return container

    return start_container


@pytest.fixture
def start_with_sessions(start_with_aws):
    """Start a container whose bot.py has SESSION."""
    return partial(start_with_aws, SESSION_RETENTION_IN_DAYS="0", SESSION_TABLE="sessions")


@pytest.fixture
def start_with_queue(start_with_aws):
    """Start a container with a queue and schedules."""
    role = "arn:aws:iam::123456789012:role/telegram-bot-scheduler"
    return partial(start_with_aws, QUEUE_URL=QUEUE, SCHEDULE_GROUP="bot", SCHEDULER_ROLE_ARN=role)


@pytest.fixture
def container(start, bot_api):
    """A container whose Telegram is the stubbed Bot API."""
    return start(bot_api.url)
