"""container.py: which update types a bot handles, as demo, poll and doctor ask it; schedules."""

import queue
import re
import sqlite3
import textwrap
from contextlib import closing

import pytest

from telegram_bot_aws.local import container
from telegram_bot_aws.local.container import (
    Container,
    Function,
    Invocation,
    advised,
    look_at,
    unknown_kinds,
)
from telegram_bot_aws.local.events import webhook_event
from tests.support.programs import MAX_SECONDS
from tests.support.stubs import BOT


def answer_of(folder, body, **variables):
    """Return the invocation of a bot whose on_event() has this body, by way of the queue."""
    imports = "import logging, os, sqlite3, sys\n"
    head = f"{imports}def reply(update): ...\ndef on_event(event):\n"
    (folder / "bot.py").write_text(head + textwrap.indent(body, "    "))
    answered = queue.Queue()
    with Function(folder, variables) as function:
        function.on_queued = answered.put
        function.invoke({"x": 1})
        return answered.get(timeout=MAX_SECONDS)


@pytest.mark.parametrize(
    ("variables", "query", "words"),
    [
        ({}, "", "KeyError: 'FILE'\n(the environment has no 'FILE'. On AWS and"),
        ({"FILE": "new.db"}, "", "unable to open database file\n(a bot can only write to /tmp"),
        ({"FILE": "old.db"}, "DROP TABLE x", "readonly database\n(a bot can only write to /tmp"),
        ({"FILE": ":memory:"}, "DROP TABLE x", "no such table: x\n(a database in /tmp ends"),
    ],
)
def test_surprising_error_is_explained(tmp_path, variables, query, words):
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        database.execute("CREATE TABLE x (y)")
    body = f"sqlite3.connect(os.environ['FILE']).execute('{query}')"
    assert words in answer_of(tmp_path, body, **variables).traceback


def test_advice_looks_at_the_end_of_a_traceback():
    cancelled = "asyncio.exceptions.CancelledError\n\nTraceback:\n  at\nTimeoutError"
    assert "use botkit.schedule" in advised(cancelled)
    assert advised("Traceback:\n  at\nTimeoutError").endswith("TimeoutError")
    slow = "bot_module.DeadlineExceeded: bot.py ran"
    assert "raise timeout in main.tf, which demo --direct" in advised(slow)


def test_endless_start_is_reported_with_its_usual_cause(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "INIT_TIMEOUT", 0.2)
    (tmp_path / "bot.py").write_text("import threading; threading.Event().wait()")
    with Function(tmp_path, {}) as function:
        error = function.invoke({"x": 1}).error
    assert error.startswith(
        "bot.py can't be imported: its import didn't end within 0.2 s (Lambda's "
    )
    assert error.endswith("raise memory_size, which also gives it more CPU, and timeout")


def test_uninstallable_packages_are_reported(tmp_path, index):
    (tmp_path / "bot.py").write_text("ALLOWED_UPDATES = ['message']\nreply = print\n")
    (tmp_path / "requirements.txt").write_text("greeter==1.0\n")
    with pytest.raises(ValueError, match="greeter was not found"):
        look_at(tmp_path)
    with Function(tmp_path, {}) as function:
        assert "greeter was not found" in function.invoke({"x": 1}).error


def test_a_kind_of_update_that_does_not_exist_is_named():
    assert unknown_kinds(["update_id", "message", "mesage", "managed_bot"]) == (
        "ALLOWED_UPDATES lists update_id, mesage, which Bot API 10.4 doesn't have. Check the "
        "spelling. If Telegram has added it since, ignore this"
    )
    assert unknown_kinds(["message", "managed_bot"]) == ""


def test_no_container_starts_after_the_end(tmp_path):
    """As for an update that waited while another one was answered."""
    with Container(BOT.parent, {}, tmp_path / "sessions.json") as container:
        pass
    invocation = container.invoke(webhook_event('{"update_id": 1}', {}))
    assert (invocation.error, container._process) == ("the function has ended", None)


def test_half_an_answer_is_none(tmp_path):
    found = answer_of(tmp_path, "os.write(int(sys.argv[1]), b'{\"result\": ')\nos._exit(3)")
    assert (found.error, found.cold) == ("the function ended by itself", True)


SAYS = """
print("1", end="")
print("2", file=sys.stderr)
logging.warning("3")
print("4")
logging.debug("left out")
print("5", file=sys.stderr)
logging.error("6")
print("7\\x1e")
return []
"""


def test_output_and_log_stay_in_order(tmp_path):
    output = answer_of(tmp_path, SAYS).output
    said = [each if isinstance(each, str) else each["message"] for each in output[-7:]]
    assert said == ["12\n", "3", "4\n5\n", "6", "7", "\n", "event"]


def test_too_much_memory_is_reported(tmp_path):
    (tmp_path / "bot.py").write_text("def reply(update): ...\ndef on_event(event): return []\n")
    with Function(tmp_path, {}, memory_size=8) as function:
        printed = [function.invoke({"x": 1}).printed for _ in range(2)]
    for text in printed:  # its start says nothing
        assert re.fullmatch(r"about \d+ of 8 MB: AWS would end this\. .*\n", text)
    with Function(tmp_path, {}, memory_size=128) as function:
        assert function.invoke({"x": 1}).printed == ""


def test_a_failure_without_a_traceback_has_its_line():
    frames = ["bot.py:9 in reply", "bot.py:20 in handle", "telebot/__init__.py:9409 in TeleBot.x"]
    failed = {"outcome": "bot_error", "error": "the session doesn't have that"}
    found = Invocation(output=[{**failed, "stack_trace": frames}])
    assert found.failure == "the session doesn't have that\n  at bot.py:20 in handle"
    assert Invocation(output=[failed]).failure == "the session doesn't have that"
