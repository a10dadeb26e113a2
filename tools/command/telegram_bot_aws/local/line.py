"""The queue between a webhook and the bot, on this machine: one update after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botkit.fakes.files import alone, read, write
from botkit.fakes.services import queue_event

Json = dict[str, Any]

LOOK_SECONDS = 30.0  # between two looks: a machine that sleeps stops the clock of a pause


class Line:
    """Takes updates out of a queue's file, each group's in order, while the `with` block lasts.

    `answer` answers an event of the queue, and returns the function's result.
    """

    def __init__(self, file: Path, answer: Callable[[Json], Any]) -> None:
        self._file, self._answer = file, answer
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Line:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.look(is_over=True)
        self._thread.join()

    def look(self, *, is_over: bool = False) -> None:
        """Have the queue looked at again."""
        with self._changed:
            self._is_over |= is_over
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._is_over:
                    return
                first = {each["group"]: each for each in reversed(read(self._file).values())}
                taken = min(first.values(), key=lambda each: each["hidden"], default=None)
                seconds = taken["hidden"] - time.time() if taken else None
                if not taken or (seconds and seconds > 0):
                    self._changed.wait(seconds and min(seconds, LOOK_SECONDS))
                    continue
            self._take(taken["id"])

    def _take(self, id_: str) -> None:
        with alone(self._file):
            messages = read(self._file)
            message = messages[id_]
            message["received"] += 1
            # If the function ends by itself. Otherwise it sets a pause, or the update is done.
            message["hidden"] = time.time() + min(2 ** message["received"], 60)
            write(self._file, messages)
        result = self._answer(queue_event(message))
        if result == {"batchItemFailures": []}:
            with alone(self._file):
                messages = read(self._file)
                del messages[id_]
                write(self._file, messages)
