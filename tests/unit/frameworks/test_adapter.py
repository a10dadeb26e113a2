"""adapter.py: what the adapters of frameworks share."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from collections.abc import Iterator
from functools import partial, wraps
from itertools import product
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.conftest import BotApi, Start, StartBot
from tests.support.stubs import load


@pytest.fixture
def framework() -> ModuleType:
    return load("botkit.frameworks.adapter")


@pytest.mark.parametrize(
    ("choice", "has"),
    [
        ("chat", lambda chat, user, topic: chat),
        ("topic", lambda chat, user, topic: chat and topic),
        ("user", lambda chat, user, topic: user),
        ("chat_user", lambda chat, user, topic: chat and user),
        (str, lambda chat, user, topic: chat),
    ],
    ids=["chat", "topic", "user", "chat_user", "function"],
)
@pytest.mark.parametrize("belongs", [*product((True, False), repeat=3)], ids=str)
def test_what_the_session_of_an_update_has(
    framework: Any, monkeypatch: pytest.MonkeyPatch, choice: Any, has: Any, belongs: Any
) -> None:
    """As session_key.py makes its key."""
    monkeypatch.setitem(sys.modules, "bot", SimpleNamespace(SESSION=choice))
    framework.current.asking.state = {}
    with contextlib.nullcontext() if has(*belongs) else pytest.raises(framework.BadSession):
        framework.refuse_others(*belongs)


def test_a_framework_gets_the_refusal_of_what_is_done_but_for_a_repetition(
    start_bot: StartBot, bot_api: BotApi
) -> None:
    """aiogram-dialog, for one, waits for it when an edit changes nothing."""
    container = start_bot("def reply(update): ...")
    adapter = container.module("frameworks.adapter")
    current = container.module("current")
    edit = {"chat_id": 42, "message_id": 1, "text": "x"}
    same = (400, "Bad Request: message is not modified")
    bot_api.refuses({"method": "editMessageText", **edit}, *same)
    with pytest.raises(container.module("errors").Refused, match="not modified"):
        adapter.call("editMessageText", edit)
    current.run.before = True
    bot_api.refuses({"method": "editMessageText", **edit}, *same)
    assert adapter.call("editMessageText", edit) is True
    assert not current.asking.is_framework


def plain() -> None: ...


@wraps(plain)
def decorated() -> None: ...


class Callable:
    def __call__(self) -> None: ...


@pytest.mark.parametrize("function", [plain, decorated, partial(partial(plain))])
def test_a_function_is_named_with_its_place(framework: Any, function: Any) -> None:
    line = plain.__code__.co_firstlineno
    assert framework.described(function) == f"plain() at test_adapter.py:{line}"


def test_what_has_no_place_is_named(framework: Any) -> None:
    assert framework.described(Callable()) == "Callable()"


@pytest.mark.parametrize(("state", "seconds"), [({}, 0.5), (None, 0)])
def test_a_handler_leaves_time_to_write_the_session(
    framework: Any, state: Any, seconds: float
) -> None:
    at: list[float] = []
    framework.deadline.start(60)
    end = framework.deadline.at
    framework.handle(state, lambda: at.append(framework.deadline.at))
    assert end - at[0] == pytest.approx(seconds)
    assert framework.deadline.at == end


@pytest.fixture
def loop(framework: Any) -> Iterator[ModuleType]:
    """botkit.frameworks.event_loop, by a clock that stands still."""
    importlib.import_module("botkit.deadline").deadline.clock = lambda: 0.0
    loop: Any = importlib.import_module("botkit.frameworks.event_loop")
    yield loop
    loop._loop.close()


@pytest.mark.parametrize("left", [-1, 0])
def test_an_authors_tests_have_no_deadline(framework: Any, loop: Any, left: float) -> None:
    """The one of start-up is over when they begin."""
    framework.deadline.start(left)
    done: list[int] = []

    async def handle() -> None:
        await asyncio.sleep(0.001)
        done.append(1)

    loop.run(handle())
    assert done == [1]


@pytest.mark.parametrize(("left", "expected"), [(1, ["done"]), (0, [])], ids=["in time", "late"])
def test_the_tasks_of_an_update_have_its_time(
    framework: Any, loop: Any, caplog: pytest.LogCaptureFixture, left: float, expected: list[str]
) -> None:
    framework.deadline.start(left)
    done: list[str] = []
    running: list[asyncio.Task[None]] = []

    async def work() -> None:
        await asyncio.sleep(0.001)
        done.append("done")

    async def handle() -> None:
        running.append(asyncio.create_task(work()))

    loop.run(handle())
    assert done == expected
    told = [record.task for record in caplog.records]  # type: ignore[attr-defined]
    assert told == ([] if done else [work.__qualname__])


def test_only_an_exception_fails_an_update(framework: Any, loop: Any) -> None:
    """Python tells the loop's handler of a task that it destroys, whenever that is."""
    framework.deadline.start(1)
    seen: list[dict[str, Any]] = [{"message": "Task was destroyed but it is pending!"}]

    async def handle() -> None:
        asyncio.get_running_loop().call_exception_handler(seen.pop())

    loop.run(handle())
    seen.append({"message": "it failed", "exception": ValueError("no")})
    with pytest.raises(ValueError, match="^no$"):
        loop.run(handle())
    seen.append({"message": "nothing failed"})
    loop.run(handle())


