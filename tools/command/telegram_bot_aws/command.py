"""Run a subcommand by its name: `scripts/python tools/command/telegram_bot_aws demo --send hi`."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys

SUBCOMMANDS = {
    "demo": "telegram_bot_aws.demo.demo",
    "doctor": "telegram_bot_aws.live.doctor",
    "new": "telegram_bot_aws.starter.new",
    "poll": "telegram_bot_aws.live.poll",
    "screenshot": "telegram_bot_aws.demo.screenshot",
    "sessions": "telegram_bot_aws.live.sessions",
}


def run(modules: dict[str, str]) -> int:
    """Run the main() of the module that the first argument names. Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):  # their encoding may lack … and ✓
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    name = sys.argv.pop(1)
    try:
        code: int = importlib.import_module(modules[name]).main()
        print(end="", flush=True)
    except KeyboardInterrupt:  # while the module was imported
        return 130
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        if error.errno != errno.EPIPE:
            print(f"scripts/{name}: {error.strerror}", file=sys.stderr)
        # The output can't be written. Prevent a traceback now and at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return code


def main() -> int:
    return run(SUBCOMMANDS)
