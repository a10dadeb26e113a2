"""The demo's output in the terminal: answers, progress with the seconds of each step, and logs."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from telegram_stand_in import Json

from telegram_bot_aws.local.container import Invocation
from telegram_bot_aws.local.terminal import coloured

COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
# Of a line: what is shown elsewhere, or says nothing in a terminal.
SHOWN = {"level", "location", "logger", "message", "requestId", "timestamp", "traceback"}

_aside = threading.RLock()  # guards the next two
_under_way = False  # a step
_waiting: list[Callable[[], None]] = []  # what is printed after it


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Tell what is being done, and how long it took."""
    global _under_way
    tell(f"{name} … ", end="")
    with _aside:
        _under_way = True
    started = time.monotonic()
    try:
        yield
    except BaseException:
        tell(f"stopped after {time.monotonic() - started:.1f} s", colour="red")
        raise
    else:
        tell(f"{time.monotonic() - started:.1f} s", colour="green")
    finally:
        with _aside:
            _under_way = False
            while _waiting:
                _waiting.pop(0)()


def aside(text: str, *, colour: str = "", file: TextIO | None = None) -> None:
    """Print from any thread (by default progress): after a step under way, whose line is open."""

    def print_it() -> None:
        with contextlib.suppress(OSError):  # the program that reads the output has ended
            say(text, colour=colour, file=file or sys.stderr)

    with _aside:
        if _under_way:
            _waiting.append(print_it)
        else:
            print_it()


def tell(text: str, *, colour: str = "", end: str = "\n") -> None:
    """Print progress."""
    say(text, colour=colour, end=end, file=sys.stderr)


def say(text: str, *, colour: str = "", end: str = "\n", file: TextIO | None = None) -> None:
    """Print an answer, with control characters made visible."""
    output = file or sys.stdout
    print(coloured(text, colour, output), end=end, file=output, flush=True)


def tell_log(invocation: Invocation, *, everything: bool = False, as_json: bool = False) -> None:
    """Print the output of an invocation, and the bot's log lines at WARNING or above, in order.

    With `everything` it is all that CloudWatch keeps, as JSON to standard output if `as_json`. The
    failure of an update or an event is told elsewhere.
    """
    for line in invocation.output:
        if isinstance(line, str):
            aside(line.rstrip("\n"))
        elif everything and as_json:
            aside(json.dumps(line, ensure_ascii=False), file=sys.stdout)
        elif everything or (line.get("level") in COLOURS and "outcome" not in line):
            aside(shown(line), colour=COLOURS.get(f"{line.get('level')}", ""))
    if invocation.outcome.get("outcome") == "mini_app_error":
        aside(f"A request of the page failed:\n{invocation.failure}", colour="red")


def shown(line: Json) -> str:
    """Return a line of a log for people: its level, message and fields, and then its traceback."""
    fields = {name: value for name, value in line.items() if name not in SHOWN}
    more = json.dumps(fields, ensure_ascii=False) if fields else ""
    head = " ".join(filter(None, (f"{line.get('level')}:", f"{line.get('message')}", more)))
    return f"{head}\n{line.get('traceback', '')}".rstrip()