def test_of_several_errors_the_first_one_fails_an_update(framework: Any, loop: Any) -> None:
    framework.deadline.start(1)

    async def handle() -> None:
        for text in ("first", "second"):
            context = {"message": "it failed", "exception": ValueError(text)}
            asyncio.get_running_loop().call_exception_handler(context)

    with pytest.raises(ValueError, match="^first$"):
        loop.run(handle())


def test_a_task_that_the_bot_keeps_fails_its_own_update(framework: Any, loop: Any) -> None:
    """asyncio reports it only when it is freed."""
    framework.deadline.start(1)
    kept: list[asyncio.Task[None]] = []

    async def fail() -> None:
        raise ValueError("no")

    async def handle(*, keeps: bool = False) -> None:
        if keeps:
            kept.append(asyncio.create_task(fail()))

    with pytest.raises(ValueError, match="^no$"):
        loop.run(handle(keeps=True))
    loop.run(handle())
    kept.clear()
    loop.run(handle())
    assert len(framework.current.asking.tasks) == 2  # the loop's own, and the handler's


def test_of_all_that_fails_in_tasks_what_may_pass_counts(framework: Any, loop: Any) -> None:
    async def fail(error: Exception) -> None:
        raise error

    async def handle(*errors: Exception) -> None:
        for error in errors:
            asyncio.create_task(fail(error))  # noqa: RUF006

    unreachable = framework.Unreachable("no")
    framework.deadline.start(1)
    with pytest.raises(framework.Unreachable):
        framework.handle(None, lambda: loop.run(handle(ValueError("a bug"), unreachable)))


def test_a_task_whose_error_the_bot_handles_has_not_failed(framework: Any, loop: Any) -> None:
    framework.deadline.start(1)

    async def fail() -> None:
        raise ValueError("no")

    async def handle() -> None:
        with contextlib.suppress(ValueError):
            await asyncio.create_task(fail())

    loop.run(handle())


def test_a_handler_whose_time_is_up_may_clean_up(framework: Any, loop: Any) -> None:
    framework.deadline.start(0.01)
    done: list[str] = []

    async def handle() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            await asyncio.sleep(0.001)
            done.append("cleaned up")

    with pytest.raises(TimeoutError):
        loop.run(handle())
    assert done == ["cleaned up"]


def test_a_handler_that_never_ends_has_no_part_in_the_next_update(
    framework: Any, loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "PATIENCE", 0.01)
    framework.deadline.start(0.01)
    at: list[str] = []

    async def handle() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
                at.append("first")

    async def next_one() -> None:
        at.append("next")

    with pytest.raises(TimeoutError):
        loop.run(handle())
    framework.deadline.start(0)
    loop.run(next_one())
    assert at[-1] == "next"


def test_an_interrupt_may_leave_the_loop_behind(framework: Any, loop: Any) -> None:
    """If it comes as the loop ends."""
    framework.deadline.start(1)
    done: list[int] = []

    async def handle() -> None:
        done.append(1)

    loop.run(handle())
    asyncio._set_running_loop(loop._loop)
    try:
        loop.run(handle())
    finally:
        asyncio._set_running_loop(None)
    assert done == [1, 1]


def test_what_an_interrupted_update_started_is_ended(framework: Any, loop: Any) -> None:
    framework.deadline.start(60)
    done: list[str] = []
    running: list[asyncio.Task[None]] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("ended")

    async def handle() -> None:
        running.append(asyncio.create_task(work()))
        await asyncio.sleep(0)
        raise SystemExit

    with pytest.raises(SystemExit):
        loop.run(handle())
    assert done == ["ended"]


def test_a_change_that_is_not_possible_is_remembered(framework: Any) -> None:
    """The framework swallows the error."""

    def handler() -> None:
        with contextlib.suppress(framework.Misconfigured):
            framework.change(dict.clear)

    with pytest.raises(framework.Misconfigured):
        framework.handle(None, handler)


@pytest.mark.parametrize(
    ("other", "error"), [("getChat", "Refused"), ("unpinChatMessage", "FailedForGood")]
)
def test_what_failed_is_remembered_whatever_else_succeeds(
    start: Start, bot_api: BotApi, other: str, error: str
) -> None:
    framework = start(bot_api.url).module("frameworks.adapter")

    def handler() -> None:
        with contextlib.suppress(framework.Refused):
            framework.call("sendMessage", {})
        framework.call(other, {})

    bot_api.refuses({"method": "sendMessage"}, 429, "Too Many Requests")
    bot_api.expects({"method": other})
    with pytest.raises(getattr(framework, error)):
        framework.handle(None, handler)


def test_a_call_that_the_bot_itself_repeats_with_success_has_not_failed(
    start: Start, bot_api: BotApi
) -> None:
    framework = start(bot_api.url).module("frameworks.adapter")

    def handler() -> None:
        for _ in range(2):
            with contextlib.suppress(framework.Refused):
                framework.call("sendMessage", {"text": "x"})

    bot_api.refuses({"method": "sendMessage", "text": "x"}, 429, "Too Many Requests")
    bot_api.expects({"method": "sendMessage", "text": "x"})
    assert framework.handle(None, handler) == []


