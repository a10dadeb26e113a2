"""The functions' logs in the terminal."""

from __future__ import annotations

import json
import sys

from telegram_stand_in import Json

from telegram_bot_aws.demo.progress import aside
from telegram_bot_aws.local.container import Invocation

COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
# Of a line: what is shown elsewhere, or says nothing in a terminal.
SHOWN = {"level", "location", "logger", "message", "requestId", "timestamp", "traceback"}


def tell_log(invocation: Invocation, *, everything: bool = False, as_json: bool = False) -> None:
    """Print the output of an invocation, and the bot's log lines at WARNING or above, in order.

    With `everything` it is all that CloudWatch keeps, as JSON to standard output if `as_json`. The
    failure of an update or an event is told elsewhere.
    """
    for line in invocation.output:
        if isinstance(line, str):
            aside(line.rstrip("\n"))
        elif everything and as_json:
            aside(json.dumps(line, ensure_ascii=False), file=sys.stdout)
        elif everything or (line.get("level") in COLOURS and "outcome" not in line):
            aside(shown(line), colour=COLOURS.get(f"{line.get('level')}", ""))
    if invocation.outcome.get("outcome") == "mini_app_error":
        aside(f"A request of the page failed:\n{invocation.failure}", colour="red")


def shown(line: Json) -> str:
    """Return a line of a log for people: its level, message and fields, and then its traceback."""
    fields = {name: value for name, value in line.items() if name not in SHOWN}
    more = json.dumps(fields, ensure_ascii=False) if fields else ""
    head = " ".join(filter(None, (f"{line.get('level')}:", f"{line.get('message')}", more)))
    return f"{head}\n{line.get('traceback', '')}".rstrip()
