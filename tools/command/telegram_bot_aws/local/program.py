"""How this command is called, and where it was installed from."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import COMMAND, IS_INSTALLED, SCRIPTS, VENV
from telegram_bot_aws.local.terminal import shown

PROGRAM = "telegram-bot-aws"  # also the name of what is installed


def name(subcommand: str) -> str:
    """Return what a subcommand calls itself: "scripts/demo" in a clone."""
    return f"{PROGRAM} {subcommand}" if IS_INSTALLED else f"scripts/{subcommand}"


def parser_of(tool: str, about: str | None) -> argparse.ArgumentParser:
    """Return the parser of a tool's arguments. `about` is shown as it is written."""
    return argparse.ArgumentParser(
        prog=tool, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def go_on_in_venv(subcommand: str, *groups: str) -> None:
    """Make .venv, with these groups of packages, and go on in it, unless this runs there.

    Raises ToolError.
    """
    if Path(sys.prefix) == VENV:
        return
    command = [str(SCRIPTS / "bootstrap"), *groups]
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode:
        raise ToolError("scripts/bootstrap failed, for the reason above")
    python = str(VENV / "bin/python")
    prefix = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True
    )
    if prefix.stdout.strip() != str(VENV):  # it would come here again, for ever
        raise ToolError(f"{VENV} is broken: remove it, and it is made when it is needed")
    os.execv(python, [python, str(COMMAND / "telegram_bot_aws"), subcommand, *sys.argv[1:]])


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
