"""A function's process is frozen between events, and ends as a container of AWS's does.

MiniStack's functions go on between two events, take any amount of memory, and leave what they
started.
"""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from telegram_bot_aws.local.processes import end_at_once, freeze, thaw, too_much_memory


class Process(subprocess.Popen[str]):
    """A function's process, which leads its own group."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named, process_group=0)


def end_function(process: Process | None) -> None:
    """End a function's process as AWS does: at once, with all that it started."""
    if process:
        end_at_once(process)


def as_a_container(worker: Any) -> Any:
    """Return MiniStack's class of a function's process, which is like a container of AWS's.

    It is frozen between invocations, and ended if it takes too much memory.
    """

    class Worker(worker):  # type: ignore[misc]
        def _spawn(self) -> None:
            end_function(self._proc)  # it ended by itself, but perhaps not its children
            super()._spawn()

        def invoke(self, *arguments: Any, **named: Any) -> Any:
            if self._proc:
                thaw(self._proc)
            response = super().invoke(*arguments, **named)
            if self._proc:
                told = too_much_memory(self._proc.pid, self.config.get("MemorySize", 128))
                if told:
                    response |= {"status": "error", "error": told.rstrip("\n")}
                    self.kill()
                else:
                    freeze(self._proc)
            return response

    return Worker


def apply() -> None:
    """Have MiniStack's functions be such containers."""
    lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": Process})
    lambda_runtime._signal = end_function
    lambda_runtime.Worker = as_a_container(lambda_runtime.Worker)
