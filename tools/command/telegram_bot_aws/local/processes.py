"""Processes and their groups, ports, and an environment without accounts."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

# NAME=VALUE, perhaps followed by a comment.
ASSIGNMENT = re.compile(
    r"""([A-Za-z_][A-Za-z0-9_]*|(?:/[A-Za-z0-9_.-]+)+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^"'\s#].*?)?)(?:\s+\#.*)?""",
    re.ASCII,
)


SURE = 1.25  # factor of a limit of memory above which a process has surely taken too much


class ToolError(Exception):
    """A needed tool is missing or failed; the text says which, and gives advice."""


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[Any]) -> None:
    """End a process that leads its own group, and all that it started."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        signal_group(process, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)


def end_at_once(process: subprocess.Popen[Any]) -> None:
    """Kill a process that leads its own group, and all in it."""
    signal_group(process, signal.SIGKILL)
    process.wait()


def too_much_memory(process: int, most: int) -> str:
    """Return a line about a process that has taken surely more than `most` MB, or nothing.

    Only Linux tells: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:  # it has ended
        return ""
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    taken = int(found[1]) / 1024 if found else 0
    # AWS counts other pages than the kernel here.
    if taken <= most * SURE:
        return ""
    return f"about {taken:.0f} of {most} MB: AWS would end this. Raise memory_size\n"


def signal_group(process: subprocess.Popen[Any], kind: int) -> None:
    """Send a signal to a process's group, which may outlive the process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, kind)


def minimal_environment(home: str) -> dict[str, str]:
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
