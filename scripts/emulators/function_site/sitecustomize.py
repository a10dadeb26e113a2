"""What MiniStack's runtime lacks, compared to AWS's: logs as JSON, and the time of a start.

It also tells of the sessions that a function reads and writes, for the demo.

Python loads this in each process that has this folder in PYTHONPATH, such as those that MiniStack
runs functions in. Like AWS's runtime client, it gives the root logger a handler.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

SESSIONS = Path(__file__).parents[2] / "local" / "sessions.py"
START = "start-up"  # the message of the line about a start


class Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        from awslambdaric.lambda_runtime_log_utils import JsonFormatter

        line = JsonFormatter().format(record)
        os.write(2, line.rstrip("\n").encode() + b"\n")  # at once and whole


class StartTimer(importlib.abc.MetaPathFinder):
    """Logs how long the import of the function's handler takes."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "handler":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def timed(module: ModuleType) -> None:
                began = time.perf_counter()
                load(module)
                took = round((time.perf_counter() - began) * 1000, 1)
                say({"message": START, "milliseconds": took})
                if "SESSION_TABLE" in os.environ:
                    watch_sessions()

            spec.loader.exec_module = timed  # type: ignore[method-assign]
        return spec


def say(line: dict[str, Any]) -> None:
    os.write(2, json.dumps(line).encode() + b"\n")


def watch_sessions() -> None:
    names: dict[str, Any] = {"__name__": "sessions"}
    exec(compile(SESSIONS.read_text(), str(SESSIONS), "exec"), names)  # noqa: S102
    names["watch"](importlib.import_module("botkit.aws"), say)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    logging.getLogger().addHandler(Handler())
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("botkit").setLevel(logging.DEBUG)  # the traceback's level
    sys.meta_path.insert(0, StartTimer())
