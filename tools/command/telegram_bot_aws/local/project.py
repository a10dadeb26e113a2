"""Where things are in this project, and which versions of its packages it uses."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
LAMBDA = ROOT / "lambda"
SCRIPTS = ROOT / "scripts"
TOOLS = ROOT / "tools"
COMMAND = TOOLS / "command"  # the folder of this package
STAND_IN = TOOLS / "telegram-stand-in"  # a separate project, for Telegram
VENV = ROOT / ".venv"
BUILD = ROOT / ".build"

# The files that Terraform needs to apply this module from another folder.
MODULE = (
    ".terraform.lock.hcl",
    "alarms.tf",
    "environment.tf",
    "failed.tf",
    "iam.tf",
    "inputs.tf",
    "lambda",
    "later.tf",
    "main.tf",
    "mini_app.tf",
    "name.tf",
    "outputs.tf",
    "package.tf",
    "queue.tf",
    "schedules.tf",
    "scripts/package",
    "scripts/packaging.json",
    "scripts/requirements.py",
    "sessions.tf",
    "variables.tf",
    "versions.tf",
)
# The other files that the scripts need to run from another folder.
SCRIPTS_NEED = (
    "scripts",
    "tools",
    ".python-version",
    "requirements-demo.txt",
    "requirements-dev.txt",
    "requirements-optional.txt",
)


def requirement(package: str) -> str:
    """Return the pinned requirement for a package: "requests==2.34.2"."""
    for file in ROOT.glob("requirements-*.txt"):
        if found := re.search(rf"^{re.escape(package)}==\S+", file.read_text(), re.MULTILINE):
            return found[0]
    raise LookupError(f"no version of {package} is pinned")
