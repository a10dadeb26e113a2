"""The inputs of the module that a bot needs, as far as its folder tells."""

from __future__ import annotations

import re
from pathlib import Path

import requirements
from telegram_stand_in import Json

from telegram_bot_aws.demo.deployments import MENU_BUTTON, has_page
from telegram_bot_aws.local.container import Look
from telegram_bot_aws.local.project import LAMBDA

DEFAULT_MEMORY_SIZE = 128  # MB, as variables.tf has it


def inputs(bot: Path, look: Look) -> Json:
    """Return the inputs without which a bot doesn't work, with the least values that do."""
    found: Json = {}
    missing = "; ".join(look.missing)
    if has_page(bot):
        found["mini_app"] = MENU_BUTTON
    if "session_retention_in_days" in missing:
        found["session_retention_in_days"] = 1
    if "queue = true" in missing or "stopped_message_generation" in look.kinds:
        found["queue"] = True
    return found


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


def notes(bot: Path, look: Look) -> list[str]:
    """Return in a sentence which inputs a bot needs that no configuration beside it sets."""
    missing = [name for name in inputs(bot, look) if not written(bot, name)]
    names = ", ".join("queue = true" if name == "queue" else name for name in missing)
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
