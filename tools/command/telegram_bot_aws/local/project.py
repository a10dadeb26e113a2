"""Where things are in this project.

This package runs from the project itself, a clone or Terraform's copy of one, or it was installed:
then it contains those of the project's files that it needs, by the same paths.
"""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
PACKED = PACKAGE / "module"
IS_INSTALLED = PACKED.is_dir()
ROOT = PACKED if IS_INSTALLED else PACKAGE.parents[2]
LAMBDA = ROOT / "lambda"
SCRIPTS = ROOT / "scripts"
TOOLS = ROOT / "tools"
COMMAND = TOOLS / "command"  # contains this package
STAND_IN = TOOLS / "telegram-stand-in"  # a separate project, for Telegram
VENV = Path(sys.prefix) if IS_INSTALLED else ROOT / ".venv"
BUILD = ROOT / ".build"

# The files that Terraform needs to apply this module from another folder.
MODULE = (
    ".terraform.lock.hcl",
    "alarms.tf",
    "environment.tf",
    "iam.tf",
    "lambda",
    "main.tf",
    "mini_app.tf",
    "outputs.tf",
    "package.tf",
    "queue.tf",
    "scripts/bot_files.py",
    "scripts/package",
    "scripts/packaging.json",
    "scripts/requirements.py",
    "sessions.tf",
    "variables.tf",
    "versions.tf",
    "warm.tf",
)
# The files that this package contains when it is installed.
NEEDED = (
    *MODULE,
    "examples",
    "tools/telegram-stand-in/telegram_stand_in",
)
