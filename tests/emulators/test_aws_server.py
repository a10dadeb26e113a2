"""aws_server.py: how the emulated AWS sends its answers, and what it reads of a function's log."""

from __future__ import annotations

import os
import queue
import threading
from types import SimpleNamespace
from typing import Any

import h11
import pytest
from emulators.aws_server import Connection, Output, with_patience, with_whole_logs
from ministack.core.lambda_runtime import Worker


def test_an_answers_head_waits_for_what_follows_it() -> None:
    connection = Connection(h11.SERVER)
    for _ in range(2):
        connection.receive_data(b"GET / HTTP/1.1\r\nHost: aws\r\n\r\n")
        while connection.next_event() != h11.EndOfMessage():
            pass
        assert connection.send(h11.Response(status_code=200, headers=[])) == b""
        sent = connection.send(h11.Data(data=b"a"))
        assert sent.startswith(b"HTTP/1.1 200 ") and sent.endswith(b"a\r\n")
        assert b"HTTP" not in connection.send(h11.Data(data=b"b"))
        connection.send(h11.EndOfMessage())
        connection.start_next_cycle()


class Silent(threading.Thread):
    """A thread that the machine never comes round to."""

    def start(self) -> None:
        pass


def test_all_that_was_written_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not the thread that follows the output had its turn."""
    monkeypatch.setattr(threading, "Thread", Silent)
    reading, writing = os.pipe()
    lines: queue.Queue[str] = queue.Queue()
    output = Output(reading, lines)
    os.close(reading)
    os.write(writing, "one\nzwölf\nha".encode())
    assert output.read()
    assert list(lines.queue) == ["one", "zwölf"]
    os.write(writing, b"lf\nend")
    os.close(writing)
    assert not output.read()
    assert list(lines.queue) == ["one", "zwölf", "half", "end"]


def test_the_thread_reads_what_nobody_asks_for() -> None:
    reading, writing = os.pipe()
    lines: queue.Queue[str] = queue.Queue()
    Output(reading, lines)
    os.close(reading)

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(b"a line\n" * 100_000)  # more than the pipe holds

    threading.Thread(target=write, daemon=True).start()
    for _ in range(100_000):
        assert lines.get(timeout=60) == "a line"


def test_a_functions_log_has_what_its_process_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    def spawn(self: Any) -> None:
        reading, self.writing = os.pipe()
        self._proc = SimpleNamespace(stderr=os.fdopen(reading))

    monkeypatch.setattr(Worker, "_spawn", spawn)
    monkeypatch.setattr(threading, "Thread", Silent)
    worker = with_whole_logs(Worker)("bot", {}, b"")
    assert worker._drain_stderr() == ""
    for text in ("first", "second"):
        worker._spawn()
        os.write(worker.writing, f"{text}\nline\n".encode())
        os.close(worker.writing)
        worker._proc.stderr.close()
        worker._proc = None  # as after an error
        assert worker._drain_stderr_bounded() == f"{text}\nline"


def test_a_patient_one_gives_a_function_more_time_and_keeps_its_settings() -> None:
    settings = {"Timeout": 3}
    assert with_patience(Worker, 10)("bot", settings, b"").config["Timeout"] == 30
    assert settings == {"Timeout": 3}
