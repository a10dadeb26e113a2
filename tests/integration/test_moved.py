"""The contract of the adapters in examples/moved: how updates end, what is kept and refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from telebot import apihelper
from telegram_bot_aws.local.project import ROOT
from telegram_stand_in import Telegram

from tests.conftest import BotApi, StartBot
from tests.support.moved import FRAMEWORKS, Bots
from tests.support.stubs import Container, message
from tests.support.telegram import files

MOVED = ROOT / "examples/moved"
OTHERS = "this data isn't in the update's session: use botkit.session"
NOT_HERE = {"aiogram": OTHERS, "ptb": OTHERS.replace("data", "chat_data"), "telebot": OTHERS}
asynchronous = pytest.mark.parametrize("name", ["aiogram", "ptb"], indirect=True)


@pytest.fixture(params=FRAMEWORKS)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(MOVED / request.param / "bot")
    if request.param == "aiogram":
        request.getfixturevalue("aiogram")
    if request.param == "telebot":  # whose parts the adapter replaces, for other tests, too
        for part in ("CUSTOM_REQUEST_SENDER", "download_file", "get_file_url"):
            monkeypatch.setattr(apihelper, part, getattr(apihelper, part))
    return str(request.param)


@pytest.fixture
def bots(name: str, start_with_sessions: StartBot, bot_api: BotApi) -> Bots:
    return Bots(name, start_with_sessions, bot_api)


def result(container: Container, update_id: int = 1, text: str = "x", ms: int = 60_000) -> Any:
    """Deliver a message, and return the status, the outcome and what went wrong."""
    status, _ = container.deliver(message(update_id, text=text), ms)
    line = container.line
    return status, line["outcome"], line.get("error") or line.get("refusal") or ""


def kept(container: Container, key: str = "42/42") -> Any:
    """Return the session that the table has."""
    item = container.table.items.get(key)
    return json.loads(item["session"]["S"]) if item else None


# ── How an update ends


def test_an_update_is_handled_and_logged_once(bots: Bots) -> None:
    container = bots.start(bots.send("'a'"))
    bots.expects("a")
    assert result(container) == (200, "answered", "")
    assert container.line["methods"] == ["sendMessage"]
    assert [line["message"] for line in container.log] == ["update"]
    assert result(container) == (200, "repeated", "")


def test_what_nobody_handles_is_ignored(bots: Bots) -> None:
    container = bots.start(bots.send("'a'"))
    bots.expects()
    query = {"id": "1", "from": {"id": 42, "is_bot": False, "first_name": "Ada"}}
    container.deliver({"update_id": 1, "inline_query": {**query, "query": "", "offset": ""}})
    assert container.line["outcome"] == "ignored"


def test_handlers_and_middlewares_take_their_turns(bots: Bots) -> None:
    container = bots.start(bots.send("'handled'"), more=bots.framework.middleware)
    bots.expects("before", "handled")
    assert result(container) == (200, "answered", "")
    bots.expects("before", "started")
    text = {"text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}
    container.deliver(message(2, **text), 60_000)
    assert container.line["outcome"] == "answered"


@pytest.mark.parametrize(
    ("code", "outcome", "error"),
    [
        (429, "throttled", "429 x"),
        (502, "unreachable", "HTTP 502, and no answer from the Bot API"),
        (401, "misconfigured", "401 x"),
    ],
)
@pytest.mark.parametrize("is_swallowed", [False, True], ids=["raised", "swallowed"])
def test_what_may_succeed_later_changes_nothing_and_comes_again(
    bots: Bots, code: int, outcome: str, error: str, is_swallowed: bool
) -> None:
    send = bots.send("'a'")
    container = bots.start(
        "n = 1", bots.framework.keep, *(bots.swallows(send) if is_swallowed else [send])
    )
    bots.expects(("a", code))
    assert result(container) == (503, outcome, f"sendMessage: {error}")
    assert kept(container) is None
    bots.expects("a")
    assert result(container) == (200, "answered", "")
    assert kept(container) == bots.framework.session


@pytest.mark.parametrize("fails", ["raised", "swallowed", "a bug"])
def test_after_a_call_was_seen_the_update_is_over_and_its_state_kept(
    bots: Bots, fails: str
) -> None:
    send = bots.send("'a'")
    ends = {"raised": [send], "swallowed": bots.swallows(send), "a bug": ["1 / 0"]}
    container = bots.start(bots.send("'0'"), "n = 1", bots.framework.keep, *ends[fails])
    bots.expects("0", *[("a", 429)] * (fails != "a bug"))
    status, outcome, error = result(container)
    assert (status, outcome) == (200, "bot_failed" if fails == "a bug" else "incomplete")
    assert error.startswith(
        "ZeroDivisionError at bot.py" if fails == "a bug" else "sendMessage: 429"
    )
    assert kept(container) == bots.framework.session
    assert result(container) == (200, "repeated", "")


@pytest.mark.parametrize(
    ("lines", "answers", "outcome", "error"),
    [
        (["{a}"], [("a", 403)], "refused", "sendMessage: 403 x"),
        (["try:", "    {a}", "except Exception:", "    1 / 0"], [("a", 403)], "bot_failed", "Zero"),
        (["1 / 0"], [], "bot_failed", "ZeroDivisionError at bot.py:"),
    ],
    ids=["a refusal", "a bug after a refusal", "a bug"],
)
def test_an_error_that_nobody_handles_fails_its_own_update(
    bots: Bots, lines: list[str], answers: list[Any], outcome: str, error: str
) -> None:
    lines = [line.format(a=bots.send("'a'")) for line in lines]
    container = bots.start("if message.text != 'x':", "    return", *lines)
    bots.expects(*answers)
    status, *told = result(container)
    assert (status, told[0], told[1].startswith(error)) == (200, outcome, True)
    assert result(container, 2, "y")[1] == "ignored"


@pytest.mark.parametrize(
    ("line", "answers", "expected"),
    [
        ("1 / 0", [], (200, "ignored", "")),
        ("{a}", [("a", 403)], (200, "ignored", "")),
        ("{a}", [("a", 429)], (503, "throttled", "sendMessage: 429 x")),
        ("raise Failure('lost')", [], (200, "bot_failed", "lost")),
    ],
    ids=["a bug", "a refusal", "what may pass", "botkit's"],
)
def test_the_bots_error_handler_hides_no_error_of_botkit(
    bots: Bots, line: str, answers: list[Any], expected: Any
) -> None:
    lines = "from botkit.errors import Failure", line.format(a=bots.send("'a'"))
    container = bots.start(*lines, more=bots.framework.handles_errors)
    bots.expects(*answers)
    assert result(container) == expected


@asynchronous
def test_tasks_are_a_part_of_the_update(bots: Bots) -> None:
    """Their errors, too, and nothing runs on when time is up."""
    container = bots.start(
        "async def later():",
        "    await asyncio.sleep(60 if message.text == 'wait' else 0)",
        f"    {bots.send("'a'")}",
        "    1 / (message.text != 'bug')",
        "task = asyncio.create_task(later())",
    )
    bots.expects("a")
    assert result(container) == (200, "answered", "")
    bots.expects("a")
    assert result(container, 2, "bug")[1:] == (200, "bot_failed")[1:] + (container.line["error"],)
    assert container.line["error"].startswith("ZeroDivisionError at bot.py:")
    assert result(container, 3, "wait", ms=2500)[:2] == (200, "bot_failed")
    bots.expects("a")
    assert result(container, 4) == (200, "answered", "")


def test_a_timer_is_refused(bots: Bots) -> None:
    container = bots.start(bots.framework.later)
    bots.expects()
    status, outcome, error = result(container)
    assert (status, outcome, "can't go off after the update" in error) == (200, "bot_failed", True)


def test_a_handler_that_blocks_is_interrupted_and_the_next_update_is_handled(bots: Bots) -> None:
    lines = "import time", "if message.text == 'wait':", "    time.sleep(60)"
    container = bots.start(*lines, bots.send("'a'"))
    bots.expects()
    assert result(container, text="wait", ms=2000)[1] == "bot_failed"
    bots.expects("a")
    assert result(container, 2) == (200, "answered", "")


@pytest.mark.filterwarnings("always")
def test_a_warning_is_logged_without_a_text_that_may_quote_people(bots: Bots) -> None:
    container = bots.start("import warnings", "warnings.warn(message.text)")
    bots.expects()
    assert result(container, text="secret")[0] == 200
    warning = next(line for line in container.log if line["message"] == "Python warns")
    assert (warning["warning"], warning["at"].partition(":")[0]) == ("UserWarning", "bot.py")
    assert "secret" not in str(container.log)


# ── What works otherwise here


def test_a_file_is_downloaded_and_uploaded(bots: Bots, telegram: Telegram) -> None:
    telegram.files.add("document", b"data", id="x").path = "a"
    upload = bots.framework.call.format(f"send_document(42, {bots.framework.upload})")
    container = bots.start(
        f"data = {bots.framework.download}", upload, TELEGRAM_API_URL=telegram.url
    )
    assert result(container) == (200, "answered", "")
    assert files(telegram)[1:] == [("a.txt", b"data")]


@pytest.mark.parametrize("call", ["set_webhook('https://x')", "delete_webhook()"])
def test_the_webhook_is_terraforms(bots: Bots, call: str) -> None:
    container = bots.start(*bots.swallows(bots.framework.call.format(call)))
    bots.expects()
    status, outcome, error = result(container)
    assert (status, outcome) == (503, "misconfigured")
    assert error.endswith("Webhook must not be called: terraform apply registers the webhook")


@pytest.mark.parametrize(
    ("what", "choice", "told"),
    [
        ("polls", "'chat_user'", "updates come through the webhook"),
        ("needs_session", None, "SESSION"),
        ("needs_session", "'topic'", "SESSION"),
    ],
    ids=["polling", "no SESSION", "a SESSION that doesn't fit"],
)
def test_what_cannot_work_is_refused_when_bot_py_is_imported(
    bots: Bots, name: str, what: str, choice: str | None, told: str
) -> None:
    if (name, choice) == ("telebot", "'topic'"):
        pytest.skip("telebot has states by topic")
    more = getattr(bots.framework, what)
    container = bots.start(more=more, choice=choice)
    status, outcome, error = result(container)
    assert (status, outcome) == (503, "misconfigured")
    assert error.startswith("bot.py can't be imported: Misconfigured: ") and told in error


# ── What is kept


def test_who_is_late_handles_the_update_again(bots: Bots) -> None:
    keep = f"n = {bots.framework.kept} + 1", bots.framework.keep
    container = bots.start(*keep, bots.send("str(n)"))
    bots.expects("1", "1")
    another = {"version": {"S": "another's"}, "updates": {"S": "[]"}, "session": {"S": '{"x":1}'}}
    container.meanwhile(lambda: container.table.items.update({"42/42": another}))
    assert result(container) == (200, "answered", "")
    assert kept(container) == {"x": 1, **bots.framework.session}
    bots.expects("2")
    assert result(container, 2) == (200, "answered", "")


@pytest.mark.parametrize(
    ("line", "choice", "status", "told"),
    [
        ("keep", None, 503, "SESSION"),
        ("keep", "lambda update: None", 200, "can't be kept: SESSION gives this update no session"),
        ("others", "'chat_user'", 200, "{others}"),
        ("not JSON", "'chat_user'", 200, "n: a set"),
    ],
)
def test_state_that_cannot_be_kept_is_refused(
    bots: Bots, name: str, line: str, choice: str | None, status: int, told: str
) -> None:
    """Even if the bot catches the error."""
    lines = {"keep": bots.framework.keep, "others": bots.framework.others}
    container = bots.start(
        "n = {1}" if line == "not JSON" else "n = 1",
        *bots.swallows(lines.get(line, bots.framework.keep)),
        choice=choice,
    )
    bots.expects()
    found = result(container)
    assert found[:2] == (status, "misconfigured" if status == 503 else "bot_failed")
    assert told.format(others=NOT_HERE[name]) in found[2]
    assert kept(container) is None


# ── One framework alone


@pytest.mark.parametrize("name", ["aiogram"], indirect=True)
def test_startup_handlers_run_once_and_lose_no_update(bots: Bots) -> None:
    more = """
