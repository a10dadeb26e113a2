"""Where things are in this project, and which versions of its tools it uses."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LAMBDA = ROOT / "lambda"
SCRIPTS = ROOT / "scripts"
VENV = ROOT / ".venv"
BUILD = ROOT / ".build"

# What Terraform needs of this project, to apply it elsewhere.
MODULE = (
    ".terraform.lock.hcl",
    "lambda",
    "main.tf",
    "operations.tf",
    "outputs.tf",
    "scripts/package",
    "variables.tf",
    "versions.tf",
)
# What the scripts need beside that, to run elsewhere.
TOOLS = (
    "scripts",
    ".python-version",
    "requirements-demo.txt",
    "requirements-dev.txt",
    "requirements-optional.txt",
)


def requirement(package: str) -> str:
    """Return a package as pip takes it, with its pinned version: "requests==2.34.2"."""
    for file in ROOT.glob("requirements-*.txt"):
        if found := re.search(rf"^{re.escape(package)}==\S+", file.read_text(), re.MULTILINE):
            return found[0]
    raise LookupError(f"no version of {package} is pinned")
