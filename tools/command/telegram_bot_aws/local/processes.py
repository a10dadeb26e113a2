"""Processes that end with us: signals, ports, and an environment without accounts."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

# NAME=VALUE, perhaps followed by a comment.
ASSIGNMENT = re.compile(
    r"""([A-Za-z_][A-Za-z0-9_]*|(?:/[A-Za-z0-9_.-]+)+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^"'\s#].*?)?)(?:\s+\#.*)?""",
    re.ASCII,
)


WALL_SECONDS = 60.0  # for what starts, where nobody tells how long it waited for a processor


class ToolError(Exception):
    """A needed tool is missing or failed; the text says which, and gives advice."""


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Delay signals until the end of the block.

    So a process or folder that is made in the block is known, and can be cleaned up.
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
        _signal_group(process, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)


def in_time(process: int, seconds: float, wait: Callable[[float], object]) -> bool:
    """Wait for a process, which has so many seconds. Returns whether it was over in time.

    `wait(seconds)` waits that long, and tells whether it is over. The time in which others had the
    processor doesn't count: a busy machine is slower than Lambda.
    """
    began = time.monotonic()
    while (left := _left(process, seconds, time.monotonic() - began)) > 0:
        if wait(left):
            return True
    return False


def _left(process: int, seconds: float, elapsed: float) -> float:
    """Return how many of its seconds a process still has.

    Only Linux tells how long it waited for a processor. Elsewhere the time counts in which it had
    one, and a minute in all.
    """
    if sys.platform == "linux":
        return seconds + kept_waiting(process) - elapsed
    return min(seconds - had_processor(process), max(seconds, WALL_SECONDS) - elapsed)


def has_ended(process: subprocess.Popen[Any], seconds: float) -> bool:
    """Wait for a process so many seconds, and return whether it has ended."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def kept_waiting(process: int) -> float:
    """Return how many seconds a process, or rather one of its threads, waited for a processor.

    Source: https://docs.kernel.org/scheduler/sched-stats.html
    """
    waited = [0]
    for thread in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # it has ended
            waited.append(int(thread.read_text().split()[1]))
    return max(waited) / 1e9


def had_processor(process: int) -> float:
    """Return how many seconds a process has had a processor, 0 if it has ended.

    Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/ps.html
    """
    asked = subprocess.run(
        ["ps", "-o", "time=", "-p", f"{process}"], capture_output=True, text=True
    )
    days, _, rest = asked.stdout.strip().rpartition("-")
    seconds = 86400.0 * int(days or 0)
    for power, part in enumerate(reversed(rest.split(":"))):  # 0:01.25 on macOS
        seconds += 60**power * float(part or 0)
    return seconds


def freeze(process: subprocess.Popen[Any]) -> None:
    """Stop a process that leads its own group, with all in it, as Lambda does between events."""
    _signal_container(process, signal.SIGSTOP)


def thaw(process: subprocess.Popen[Any]) -> None:
    """Let a process that was frozen go on, with all that was."""
    _signal_container(process, signal.SIGCONT)


def end_at_once(process: subprocess.Popen[Any]) -> None:
    """Kill a process that leads its own session, and all that it started."""
    _signal_container(process, signal.SIGKILL)
    process.wait()
    if held := _namespaces.pop(process, None):
        os.close(held)


# The mount namespaces of processes, by which their children are known that left their groups. Each
# is held open: the kernel gives the number of one that is gone to the next, another container's.
_namespaces: WeakKeyDictionary[subprocess.Popen[Any], int] = WeakKeyDictionary()


def _signal_container(process: subprocess.Popen[Any], kind: int) -> None:
    """Send a signal to a process's group, and to the others in a namespace that it has made."""
    if process not in _namespaces and process.poll() is None:
        with contextlib.suppress(OSError):
            held = os.open(f"/proc/{process.pid}/ns/mnt", os.O_RDONLY)
            if os.fstat(held).st_ino == _namespace("self"):  # it hasn't made one, or not yet
                os.close(held)
            else:
                _namespaces[process] = held
    _signal_group(process, kind)
    try:
        namespace = os.fstat(_namespaces[process]).st_ino
    except (KeyError, OSError):  # there is none, or it was closed by another thread
        return
    for folder in Path("/proc").glob("[0-9]*"):
        if _namespace(folder.name) == namespace:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(folder.name), kind)


