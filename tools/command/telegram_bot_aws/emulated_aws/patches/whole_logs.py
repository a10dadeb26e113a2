"""A function's log has all that it wrote before it answered.

MiniStack waits 50 ms at most for a function's log, and then goes on without. That loses lines on a
busy machine.
"""

from __future__ import annotations

import os
import queue
import select
import threading
from typing import Any

from ministack.core import lambda_runtime


class Output:
    """The output of a function's process, which goes into a queue by lines.

    A thread follows it, so that the process never has to wait. Call `read` for all
    output up to now.
    """

    def __init__(self, pipe: int, lines: queue.Queue[str]) -> None:
        self._pipe = os.dup(pipe)  # its other owner may close it at any time
        os.set_blocking(self._pipe, False)
        self._lines = lines
        self._rest = b""  # of a line that isn't complete
        self._lock = threading.Lock()
        self._is_over = False
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while self.read():
            select.select([self._pipe], [], [])
        os.close(self._pipe)

    def read(self) -> bool:
        """Read what was written up to now. Returns whether more can come."""
        with self._lock:
            while not self._is_over:
                try:
                    data = os.read(self._pipe, 1 << 16)
                except BlockingIOError:
                    break
                self._is_over = not data
                *whole, self._rest = (self._rest + data).split(b"\n")
                if self._is_over and self._rest:
                    whole.append(self._rest)
                for line in whole:
                    self._lines.put(line.decode(errors="replace"))
            return not self._is_over


def with_whole_logs(worker: Any) -> Any:
    """Return MiniStack's class of a function's process, with its output read by `Output`."""

    class Worker(worker):  # type: ignore[misc]
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.output: Output | None = None
            self.beginning = threading.Lock()

        def _spawn(self) -> None:
            self.output = None
            super()._spawn()
            self._read_stderr()

        def _read_stderr(self) -> None:
            with self.beginning:
                if self.output is None:
                    self.output = Output(self._proc.stderr.fileno(), self._stderr_queue)

        def _drain_stderr(self) -> str:
            if self.output:
                self.output.read()
            text: str = super()._drain_stderr()
            return text

        def _drain_stderr_bounded(self) -> str:
            return self._drain_stderr()

    return Worker


def apply() -> None:
    """Have MiniStack's functions be read so."""
    lambda_runtime.Worker = with_whole_logs(lambda_runtime.Worker)
