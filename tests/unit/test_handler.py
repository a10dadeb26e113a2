"""handler.py: what each event gets, and what the log says about it."""

from __future__ import annotations

import _operator
import asyncio
import base64
import importlib
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import BotApi, Serve, Start
from tests.support.stubs import (
    SECRET,
    SECRET_HEADER,
    TEXT,
    Container,
    Json,
    answers_all,
    echo,
    message,
    request,
    unload,
)

UPDATE = json.dumps(message())
WEBHOOK = {"REPLY_MODE": "webhook"}
CALL = {"method": "sendMessage", "chat_id": 42, "text": "x"}
BLOCKED = (403, "Forbidden: bot was blocked by the user")
StartBot = Callable[..., Container]


def answer(status: int, body: str = "", **headers: str) -> Json:
    """Return the answer that API Gateway gets."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "text/plain", **headers},
        "body": body,
    }


def outcome_of(container: Container, body: Any = UPDATE, **fields: Any) -> str:
    """Deliver a body, which is taken without a word, and return the outcome that is logged."""
    assert container.invoke(request(body, **fields)) == answer(200)
    return str(container.line["outcome"])


def with_bot(container: Container, monkeypatch: pytest.MonkeyPatch, calls: Any) -> None:
    """Give the container a bot of one's own, which returns calls, or raises an exception."""

    def reply(update: Json) -> Any:
        if isinstance(calls, BaseException):
            raise calls
        return calls

    monkeypatch.setattr(container.handler.bot, "reply", reply)


@pytest.fixture
def start_bot(
    start: Start, bot_api: BotApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StartBot:
    """Start a container with a bot.py of one's own: `start_bot(source, NAME="value")`."""

    def start_with(source: str, **environment: str) -> Container:
        (tmp_path / "bot.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        return start(bot_api.url, **environment)

    return start_with


# ── Updates with the right secret


def test_an_updates_call_is_made_and_logged(container: Container, bot_api: BotApi) -> None:
    bot_api.expects(echo())
    assert container.invoke(request(UPDATE)) == answer(200)
    assert container.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "update",
        "update_id": 1,
        "kind": "message",
        "methods": ["sendMessage"],
        "outcome": "answered",
    }


def test_an_update_that_the_bot_does_not_answer_is_logged(container: Container) -> None:
    assert outcome_of(container, '{"update_id": 5, "poll": {}}') == "ignored"
    assert container.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "update",
        "update_id": 5,
        "kind": "poll",
        "methods": [],
        "outcome": "ignored",
    }


def test_half_a_surrogate_pair_is_replaced(container: Container, bot_api: BotApi) -> None:
    bot_api.expects(echo("\ufffd, 👍 and \ufffd"))
    container.deliver(message(text="\ud800, 👍 and \udc4d"))


