"""pytest fixtures that replace Telegram and AWS in a bot's tests. They aren't packed.

    # conftest.py
    from botkit.testing import aws, bot, calls, chat, schedules, sessions

Each is a pytest fixture, and works only in a test that asks for it.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import importlib
import itertools
import json
import logging
import re
import sys
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

Json = dict[str, Any]

MAX_TRIES = 100  # of an update whose calls fail for now
TEST_SECONDS = 300.0  # for a test. Afterwards calls fail, as they do at the end of an invocation
TOKEN = "42:token"
ME = {"id": 42, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
MESSAGES = ("copyMessage", "edit", "forwardMessage", "send")  # these return a message, others True
# What a container remembers: each test begins with a new container.
CACHES = (
    *("middleware.allowlist.accounts", "middleware.rate_limit.full_windows", "pipeline.recent"),
    *("pipeline.enabled", "telegram.blocked_until"),
)
NO_MESSAGES = ("sendChatAction", "sendMessageDraft", "sendRichMessageDraft")


@pytest.fixture
def bot(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """bot/bot.py beside the test, imported for this test only, with 300 s for its work.

    So are the bot's other modules and packages: a router of aiogram, for example, belongs to one
    dispatcher. They see the time of `chat`.
    """
    folder = request.path.parent / "bot"
    if not (folder / "bot.py").is_file():  # another one, such as the module's, would be imported
        reason = f"there is no bot.py in {folder}: put the test beside the bot's folder, bot"
        pytest.fail(reason, pytrace=False)
    monkeypatch.syspath_prepend(folder)
    own = _own_names(folder)
    for name in _loaded(own):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", _botkit("fakes.clock").importer(own))
    _botkit("deadline").deadline.start(TEST_SECONDS)
    is_alone = {"calls", "chat"}.isdisjoint(request.fixturenames)  # nobody else says who the bot is
    monkeypatch.setattr(
        _botkit("telegram").default_client, "username", ME["username"] if is_alone else ""
    )
    yield importlib.import_module("bot")
    for name in _loaded(own):
        del sys.modules[name]


def _own_names(folder: Path) -> set[str]:
    """Return the names of a bot's modules and packages, without those that pip has installed.

    A folder of data isn't one: it may be called as a module of Python, such as `email`.
    """
    records = [record.read_text("utf-8", "replace") for record in folder.glob("*.dist-info/RECORD")]
    installed = {re.split("[/,]", line)[0] for text in records for line in text.splitlines()}
    return {
        path.stem
        for path in folder.iterdir()
        if path.name not in installed and (path.suffix == ".py" or any(path.rglob("*.py")))
    }


def _loaded(packages: set[str]) -> list[str]:
    """Return the names of the modules that are loaded and belong to one of these packages."""
    return [name for name in sys.modules if name.partition(".")[0] in packages]


class Calls(list[Json]):
    """The calls that the bot made itself: dicts with "method", like those that it returns.

    `results` contains the result of a method: a value, an exception to raise, or a function of the
    call's parameters. Other methods return a message, with an id from 900 on, or True. `files`
    contains the results of `telegram.download`, by path.
    """

    def __init__(self) -> None:
        self.results: Json = {"getMe": ME}
        self.files: dict[str, bytes] = {}
        self._ids = itertools.count(900)

    def of(self, method: str) -> list[Json]:
        """Return the calls of a method."""
        return [call for call in self if call["method"] == method]

    def texts(self, method: str = "sendMessage") -> list[str]:
        """Return the texts in the calls of a method."""
        return [call["text"] for call in self.of(method)]

    def _post(self, client: Any, method: str, params: Json, timeout: float) -> Any:
        params = {name: value for name, value in params.items() if value is not None}
        self.append({"method": method, **params})
        if method in self.results:
            return _result(self.results[method], params)
        if method.startswith("get"):
            raise LookupError(f'give it a result: calls.results["{method}"] = …')
        if method in NO_MESSAGES or not method.startswith(MESSAGES):
            return True
        is_edit = method.startswith("edit") and "message_id" in params
        message_id = params["message_id"] if is_edit else next(self._ids)
        chat = {"id": params.get("chat_id"), "type": "private"}
        return {"message_id": message_id, "date": 0, "chat": chat}

    def _request(self, client: Any, path: str, *about: Any) -> tuple[int, bytes]:
        data = self.files.get(unquote(path.removeprefix(f"/file/bot{TOKEN}/")))
        return (404, b"") if data is None else (200, data)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The calls that the bot makes itself. `calls.results["getChat"]` is what it gets."""
    calls, telegram = Calls(), _botkit("telegram")
    # Another test may have refused calls to the chat.
    monkeypatch.setattr(telegram, "blocked_until", {})
    monkeypatch.setattr(telegram.default_client, "token", TOKEN)
    monkeypatch.setattr(telegram.Client, "post", lambda *call: calls._post(*call))
    monkeypatch.setattr(telegram.Client, "request", lambda *call: calls._request(*call))
    return calls