def _namespace(process: str) -> int:
    """Return the number of a process's mount namespace, or 0 if nobody tells."""
    try:
        return Path(f"/proc/{process}/ns/mnt").stat().st_ino
    except OSError:
        return 0


def _signal_group(process: subprocess.Popen[Any], kind: int) -> None:
    """Send a signal to a process's group, which may outlive the process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.poll() is not None:
            # The id was reused, so the group also belongs to another process.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, 0)
                return
        os.killpg(process.pid, kind)


# Ends our children and removes our folders if we are killed.
WATCHER = """
import os, shutil, signal, sys
def namespace(process):
    try:
        return os.stat(f"/proc/{process}/ns/mnt").st_ino
    except OSError:
        return 0
def end(group):
    try:
        held = os.open(f"/proc/{group}/ns/mnt", os.O_RDONLY)  # its number isn't given to another
        own = os.fstat(held).st_ino
    except OSError:
        own = 0
    os.killpg(group, signal.SIGKILL)
    if own not in (0, namespace("self")):
        for each in filter(str.isdecimal, os.listdir("/proc")):
            if namespace(each) == own:
                os.kill(int(each), signal.SIGKILL)
left = []
for line in sys.stdin:
    sign, thing = line[0], line[1:].rstrip("\\n")
    if sign == "+":
        left.append(thing)
    elif thing in left:
        left.remove(thing)
for thing in sorted(left, reverse=True):  # groups before folders
    kind, value = thing.split(" ", 1)
    try:
        end(int(value)) if kind == "group" else shutil.rmtree(value)
    except OSError:
        pass
"""
_watcher: subprocess.Popen[str] | None = None
_watcher_lock = threading.Lock()


def watched(kind: str, value: int | str, *, over: bool = False) -> None:
    """Clean this up even if we are killed: a "group" of processes (its leader's id) or a "folder".

    `over`: it is gone, so there is nothing left to clean up.
    """
    global _watcher
    with _watcher_lock:
        if _watcher is None:
            _watcher = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", WATCHER],
                cwd="/",
                env={},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            atexit.register(_end_watcher, _watcher)
        assert _watcher.stdin
        with contextlib.suppress(BrokenPipeError):
            print("-" if over else "+", kind, " ", value, sep="", file=_watcher.stdin, flush=True)


def _end_watcher(watcher: subprocess.Popen[str]) -> None:
    """End the watcher, which first cleans up what is left."""
    with contextlib.suppress(BrokenPipeError):
        assert watcher.stdin
        watcher.stdin.close()
    watcher.wait()


def made_environment(home: str) -> dict[str, str]:
    """Return an environment with only those of our variables that a program can't do without.

    `home` is an empty folder, so that programs find no profile and no credentials.
    """
    kept = ("PATH", "SSL_CERT_DIR", "SSL_CERT_FILE")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": home,
        "LANG": "C.UTF-8",
        "TMPDIR": home,
    }


def read_env_file(path: str, *, parameters: bool = False) -> dict[str, str]:
    """Return the variables of a file: lines of NAME=VALUE, comments (#), values in quotes or not.

    With `parameters`, a name may be that of a parameter in Parameter Store: /bot/key.

    As in a shell, only a line feed ends a line, and as in Docker a byte order mark may begin the
    file. Raises ValueError, which quotes no value.
    """
    try:
        lines = Path(path).read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it isn't text"
        raise ValueError(f"{path} can't be read: {reason}") from None
    variables = {}
    for number, line in enumerate(lines, 1):
        text = line.strip(" \t\r").removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        found = ASSIGNMENT.fullmatch(text)
        if not found or (text.startswith("/") and not parameters):
            raise ValueError(f"{path}, line {number}: must be NAME=VALUE")
        if "\0" in text:
            raise ValueError(f"{path}, line {number}: a variable can't have a NUL byte: remove it")
        variables[found[1]] = found[2] or found[3] or found[4] or ""
    return variables
