"""Run a tool by its name: `scripts/python tools demo --send hi`, as scripts/demo does."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from pathlib import Path

TOOLS = {
    "bench": "bench.bench",
    "compare-texts": "maintenance.texts",
    "demo": "demo.demo",
    "doctor": "live.doctor",
    "mutants": "maintenance.mutants",
    "new": "starter.new",
    "poll": "live.poll",
    "release": "maintenance.release",
    "screenshot": "demo.screenshot",
    "sessions": "live.sessions",
    "update-bot-api": "maintenance.update_bot_api",
}

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    # Resolved: a bot's process, which has its own /tmp, may lack the folders before a "..".
    sys.path[0] = str(here)
    # A separate project, which needn't be installed here.
    sys.path.insert(1, str(here / "telegram-stand-in"))
    # For requirements.py, which Terraform runs at apply too, and for botkit.
    sys.path += [str(here.parent / "scripts"), str(here.parent / "lambda")]
    for stream in (sys.stdout, sys.stderr):  # their encoding may lack … and ✓
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    tool = sys.argv.pop(1)
    try:
        code = importlib.import_module(TOOLS[tool]).main()
        print(end="", flush=True)
    except KeyboardInterrupt:  # while the tool was imported
        code = 130
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        if error.errno != errno.EPIPE:
            print(f"scripts/{tool}: {error.strerror}", file=sys.stderr)
        # The output can't be written. Prevent a traceback now and at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
    sys.exit(code)
