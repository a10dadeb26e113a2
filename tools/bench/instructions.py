"""Counts the instructions of start-up and of an update, by cachegrind of valgrind.

On one machine the counts are the same to a thousandth from run to run, however busy it is. Other
versions of Python or OpenSSL have others, so only with these are the counts compared with limits.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from telegram_bot_aws.local.processes import ToolError

from bench import measure
from bench.measure import Variant
from bench.report import markdown

JUDGED = ("3.13.0", "OpenSSL 3.0")  # the versions that the limits are of

# By variant: million instructions of start-up and of an update, beyond an empty function's.
LIMITS = {
    "this bot, webhook": (8.8, 0.45),
    "this bot, api, with a session": (154.6, 3.6),
}
UPDATES = 100  # an update is the mean of so many, with what the first one loads
TRIES = 3  # of a count, while the machine is too busy to connect in time


class Count(NamedTuple):
    """Million instructions of a variant: of start-up, and of an update."""

    name: str
    startup: float
    update: float

    def beyond(self) -> list[str]:
        """Return what is beyond its limit."""
        startup, update = LIMITS[self.name]
        return [
            f"{self.name}: {what} takes {count:.2f} million instructions, and at most {limit:g}"
            for what, count, limit in (
                ("start-up", self.startup, startup),
                ("an update", self.update, update),
            )
            if not 0 < count <= limit
        ]


def count_all(empty: Variant, variants: Iterable[Variant]) -> list[Count]:
    """Count the instructions of each variant beyond those of an empty function."""
    of_empty = count(empty)
    return [
        Count(name, startup - of_empty.startup, update - of_empty.update)
        for name, startup, update in map(count, variants)
    ]


def count(variant: Variant) -> Count:
    startup, total = instructions(variant, 0), instructions(variant, UPDATES)
    return Count(variant.name, startup / 1e6, (total - startup) / UPDATES / 1e6)


def instructions(variant: Variant, updates: int) -> int:
    """Return the instructions of a process that starts a function and has it answer updates."""
    valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
    python = [*valgrind, "--cachegrind-out-file=/dev/null", variant.python]
    environment = {"PYTHONHASHSEED": "0"}
    if (variant.folder / "botkit").exists():
        environment["SLOW"] = "1"
    for _ in range(TRIES):
        done = measure.run(python, variant, updates, **environment)
        found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
        if done.returncode or not found or done.stderr.count('"statusCode": 200') != updates:
            raise ToolError(f"{variant.name} can't be counted: {done.stderr[-2000:]}")
        if "connection failed at start-up" not in done.stdout:
            return int(found[1].replace(",", ""))
    raise ToolError("the machine is too busy: connections aren't open in time")


def table(counts: Sequence[Count]) -> str:
    """Return the counts and their limits as a table."""
    rows = []
    for each in counts:
        startup, update = LIMITS[each.name]
        cells = (each.startup, startup, each.update, update)
        rows.append([each.name, *(f"{cell:.2f}" for cell in cells)])
    return markdown(["million instructions", "start-up", "limit", "an update", "limit"], rows)


def why_not_judged(python: str) -> str:
    """Return why a Python's counts can't be compared with the limits, or "" if they can."""
    program = "import platform, ssl; print(platform.python_version(), ssl.OPENSSL_VERSION)"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    version, _, openssl = done.stdout.strip().partition(" ")
    if version == JUDGED[0] and openssl.startswith(JUDGED[1]):
        return ""
    return f"not judged: the limits are of {' and '.join(JUDGED)}, this is {done.stdout.strip()}"


def require_valgrind() -> None:
    """Raise ToolError if there is no valgrind."""
    if not shutil.which("valgrind"):
        raise ToolError("valgrind is needed, which counts instructions: install it")


def show(counts: Sequence[Count], python: str) -> int:
    """Print the counts. Returns the exit code: 1 if one is beyond its limit."""
    print(table(counts))
    if why := why_not_judged(python):
        print(why)
        return 0
    beyond = [line for each in counts for line in each.beyond()]
    print(*beyond, sep="\n", end="\n" if beyond else "", file=sys.stderr)
    return 1 if beyond else 0
