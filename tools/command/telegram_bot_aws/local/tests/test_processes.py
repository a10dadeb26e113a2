"""processes.py: processes that end with ours, and files of variables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from telegram_bot_aws.local import processes
from telegram_bot_aws.local.processes import (
    end,
    end_at_once,
    freeze,
    had_processor,
    in_time,
    kept_waiting,
    read_env_file,
)


def test_the_time_that_others_have_the_processor_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, waited, waits = SimpleNamespace(now=0.0), iter([0, 4, 6, 6, 0]), list[float]()

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        clock.now += seconds
        return False

    monkeypatch.setattr(processes, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="linux"))
    monkeypatch.setattr(processes, "kept_waiting", lambda process: next(waited))
    assert not in_time(1, 10, wait)
    assert waits == [10, 4, 2]
    assert in_time(1, 20, lambda seconds: True)


def test_elsewhere_the_time_at_a_processor_counts_and_a_minute_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, waits = SimpleNamespace(now=0.0), list[float]()

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        clock.now += seconds
        return False

    monkeypatch.setattr(processes, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(processes, "had_processor", lambda process: clock.now / 2)
    assert not in_time(1, 8, wait)
    assert waits[:3] == [8, 4, 2]  # it had half of them
    clock.now, waits[:] = 0, []
    monkeypatch.setattr(processes, "had_processor", lambda process: 0)
    assert not in_time(1, 25, wait)
    assert waits == [25, 25, 10]


@pytest.mark.parametrize(
    ("printed", "seconds"),
    [("0:01.25\n", 1.25), ("00:02:03\n", 123), ("1-00:00:04", 86404), ("", 0)],
    ids=["macOS", "Linux", "days", "ended"],
)
def test_the_time_at_a_processor_is_that_of_ps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: str, seconds: float
) -> None:
    (tmp_path / "ps").write_text(f"#!/bin/sh\nprintf '{printed}'\n")
    (tmp_path / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert had_processor(1) == seconds


def test_the_kernel_tells_how_long_a_process_waited() -> None:
    assert 0 < kept_waiting(os.getpid()) < 3600
    with subprocess.Popen([sys.executable, "-c", ""]) as over:
        pass
    assert kept_waiting(over.pid) == 0


@pytest.mark.parametrize("ends", [end, end_at_once])
def test_another_process_with_the_same_id_is_left_alone(ends: Callable[[Any], None]) -> None:
    over = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    over.wait()
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as another:
        over.pid = another.pid
        ends(over)
        another.communicate(b"\n")
        assert another.returncode == 0


@pytest.mark.parametrize("ends", [end, end_at_once])
def test_the_children_of_an_ended_process_are_ended(ends: Callable[[Any], None]) -> None:
    starts = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'])"
    over = subprocess.Popen(
        [sys.executable, "-c", starts],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    over.wait()
    ends(over)
    assert over.stdin and over.stdout
    assert over.stdout.read() == b"", "the child must have ended"
    over.stdout.close()
    over.stdin.close()


# The process's mount namespace is its own, where the kernel lets it have one.
ALONE = """
import contextlib, os
with contextlib.suppress(OSError):
    os.unshare(os.CLONE_NEWNS | (os.CLONE_NEWUSER if os.geteuid() else 0))
print("ready", flush=True)
input()
"""


def alone() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    process.stdout.readline()
    return process


def test_a_later_container_is_left_alone() -> None:
    """The kernel gives a new namespace the number of one that is gone."""
    with alone() as over:
        freeze(over)
        over.kill()
    with alone() as later:
        end_at_once(over)
        later.communicate(b"\n")
        assert later.returncode == 0


# A file's content, and its variables.
VARIABLES = {
    "byte order mark": (b"\xef\xbb\xbfA=1\nB=2\n", {"A": "1", "B": "2"}),
    "Windows' lines": (b"A=1\r\nB='2'\r\n", {"A": "1", "B": "2"}),
    "line separator": ("A=1\u20282\nB='\u2029'".encode(), {"A": "1\u20282", "B": "\u2029"}),
    "separators around": ("A=\u20281\u2028\n".encode(), {"A": "\u20281\u2028"}),
    "other ends of lines": (b"A=1\x0b2\x0c3\x1c4\xc2\x855\n", {"A": "1\v2\f3\x1c4\x855"}),
    "spaces": (b" \tA = 1 \t# one\n\n  # none\n", {"A": "1"}),
    "a NUL in a comment": (b"# \0\nA=1\n", {"A": "1"}),
    "nothing": (b"", {}),
}


@pytest.mark.parametrize(("data", "variables"), VARIABLES.values(), ids=VARIABLES)
def test_a_file_with_variables(tmp_path: Path, data: bytes, variables: dict[str, str]) -> None:
    (tmp_path / "file").write_bytes(data)
    assert read_env_file(str(tmp_path / "file")) == variables


NO_VARIABLES = {
    "NUL": (b"A=1\nB=se\0cret\n", "line 2: a variable can't have a NUL byte: remove it"),
    "NUL in a name": (b"A\0=secret\n", "line 1: must be NAME=VALUE"),
    "UTF-16": ("A=secret".encode("utf-16"), "can't be read: it isn't text"),
    "no UTF-8": (b"A=\xffsecret", "can't be read: it isn't text"),
}


@pytest.mark.parametrize(("data", "sentence"), NO_VARIABLES.values(), ids=NO_VARIABLES)
def test_an_invalid_file_of_variables(tmp_path: Path, data: bytes, sentence: str) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ValueError, match=sentence) as caught:
        read_env_file(str(tmp_path / "file"))
    assert "secret" not in str(caught.value)
