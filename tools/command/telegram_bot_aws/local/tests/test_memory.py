"""memory.py: how much memory a process takes, with its children."""

from __future__ import annotations

import subprocess
import sys

import pytest

from telegram_bot_aws.local.memory import taken

TAKES = "import os, subprocess, sys; held = b'x' * (100 << 20)"
SAYS = "(print('ready', flush=True), sys.stdin.readline())"
CHILD = f"subprocess.Popen([sys.executable, '-c', {f'{TAKES}; {SAYS}'!r}]).wait()"

# Programs, and how many times 100 MB they hold.
PROGRAMS = {
    "alone": (f"{TAKES}; {SAYS}", 1),
    "with a program that it runs": (f"{TAKES}; {CHILD}", 2),
    "with a copy that shares it": (f"{TAKES}; os.fork() and os.wait() or {SAYS}", 1),
    "no longer": (f"{TAKES}; del held; {SAYS}", 1),
}


@pytest.mark.parametrize(("program", "times"), PROGRAMS.values(), ids=PROGRAMS)
def test_it_counts_its_children_and_nothing_twice(program: str, times: int) -> None:
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"
        assert 100 * times < taken(process.pid) < 100 * times + 60
        process.communicate("\n")
    assert taken(process.pid) == 0