fails = [True]


@dispatcher.startup()
async def start(bot):
    await bot.send_message(42, "started")
    1 / (not fails.pop())
"""
    container = bots.start(
        bots.send("'a'"), more=more.replace("fails = [True]", "fails = [False, True]")
    )
    bots.expects("started")
    status, outcome, error = result(container)
    assert (status, outcome) == (503, "misconfigured")
    assert error.startswith("a startup handler failed: ZeroDivisionError")
    bots.expects("started", "a")
    assert result(container) == (200, "answered", "")
    bots.expects("a")
    assert result(container, 2) == (200, "answered", "")


@pytest.mark.parametrize("name", ["aiogram"], indirect=True)
def test_only_a_storage_in_memory_is_replaced(bots: Bots) -> None:
    own = """
from aiogram.fsm.storage.memory import MemoryStorage


class Own(MemoryStorage):
    pass


dispatcher.fsm.storage = Own()
"""
    keep = f"n = {bots.framework.kept} + 1", bots.framework.keep
    container = bots.start(*keep, bots.send("str(n)"), more=own)
    bots.expects("1", "2")
    assert [result(container, id)[1] for id in (1, 2)] == ["answered", "answered"]
    assert kept(container) is None


@pytest.mark.parametrize("name", ["aiogram"], indirect=True)
def test_a_state_outside_of_reply_is_refused(bots: Bots) -> None:
    more = """
