"""The imports of a function's process on this machine: its package, and Lambda's own libraries."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import requirements

from telegram_bot_aws.local.project import LAMBDA, VENV, requirement
from telegram_bot_aws.local.sources import packed

# The libraries of Lambda's Python: boto3 with its dependencies, and Lambda's runtime client.
RUNTIME = (
    "awslambdaric boto3 botocore dateutil jmespath s3transfer simplejson six.py "
    "snapshot_restore_py urllib3"
).split()
NAMES = "|".join(name.removesuffix(".py") for name in RUNTIME)
IMPORT = re.compile(rf"^\s*(import|from) .*\b({NAMES})\b", re.MULTILINE)
CONFINE = str(Path(__file__).with_name("confine.py"))

# Confines the process, whose second argument is CONFINE, and the third what `confine` takes.
BEGIN = """
import json, sys
_names = {}
exec(compile(open(sys.argv[2]).read(), sys.argv[2], "exec"), _names)
_names["confine"](**json.loads(sys.argv[3]))
del _names
"""


def packages(bot: Path, python: str = requirements.PYTHON) -> list[str]:
    """Return the folder with the packages that a bot's requirements.txt lists, if any.

    They are installed when they are first needed, for the function's runtime, `python`. Raises
    ValueError if that fails.
    """
    try:
        wanted = requirements.to_install(bot)
        return [_installed(wanted, f"{bot / requirements.FILE}", python)] if wanted else []
    except (requirements.NotInstallable, OSError) as error:
        raise ValueError(str(error)) from None


def _installed(wanted: list[str], of: str, python: str = requirements.PYTHON) -> str:
    if not requirements.folder_of(wanted, python).is_dir():
        print(f"Installing the packages of {of} …", file=sys.stderr, flush=True)
    return str(requirements.installed(wanted, of, python))


def link_runtime(folder: Path) -> bool:
    """Put links to the runtime's libraries into a folder, if .venv has them for this Python."""
    site = VENV / "lib" / requirements.PYTHON / "site-packages"
    found = [site / name for name in RUNTIME if (site / name).exists()]
    for path in found:
        (folder / path.name).symlink_to(path)
    return bool(found)


def runtime(bot: Path, folder: Path) -> list[str]:
    """Return the folder with the runtime's libraries, perhaps by links in an empty `folder`.

    Without .venv they are installed if the bot imports one. Raises ValueError if that fails.
    """
    if link_runtime(folder):
        return [str(folder)]
    sources = [path for name, path in packed(bot) if name.endswith(".py")]
    if not any(IMPORT.search(path.read_text(errors="replace")) for path in sources):
        return []
    wanted = [*map(requirement, ("boto3", "botocore", "urllib3"))]
    try:
        return [_installed(wanted, "Lambda's Python")]
    except (requirements.NotInstallable, OSError) as error:
        raise ValueError(str(error)) from None


def command(bot: Path, program: str, argument: str, folder: Path) -> list[str]:
    """Return the command for a program that sees a bot's package and Lambda's libraries only.

    `sys.argv[1]` is the argument, and `folder` an empty one. Raises ValueError if packages can't be
    installed.
    """
    libraries = [*packages(bot), *runtime(bot, folder)]
    confined = {
        "own": [str(bot), str(LAMBDA)],
        "compiled": str(LAMBDA / "botkit"),  # no author saves a file there
        "libraries": libraries,
    }
    # Unbuffered, as on Lambda: what a program prints and logs stays in order.
    options = ["-I", "-S", "-B", "-u", "-c", BEGIN + program]
    return [sys.executable, *options, argument, CONFINE, json.dumps(confined)]
