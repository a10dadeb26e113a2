"""MiniStack with the patches that make it behave like AWS, and with a setting of our own.

    server.py PYTHON

PYTHON runs functions whose runtime's Python this machine lacks. EMULATOR_PATIENCE is by how much
functions have more time.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import Any


def end_with_parent() -> None:
    """End, with what runs in our group, when the program that started us is gone."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":  # at once: the imports take a second
    threading.Thread(target=end_with_parent, daemon=True).start()
sys.path.append(str(Path(__file__).resolve().parents[2]))  # when run as a program

from telegram_bot_aws.emulated_aws.patches import (  # noqa: E402
    alarm_fields,
    alias_actions,
    alias_retries,
    answer_heads,
    containers,
    log_keys,
    message_moves,
    programs_only,
    qualifiers,
    quick_start,
    recovery_periods,
    runtimes,
    schedule_groups,
    schedule_zones,
    scheduled_messages,
    scheduled_times,
    stages,
    whole_logs,
)

# Each changes what the one before it has made of a function's process.
PATCHES = (
    quick_start,
    containers,
    whole_logs,
    alarm_fields,
    alias_actions,
    alias_retries,
    answer_heads,
    log_keys,
    message_moves,
    programs_only,
    qualifiers,
    recovery_periods,
    schedule_groups,
    schedule_zones,
    scheduled_messages,
    scheduled_times,
    stages,
)


def with_patience(worker: Any, patience: int) -> Any:
    """Return MiniStack's class of a function's process, which has `patience` times its time."""

    class Worker(worker):  # type: ignore[misc]
        def __init__(self, name: str, config: dict[str, Any], *arguments: Any) -> None:
            config = {**config, "Timeout": config["Timeout"] * patience}
            super().__init__(name, config, *arguments)

    return Worker


if __name__ == "__main__":
    from ministack.core import lambda_runtime

    for patch in PATCHES:
        patch.apply()
    runtimes.apply(Path(sys.argv.pop(1)))
    patience = int(os.environ["EMULATOR_PATIENCE"])
    lambda_runtime.Worker = with_patience(lambda_runtime.Worker, patience)
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
