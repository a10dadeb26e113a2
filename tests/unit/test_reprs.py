"""What a failed test shows of an object: what it is, and no secret."""

from __future__ import annotations

import importlib
import inspect
import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from telegram_bot_aws.local.project import LAMBDA

from tests.conftest import StartBot
from tests.support.stubs import message

SECRET = "123456789:planted-token_AAAAAAAAAAAAAAAAAAA"
# A framework shows its own classes. What has no state has nothing to show.
OTHERS = ("frameworks/", "on_")
STATELESS = {"OverStream"}


def ours() -> Iterator[ModuleType]:
    for path in sorted((LAMBDA / "botkit").rglob("*.py")):
        name = str(path.relative_to(LAMBDA / "botkit").with_suffix(""))
        if not name.startswith(OTHERS):
            yield importlib.import_module(
                "botkit." + name.replace("/", ".").removesuffix(".__init__")
            )


def shows_itself(kind: type) -> bool:
    """Tell whether a class, or one of botkit's that it inherits from, has a repr of its own."""
    return any("__repr__" in vars(c) for c in kind.__mro__ if c.__module__.startswith("botkit"))


def test_each_class_shows_what_it_is(start_bot: StartBot) -> None:
    start_bot("def reply(update):\n    return []\n")
    plain = {
        f"{module.__name__}.{name}"
        for module in ours()
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
        if not issubclass(value, (BaseException, str, list, dict, tuple)) and name not in STATELESS
        if not shows_itself(value)
    }
    assert plain == set()


def test_a_fake_shows_what_it_holds(start_bot: StartBot) -> None:
    module = start_bot("def reply(update):\n    return []\n").module
    host, services = module("fakes.host"), module("fakes.services")
    queues = services.Queues(None, "url", items={"1": {"body": "tea"}})
    schedules = services.Schedules(None, items={"tea": {"at": 0}})
    function = module("fakes.function")
    all_of_them = module("fakes.process").Services(None, Path("/nowhere/sessions.json"))
    aws = module("testing").Aws()
    aws.asked.append(("GetObject", {}))
    shown = {
        host.Poller(queues, print): "Poller(Queues({'1': {'body': 'tea'}}))",
        host.Scheduler(schedules, queues): "Scheduler(Schedules({'tea': {'at': 0}}))",
        function.Clock(lambda: 7.0): "Clock(7.0)",
        function.Function(1, print): "Function(Outcome(name='ignored', level=20, status=200, "
        "is_retried=False, is_kept=False), raised=[])",
        all_of_them: "Services(Table({}), Queues({}), Schedules({}))",
        aws: "Aws(asked=[('GetObject', {})], results={})",
    }
    assert [*map(repr, shown)] == [*shown.values()]


def test_no_secret_is_shown(start_with_sessions: StartBot) -> None:
    url = f"http://user:{SECRET}@localhost:1"
    container = start_with_sessions(
        "def reply(update):\n    return []\n",
        TELEGRAM_BOT_TOKEN=SECRET,
        TELEGRAM_WEBHOOK_SECRET=SECRET,
        AWS_SESSION_TOKEN=SECRET,
        AWS_SECRET_ACCESS_KEY=SECRET,
    )
    part = container.module
    exchange, connection = part("http.exchange"), part("http.connection")
    run = part("current").Run.of_update("webhook", message(text=SECRET))
    stream = exchange.Stream(socket.socket(), part("deadline").deadline)
    shown = [
        part("settings").settings,
        part("telegram").own,
        part("telegram").Client(url, SECRET, url),
        connection.Connection(url, url),
        connection.Dial((url.partition("://")[2], 80)),
        stream,
        exchange.Request(f"http://localhost/bot{SECRET}/getMe", b""),
        exchange.HTTPOverStream("localhost", stream),
        exchange.Answer(200, {}, SECRET.encode()),
        part("aws")._Request("sqs", "POST", "/", {}, {}, SECRET.encode(), ""),
        part("place").Place(message(text=SECRET)),
        run,
        run.made,
        part("deadline").deadline,
        part("store").Item("session", "42"),
    ]
    stream.connection.close()
    texts = [*map(repr, shown)]
    assert [text for text in texts if SECRET in text] == []
    assert [text for text in texts if " at 0x" in text] == []
    assert "'token': '…'" in texts[0] and "'session_table': 'sessions'" in texts[0]
    assert texts[2].startswith("<Client: <Connection: localhost:1 ") and "a token" in texts[2]


def test_an_object_says_in_short_what_it_is(start_with_sessions: StartBot) -> None:
    part = start_with_sessions("def reply(update):\n    return []\n").module
    conversation, markdown = part("conversation"), part("rich.markdown")
    state = {"of": "bot:order", "steps": [["size", "S"]]}
    try:
        raise ValueError
    except ValueError as error:
        [line] = part("raised").lines_of_the_bot(error)
    shown = {
        line: f"<Line: {line.at} in test_an_object_says_in_short_what_it_is>",
        part("bot_module").interrupt_after(3): "<interrupt_after: 3 s>",
        part("stream")._Growing(message()["message"], False, False): "<_Growing: 42/7, draft>",
        conversation.Question("size", [{}], None, None): "<Question: size>",
        conversation.Kept("price", len): "<Kept: price>",
        conversation.Done([], bool): "<Done: 0 calls>",
        conversation._Rerun({"conversation": state}): "<_Rerun: bot:order, 1 answers>",
        markdown.Block(3): "<Block: line 3, []>",
        markdown._Scanner(["a"], False): "<_Scanner: at line 0 of 1>",
        part("http.exchange").Answer(200, {}, b"12"): "<Answer: 200, 2 bytes>",
    }
    assert [*map(repr, shown)] == [*shown.values()]
