"""MiniStack with the patches that make it behave like AWS."""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
from pathlib import Path


def end_with_parent() -> None:
    """End, with what runs in our group, when the program that started us is gone."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from telegram_bot_aws.emulated_aws import patches

    for patch in patches.PATCHES:
        patch()
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
