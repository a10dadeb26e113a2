"""Run a subcommand by its name: `telegram-bot-aws demo --send hi`, or `scripts/demo --send hi`."""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import sys

from telegram_bot_aws.local.program import PROGRAM, name

SUBCOMMANDS = {
    "new": "telegram_bot_aws.starter.new",
    "demo": "telegram_bot_aws.demo.demo",
    "poll": "telegram_bot_aws.live.poll",
    "doctor": "telegram_bot_aws.live.doctor",
    "sessions": "telegram_bot_aws.live.sessions",
}
ABOUT = """\
A Telegram bot on AWS Lambda, from its first line to its data. Each has --help:

  new       begin your own bot: a folder with the bot, its tests, its configuration
  demo      try a bot without an account, a token or a public address
  poll      answer a real bot from this machine
  doctor    find out why a deployed bot doesn't answer
  sessions  list, count, show, delete, export and import what bots remember
"""


def run(tool: str, modules: dict[str, str]) -> int:
    """Run the main() of a tool's module, whose arguments are in sys.argv. Returns its exit code."""
    for stream in (sys.stdout, sys.stderr):  # their encoding may lack … and ✓
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code: int = importlib.import_module(modules[tool]).main()
        print(end="", flush=True)
    except KeyboardInterrupt:  # while the module was imported
        return 130
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        if error.errno != errno.EPIPE:
            print(f"{name(tool)}: {error.strerror}", file=sys.stderr)
        # The output can't be written. Prevent a traceback now and at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return code


def main() -> int:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("subcommand", choices=SUBCOMMANDS, metavar="|".join(SUBCOMMANDS))
    tool = parser.parse_args(sys.argv[1:2]).subcommand
    del sys.argv[1]
    return run(tool, SUBCOMMANDS)
