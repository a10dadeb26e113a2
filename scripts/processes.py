"""Processes that end with us: signals, ports, and an environment without accounts."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import Any


class ToolError(Exception):
    """Something that is needed is missing, or failed; the text says what, and what to do."""


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Delay signals until the end of the block.

    A process or a folder that is made in it is known by then, and so can be ended or removed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted by signals
        return
    came: list[int] = []
    kinds = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.signal(kind, lambda number, _: came.append(number)) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
        for number in came:
            signal.raise_signal(number)


def end(process: subprocess.Popen[Any]) -> None:
    """End a process that leads its own session, and all that it started."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)


def isolated_environment(home: str) -> dict[str, str]:
    """Return this process's environment without accounts, profiles and settings of tools."""
    removed = ("AWS_", "TF_", "TELEGRAM_", "CHECKPOINT_")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(removed)},
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": home,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
