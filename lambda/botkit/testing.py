"""Replaces Telegram and AWS in the tests of a bot. It isn't packed.

    # conftest.py
    from botkit.testing import aws, bot, calls, chat, no_pauses, sessions, waits

Each is a pytest fixture, and works only in a test that asks for it.
"""

from __future__ import annotations

import copy
import importlib
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

Json = dict[str, Any]

SECONDS = 300.0  # that a test has: later, calls fail as they do at the end of an invocation
TOKEN = "42:token"
ME = {"id": 42, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
MOST_TRIES = 100  # of an update whose calls fail for now
MESSAGES = ("copyMessage", "edit", "forwardMessage", "send")  # they give a message, others True
NO_MESSAGES = ("sendChatAction", "sendMessageDraft", "sendRichMessageDraft")


@pytest.fixture
def bot(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """bot/bot.py beside the test, imported for this test only, with 300 s for its work."""
    folder = request.path.parent / "bot"
    monkeypatch.syspath_prepend(folder)
    own = [file.stem for file in folder.glob("*.py")]
    for name in own:
        monkeypatch.delitem(sys.modules, name, raising=False)
    _botkit("deadline").deadline.start(SECONDS)
    is_alone = {"calls", "chat"}.isdisjoint(request.fixturenames)  # nobody else says who the bot is
    monkeypatch.setattr(_botkit("commands"), "username", ME["username"] if is_alone else "")
    yield importlib.import_module("bot")
    for name in own:
        sys.modules.pop(name, None)
    event_loop = sys.modules.get("botkit.frameworks.event_loop")
    if event_loop and event_loop._loop:  # the bot is a framework's
        event_loop._loop.close()


class Calls(list[Json]):
    """The calls that the bot made by itself: dicts with "method", as those that it returns.

    `results` contains the result of a method: a value, an exception to raise, or a function of the
    call's parameters. Others give a message, with an id from 900 on, or True. `files` contains the
    results of `telegram.download`, by path.
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
    """Telegram, which notes the calls that the bot, or its framework, makes by itself."""
    calls, telegram = Calls(), _botkit("telegram")
    monkeypatch.setattr(telegram._client, "token", TOKEN)
    monkeypatch.setattr(telegram.Client, "post", lambda *call: calls._post(*call))
    monkeypatch.setattr(telegram.Client, "request", lambda *call: calls._request(*call))
    return calls


class Sessions(dict[str, Json]):
    """What `botkit.session` keeps, by key: `sessions["42"]` is {} at first."""

    def __init__(self) -> None:
        super().__init__()
        self._once: dict[str, Json] = {}

    def __missing__(self, key: str) -> Json:
        self[key] = {}
        return self[key]

    def read(self, key: str) -> Json:
        return copy.deepcopy(self.get(key, {}))

    def change(
        self,
        key: str,
        function: Callable[[Json], Any],
        *,
        days: int | None = None,
        once: str | None = None,
    ) -> Any:
        _botkit("current").check_rerun()
        if key == _botkit("current").asking.session:
            told = "reply() must change its own session by its argument"
            raise _botkit("errors").BadSession(told)
        run = _botkit("current").run
        done, mark = self._once.setdefault(key, {}), f"{once}:{run.id}"
        if mark in done:
            return done[mark]
        changed = self.read(key)
        result = function(changed)
        if once is not None and run.is_update:  # reply() alone has no update that could come again
            done[mark] = _botkit("store").checked_result(result)
        changed = _botkit("store").checked_copy(changed)
        self[key].clear()
        self[key].update(changed)
        return result


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Sessions:
    """The sessions, in memory. Give `reply` the one of its update: `sessions["42"]`."""
    sessions, session = Sessions(), _botkit("session")
    monkeypatch.setattr(_botkit("settings").settings, "session_table", "sessions")
    monkeypatch.setattr(session, "read", sessions.read)
    monkeypatch.setattr(session, "change", sessions.change)
    store = _botkit("store")  # for the notes of streams
    monkeypatch.setattr(store, "read", lambda *key: sessions.read(store.id_of(*key)))
    monkeypatch.setattr(
        store,
        "change",
        lambda space, key, function, **_: sessions.change(store.id_of(space, key), function),
    )
    return sessions


class Waiting(NamedTuple):
    """A call, or an event of the bot's own, that waits for its time."""

    at: datetime
    event: Any


class Recurring(NamedTuple):
    """A call that recurs at the times of a cron expression in a time zone."""

    cron: str
    zone: str
    call: Json


class Waits(dict[str, Waiting]):
    """What `botkit.later` has scheduled, by name. `every` has the calls that recur."""

    def __init__(self) -> None:
        super().__init__()
        self.every: dict[str, Recurring] = {}

    def schedule(self, event: Any, seconds: float, name: str) -> bool:
        _botkit("current").check_rerun()
        _botkit("later")._check(name)
        if name in self:
            return False
        self[name] = Waiting(datetime.fromtimestamp(seconds, UTC), copy.deepcopy(event))
        return True

    def cancel(self, name: str) -> bool:
        _botkit("current").check_rerun()
        _botkit("later")._check(name)
        return self.pop(name, None) is not None

    def recur(self, content: str, cron: str, zone: str, name: str) -> bool:
        _botkit("current").check_rerun()
        try:
            ZoneInfo(zone)
        except (OSError, ValueError, ZoneInfoNotFoundError):
            raise _botkit("errors").BadSchedule("Scheduler knows no such zone") from None
        is_new = name not in self.every
        self.every[name] = Recurring(cron, zone, json.loads(content))
        return is_new

    def cancel_every(self, name: str) -> bool:
        _botkit("current").check_rerun()
        _botkit("later")._check(name)
        return self.every.pop(name, None) is not None


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """The calls and events that wait. Nothing is made of them when their time comes."""
    waits, later = Waits(), _botkit("later")
    monkeypatch.setattr(_botkit("settings").settings, "later_group", "waits")
    monkeypatch.setattr(later, "schedule", waits.schedule)
    monkeypatch.setattr(later, "cancel", waits.cancel)
    monkeypatch.setattr(later, "_recur", waits.recur)
    monkeypatch.setattr(later, "cancel_every", waits.cancel_every)
    return waits


class Aws:
    """AWS's services: `asked` contains the bot's requests, and `results` their answers.

    Both name it alike: "GetParameter" for `aws.call`, "GET /bucket/file" for `aws.request`, and the
    path for `aws.events`. A result is as in `Calls`; that of `aws.events` is the events.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.results: Json = {}

    def call(self, service: str, target: str, params: Json, **about: Any) -> Any:
        return self._ask(target.rpartition(".")[2], params)

    def request(
        self, service: str, method: str, path: str, *, body: Any = None, **about: Any
    ) -> Any:
        return self._ask(f"{method} {path}", body)

    def events(self, service: str, path: str, body: Json, **about: Any) -> Iterator[Json]:
        yield from self._ask(path, body)

    def _ask(self, name: str, content: Any) -> Any:
        _botkit("current").check_rerun()
        self.asked.append((name, content))
        if name not in self.results:
            raise LookupError(f'give it a result: aws.results["{name}"] = …')
        return _result(self.results[name], content)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS, with the results that the test sets."""
    aws, module = Aws(), _botkit("aws")
    for name in ("call", "request", "events"):
        monkeypatch.setattr(module, name, getattr(aws, name))
    return aws


@pytest.fixture
def no_pauses(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """`stream.answer` shows each chunk, and has a Stop button, as with `queue = true`."""
    monkeypatch.setattr(_botkit("settings").settings, "queue_url", "queue")
    for name in ("DRAFT_PAUSE", "EDIT_PAUSE", "LOOK_PAUSE"):
        monkeypatch.setattr(_botkit("stream"), name, 0)


class _Host:
    """Answers updates as the module does, but what the bot raises fails the test."""

    def __init__(self, sessions: Sessions, waits: Waits) -> None:
        self.bot: Any = None
        self._sessions, self._waits = sessions, waits

    def take(self, updates: list[Json]) -> None:
        """Answer updates that came at once: with TOGETHER, those of a turn as one."""
        while updates:
            update = updates[0]
            parts = [update]
            if hasattr(self.bot, "TOGETHER"):
                parts = self._turn(updates)
                update = _botkit("turns").joined(parts)
            updates = [each for each in updates if each not in parts]
            self._answer(update)

    def _turn(self, updates: list[Json]) -> list[Json]:
        """Return the updates of the turn that the first one begins."""
        together, key_of = _botkit("turns"), _botkit("session_key").key_of
        first, quiet = updates[0], together.seconds()
        key = key_of(first)
        if key is None or not together._begins(first, quiet):
            return [first]
        listed: Json = {}
        for update in updates:
            if key_of(update) == key:
                entry = {"update": update} if together._is_part(update) else {}
                listed[str(update["update_id"])] = {"at": 0.0, **entry}
        parts: list[Json] = together._parts(first, listed, {}, quiet)[0]
        return parts

    def _answer(self, update: Json) -> None:
        """Answer an update, again while its calls fail for now: Telegram delivers it again."""
        errors, current = _botkit("errors"), _botkit("current")
        calls: list[Json] | None = None
        for tries in range(MOST_TRIES):
            _begin()
            run = current.begin(current.Run.of_update("test", update))
            run.attempt = "again" if tries else "first"
            try:
                calls = self._ask(copy.deepcopy(update)) if calls is None else calls
                outcome = _botkit("calls").make_calls(run, calls)
            except errors.Handled as handled:
                raise handled.error from None
            except errors.Failure as error:
                outcome = _botkit("failed").outcome_of(error)
                if not outcome.comes_again or run.made.seen:
                    raise
                continue
            if hasattr(self.bot, "SESSION"):  # which knows where to go on
                calls = calls[outcome.done :]
            else:
                calls = None
                if run.made.seen:
                    return
            if not outcome.comes_again:
                return
        raise AssertionError(f"Telegram delivers this update again and again: {outcome.name}")

    def _ask(self, update: Json) -> list[Json]:
        """Return the calls with which reply() answers, and keep its changes of its session."""
        asking, checked = _botkit("current").asking, _botkit("calls").checked
        if not hasattr(self.bot, "SESSION"):
            calls: list[Json] = checked(self.bot.reply(update), "reply()")
            return calls
        key = _botkit("session_key").key_of(update)
        state = {} if key is None else self._sessions.read(key)
        asking.session = key or ""
        try:
            calls = checked(self.bot.reply(update, state), "reply()")
        except _botkit("errors").Handled:
            self._keep(key, state)
            raise
        finally:
            asking.session = None
        self._keep(key, state)
        return calls

    def _keep(self, key: str | None, state: Json) -> None:
        if key is not None:
            state = _botkit("store").checked_copy(state)
            self._sessions[key].clear()
            self._sessions[key].update(state)

    def run_due(self, now: float) -> None:
        """Do what waits for a time until now, in seconds since 1970."""
        for name, waiting in sorted(self._waits.items(), key=lambda item: item[1].at):
            if waiting.at.timestamp() <= now:
                self._waits.pop(name, None)
                _begin()
                event = waiting.event
                calls = event if isinstance(event, list) else [event]
                if not all(isinstance(call, dict) and "method" in call for call in calls):
                    calls = self.bot.on_event(event)
                calls = _botkit("calls").checked(calls, name)
                _botkit("calls").make_calls(_botkit("current").run, calls)


def _begin() -> None:
    """Begin an invocation."""
    _botkit("current").begin(_botkit("current").Run("test"))
    _botkit("deadline").deadline.start(SECONDS)


@pytest.fixture
def chat(
    request: pytest.FixtureRequest,
    sessions: Sessions,
    waits: Waits,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """People who chat with the bot: `ada = chat.user("Ada")`. It is a Stage of telegram_stand_in.

    When `ada.send("/start")` returns, the bot has answered. It raises the bot's exceptions.
    The bot has `sessions` and `waits`, and `chat.advance(seconds)` makes the calls scheduled until
    then.
    """
    try:
        stand_in = importlib.import_module("telegram_stand_in")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "telegram_stand_in must be found: in pyproject.toml, add tools/telegram-stand-in of "
            "the module to pythonpath, beside its lambda"
        ) from None
    if "calls" in request.fixturenames:
        raise ValueError("a test has chat or calls: both would answer what the bot calls")
    host, telegram = _Host(sessions, waits), _botkit("telegram")
    stage = stand_in.Stage(host.take)

    def ask(client: Any, path: str, body: Any, headers: Json, *limits: Any) -> tuple[int, bytes]:
        answer: tuple[int, bytes] = stage.request(path, headers.get("Content-Type", ""), body)
        return answer

    def advance(seconds: float) -> None:
        stand_in.Stage.advance(stage, seconds)
        host.run_due(stage.telegram.now())
        stage.settle()

    monkeypatch.setattr(telegram._client, "token", stage.token)
    monkeypatch.setattr(telegram.Client, "request", ask)
    monkeypatch.setattr(stage, "advance", advance)
    host.bot = request.getfixturevalue("bot")
    stage.telegram.bot.outbox.info["allowed_updates"] = list(host.bot.HANDLED)
    yield stage
    _begin()  # what the last update noted is nothing to the next test
    request.node.add_report_section("teardown", "Telegram", stage.transcript)


def _result(result: Any, content: Any) -> Any:
    if isinstance(result, BaseException):
        raise result
    return result(content) if callable(result) else copy.deepcopy(result)


def _botkit(name: str) -> Any:
    """Return a module of botkit, once it is needed."""
    return importlib.import_module(f"botkit.{name}")