def test_an_update_is_logged_with_its_time(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        readings = iter([1.0, 3.34567])  # before the answer, and after it

        @classmethod
        def monotonic(cls) -> float:
            return next(cls.readings)

    monkeypatch.setattr(container.handler, "time", Clock)
    monkeypatch.setattr(sys.modules["botkit.outcome"], "time", Clock)
    container.deliver({"update_id": 1})
    assert [line["milliseconds"] for line in container.log] == [2345.7]


def test_a_second_is_kept_to_give_the_answer_in(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    client = container.handler.telegram._client
    monkeypatch.setattr(client, "call", lambda method, params, timeout: given.append(timeout))
    container.deliver(message(), milliseconds=10_000)
    assert 8 < given[0] <= 9
    container.invoke(echo(), milliseconds=900_000)
    assert 898 < given[1] <= 899


def test_who_waits_for_an_answer_gets_it_before_api_gateway_gives_up(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    client = container.handler.telegram._client
    monkeypatch.setattr(client, "call", lambda method, params, timeout: given.append(timeout))
    container.deliver(message(), milliseconds=900_000)
    url = "http://bot.example/telegram"
    register = {"tf": {"action": "register"}, "url": url, "max_connections": 40}
    container.invoke(register, milliseconds=900_000)
    assert len(given) > 1
    assert all(23 < seconds <= 24 for seconds in given)


def test_a_body_may_be_base64(container: Container, bot_api: BotApi) -> None:
    bot_api.expects(echo())
    body = base64.b64encode(UPDATE.encode()).decode()
    assert outcome_of(container, body, isBase64Encoded=True) == "answered"


@pytest.mark.parametrize("version", ["1.0", None, "3.0"])
def test_another_payload_format_is_refused_in_a_line(container: Container, version: Any) -> None:
    got = container.invoke(request(UPDATE, version=version))
    assert got == answer(400, "only payload format 2.0 is answered")
    assert (container.line["level"], len(container.log)) == ("ERROR", 1)


# ── Secret missing or wrong


SECRETS: dict[str, Any] = {
    "wrong": {SECRET_HEADER: "wrong"},
    "missing": {"content-type": "application/json"},
    "empty": {SECRET_HEADER: ""},
    "a part": {SECRET_HEADER: SECRET[:-1]},
    "more": {SECRET_HEADER: SECRET + "x"},
    "in capitals": {SECRET_HEADER: SECRET.upper()},
    "twice, joined by API Gateway": {SECRET_HEADER: f"{SECRET},{SECRET}"},
    "in an upper-case header": {SECRET_HEADER.upper(): SECRET},
    "not ASCII": {SECRET_HEADER: "gehéim"},
    "half a pair": {SECRET_HEADER: "\ud800"},
    "null": {SECRET_HEADER: None},
    "a list": {SECRET_HEADER: [SECRET]},
    "a number": {SECRET_HEADER: 7},
    "true": {SECRET_HEADER: True},
    "another header": {"authorization": SECRET},
    "a longer header": {SECRET_HEADER + "s": SECRET},
    "no headers": {},
    "headers are null": None,
    "headers are a list": [[SECRET_HEADER, SECRET]],
    "headers are text": f"{SECRET_HEADER}: {SECRET}",
}


@pytest.mark.parametrize("headers", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("body", [UPDATE, "{"], ids=["an update", "no JSON"])
def test_without_the_secret_nothing_is_parsed(
    container: Container, headers: Any, body: str
) -> None:
    got = container.invoke(request(body, headers=headers))
    assert got == answer(401, "the secret token is missing or wrong")
    assert container.log == []


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "x"}], ids=str)
def test_without_a_configured_secret_every_update_is_refused(
    start: Start, bot_api: BotApi, headers: Json
) -> None:
    container = start(bot_api.url, TELEGRAM_WEBHOOK_SECRET="")
    got = container.invoke(request(UPDATE, headers=headers))
    assert got == answer(401, "no secret token is configured")
    assert container.line["level"] == "ERROR"
    assert "TELEGRAM_WEBHOOK_SECRET is not set" in container.line["message"]


def test_the_secret_is_compared_in_constant_time(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def record(given: bytes, secret: bytes) -> bool:
        compared.append((given, secret))
        return False

    assert container.handler.compare_digest is _operator._compare_digest
    monkeypatch.setattr(container.handler, "compare_digest", record)
    assert container.invoke(request(UPDATE, "é"))["statusCode"] == 401
    assert compared == [("é".encode(), SECRET.encode())]


# ── Bodies that are no update


NO_JSON = "the body is no JSON"
NO_UPDATE = "the body is no update: an object with an integer update_id"
BODIES: dict[str, tuple[Any, str]] = {
    "null": (None, "no body"),
    "an object": ({}, "no body"),
    "a number": (7, "no body"),
    "empty": ("", NO_JSON),
    "half an object": ('{"update_id": 1', NO_JSON),
    "two objects": ('{"update_id": 1}{}', NO_JSON),
    "a byte order mark": ("\ufeff" + UPDATE, NO_JSON),
    "single quotes": ("{'update_id': 1}", NO_JSON),
    "NaN": ('{"update_id": NaN}', NO_JSON),
    "NaN somewhere": ('{"update_id": 1, "message": {"x": NaN}}', NO_JSON),
    "Infinity": ('{"update_id": 1, "x": Infinity}', NO_JSON),
    "-Infinity": ('{"update_id": 1, "x": -Infinity}', NO_JSON),
    "update_id 1e400": ('{"update_id": 1e400}', NO_JSON),
    "infinite": ('{"update_id": 1, "x": 1e999}', NO_JSON),
    "infinite and negative": ('{"update_id": 1, "x": -1e999}', NO_JSON),
    "5000 digits": ('{"update_id": ' + "9" * 5000 + "}", NO_JSON),
    "nested too deep": ("[" * 200_000, NO_JSON),
    "objects nested too deep": ('{"a":' * 200_000, NO_JSON),
    "a form": ("update_id=1", NO_JSON),
    "a list of updates": (f"[{UPDATE}]", NO_UPDATE),
    "JSON null": ("null", NO_UPDATE),
    "JSON text": ('"update_id"', NO_UPDATE),
    "no update_id": ('{"message": {}}', NO_UPDATE),
    "update_id null": ('{"update_id": null}', NO_UPDATE),
    "update_id text": ('{"update_id": "1"}', NO_UPDATE),
    "update_id true": ('{"update_id": true}', NO_UPDATE),
    "update_id 1.0": ('{"update_id": 1.0}', NO_UPDATE),
    "update_id a list": ('{"update_id": [1]}', NO_UPDATE),
    "Terraform's event": ('{"tf": {"action": "delete"}, "url": "https://x"}', NO_UPDATE),
}


@pytest.mark.parametrize(("body", "reason"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_update(container: Container, body: Any, reason: str) -> None:
    assert container.invoke(request(body)) == answer(400, reason)
    assert container.line["level"] == "WARNING"
    assert (container.line["message"], container.line["reason"]) == ("bad request", reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("%%%", "the body is no base64"),
        ("eyJ1cGRhdGVfaWQiOiAxfQ=", "the body is no base64"),
        ("eyJ1 cGRhdGVfaWQiOiAxfQ==", "the body is no base64"),
        ("é", "the body is no base64"),
        (UPDATE, "the body is no base64"),
        ("", NO_JSON),
        (base64.b64encode(b'{"update_id": "\xff"}').decode(), NO_JSON),
        (base64.b64encode(b"\xff\xfe\x00").decode(), NO_JSON),
        (base64.b64encode(b"[]").decode(), NO_UPDATE),
    ],
    ids=lambda value: value[:12],
)
def test_a_base64_body_that_is_no_update(container: Container, body: str, reason: str) -> None:
    assert container.invoke(request(body, isBase64Encoded=True)) == answer(400, reason)


# ── Refusals, bad bots


REFUSALS: dict[str, tuple[int, str, int, str, str]] = {
    "blocked": (*BLOCKED, 200, "refused", "WARNING"),
    "deleted": (403, "Forbidden: user is deactivated", 200, "refused", "WARNING"),
    "can't copy": (400, "Bad Request: message can't be copied", 200, "refused", "WARNING"),
    "no such method": (404, "Not Found: method not found", 200, "refused", "WARNING"),
    "token revoked": (401, "Unauthorized", 503, "misconfigured", "ERROR"),
    "token unknown": (404, "Not Found", 503, "misconfigured", "ERROR"),
    "token of another server": (421, "Misdirected Request", 503, "misconfigured", "ERROR"),
    "throttled": (429, "Too Many Requests: retry later", 503, "throttled", "WARNING"),
    "a code never seen": (499, "Something new", 200, "refused", "WARNING"),
}


@pytest.mark.parametrize(
    ("code", "description", "status", "outcome", "level"), REFUSALS.values(), ids=REFUSALS
)
def test_a_refusal_is_logged_and_not_repeated_in_vain(
    container: Container,
    bot_api: BotApi,
    code: int,
    description: str,
    status: int,
    outcome: str,
    level: str,
) -> None:
    bot_api.refuses(echo(), code, description)
    assert container.invoke(request(UPDATE)) == answer(status, outcome if status != 200 else "")
    line = container.line
    assert (line["level"], line["outcome"], line["methods"]) == (level, outcome, ["sendMessage"])
    assert line["refusal"] == f"sendMessage: {code} {description}"


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [
        (5, "5"),
        (0, "0"),
        (3600, "3600"),
        (3601, "3600"),
        (10**400, "3600"),
        (-1, None),
        ("5", None),
        (1.5, None),
        (True, None),
        (None, None),
    ],
    ids=lambda value: str(value)[:10],
)
def test_retry_after_is_what_telegram_honours(
    container: Container, bot_api: BotApi, retry_after: Any, header: str | None
) -> None:
    bot_api.refuses(echo(), 429, "Too Many Requests", retry_after=retry_after)
    assert container.deliver(message()) == (503, header)


def test_a_group_that_has_a_new_id_gets_the_call_once_more(
    container: Container, bot_api: BotApi
) -> None:
    upgraded = (400, "Bad Request: group chat was upgraded to a supergroup chat")
    bot_api.refuses(echo(), *upgraded, migrate_to_chat_id=-1001)
    bot_api.expects(echo(chat_id=-1001))
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "answered"


@pytest.mark.parametrize(
    ("code", "parameters", "status", "header", "outcome"),
    [
        (403, {}, 200, None, "refused"),
        (429, {"retry_after": 7}, 503, "7", "throttled"),
        (401, {}, 503, None, "misconfigured"),
        (400, {"migrate_to_chat_id": -1002}, 200, None, "refused"),
    ],
    ids=["blocked", "throttled", "token", "moved again"],
)
def test_a_second_failure_after_a_new_id_counts(
    container: Container,
    bot_api: BotApi,
    code: int,
    parameters: Json,
    status: int,
    header: str | None,
    outcome: str,
) -> None:
    bot_api.refuses(echo(), 400, "upgraded", migrate_to_chat_id=-1001)
    bot_api.refuses(echo(chat_id=-1001), code, "no", **parameters)
    assert container.deliver(message()) == (status, header)
    assert container.line["outcome"] == outcome


def test_a_new_id_counts_only_under_400(container: Container, bot_api: BotApi) -> None:
    bot_api.refuses(echo(), 403, "no", migrate_to_chat_id=-1001)
    assert container.deliver(message()) == (200, None)


RAISES: dict[str, tuple[BaseException, str]] = {
    "an exception": (KeyError(TEXT), "KeyError at test_handler.py:"),
    "an OSError with a file": (OSError(2, TEXT, "/a/b.txt"), "FileNotFoundError at test_"),
    "a SyntaxError of a text": (SyntaxError("x", (TEXT, 1, 1, "")), "SyntaxError at test_"),
    "exits": (SystemExit(TEXT), "SystemExit at test_handler.py:"),
    "is cancelled": (asyncio.CancelledError(TEXT), "CancelledError at test_handler.py:"),
    "recursion": (RecursionError(TEXT), "RecursionError at test_handler.py:"),
}
LIST = "reply() must return a list of calls, not a "
METHOD = 'each call of reply() must have a "method", such as "sendMessage"'
RETURNS: dict[str, tuple[Any, str]] = {
    "None": (None, LIST + "NoneType: return [] where there is nothing to say"),
    "a call": (CALL, LIST + "dict: put it into a list"),
    "a tuple": ((CALL,), LIST + "tuple"),
    "text": ("sendMessage", LIST + "str"),
    "a call that is text": (["sendMessage"], "each call of reply() must be a dict, not a str"),
    "a call that is None": (
        [CALL, None],
        "each call of reply() must be a dict, not a NoneType",
    ),
    "no method": ([{"chat_id": 42}], METHOD),
    "method None": ([{"method": None}], METHOD),
    "method empty": ([{"method": ""}], METHOD),
    "method is a path": ([{"method": "../getMe"}], METHOD),
    "method has a query": ([{"method": "getMe?x"}], METHOD),
    "method not ASCII": ([{"method": "géMe"}], METHOD),
    "a set": (
        [{**CALL, "x": {1}}],
        "a sendMessage of reply() can't be sent: Object of type set is not JSON serializable",
    ),
    "a file that isn't at the top": (
        [{**CALL, "x": [b"1"]}],
        "a sendMessage of reply() can't be sent: Object of type bytes is not JSON serializable",
    ),
    "a parameter without a name": (
        [{**CALL, 7: "x"}],
        "the parameters of a sendMessage of reply() must have strings for names",
    ),
    "a file and NaN": (
        [{**CALL, "x": b"1", "y": float("nan")}],
        "a sendMessage of reply() can't be sent: Out of range float values are not JSON compliant",
    ),
    "NaN": (
        [{**CALL, "x": float("nan")}],
        "a sendMessage of reply() can't be sent: Out of range float values are not JSON compliant",
    ),
}


@pytest.mark.parametrize(("raised", "error"), RAISES.values(), ids=RAISES)
def test_an_exception_costs_the_update_its_answer(
    container: Container,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    error: str,
) -> None:
    with monkeypatch.context() as patch:
        with_bot(container, patch, raised)
        assert outcome_of(container) == "bot_failed"
    line = container.line
    assert (line["level"], line["methods"]) == ("ERROR", [])
    assert line["error"].startswith(error)
    assert line["error"].rpartition(":")[2].isdigit()
    bot_api.expects(echo())
    assert container.deliver(message()) == (200, None)  # a repaired bot gets it again


@pytest.mark.parametrize(("returned", "error"), RETURNS.values(), ids=RETURNS)
def test_what_is_no_list_of_calls_is_named(
    container: Container, monkeypatch: pytest.MonkeyPatch, returned: Any, error: str
) -> None:
    with_bot(container, monkeypatch, returned)
    assert outcome_of(container) == "bot_failed"
    assert container.line["error"].startswith(error)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (
            "async def reply(update):\n    return []",
            "reply() must be written with def, not async def",
        ),
        ("def reply(update):\n    yield {}", LIST + "generator: return a list"),
        ("from functools import partial\nreply = partial(len)", LIST + "int"),
        ("def reply(update, context):\n    return []", "reply() must take one argument"),
        ("def reply():\n    return []", "reply() must take one argument"),
    ],
    ids=["async", "generator", "without a name", "two arguments", "no argument"],
)
def test_a_function_of_the_wrong_kind_is_named(
    container: Container, monkeypatch: pytest.MonkeyPatch, source: str, error: str
) -> None:
    names: Json = {}
    exec(source, names)
    monkeypatch.setattr(container.handler.bot, "reply", names["reply"])
    assert outcome_of(container) == "bot_failed"
    assert container.line["error"] == error