class _Items(dict[str, Json]):
    """The items of the sessions' table. Those of sessions have the JSON of the fixture's."""

    def __init__(self, sessions: dict[str, Json]) -> None:
        self._sessions = sessions
        self._own: tuple[str, ...] = _botkit("store").OWN_PREFIXES

    def __contains__(self, key: object) -> bool:
        return key in self._sessions or super().__contains__(key)

    def __getitem__(self, key: str) -> Json:
        item = self.get(key, {"id": {"S": key}})
        if key.startswith(self._own):
            return item
        session = self._sessions.get(key, {})  # the test may have deleted it
        return {**item, "session": {"S": json.dumps(session)}}

    def __setitem__(self, key: str, item: Json) -> None:
        super().__setitem__(key, item)
        if not key.startswith(self._own):
            session, new = self._sessions[key], json.loads(item["session"]["S"])
            session.clear()
            session.update(new)


@pytest.fixture
def sessions(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> defaultdict[str, Json]:
    """The sessions, in memory. Pass the update's session to `reply`: `sessions["42"]`."""
    _begin_with_aws(request)
    sessions, services = defaultdict[str, Json](dict), _botkit("fakes.services")
    monkeypatch.setattr(_botkit("settings").settings, "session_table", services.TABLE)
    table = services.Table(_botkit("aws"), items=_Items(sessions))
    _replace(monkeypatch, "call", table.call)
    return sessions


class Schedules(Mapping[str, Any]):
    """What `botkit.schedule` has scheduled once, by name: `.at` and `.event`.

    `recurring` has what recurs: `.cron`, `.zone` and `.event`. An event is what the bot scheduled:
    a call, a list of calls, or an event of its own.
    """

    def __init__(self, fake: Any) -> None:
        self.fake = fake

    def __getitem__(self, name: str) -> Any:
        return self._all("once.")[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all("once."))

    def __len__(self) -> int:
        return len(self._all("once."))

    @property
    def recurring(self) -> dict[str, Any]:
        """The calls and events that recur, by name."""
        return self._all("cron.")

    def _all(self, prefix: str) -> Json:
        """Return the schedules whose names in Scheduler begin so."""
        items = self.fake.items.items()
        return {name[len(prefix) :]: _shown(i) for name, i in items if name.startswith(prefix)}


def _shown(item: Json) -> SimpleNamespace:
    """Return a schedule with its call, its list of calls, or its event, as the bot gave it."""
    event = item["event"]
    calls = event.get("calls", ())
    event = event.get("event", calls[0] if len(calls) == 1 else calls)
    if "at" in item:
        return SimpleNamespace(at=datetime.fromtimestamp(item["at"], UTC), event=event)
    return SimpleNamespace(cron=item["cron"], zone=item["zone"], event=event)


@pytest.fixture
def schedules(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Schedules:
    """The calls and events that wait: `schedules["tea"].at`, `schedules.recurring["tea"].cron`."""
    _begin_with_aws(request)
    settings, services = _botkit("settings").settings, _botkit("fakes.services")
    monkeypatch.setattr(settings, "queue_url", services.QUEUE_URL)
    monkeypatch.setattr(settings, "scheduler_role_arn", "arn:aws:iam::123456789012:role/waits")
    # A test may use any date: for `schedule`, it is always in the future.
    monkeypatch.setattr(_botkit("schedule"), "time", _botkit("fakes.clock").Clock(lambda: 0.0))
    fake = services.Schedules(_botkit("aws"))
    _replace(monkeypatch, "request", fake.request)
    return Schedules(fake)


class Aws:
    """AWS's services: `requests` contains the bot's requests, and `results` their answers.

    Both use the same names: "GetParameter" for `aws.call`, and "GET /bucket/file" for
    `aws.request`. Results are as in `Calls`.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.results: Json = {}

    def call(self, service: str, target: str, params: Json, **about: Any) -> Any:
        return self._ask(target.rpartition(".")[2], params)

    def request(
        self, service: str, method: str, path: str, *, body: Any = None, **about: Any
    ) -> Any:
        return self._ask(f"{method} {path}", body)

    def _ask(self, name: str, content: Any) -> Any:
        self.requests.append((name, content))
        if name not in self.results:
            raise LookupError(f'give it a result: aws.results["{name}"] = …')
        return _result(self.results[name], content)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS: `aws.results["GetItem"]` is what the bot gets, `aws.requests` has what it asked."""
    aws = Aws()
    for name in ("call", "request"):
        _replace(monkeypatch, name, getattr(aws, name))
    return aws


class _Function:
    """The function, and Telegram's webhook, which invokes it.

    `wait` lets seconds pass: Telegram's pause before it redelivers an update.
    """

    def __init__(self, wait: Callable[[float], object]) -> None:
        self._wait = wait
        self._outcome_of = _botkit("errors").outcome_of
        self._raised: list[BaseException] = []  # in the last invocation

    def deliver(self, update: Json) -> None:
        """Deliver an update by the webhook until it is answered. Raises what the bot raises."""
        secret = _botkit("settings").settings.webhook_secret
        headers = {_botkit("webhook").SECRET_HEADER: secret}
        event = {"requestContext": {}, "headers": headers, "body": json.dumps(update)}
        for _ in range(MAX_TRIES):
            answer = self.invoke(event)
            is_done = answer["statusCode"] == 200
            self.check(is_done=is_done)
            if is_done:
                return
            self._wait(int(answer["headers"].get("Retry-After", 0)))
        reason = f"{answer['body']}. The log says more"
        raise AssertionError(f"Telegram delivers this update again and again: {reason}")

    def invoke(self, event: Json) -> Any:
        """Answer an event."""
        _botkit("deadline").deadline.start(TEST_SECONDS)
        self._raised = []
        source = "webhook" if "requestContext" in event else "queue"
        return _botkit(source).handle(event)

    def check(self, *, is_done: bool) -> None:
        """Raise what the bot raised in the last invocation, unless another one follows."""
        if is_done and self._raised:
            raise self._raised[0]

    def outcome_of(self, error: BaseException) -> Any:
        """Return what errors.outcome_of() does, in its place, and note the error."""
        self._raised.append(error)
        return self._outcome_of(error)


@pytest.fixture
def chat(
    request: pytest.FixtureRequest,
    sessions: dict[str, Json],
    schedules: Schedules,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """People who chat with the bot: `ada = chat.user("Ada")`.

    It is a Stage of telegram_stand_in. When `ada.send("/start")` returns, the bot has answered. It
    raises the bot's exceptions. The bot has `sessions` and `schedules`. `chat.advance(seconds)`
    lets time pass, also for the bot's own modules, and makes the calls that are scheduled until
    then. `chat.event(…)` delivers an event. What failed is in `chat.dead_letters()`, and
    `chat.redrive()` has the bot answer it. With `chat.allowed_ids = {…}`, only these people and
    chats may use the bot.
    """
    try:
        stand_in = importlib.import_module("telegram_stand_in")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "telegram_stand_in must be found: in pyproject.toml, add tools/telegram-stand-in of "
            "the module to pythonpath, beside its lambda"
        ) from None
    if "calls" in request.fixturenames:
        raise ValueError("use chat or calls in a test, not both: each answers the bot's calls")
    telegram, settings = _botkit("telegram"), _botkit("settings").settings
    services = _botkit("fakes.services")
    queue = services.Queues(_botkit("aws"))

    def answer(updates: list[Json]) -> None:
        monkeypatch.setattr(settings, "allowed_ids", frozenset(stage.allowed_ids))
        _botkit("pipeline").enabled.clear()  # a test may have changed what bot.py enables
        for update in updates:
            function.deliver(update)
        empty_queue()

    def empty_queue() -> None:
        while (due := poller.next_time()) is not None:
            wait_until(due)
            function.check(is_done=poller.run_next())

    stage = stand_in.Stage(answer)
    function = _Function(stage.telegram.advance)
    poller = services.Poller(queue, function.invoke)
    scheduler = services.Scheduler(schedules.fake, queue)
    stage.allowed_ids = ()

    def ask(client: Any, path: str, body: Any, headers: Json, *limits: Any) -> tuple[int, bytes]:
        answer: tuple[int, bytes] = stage.request(path, headers.get("Content-Type", ""), body)
        return answer

    def advance(seconds: float) -> None:
        while (due := scheduler.next_time()) is not None and due - clock.time() <= seconds:
            seconds -= wait_until(due)
            scheduler.run_next()
            empty_queue()
        stand_in.Stage.advance(stage, seconds)

    def event(content: Any) -> None:
        """Deliver an event to `on_event`."""
        body = json.dumps({"event": content, "of": f"{uuid.uuid4()}"})
        queue.send(services.QUEUE_URL, body, "event")
        empty_queue()

    def redrive() -> None:
        """Have the bot answer the dead letters."""
        queue.redrive()
        empty_queue()

    def wait_until(due: float) -> float:
        """Let time pass until something is due. Returns the seconds."""
        pause: float = max(0.0, due - clock.time())
        stand_in.Stage.advance(stage, pause)
        return pause

    clock = _botkit("fakes.clock").clock
    monkeypatch.setattr(clock, "now", stage.telegram.now)
    schedules.fake.now = queue.now = clock.time
    for name in ("conversation", "middleware.rate_limit", "store", "telegram"):
        monkeypatch.setattr(_botkit(name), "time", clock)
    monkeypatch.setattr(_botkit("pipeline"), "outcome_of", function.outcome_of)
    for cache in CACHES:
        module, _, name = cache.rpartition(".")
        monkeypatch.setattr(_botkit(module), name, {})
    for name, value in {"reply_mode": "api", "webhook_secret": "secret"}.items():
        monkeypatch.setattr(settings, name, value)
    # A test may be debugged, or have an alarm of its own.
    monkeypatch.setattr(_botkit("bot_module"), "interrupt_after", contextlib.nullcontext)
    _replace(monkeypatch, "call", queue.call)
    monkeypatch.setattr(telegram.default_client, "token", stage.token)
    monkeypatch.setattr(telegram.Client, "request", ask)
    monkeypatch.setattr(stage, "advance", advance)
    stage.event, stage.redrive, stage.dead_letters = event, redrive, lambda: queue.dead_letters
    try:
        _botkit("release.check").check_bot(request.getfixturevalue("bot"))
        allowed_updates = _botkit("release.registration").allowed_updates()
    except _botkit("errors").Misconfigured as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    stage.telegram.bot.outbox.info["allowed_updates"] = allowed_updates
    logger = logging.getLogger("botkit")
    logger.addFilter(_tell_outcome)
    yield stage
    logger.removeFilter(_tell_outcome)
    context = _botkit("context")
    context.activate(context.Context("start"))  # not the last update's
    request.node.add_report_section("teardown", "Telegram", stage.transcript)


def _tell_outcome(record: logging.LogRecord) -> bool:
    """Add the outcome and the error to a message: pytest shows no other fields of a log line."""
    fields = vars(record)
    told = (fields.get(name) for name in ("outcome", "error", "telegram_error"))
    record.msg = " · ".join(filter(None, (record.msg, *told)))
    return True


def _begin_with_aws(request: pytest.FixtureRequest) -> None:
    """Set up `aws` first, if the test uses it: it gets only calls that other stand-ins pass on."""
    if "aws" in request.fixturenames:
        request.getfixturevalue("aws")


def _replace(monkeypatch: pytest.MonkeyPatch, name: str, function: Callable[..., Any]) -> None:
    """Replace a function of `botkit.aws` with a stand-in's."""

    def replacement(*arguments: Any, **more: Any) -> Any:
        _botkit("context").forbid_in_replay()
        return function(*arguments, **more)

    monkeypatch.setattr(_botkit("aws"), name, replacement)


def _result(result: Any, content: Any) -> Any:
    if isinstance(result, BaseException):
        raise result
    return result(content) if callable(result) else copy.deepcopy(result)


def _botkit(name: str) -> Any:
    """Return a module of botkit, imported only when it is needed."""
    return importlib.import_module(f"botkit.{name}")
