"""Run a tool by its name: `scripts/python scripts demo --send hi`, as scripts/demo does."""

from __future__ import annotations

import importlib
import io
import os
import sys

TOOLS = {
    "bench": "benchmark.bench",
    "demo": "chat.demo",
    "doctor": "live.doctor",
    "mutants": "mutation",
    "poll": "live.poll",
    "screenshot": "chat.screenshot",
    "update-bot-api": "update_bot_api",
}

if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # their encoding may know neither … nor ✓
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(importlib.import_module(TOOLS[sys.argv.pop(1)]).main())
    except BrokenPipeError:  # nobody reads the output any more: no reason for a traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
