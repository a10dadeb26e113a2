"""bot_module.py: bot.py is imported, called, and interrupted in time."""

import importlib
import logging
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.stubs import CALL, UPDATE, message, request, text_response

# ── Asked


def test_async_function_is_named(start_bot):
    container = start_bot("async def reply(update):\n    return []")
    assert container.outcome_of() == "bot_error"
    assert container.line["error"] == "reply() must be written with def, not async def"


TIMES = {
    "in time": (2_000, 0.25, [CALL], "answered"),
    "at the deadline": (2_000, 0.0, [CALL], "bot_error"),
    "too late, with nothing to say": (2_000, 0.0, [], "ignored"),
    "begun at the deadline": (1_000, 0.0, [CALL], "answered"),
    "begun too late": (500, -1.0, [CALL], "answered"),
}


@pytest.mark.parametrize(("milliseconds", "left", "answer", "outcome"), TIMES.values(), ids=TIMES)
def test_reply_without_time_for_its_calls_is_an_error(
    container, milliseconds, left, answer, outcome
):
    deadline = container.module("deadline").deadline
    container.stop_clock()
    container.module("bot_module").GRACE_SECONDS = 60

    def reply(update):
        deadline.start(left)
        return answer

    container.bot.reply = reply
    container.stub_telegram(lambda *call: True)
    container.deliver(message(), milliseconds)
    assert container.line["outcome"] == outcome
    late = "reply() left no time to make its calls"
    assert container.line.get("error") == (late if outcome == "bot_error" else None)


def test_bot_that_catches_every_exception_is_interrupted(container, caplog):
    caplog.set_level(logging.DEBUG, "botkit")
    caught = []

    def reply(update):
        for _ in range(2):
            try:
                threading.Event().wait()
            except BaseException as error:  # like a bare `except:`
                caught.append(type(error).__name__)
        threading.Event().wait()

    container.bot.reply = reply
    began = time.monotonic()
    assert container.deliver(message(), milliseconds=700) == (200, None)
    assert 0.2 <= time.monotonic() - began
    assert caught == ["DeadlineExceeded", "DeadlineExceeded"]
    assert container.line["outcome"] == "bot_error"
    assert container.line["error"].startswith("DeadlineExceeded at tests/unit/test_bot_module.py:")
    assert "DeadlineExceeded: bot.py ran until the function's time was almost over" in caplog.text


def test_bot_is_interrupted_at_once_if_no_time_is_left(container, monkeypatch):
    alarms = []
    monkeypatch.setattr("_signal.setitimer", lambda which, *seconds: alarms.append(seconds))
    container.deliver({"update_id": 1}, milliseconds=0)
    (first, interval), end = alarms
    assert (first, end) == (0.001, (0,))
    assert 0 < interval < container.module("deadline").GRACE_SECONDS  # then Lambda ends it


def test_import_that_disables_all_loggers_is_logged(container, monkeypatch):
    logger = logging.getLogger("botkit")
    monkeypatch.setattr(logger, "disabled", True)  # as dictConfig() does
    monkeypatch.delitem(sys.modules, "bot")
    container.module("bot_module").load()
    assert not logger.disabled


def test_reply_that_changes_all_loggers_is_logged(container, monkeypatch):
    def reply(update):  # as dictConfig() and basicConfig(force=True) do
        logging.getLogger("botkit").disabled = True
        monkeypatch.setattr(logging.getLogger(), "handlers", [])
        logging.getLogger().setLevel(logging.CRITICAL)
        return []

    container.bot.reply = reply
    assert container.outcome_of() == "ignored"


# ── Interrupted


def test_another_thread_is_not_interrupted(container):
    bot_module = container.module("bot_module")

    def in_time():
        with bot_module.interrupt_after(9):  # signals can't be set there
            return "done"

    with ThreadPoolExecutor(1) as pool, bot_module.interrupt_after(60):
        assert pool.submit(in_time).result() == "done"
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 9, "the main thread's stays"


def test_import_is_not_interrupted(container, monkeypatch):
    """Python's own part of it, which may hold the lock that all threads share."""
    bot_module = container.module("bot_module")

    class Finder:
        @staticmethod
        def find_spec(*about):
            bot_module._interrupt(14, sys._getframe(1))

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("there_is_none")


def test_interrupt_may_come_while_it_is_switched_off(container, monkeypatch):
    bot_module = container.module("bot_module")
    frames = []
    monkeypatch.setattr("_signal.setitimer", lambda *about: frames.append(sys._getframe(1)))
    with bot_module.interrupt_after(9):
        with pytest.raises(bot_module.DeadlineExceeded):
            bot_module._interrupt(14, sys._getframe())
    for frame in frames:
        bot_module._interrupt(14, frame)
    assert [frame.f_code.co_name for frame in frames] == ["__enter__", "__exit__"]


