"""Processes that end with us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from local.processes import end, end_at_once


@pytest.mark.parametrize("ends", [end, end_at_once])
def test_another_process_that_has_the_id_now_goes_on(ends: Callable[[Any], None]) -> None:
    over = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    over.wait()
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as another:
        over.pid = another.pid
        ends(over)
        another.communicate(b"\n")
        assert another.returncode == 0


@pytest.mark.parametrize("ends", [end, end_at_once])
def test_what_a_process_leaves_is_ended(ends: Callable[[Any], None]) -> None:
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
    assert over.stdout.read() == b"", "the child had it open"
    over.stdout.close()
    over.stdin.close()
