"""Items in a JSON file that several processes change."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@contextlib.contextmanager
def alone(file: Path | None) -> Iterator[None]:
    """Lock a file, if one is given, for a block: other processes also write it."""
    if not file:
        yield
        return
    import fcntl  # not on Windows, where tests need no file

    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(file: Path) -> Json:
    """Return the items in a file, {} if there is no file."""
    with contextlib.suppress(FileNotFoundError):
        items: Json = json.loads(file.read_text())
        return items
    return {}


def write(file: Path, items: Json) -> None:
    """Write items into a file that only its owner can read, all of them or none."""
    new = file.with_name(f"{file.name}.new")
    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    new.touch(0o600)
    new.write_text(json.dumps(items))
    new.replace(file)
