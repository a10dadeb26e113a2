"""What MiniStack's runtime lacks, compared to AWS's.

That is logs as JSON, the time of a start, a read-only package, and a folder for temporary files of
each container's own. The Python that MiniStack runs functions with loads this at its start.
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
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

PATIENCE = int(os.environ.get("EMULATOR_PATIENCE", "1"))  # factor of all limits of time
LOCAL = Path(__file__).resolve().parents[2] / "local"
START = "start-up"  # the message of the line about a start
EVENT = "event"  # and of that about an event of another service, with why it failed
OVER = '{"message": "over"}'  # the last line of an invocation


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
                if PATIENCE > 1:
                    deadline = importlib.import_module("botkit.deadline").deadline
                    deadline.start(deadline.left() * PATIENCE)
                began = time.perf_counter()
                load(module)
                took = round((time.perf_counter() - began) * 1000, 1)
                say({"message": START, "milliseconds": took})
                if PATIENCE > 1:
                    # The function's other time.
                    terraform = importlib.import_module("botkit.release")
                    vars(terraform)["REGISTRATION_SECONDS"] *= PATIENCE
                times = vars(module)["TIMES"]
                times |= {kind: (most * PATIENCE, spare) for kind, (most, spare) in times.items()}
                vars(module)["handler"] = telling(vars(module)["handler"])

            spec.loader.exec_module = timed  # type: ignore[method-assign]
        return spec


def say(line: dict[str, Any]) -> None:
    os.write(2, json.dumps(line).encode() + b"\n")


def telling(handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a handler that logs the events that neither API Gateway nor Terraform sends."""

    def told(event: Any, context: Any) -> Any:
        reason = ""
        try:
            return handler(event, context)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise
        finally:
            sys.stderr.flush()
            if not is_ours(event):
                say({"message": EVENT, "event": event, "error": reason})
            os.write(2, f"{OVER}\n".encode())

    return told


def is_ours(event: Any) -> bool:
    """Tell whether API Gateway or Terraform sends an event."""
    if not isinstance(event, dict):
        return False
    return "tf" in event or ("requestContext" in event and "requestPayload" not in event)


def be_a_container() -> None:
    """Give this process a read-only package, and a folder of its own for temporary files."""
    code = Path(os.environ["LAMBDA_TASK_ROOT"])
    os.environ["TMPDIR"] = str(code.parent / "tmp")
    Path(os.environ["TMPDIR"]).mkdir(exist_ok=True)
    confine = LOCAL / "confine.py"
    names: dict[str, Any] = {}
    exec(compile(confine.read_bytes(), confine, "exec"), names)
    names["contain"]([str(code)])


if "LAMBDA_TASK_ROOT" in os.environ:
    be_a_container()
    logging.getLogger().addHandler(Handler())
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("botkit").setLevel(logging.DEBUG)  # the traceback's level
    sys.meta_path.insert(0, StartTimer())
