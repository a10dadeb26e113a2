"""How this command is called, and where it was installed from."""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from pathlib import Path

from telegram_bot_aws.local.project import IS_INSTALLED, SCRIPTS
from telegram_bot_aws.local.terminal import shown

PROGRAM = "telegram-bot-aws"  # also the name of what is installed


def name(subcommand: str) -> str:
    """Return what a subcommand calls itself: "scripts/demo" in a clone."""
    return f"{PROGRAM} {subcommand}" if IS_INSTALLED else f"scripts/{subcommand}"


def typed(subcommand: str) -> str:
    """Return what a person types to start a subcommand in the current folder."""
    if not IS_INSTALLED:
        path = SCRIPTS / subcommand
        if Path("scripts", subcommand).resolve() == path.resolve():
            return f"scripts/{subcommand}"  # in a bot's folder, which links them
        return shlex.quote(shown(path))
    url, revision = repository()
    way = ["uvx", "--from", f"git+{url}@{revision}"] if url else []
    return shlex.join([*way, PROGRAM, subcommand])


@cache
def repository() -> tuple[str, str]:
    """Return the URL of the Git repository that this was installed from, and the tag or commit.

    Both are empty if it wasn't.
    Source: https://packaging.python.org/en/latest/specifications/direct-url/
    """
    if not IS_INSTALLED:
        return "", ""
    from importlib.metadata import distribution  # lazy: it takes 20 ms

    about = json.loads(distribution(PROGRAM).read_text("direct_url.json") or "{}")
    git = about.get("vcs_info", {})
    if git.get("vcs") != "git":
        return "", ""
    asked = git.get("requested_revision", "")
    return about["url"], asked if is_release(asked) else git["commit_id"]


def is_release(revision: str) -> bool:
    """Tell whether a revision of Git is the tag of a release: a branch may move."""
    return bool(re.fullmatch(r"v\d+\.\d+\.\d+", revision))