def test_an_error_that_an_error_handler_makes_good_is_no_failure(framework: Any) -> None:
    def handler() -> None:
        try:
            with framework.remembering("a call"):
                raise framework.Unreachable("a call")
        except framework.Unreachable as error:
            framework.remember(error)
        with framework.remembering("a call"):
            pass

    assert framework.handle(None, handler) == []


def test_a_change_that_is_lost_stays_so_whatever_else_is_kept(framework: Any) -> None:
    state: dict[str, Any] = {}

    def handler() -> None:
        with contextlib.suppress(framework.BadSession):
            framework.put("kind", "name", {1: 2})
        framework.put("kind", "name", 1)

    with pytest.raises(framework.FailedForGood) as raised:
        framework.handle(state, handler)
    assert type(raised.value.error) is framework.BadSession
    assert state == {"kind": {"name": 1}}


@pytest.mark.parametrize(("is_seen", "kind"), [(False, "Unreachable"), (True, "FailedForGood")])
def test_what_can_never_be_kept_does_not_drop_an_update_that_may_come_again(
    framework: Any, is_seen: bool, kind: str
) -> None:
    def handler() -> None:
        with contextlib.suppress(framework.BadSession), framework.remembering():
            raise framework.BadSession("never")
        fail_twice(framework)

    framework.current.run.made.seen = is_seen
    with pytest.raises(getattr(framework, kind)) as raised:
        framework.handle(None, handler)
    assert str(getattr(raised.value, "error", raised.value)) == "call 1"


@pytest.mark.parametrize("is_swallowed", [False, True])
def test_a_start_that_can_never_succeed_keeps_the_update(
    framework: Any, is_swallowed: bool
) -> None:
    def handler() -> None:
        with framework.starting():
            with contextlib.suppress(framework.BadSession if is_swallowed else KeyError):
                framework.put("kind", "name", {1: 2})
            raise RuntimeError

    with pytest.raises(framework.StartFailed):
        framework.handle({}, handler)


def fail_twice(framework: Any) -> None:
    """Have the calls 1 and 2 fail, whose errors the framework swallows."""
    for number in (1, 2):
        with contextlib.suppress(framework.Unreachable), framework.remembering(number):
            raise framework.Unreachable(f"call {number}")


def test_of_several_failures_the_first_is_told(framework: Any) -> None:
    with pytest.raises(framework.Unreachable, match="call 1"):
        framework.handle(None, lambda: fail_twice(framework))


def test_what_failed_first_at_the_start_is_told_even_if_it_succeeds_later(framework: Any) -> None:
    """The framework may try it again in the background."""

    def handler() -> None:
        with contextlib.suppress(Exception), framework.starting():
            fail_twice(framework)
            raise RuntimeError
        with framework.remembering(1):
            pass

    with pytest.raises(framework.Unreachable, match="call 1"):
        framework.handle(None, handler)


def test_a_call_that_failed_at_a_successful_start_fails_no_update(framework: Any) -> None:
    def handler() -> None:
        with framework.starting():
            fail_twice(framework)

    assert framework.handle(None, handler) == []


def test_a_handler_that_runs_again_begins_anew(framework: Any) -> None:
    """As after somebody else has changed the session meanwhile."""
    framework.current.run.made.seen = True
    with pytest.raises(framework.FailedForGood):
        framework.handle(None, lambda: fail_twice(framework))
    assert framework.handle(None, lambda: None) == []


def test_a_handler_whose_time_is_up_has_none_to_write_its_session(framework: Any) -> None:
    def handler() -> None:
        fail_twice(framework)
        raise KeyboardInterrupt

    framework.current.run.made.seen = True
    with pytest.raises(KeyboardInterrupt):
        framework.handle({}, handler)


def test_after_a_handler_there_is_no_session_to_change(framework: Any) -> None:
    framework.handle({}, lambda: None)
    with pytest.raises(framework.Misconfigured, match="only in reply"):
        framework.change(dict.clear)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"kind": {"name": 1}}, 2, {"kind": {"name": 2}}),
        ({"kind": {"name": 1, "other": 1}}, None, {"kind": {"other": 1}}),
        ({"kind": {"name": 1}, "x": 1}, {}, {"x": 1}),
        ({"kind": {"name": [1]}}, [], {}),
        ({}, 0, {"kind": {"name": 0}}),
        ({}, None, {}),
    ],
)
def test_nothing_empty_is_kept(framework: Any, old: Any, new: Any, expected: Any) -> None:
    framework.current.asking.state = old
    framework.put("kind", "name", new)
    assert framework.current.asking.state == expected


def test_what_is_kept_is_a_copy(framework: Any) -> None:
    framework.current.asking.state = {}
    value = {"x": [1]}
    framework.put("kind", "name", value)
    value["x"].append(2)
    assert framework.current.asking.state == {"kind": {"name": {"x": [1]}}}
