"""The packages of a bot's requirements.txt on this machine, where demo and poll run the bot."""

from __future__ import annotations

import sys
from pathlib import Path

import requirements

from local.project import LAMBDA


def packages(bot: Path) -> Path | None:
    """Return the folder with the packages of a bot and their byte code, if it has any to install.

    They are installed when they are first needed. Raises ValueError if that fails.
    """
    try:
        requirements.check_vendored(bot, requirements.PYTHON, "")
        file = requirements.to_install(bot)
        if file is None:
            return None
        if not requirements.folder_of(file).is_dir():
            print(f"Installing the packages of {file} …", file=sys.stderr, flush=True)
        return requirements.installed(file)
    except (requirements.NotInstallable, OSError) as error:
        raise ValueError(str(error)) from None


def python(bot: Path, folder: str) -> tuple[list[str], list[str]]:
    """Return the command that runs Python for a bot, and the folders for its sys.path.

    `folder` is an empty one. Raises ValueError if the packages of the bot can't be installed.
    """
    installed = packages(bot)
    code = installed / "code" if installed else folder
    # Isolated, and without byte code of the bot: a file can change twice in a second.
    command = [sys.executable, "-I", "-B", "-X", f"pycache_prefix={code}"]
    folders = [str(bot), str(LAMBDA), *([str(installed / "packages")] if installed else [])]
    return command, folders
