"""The imports of a function's process on this machine: its package, and Lambda's own libraries."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import requirements

from telegram_bot_aws.local.project import LAMBDA, VENV

# The libraries of Lambda's Python: boto3 with its dependencies, and Lambda's runtime client.
RUNTIME = (
    "awslambdaric boto3 botocore dateutil jmespath s3transfer simplejson six.py "
    "snapshot_restore_py urllib3"
).split()
SANDBOX = str(Path(__file__).with_name("sandbox.py"))

# Confines the process by SANDBOX, its second argument. The third one is what `confine` takes.
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
        wanted = requirements.required_packages(bot)
        if not wanted:
            return []
        if not requirements.folder_of(wanted, python).is_dir():
            print(f"Installing the packages of {bot / requirements.FILE} …", file=sys.stderr)
        return [str(requirements.installed(wanted, f"{bot / requirements.FILE}", python))]
    except (requirements.NotInstallable, OSError) as error:
        raise ValueError(str(error)) from None


def command(bot: Path, program: str, argument: str, folder: Path, runtime: str = "") -> list[str]:
    """Return the command for a program that sees a bot's package and Lambda's libraries only.

    `sys.argv[1]` is the argument, and `folder` an empty one, for links to those libraries that
    .venv has. With a `runtime`, `bot` is a package, which its Python runs, if this machine has it.
    Raises ValueError if packages can't be installed.
    """
    site = VENV / "lib" / requirements.PYTHON / "site-packages"
    for name in RUNTIME:
        if (site / name).exists():
            (folder / name).symlink_to(site / name)
    confined = {
        "own": [str(bot), str(LAMBDA)],
        "compiled": str(LAMBDA / "botkit"),  # no author saves a file there
        "libraries": [*packages(bot), str(folder)],
    }
    if runtime:
        confined = {"own": [str(bot)], "compiled": str(bot), "libraries": [str(folder)]}
    python = requirements.find_python(runtime) or sys.executable
    # Unbuffered, as on Lambda: what a program prints and logs stays in order.
    options = ["-I", "-S", "-B", "-u", "-c", BEGIN + program]
    return [python, *options, argument, SANDBOX, json.dumps(confined)]
