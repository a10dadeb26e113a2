"""Tells of the sessions that a function reads and writes, for the demo.

Functions' processes execute this file alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

Json = dict[str, Any]
Tell = Callable[[Json], None]


def watch(aws: ModuleType, tell: Tell) -> None:
    """Tell of each session that a function reads ("before") or writes ("after"), as text."""
    call = aws.call

    def watched(service: str, target: str, params: Json, **more: Any) -> Any:
        answer = call(service, target, params, **more)
        is_session = not target.endswith(".UpdateItem")  # which counts, for LIMIT
        if is_session and params.get("TableName") == os.environ.get("SESSION_TABLE"):
            written = params.get("Item")
            item = written or answer.get("Item", {})
            key = (written or params["Key"])["id"]["S"]
            text = item.get("session", {"S": "{}"})["S"]
            tell({"session": key, "after" if written else "before": text})
        return answer

    aws.call = watched  # type: ignore[attr-defined]
