"""The invocations of the emulated AWS's functions, as their workers write them to a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from telegram_bot_aws.local.container import Invocation


class Invocations:
    """The invocations in a file, each a line of JSON. Each is returned once.

    It is there before the emulator answers the request. `tell` is called with each.
    """

    def __init__(self, file: Path, tell: Callable[[Invocation], None]) -> None:
        self._file = file
        self._tell = tell
        self._read = 0  # bytes
        self._unclaimed: list[Invocation] = []

    def take(self, is_wanted: Callable[[Invocation], bool]) -> list[Invocation]:
        """Return the wanted invocations among those that nobody has taken, in order."""
        self._unclaimed += self.new()
        found = [each for each in self._unclaimed if is_wanted(each)]
        self._unclaimed = [each for each in self._unclaimed if not is_wanted(each)]
        return found

    def new(self) -> list[Invocation]:
        """Return the invocations that ended since the last call, in order."""
        with self._file.open("rb") as file:
            file.seek(self._read)
            whole, end, _ = file.read().rpartition(b"\n")
        self._read += len(whole + end)
        invocations = [Invocation(**json.loads(line)) for line in whole.splitlines()]
        for each in invocations:
            self._tell(each)
        return invocations


def has_come(invocation: Invocation) -> bool:
    """Tell whether the queue or another service of AWS made an invocation."""
    return invocation.is_from_queue or is_event(invocation)


def is_event(invocation: Invocation) -> bool:
    """Tell whether a service made an invocation, and the bot got to know (unlike of a warm-up)."""
    came = invocation.event is not None and not invocation.is_from_queue
    return came and bool(invocation.error or invocation.outcome)
