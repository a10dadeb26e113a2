"""Run a subcommand by its name: `telegram-bot-aws demo --send hi`, or `scripts/demo --send hi`."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from telegram_bot_aws.local.program import PROGRAM, name, parser_of


class Command(NamedTuple):
    """A subcommand: the module whose main() it is, and what it does, in words."""

    module: str
    does: str


COMMANDS = {
    "new": Command(
        "telegram_bot_aws.starter.new",
        "begin your own bot: a folder with the bot, its tests, its configuration",
    ),
    "demo": Command(
        "telegram_bot_aws.demo.demo",
        "try a bot without an account, a token or a public address",
    ),
    "poll": Command("telegram_bot_aws.live.poll", "answer a real bot from this machine"),
    "doctor": Command("telegram_bot_aws.live.doctor", "find out why a deployed bot doesn't answer"),
    "sessions": Command(
        "telegram_bot_aws.live.sessions",
        "list, export, import and delete what bots remember",
    ),
}
ABOUT = "A Telegram bot on AWS Lambda, from its first line to its data."


def main() -> int:
    return run(PROGRAM, ABOUT, COMMANDS)


def run(program: str, about: str, commands: Mapping[str, Command]) -> int:
    """Run the subcommand that sys.argv names, with the other arguments. Returns its exit code."""
    width = max(map(len, commands))
    lines = (f"  {name:{width}}  {each.does}" for name, each in commands.items())
    parser = parser_of(program, "\n".join([f"{about} Each has --help:", "", *lines]))
    parser.add_argument("subcommand", choices=commands, metavar="|".join(commands))
    subcommand = parser.parse_args(sys.argv[1:2]).subcommand
    del sys.argv[1]
    for stream in (sys.stdout, sys.stderr):  # their encoding may lack … and ✓
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code: int = importlib.import_module(commands[subcommand].module).main()
        print(end="", flush=True)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        if error.errno != errno.EPIPE:
            called = name(subcommand) if program == PROGRAM else f"{program} {subcommand}"
            with contextlib.suppress(OSError):  # standard error may be as full
                print(f"{called}: {error.strerror}", file=sys.stderr)
        # The output can't be written. Prevent a traceback now and at exit.
        for output in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), output)
        return 1
    return code