# ── A bot that can't be imported


BROKEN = {
    "syntax": ("def reply(update):\n    return [", "SyntaxError: '[' was never closed at bot.py:2"),
    "import": ("import nothing", "ModuleNotFoundError: No module named 'nothing' at bot.py:1"),
    "exit": ("import sys\nsys.exit('no')", "SystemExit: no at bot.py:2"),
    "a failure": (
        "from botkit.errors import UsageError\nraise UsageError('as \"ada\"')",
        'UsageError: as "ada" at bot.py:2',
    ),
    "a secret beside names": (
        "import os\nraise ImportError(os.environ['DATABASE'])",
        "ImportError: … at bot.py:2",
    ),
    "a secret with a line's end": (
        "import os\nint(os.environ['KEY'])",
        "ValueError: invalid literal for int() with base 10: '…' at bot.py:2",
    ),
}


@pytest.mark.parametrize(("source", "error"), BROKEN.values(), ids=BROKEN)
def test_broken_bot_loses_no_update_and_logs_no_secret(start_bot, source, error):
    container = start_bot(source, DATABASE="postgres://ada:plan/ted@host/x", KEY="planted-key\n")
    assert container.invoke(request(UPDATE)) == text_response(503, "misconfigured")
    line = container.line
    assert line["level"] == "ERROR"
    assert line["error"].startswith(f"bot.py can't be imported: {error}")
    with pytest.raises(Exception, match=r"^bot\.py can't be imported: ") as caught:
        container.invoke({"tf": {"action": "check"}})
    hint = ". Modules that bot.py imports must be in its folder, or in the requirements.txt there"
    is_missing = "ModuleNotFoundError" in error
    assert str(caught.value) == line["error"] + (hint if is_missing else "")
    assert container.failure({"x": 1}) == f"misconfigured: {line['error']}"


def test_failed_import_is_logged_with_file_and_line(start_bot, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "brought").mkdir()
    (tmp_path / "brought" / "__init__.py").write_text("\n1 / 0")
    container = start_bot("\n\nimport brought")
    container.invoke(request(UPDATE))
    place = "brought/__init__.py:2, from bot.py:3"
    assert container.line["error"].endswith(f"ZeroDivisionError: division by zero at {place}")


def test_failed_import_is_logged_in_full_at_debug(start_bot, caplog):
    caplog.set_level(logging.DEBUG, "botkit")
    start_bot("1 / 0").invoke(request(UPDATE))
    assert "ZeroDivisionError: division by zero" in caplog.text


def test_a_reply_that_runs_again_continues_its_growing_answers(container):
    context, streams = container.module("context"), []

    def reply():
        streams.append(context.current.stream_count)
        context.current.stream_count += 1

    container.bot.reply = reply
    for _ in range(2):
        container.module("bot_module").call_function("reply")
    assert streams == [0, 0]


def test_all_steps_of_an_update_see_the_same_bot(start_with_sessions, monkeypatch):
    """Otherwise, reply() would be called without the session."""
    source = """import os
os.environ["TRIES"] += "."
if len(os.environ["TRIES"]) <= 2:
    raise OSError
SESSION = "chat"
def reply(update, session):
    return []
"""
    monkeypatch.setenv("TRIES", "")
    container = start_with_sessions(source)
    assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == "misconfigured"
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "ignored"


# An import that never ends, as of a bot that polls. Its alarm has the time that is left, which is
# shortened here.
NO_END = (
    "bot.py can't be imported in time (move code that polls under `if __name__ == "
    '"__main__":`; if the import only takes long, raise memory_size, which also gives it more CPU, '
    "and timeout): DeadlineExceeded: "
)
ENDLESS = """
import os, signal, threading
seconds, _ = signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
assert 0 < seconds < float(os.environ["LIMIT"])
threading.Event().wait()
"""


def test_endless_import_does_not_block_a_destroy(start_bot, bot_api, monkeypatch):
    container = start_bot(ENDLESS, LIMIT="10")
    url = "https://bot.example/telegram"
    bot_api.answers("getWebhookInfo", {}, {"url": url})
    bot_api.answers("deleteWebhook", {})
    assert container.invoke({"tf": {"action": "delete"}, "url": url}) == {}
    assert container.invoke(request(UPDATE)) == text_response(503, "misconfigured")
    assert container.line["error"].startswith(NO_END)
    # When there is no time left, it ends at once.
    monkeypatch.setenv("LIMIT", "0.5")
    assert container.invoke(request(UPDATE), milliseconds=0) == text_response(503, "misconfigured")
    assert container.line["error"].startswith(NO_END)
