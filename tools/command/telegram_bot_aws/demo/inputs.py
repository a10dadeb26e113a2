"""The inputs of the module that a bot needs, as far as its folder tells."""

from __future__ import annotations

from pathlib import Path

import requirements
from telegram_stand_in import Json

from telegram_bot_aws.demo.deployments import MENU_BUTTON, has_page
from telegram_bot_aws.local.sources import has_sessions, needs_queue

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
    """Return in a sentence which inputs a bot needs where it is deployed, if it needs some."""
    names = ", ".join(WRITTEN.get(name, name) for name in inputs(bot))
    return [f"To deploy the bot, set these inputs of the module: {names}."] if names else []