def test_a_bot_that_never_ends_costs_the_update_its_answer(
    container: Container,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "botkit")

    def reply(update: Json) -> list[Json]:
        while True:
            try:
                len("")
            except Exception:
                continue

    with monkeypatch.context() as patch:
        patch.setattr(container.handler.bot, "reply", reply)
        began = time.monotonic()
        assert container.deliver(message(), milliseconds=1_200) == (200, None)
        assert 0.7 <= time.monotonic() - began
    assert container.line["outcome"] == "bot_failed"
    assert container.line["error"].startswith("TimeIsUp at test_handler.py:")
    assert "TimeIsUp: bot.py ran until the function's time was almost over" in caplog.text
    bot_api.expects(echo())
    assert container.deliver(message()) == (200, None)


def test_a_bot_that_catches_everything_is_ended_too(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught: list[BaseException] = []

    def reply(update: Json) -> list[Json]:
        for _ in range(2):
            try:
                threading.Event().wait(5)
            except BaseException as error:  # as by `except:`
                caught.append(error)
        return []

    monkeypatch.setattr(container.handler.bot, "reply", reply)
    assert container.deliver(message(), milliseconds=700) == (200, None)
    assert [type(error).__name__ for error in caught] == ["TimeIsUp", "TimeIsUp"]


def test_an_alarm_that_rings_while_it_is_switched_off_is_switched_off(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = container.handler.calls
    given: list[float] = []

    def set_alarm(seconds: float) -> None:
        given.append(seconds)
        if len(given) == 2:
            raise calls.TimeIsUp

    monkeypatch.setattr(calls, "_set_alarm", set_alarm)
    with pytest.raises(calls.TimeIsUp):
        calls.run_in_time(9, len, "x")
    assert given == [9, 0, 0]


@pytest.mark.parametrize(
    ("left", "answer", "outcome"),
    [(0.25, [CALL], "answered"), (-0.25, [CALL], "bot_failed"), (-0.25, [], "ignored")],
    ids=["in time", "too late", "too late with nothing to say"],
)
def test_a_bot_that_leaves_no_time_for_its_calls_costs_the_update_its_answer(
    container: Container,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    left: float,
    answer: list[Json],
    outcome: str,
) -> None:
    deadline = container.handler.deadline

    def reply(update: Json) -> list[Json]:
        deadline.start(left)
        return answer

    monkeypatch.setattr(container.handler.bot, "reply", reply)
    if outcome == "answered":
        bot_api.expects(CALL)
    assert container.deliver(message(), milliseconds=1_500) == (200, None)
    assert container.line["outcome"] == outcome
    late = "reply() left no time to make its calls"
    assert container.line.get("error") == (late if outcome == "bot_failed" else None)


def test_a_bot_is_ended_at_once_when_the_time_is_up_already(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarms: list[float] = []
    intervals: set[float] = set()

    class Signals:
        SIGALRM = ITIMER_REAL = 0

        @staticmethod
        def signal(number: int, handler: object) -> None: ...

        @staticmethod
        def setitimer(which: int, seconds: float, interval: float) -> None:
            alarms.append(seconds)
            intervals.add(interval)

    monkeypatch.setattr(container.handler.calls, "_signal", Signals)
    container.deliver({"update_id": 1}, milliseconds=0)
    assert alarms == [0.001, 0]
    assert 0 < max(intervals) < container.handler.calls.GRACE_SECONDS  # then Lambda ends it


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("len(7)", "TypeError at bot.py:4"),
        ("import json\n    json.loads('no JSON')", "JSONDecodeError at bot.py:5"),
        (
            "from botkit import telegram\n    telegram.call('getMe', x=set())",
            "TypeError at bot.py:5",
        ),
        ("from botkit import telegram\n    telegram.call('get Me')", "ValueError at bot.py:5"),
    ],
    ids=["the bot", "the standard library", "botkit", "a method that is none"],
)
def test_an_exception_is_logged_with_its_place_in_the_bot(
    start_bot: StartBot, source: str, error: str
) -> None:
    container = start_bot(f"HANDLED = ['message']\n\ndef reply(update):\n    {source}\n")
    assert outcome_of(container) == "bot_failed"
    assert container.line["error"] == error


def test_a_bot_may_change_the_update(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(update: Json) -> list[Json]:
        del update["update_id"]
        kind, _ = update.popitem()
        return [{**CALL, "text": kind}]

    monkeypatch.setattr(container.handler.bot, "reply", reply)
    bot_api.expects({**CALL, "text": "message"})
    assert outcome_of(container) == "answered"
    assert (container.line["update_id"], container.line["kind"]) == (1, "message")
    assert outcome_of(container) == "repeated"


def test_parameters_that_are_none_are_left_out(
    start: Start, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = serve(answers_all)
    container = start(peer.url)
    photo = {"method": "sendPhoto", "chat_id": 42, "caption": None, "photo": b"x"}
    with_bot(container, monkeypatch, [{**CALL, "parse_mode": None}, photo])
    assert outcome_of(container) == "answered"
    assert json.loads(peer.requests[0].partition(b"\r\n\r\n")[2]) == {"chat_id": 42, "text": "x"}
    assert b'name="photo"' in peer.requests[1]
    assert b"caption" not in peer.requests[1]


def test_parameters_that_are_none_are_left_out_of_the_response(
    start: Start, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start(bot_api.url, **WEBHOOK)
    with_bot(container, monkeypatch, [{**CALL, "parse_mode": None}])
    assert json.loads(container.invoke(request(UPDATE))["body"]) == CALL


def test_a_bot_that_disables_all_loggers_is_logged(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("botkit"), "disabled", True)  # as dictConfig() does
    container.handler.import_bot()
    assert outcome_of(container, '{"update_id": 5, "poll": {}}') == "ignored"


def test_a_library_that_disables_all_loggers_in_reply_is_logged(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(update: Json) -> list[Json]:
        logging.getLogger("botkit").disabled = True  # as dictConfig() does
        return []

    monkeypatch.setattr(container.handler.bot, "reply", reply)
    lines = len(container.log)
    container.deliver(message())
    assert [line["outcome"] for line in container.log[lines:]] == ["ignored"]


def test_what_the_bots_own_logger_keeps_is_its_own(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(60, container.handler.bot.__name__)
    assert outcome_of(container, '{"update_id": 5, "poll": {}}') == "ignored"


def test_the_traceback_is_logged_at_debug_only(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.DEBUG)
    monkeypatch.setattr(handler, "emit", records.append)
    logger = logging.getLogger("botkit")
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    monkeypatch.setattr(logger, "propagate", False)
    logger.addHandler(handler)
    error = KeyError("a text")
    with_bot(container, monkeypatch, error)
    container.deliver(message())
    logger.removeHandler(handler)
    logger.manager._clear_cache()  # type: ignore[attr-defined]
    told = [(record.levelno, record.exc_info[1]) for record in records if record.exc_info]
    assert told == [(logging.DEBUG, error)]


REFUSED_IN_THE_BOT: dict[str, tuple[int, Json, int, str]] = {
    "blocked": (403, {}, 200, "refused"),
    "throttled": (429, {"retry_after": 7}, 503, "throttled"),
    "token": (401, {}, 503, "misconfigured"),
}


@pytest.mark.parametrize(
    ("code", "parameters", "status", "outcome"),
    REFUSED_IN_THE_BOT.values(),
    ids=REFUSED_IN_THE_BOT,
)
def test_a_call_that_the_bot_makes_itself_may_be_refused(
    container: Container,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    parameters: Json,
    status: int,
    outcome: str,
) -> None:
    def reply(update: Json) -> list[Json]:
        container.handler.telegram.call("getChat", chat_id=42)
        return []

    monkeypatch.setattr(container.handler.bot, "reply", reply)
    bot_api.refuses({"method": "getChat", "chat_id": 42}, code, "no", **parameters)
    retry_after = str(parameters["retry_after"]) if parameters else None
    assert container.deliver(message()) == (status, retry_after)
    assert container.line["outcome"] == outcome


def test_a_bot_may_find_something_unreachable(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_bot(container, monkeypatch, container.handler.Unreachable("dynamodb: HTTP 500"))
    assert container.invoke(request(UPDATE)) == answer(503, "unreachable")
    assert container.line["error"] == "dynamodb: HTTP 500"


# ── More than one call


FIRST, SECOND = {**CALL, "text": "first"}, {**CALL, "text": "second"}
SERIES: dict[str, tuple[list[int], int, str]] = {
    "both carried out": ([200, 200], 200, "answered"),
    "first refused": ([400, 200], 200, "refused"),
    "second refused": ([200, 403], 200, "refused"),
    "both refused": ([400, 400], 200, "refused"),
    "first throttled": ([429], 503, "throttled"),
    "second throttled": ([200, 429], 200, "incomplete"),
    "second without a token": ([200, 401], 200, "incomplete"),
    "first broken": ([500], 503, "unreachable"),
    "first without a token": ([401], 503, "misconfigured"),
    "second broken": ([200, 500], 200, "incomplete"),
    "first refused, second broken": ([400, 500], 503, "unreachable"),
}


@pytest.mark.parametrize(("codes", "status", "outcome"), SERIES.values(), ids=SERIES)
def test_calls_are_made_in_order_and_an_error_only_while_none_was(
    container: Container,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    codes: list[int],
    status: int,
    outcome: str,
) -> None:
    with_bot(container, monkeypatch, [FIRST, SECOND])
    for code, call in zip(codes, [FIRST, SECOND], strict=False):
        if code == 200:
            bot_api.expects(call)
        else:
            bot_api.refuses(call, code, "no", **({"retry_after": 5} if code == 429 else {}))
    again = {"Retry-After": "5"} if outcome == "throttled" else {}
    said = outcome if status != 200 else ""
    assert container.invoke(request(UPDATE)) == answer(status, said, **again)
    assert container.line["outcome"] == outcome
    assert container.line["methods"] == ["sendMessage"] * len(codes)
    levels = {"answered": "INFO", "refused": "WARNING", "throttled": "WARNING"}
    assert container.line["level"] == levels.get(outcome, "ERROR")
    bot_api.check()
    if 200 in codes:
        assert outcome_of(container) == "repeated"
    else:
        bot_api.expects(FIRST, SECOND)
        assert outcome_of(container) == "answered"


# ── Redelivery


def test_an_answered_update_is_acknowledged_without_a_second_answer(
    container: Container, bot_api: BotApi
) -> None:
    bot_api.expects(echo())
    assert outcome_of(container) == "answered"
    assert outcome_of(container) == "repeated"
    assert (container.line["level"], container.line["outcome"]) == ("INFO", "repeated")
    assert container.line["methods"] == []


@pytest.mark.parametrize("code", [400, 401, 403, 429, 500])
def test_after_a_failed_try_it_is_tried_again(
    container: Container, bot_api: BotApi, code: int
) -> None:
    bot_api.refuses(echo(), code, "no")
    container.deliver(message())
    bot_api.expects(echo())
    assert outcome_of(container) == "answered"


def test_a_new_container_has_no_memory(start: Start, bot_api: BotApi) -> None:
    bot_api.expects(echo(), echo())
    for _ in range(2):
        assert outcome_of(start(bot_api.url)) == "answered"


def test_the_last_256_updates_are_remembered(container: Container, bot_api: BotApi) -> None:
    bot_api.expects(*[echo()] * 257)
    for update_id in range(257):
        container.deliver(message(update_id))
    assert list(container.handler.answered) == list(range(1, 257))
    assert outcome_of(container, json.dumps(message(1))) == "repeated"
    bot_api.expects(echo())
    assert outcome_of(container, json.dumps(message(0))) == "answered"


# ── The webhook mode: the call is in the response


def in_response(call: Json) -> Json:
    """Return the answer that holds a call for Telegram to make."""
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(call),
    }


def test_an_answer_in_the_response_is_given_again(start: Start, bot_api: BotApi) -> None:
    container = start(bot_api.url, **WEBHOOK)
    for _ in range(2):
        assert container.invoke(request(UPDATE)) == in_response(echo())
        assert container.line["outcome"] == "answered"
        assert container.line["methods"] == ["sendMessage"]


def test_a_bot_may_return_the_same_list_each_time(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start("http://localhost:9", **WEBHOOK)
    with_bot(container, monkeypatch, [FIRST])
    for update_id in (1, 2):
        got = container.invoke(request(json.dumps(message(update_id))))
        assert got == in_response(FIRST)


def test_a_repeated_answer_is_what_it_was(
    start: Start, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start(bot_api.url, **WEBHOOK)
    kept = {**SECOND}
    with_bot(container, monkeypatch, [FIRST, kept])
    bot_api.expects(FIRST)
    assert container.invoke(request(UPDATE)) == in_response(SECOND)
    kept["chat_id"] = 7  # as a bot may that fills in one dict for all
    assert container.invoke(request(UPDATE)) == in_response(SECOND)


def test_in_the_webhook_mode_nothing_is_imported_that_calls(start: Start, bot_api: BotApi) -> None:
    container = start(bot_api.url, **WEBHOOK)
    container.invoke(request(UPDATE))
    assert not {"botkit.telegram", "botkit.connection", "botkit.aws"} & set(sys.modules)


def test_only_the_last_call_is_in_the_response(
    start: Start, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start(bot_api.url, **WEBHOOK)
    with_bot(container, monkeypatch, [FIRST, SECOND])
    bot_api.expects(FIRST)
    assert container.invoke(request(UPDATE)) == in_response(SECOND)
    assert container.line["methods"] == ["sendMessage", "sendMessage"]
    with_bot(container, monkeypatch, [FIRST, SECOND])
    assert container.invoke(request(UPDATE)) == in_response(SECOND)  # and the first isn't repeated
    assert container.line["outcome"] == "repeated"


def test_only_the_last_call_decides_whether_it_is_in_the_response(
    start: Start, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start(bot_api.url, **WEBHOOK)
    with_bot(container, monkeypatch, [{"method": "getMe"}, SECOND])
    bot_api.expects({"method": "getMe"})
    assert container.invoke(request(UPDATE)) == in_response(SECOND)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, in_response(SECOND)),
        (429, answer(503, "throttled")),
        (500, answer(503, "unreachable")),
    ],
    ids=["refused", "throttled", "broken"],
)
def test_a_first_call_that_fails_keeps_the_last_back_where_it_comes_again(
    start: Start, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch, code: int, expected: Json
) -> None:
    container = start(bot_api.url, **WEBHOOK)
    with_bot(container, monkeypatch, [FIRST, SECOND])
    bot_api.refuses(FIRST, code, "no")
    assert container.invoke(request(UPDATE)) == expected


def test_a_call_that_fails_between_two_others_ends_them(
    start: Start, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start(bot_api.url, **WEBHOOK)
    with_bot(container, monkeypatch, [FIRST, FIRST, SECOND])
    bot_api.expects(FIRST)
    bot_api.refuses(FIRST, 500, "no")
    assert outcome_of(container) == "incomplete"


def test_a_call_with_a_file_is_not_in_the_response(
    start: Start, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = serve(answers_all)
    container = start(peer.url, **WEBHOOK)
    with_bot(
        container, monkeypatch, [{"method": "sendPhoto", "chat_id": 42, "photo": b"a picture"}]
    )
    assert outcome_of(container) == "answered"
    assert b"a picture" in peer.requests[0]


@pytest.mark.parametrize(
    "method", ["getMe", "GETCHAT", "setWebhook", "deleteWebhook", "logOut", "close"]
)
def test_some_methods_are_never_in_the_response(
    start: Start, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    container = start(bot_api.url, **WEBHOOK)
    with_bot(container, monkeypatch, [{"method": method}])
    bot_api.expects({"method": method})
    assert outcome_of(container) == "answered"


def test_a_method_that_begins_like_one_of_them_may_be(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start("http://localhost:9", **WEBHOOK)
    call = {"method": "closeForumTopic", "chat_id": 42, "message_thread_id": 3}
    with_bot(container, monkeypatch, [call])
    assert json.loads(container.invoke(request(UPDATE))["body"]) == call


def test_an_update_without_a_call_is_ignored_in_the_webhook_mode(
    start: Start, bot_api: BotApi
) -> None:
    container = start(bot_api.url, **WEBHOOK)
    assert outcome_of(container, '{"update_id": 1}') == "ignored"


# ── What isn't HTTP


OTHERS: dict[str, tuple[Any, str]] = {
    "null": (None, "NoneType ()"),
    "an empty list": ([], "list ()"),
    "a list": ([UPDATE], "list ()"),
    "text": (UPDATE, "str ()"),
    "a number": (7, "int ()"),
    "an empty object": ({}, "dict ()"),
    "an update": (message(), "dict (update_id, message)"),
    "S3": ({"Records": [{"eventSource": "aws:s3"}]}, "dict (Records)"),
    "EventBridge": ({"source": "aws.ec2", "detail-type": "x"}, "dict (source, detail-type)"),
    "tf without url": ({"tf": {"action": "register"}}, "dict (tf)"),
    "tf no object": ({"tf": "register", "url": "https://x"}, "dict (tf, url)"),
    "tf null": ({"tf": None, "url": "https://x"}, "dict (tf, url)"),
    "url no text": ({"tf": {}, "url": None}, "dict (tf, url)"),
    "watch and more": ({"watch": "x", "namespace": "x", "y": 1}, "dict (watch, namespace, y)"),
    "half a pair": ({"\ud800": 1}, "dict (\\ud800)"),
}


def failure(container: Container, event: Any) -> str:
    """Invoke the function with an event that fails, and return the error that Lambda sees."""
    with pytest.raises(Exception, match=".") as caught:
        container.invoke(event)
    assert type(caught.value).__name__ == "EventFailed"
    return str(caught.value)


@pytest.mark.parametrize(("event", "what"), OTHERS.values(), ids=OTHERS)
def test_an_event_that_nobody_answers_is_named(container: Container, event: Any, what: str) -> None:
    assert failure(container, event) == f"bot.py has no on_event() for {what}"


def test_the_name_of_an_event_is_cut_short(container: Container) -> None:
    assert len(failure(container, {"x" * 100_000: 1})) < 1_100


@pytest.mark.parametrize("mode", ["api", "webhook"])
@pytest.mark.parametrize("event", [CALL, [CALL], [CALL, CALL]], ids=["a call", "one", "two"])
def test_an_event_that_is_calls_is_carried_out(
    start: Start, bot_api: BotApi, mode: str, event: Any
) -> None:
    container = start(bot_api.url, REPLY_MODE=mode)
    bot_api.expects(*(event if isinstance(event, list) else [event]))
    assert container.invoke(event) is None
    assert container.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "event",
        "methods": ["sendMessage"] * (len(event) if isinstance(event, list) else 1),
        "outcome": "answered",
    }


EVENTS: dict[str, tuple[Json, str]] = {
    "EventBridge": ({"source": "aws.s3", "detail-type": "Object Created"}, "aws.s3"),
    "SNS": ({"Records": [{"EventSource": "aws:sns"}]}, "aws:sns"),
    "a stream": ({"Records": [{"eventSource": "aws:dynamodb"}, {}]}, "aws:dynamodb"),
}


@pytest.mark.parametrize(("event", "source"), EVENTS.values(), ids=EVENTS)
def test_another_event_is_the_bots(
    container: Container,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    event: Json,
    source: str,
) -> None:
    seen: list[Any] = []

    def on_event(event: Json) -> list[Json]:
        seen.append(event)
        return [CALL]

    monkeypatch.setattr(container.handler.bot, "on_event", on_event, raising=False)
    bot_api.expects(CALL)
    container.invoke(event)
    assert seen == [event]
    assert (container.line["outcome"], container.line["source"]) == ("answered", source)


@pytest.mark.parametrize(
    "event",
    [{"Records": []}, {"Records": [None]}, {"Records": "x"}, {"source": 7}, [1]],
    ids=str,
)
def test_an_event_needs_no_source(
    container: Container, monkeypatch: pytest.MonkeyPatch, event: Any
) -> None:
    monkeypatch.setattr(container.handler.bot, "on_event", lambda event: [], raising=False)
    assert container.invoke(event) is None
    assert container.line["outcome"] == "ignored"
    assert "source" not in container.line


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ([403], "refused"),
        ([200, 429], "incomplete"),
        ([429], None),
        ([500], None),
        ([401], None),
    ],
    ids=["refused", "incomplete", "throttled", "broken", "token"],
)
def test_an_event_fails_only_while_no_call_was_carried_out(
    container: Container, bot_api: BotApi, codes: list[int], outcome: str | None
) -> None:
    for code in codes:
        if code == 200:
            bot_api.expects(CALL)
        else:
            bot_api.refuses(CALL, code, "no")
    event = [CALL] * len(codes)
    if outcome:
        assert container.invoke(event) is None
        assert container.line["outcome"] == outcome
    else:
        assert failure(container, event).partition(": ")[0] == container.line["outcome"]


def test_what_lambda_sends_to_a_destination_is_the_bots(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(container.handler.bot, "on_event", seen.append, raising=False)
    context = {"functionArn": "arn:aws:lambda:x", "condition": "RetriesExhausted"}
    event = {"version": "1.0", "requestContext": context, "requestPayload": {"x": 1}}
    assert failure(container, event).startswith("bot_failed: on_event() must return a list")
    assert seen == [event]


def test_an_event_that_is_bad_calls_fails(container: Container) -> None:
    event = {"method": "send message"}
    error = 'each call of the event must have a "method", such as "sendMessage"'
    assert failure(container, event) == f"bot_failed: {error}"


def test_an_exception_in_on_event_fails(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_event(event: Json) -> list[Json]:
        raise KeyError(TEXT)

    monkeypatch.setattr(container.handler.bot, "on_event", on_event, raising=False)
    assert failure(container, {"x": 1}).startswith("bot_failed: KeyError at test_handler.py:")


def test_the_warm_up_gets_nothing(container: Container) -> None:
    assert container.invoke({"warm": True}) is None
    assert container.log == []


@pytest.mark.parametrize(
    "imitated",
    [
        {"tf": {"action": "delete"}, "url": "https://x"},
        {"warm": True},
        {"watch": "https://x", "namespace": "x"},
        CALL,
    ],
    ids=["Terraform", "warm-up", "a look at the webhook", "a call"],
)
def test_what_came_over_http_is_a_webhook_request_and_nothing_more(
    container: Container, imitated: Json
) -> None:
    assert container.invoke({**request(UPDATE, "wrong"), **imitated})["statusCode"] == 401


# ── A bot that can't be imported


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def reply(update):\n    return [", "SyntaxError at bot.py:2"),
        ("import nothing_of_that_name", "ModuleNotFoundError at bot.py:1"),
        ("\n\n1 / 0", "ZeroDivisionError at bot.py:3"),
        ("import sys\nsys.exit('no')", "SystemExit at bot.py:2"),
    ],
    ids=["syntax", "import", "error", "exit"],
)
def test_a_broken_bot_loses_no_update(
    start_bot: StartBot, bot_api: BotApi, source: str, error: str
) -> None:
    container = start_bot(source)
    assert container.invoke(request(UPDATE)) == answer(503, "misconfigured")
    assert (container.line["level"], container.line["error"]) == ("ERROR", error)
    url = "https://bot.example/telegram"
    with pytest.raises(Exception, match=r"^bot\.py can't be imported: ") as caught:
        container.invoke({"tf": {"action": "register"}, "url": url, "max_connections": 40})
    assert error in str(caught.value)
    assert failure(container, {"x": 1}) == f"misconfigured: {error}"
    bot_api.answers("getWebhookInfo", {}, {"url": url})
    bot_api.answers("deleteWebhook", {})
    assert container.invoke({"tf": {"action": "delete"}, "url": url}) == {}


def test_a_bot_without_reply_loses_no_update(start_bot: StartBot) -> None:
    container = start_bot("HANDLED = ['message']")
    assert container.invoke(request(UPDATE)) == answer(503, "misconfigured")
    with pytest.raises(Exception, match=r"^bot\.py must have a function reply\(update\)$"):
        container.invoke({"tf": {"action": "register"}, "url": "https://bot.example/telegram"})


def test_a_bot_that_could_not_be_imported_is_imported_later(
    start_bot: StartBot, tmp_path: Path
) -> None:
    source = "import os\nos.stat(__file__ + '.there')\nreply = lambda update: []"
    container = start_bot(source)
    assert container.invoke(request(UPDATE)) == answer(503, "misconfigured")
    (tmp_path / "bot.py.there").touch()
    assert container.invoke(request(UPDATE)) == answer(200)


# Like a bot that polls at its top. It gets the time that is left, cut short here.
ENDLESS = """
import os, signal, threading
seconds, _ = signal.setitimer(signal.ITIMER_REAL, 0.2)
assert 0 < seconds < float(os.environ["LIMIT"])
threading.Event().wait()
"""


def test_a_bot_whose_import_never_ends_holds_up_no_destroy(
    start_bot: StartBot, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start_bot(ENDLESS, LIMIT="10")
    url = "https://bot.example/telegram"
    bot_api.answers("getWebhookInfo", {}, {"url": url})
    bot_api.answers("deleteWebhook", {})
    assert container.invoke({"tf": {"action": "delete"}, "url": url}) == {}
    assert container.invoke(request(UPDATE)) == answer(503, "misconfigured")
    assert container.line["error"].startswith("TimeIsUp at ")
    # When there is no time left, it ends at once.
    monkeypatch.setenv("LIMIT", "0.5")
    assert container.invoke(request(UPDATE), milliseconds=0) == answer(503, "misconfigured")
    assert container.line["error"].startswith("TimeIsUp at ")


# ── What start-up costs


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("api", ["prepare", "import bot", "connect"]), ("webhook", ["import bot"])],
)
def test_the_bot_is_imported_while_the_connection_is_made(
    monkeypatch: pytest.MonkeyPatch, mode: str, expected: list[Any]
) -> None:
    steps: list[Any] = []

    telegram = ModuleType("telegram")
    monkeypatch.setattr(telegram, "prepare", lambda: steps.append("prepare"), raising=False)
    monkeypatch.setattr(telegram, "connect", lambda: steps.append("connect"), raising=False)
    monkeypatch.setenv("REPLY_MODE", mode)
    unload()
    monkeypatch.setitem(sys.modules, "botkit.telegram", telegram)
    monkeypatch.setattr(sys, "meta_path", [Notes(steps), *sys.meta_path])
    importlib.import_module("handler")
    unload()
    assert steps == expected


def test_an_import_and_the_connection_share_the_time_of_start_up(start_bot: StartBot) -> None:
    source = "from botkit import deadline\ndeadline.start(-1)\nreply = lambda update: []"
    container = start_bot(source)
    assert container.handler.deadline.left() <= -1


class Notes:
    """A finder of modules that finds none, and notes when the bot is looked for."""

    def __init__(self, steps: list[Any]) -> None:
        self.steps = steps

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "bot":
            self.steps.append("import bot")