def on_event(event):
    from aiogram.fsm.storage.base import StorageKey

    key = StorageKey(1, 42, 42)
    asyncio.run(dispatcher.storage.set_state(key, "a"))
    return []
"""
    container = bots.start(more=more)
    with pytest.raises(Exception, match="states are kept only in reply"):
        container.invoke({"a": 1})


@pytest.mark.parametrize("adapter", [*MOVED.glob("*/bot/on_*.py")], ids=lambda path: path.stem)
def test_the_first_line_names_the_modules_version(adapter: Any) -> None:
    settings = (ROOT / "pyproject.toml").read_text()
    version = re.findall(r'^version = "([\d.]+)', settings, re.MULTILINE)[0].rstrip(".")
    assert f" version {version} of " in adapter.read_text().splitlines()[0]


def in_a_new_process(program: str) -> list[str]:
    """Run a program beside aiogram_types.py. Returns the words of its output."""
    folder = MOVED / "aiogram/bot"
    command = [sys.executable, "-c", f"{program}\nfrom aiogram import methods, types\n{TELLS}"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True
    ).stdout.split()


# Whether types wait until they are used, and whether all of them can be built then.
TELLS = """
def each(kind):
    for found in kind.__subclasses__():
        yield found
        yield from each(found)

print(types.Poll.__pydantic_complete__, types.Update.__pydantic_complete__)
for kind in (every := [*each(types.TelegramObject), *each(methods.TelegramMethod)]):
    kind.model_rebuild()
print(len(every) > 400 and all(kind.__pydantic_complete__ for kind in every))
"""


@pytest.mark.slow
def test_aiogram_types_has_types_be_built_when_they_are_used() -> None:
    assert in_a_new_process("import aiogram_types") == ["False", "True", "True"]


@pytest.mark.slow
def test_aiogram_types_leaves_a_version_that_it_does_not_know() -> None:
    unknown = 'import importlib.metadata as known\nknown.version = lambda name: "99.0"\n'
    assert in_a_new_process(f"{unknown}import aiogram_types") == ["True", "True", "True"]
