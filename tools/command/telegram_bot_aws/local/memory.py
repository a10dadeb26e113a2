"""How much memory a function's process takes, with its children."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.1  # between two looks at a process
# AWS counts other pages than are counted here, so only a size well above the limit fails.
SURE = 1.25


class Memory:
    """Measures the most memory that a process takes, with its children, until the block ends.

    `process` returns its id, if it runs, and `on_too_much` is called when it takes surely more than
    `most` MB, if there is such a limit.
    """

    def __init__(
        self,
        most: int,
        process: Callable[[], int | None],
        on_too_much: Callable[[], None] = lambda: None,
    ) -> None:
        self.taken = 0.0  # MB
        self._most, self._process, self._on_too_much = most, process, on_too_much
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Memory:
        if self._most:
            self._thread.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._over.set()
        if self._most:
            self._thread.join()

    def _follow(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.look()
        self.look()

    def look(self) -> None:
        """Measure once."""
        if process := self._process():
            before, self.taken = self.too_much, max(self.taken, taken(process))
            if self.too_much and not before:
                self._on_too_much()

    @property
    def too_much(self) -> str:
        """The line about memory that AWS wouldn't give, if the process took that."""
        if self.taken <= self._most * SURE:
            return ""
        taken = f"about {self.taken:.0f} of {self._most} MB"
        return f"{taken}: AWS would end this. Raise memory_size\n"


def taken(process: int) -> float:
    """Return how many MB a process takes: at most so far, or now with its children.

    A page that several of them share counts once.
    """
    all_of_them = [process, *_children(process)]
    now = sum(_number(each, "smaps_rollup", "Pss:") for each in all_of_them)
    return max(_number(process, "status", "VmHWM:"), now) / 1024


def _number(process: int, file: str, name: str) -> int:
    """Return a number of kB that the kernel tells of a process, 0 if it has ended."""
    for line in _read(process, file).splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _children(process: int) -> Iterator[int]:
    """Yield the children of a process, and theirs, but those that have its own memory yet."""
    for thread in _threads(process):
        for child in map(int, _read(process, f"task/{thread}/children").split()):
            # The sizes of two programs may be the same by chance.
            if any(_read(child, what) != _read(process, what) for what in ("statm", "cmdline")):
                yield child
                yield from _children(child)


def _threads(process: int) -> list[str]:
    try:
        return [path.name for path in Path(f"/proc/{process}/task").iterdir()]
    except OSError:
        return []


def _read(process: int, file: str) -> str:
    try:
        return Path(f"/proc/{process}/{file}").read_text()
    except OSError:
        return ""
