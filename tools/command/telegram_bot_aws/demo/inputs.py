"""The inputs of the module that a bot needs, as far as its folder tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import requirements
from telegram_stand_in import Json

from telegram_bot_aws.demo.deployments import MENU_BUTTON, has_page
from telegram_bot_aws.local.project import LAMBDA
from telegram_bot_aws.local.sources import has_sessions, needs_queue

DEFAULT_MEMORY_SIZE = 128  # MB, as variables.tf has it
# How to write inputs whose value matters, too.
WRITTEN = {"queue": "queue = true"}


def inputs(bot: Path) -> Json:
    """Return the inputs without which a bot doesn't work, with the least values that do."""
    found: Json = {}
    if has_page(bot):
        found["mini_app"] = MENU_BUTTON
    if has_sessions(bot):
        found["session_retention_in_days"] = 1
    if needs_queue(bot):
        found["queue"] = True
    return found


def missing_inputs(bot: Path, *, has_table: bool, has_queue: bool) -> list[str]:
    """Return in sentences which inputs bot.py needs that aren't set, as the check of an apply does.

    What isn't Python needs none: the apply says what is wrong with it.
    """
    from botkit.release import check  # imported here: only a configuration needs it

    file = bot / "bot.py"
    try:
        names = dict.fromkeys(_names(ast.parse(file.read_bytes())), True)
    except (OSError, SyntaxError, ValueError):
        return []
    module = SimpleNamespace(**names, __file__=str(file))
    return check.missing_inputs(module, check.imports(module), has_table, has_queue)


def _names(module: ast.Module) -> Iterator[str]:
    """Yield the names at the top of a module, except those of empty lists."""
    for node in module.body:
        match node:
            case ast.Assign(value=ast.List(elts=[])):
                pass
            case ast.Assign(targets=targets):
                yield from (each.id for each in targets if isinstance(each, ast.Name))
            case ast.FunctionDef(name=name):
                yield name


def python_note(runtime: str) -> list[str]:
    """Return in sentences that a function's Python isn't its runtime's here, if it isn't."""
    here = requirements.runs_on(runtime)
    if here == runtime:
        return []
    return [
        f"AWS runs the bot on {runtime}, but the demo on {here}, since this machine has no "
        f"{runtime}. Differences between them don't show here: install {runtime}, and start the "
        "demo again."
    ]


def notes(bot: Path) -> list[str]:
    """Return in a sentence which inputs a bot needs that no configuration beside it sets."""
    missing = [name for name in inputs(bot) if not written(bot, name)]
    names = ", ".join(WRITTEN.get(name, name) for name in missing)
    return [f"To deploy the bot, set these inputs of the module: {names}."] if names else []


def memory_size(bot: Path) -> int:
    """Return the function's memory in MB, or 0 if only Terraform can tell."""
    size = written(bot, "memory_size") or str(DEFAULT_MEMORY_SIZE)
    found = re.match("[0-9]+", size)
    return int(found[0]) if found else 0


def written(bot: Path, name: str) -> str:
    """Return an input as a configuration beside the bot's folder has it, or nothing."""
    files = () if bot == LAMBDA else bot.parent.glob("*.tf")  # that is the module's own
    for file in files:
        text = file.read_text("utf-8", "replace")
        if found := re.search(rf"^[ \t]*{name}[ \t]*=[ \t]*(.+)", text, re.MULTILINE):
            return found[1]
    return ""
