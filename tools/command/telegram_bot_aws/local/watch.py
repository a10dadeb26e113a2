"""Tells of a function's sessions, and of what it keeps elsewhere, for the demo.

Functions' processes execute this file alone.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from types import ModuleType, NoneType
from typing import Any

Json = dict[str, Any]
Tell = Callable[[Json], None]

# Of a variable that may hold state. An open connection, for example, has another type.
PLAIN = (bool, bytes, bytearray, deque, dict, float, int, list, NoneType, set, str, tuple)


def watch(aws: ModuleType, tell: Tell) -> None:
    """Tell of each session that a function reads ("before") or writes ("after"), as text."""
    call = aws.call

    def watched(service: str, target: str, params: Json, **more: Any) -> Any:
        answer = call(service, target, params, **more)
        is_session = not target.endswith(".UpdateItem")  # which counts
        if is_session and params.get("TableName") == os.environ.get("SESSION_TABLE"):
            written = params.get("Item")
            item = written or answer.get("Item", {})
            key = (written or params["Key"])["id"]["S"]
            text = item.get("session", {"S": "{}"})["S"]
            tell({"session": key, "after" if written else "before": text})
        return answer

    aws.call = watched  # type: ignore[attr-defined]


def lasting() -> Callable[[], list[str]]:
    """Return a function that names what the bot keeps in its container, which may end at any time.

    These are new files in /tmp, and variables of bot.py that have changed since the last time.
    """
    temporary = os.environ.get("TMPDIR", "/tmp")
    files = {file.path for file in os.scandir(temporary)}
    before: dict[str, str] = {}

    def kept() -> list[str]:
        nonlocal before
        content = [*vars(sys.modules["bot"]).items()] if "bot" in sys.modules else []
        now = {name: text(value) for name, value in content if not name.startswith("__")}
        changed = [name for name in now if before and now[name] not in ("", before.get(name))]
        before = now
        new = [file.path for file in os.scandir(temporary) if file.path not in files]
        return [*(f"{name} in bot.py" for name in changed), *new]

    def text(value: Any) -> str:
        try:
            return repr(value) if isinstance(value, PLAIN) else ""
        except Exception:  # of an object in it, or a thread changes it
            return ""

    kept()
    return kept
