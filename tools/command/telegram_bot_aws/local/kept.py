"""Gives a function's process on this machine its stand-ins for AWS, which keep data in files.

Functions' processes execute this file alone, and on the emulated AWS their package has no stand-in.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

Json = dict[str, Any]
Tell = Callable[[Json], None]

NO_AWS = (
    "there is no AWS here: leave it out, or try it with its tables and permissions by "
    "demo --config DIR"
)


def install(aws: ModuleType, sessions: str, schedules: str, failed: str) -> None:
    """Have a function keep these in files. There is nothing to connect to at start-up.

    Without credentials, which an --env-file may have, other requests to AWS are refused.
    """
    from botkit.fakes.services import Queue, Queues, Schedules, Table

    if not os.environ.get("AWS_ACCESS_KEY_ID"):
        aws._Request = partial(_refuse, aws)  # type: ignore[attr-defined]
    aws.call = Queue(aws, queue_beside(Path(sessions))).call  # type: ignore[attr-defined]
    aws.call = Table(aws, os.environ["SESSION_TABLE"], Path(sessions)).call  # type: ignore[attr-defined]
    if queue := os.environ.get("FAILED_QUEUE_URL"):
        aws.call = Queues(aws, queue, file=Path(failed)).call  # type: ignore[attr-defined]
    aws.request = Schedules(aws, Path(schedules)).request  # type: ignore[attr-defined]
    aws.prepare = aws.connect = lambda service: None  # type: ignore[attr-defined]


def _refuse(aws: ModuleType, *request: Any) -> None:
    raise aws.Unreachable(NO_AWS)


def watch(aws: ModuleType, tell: Tell) -> None:
    """Tell of each session that a function reads ("before") or writes ("after"), as text."""
    call = aws.call

    def watched(service: str, target: str, params: Json) -> Any:
        answer = call(service, target, params)
        is_session = not target.endswith(".UpdateItem")  # which counts, for LIMIT
        if is_session and params.get("TableName") == os.environ.get("SESSION_TABLE"):
            written = params.get("Item")
            item = written or answer.get("Item", {})
            key = (written or params["Key"])["id"]["S"]
            text = item.get("session", {"S": "{}"})["S"]
            tell({"session": key, "after" if written else "before": text})
        return answer

    aws.call = watched  # type: ignore[attr-defined]


def queue_beside(sessions: Path) -> Path:
    """Return the file of the queue next to that of the sessions."""
    return sessions.with_suffix(".queue.json")
