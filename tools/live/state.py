"""Terraform's state of the deployment, in the current folder or in the module's."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from local.processes import ToolError
from local.project import ROOT
from local.terraform import terraform_command

TERRAFORM_SECONDS = 60.0


def folder() -> Path:
    """Return the current folder if Terraform was used there, otherwise the module's."""
    here = Path.cwd()
    return here if (here / _data()).is_dir() else ROOT


def ask_terraform(*arguments: str) -> tuple[str, str]:
    """Return what a command of Terraform prints about the state, or why it prints nothing."""
    here, where = Path.cwd(), folder()
    if not (where / _data()).is_dir():
        if here == ROOT:
            return "", f"Terraform wasn't used in {here}"
        return "", f"Terraform was used neither in {here} nor in {ROOT}"
    try:
        command = terraform_command()
    except ToolError:
        return "", "there is no Terraform on this machine"
    name = f"terraform {arguments[0]}"
    try:
        asked = subprocess.run(
            [*command, *arguments],
            cwd=where,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",  # in any locale
            errors="replace",
            timeout=TERRAFORM_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return "", f"{name} took more than {TERRAFORM_SECONDS:g} s in {where}"
    if asked.returncode:
        error = re.search("Error: (.*)", asked.stderr)
        return "", f"{name} failed in {where}: {error[1] if error else asked.returncode}"
    return asked.stdout, ""


def _data() -> str:
    return os.environ.get("TF_DATA_DIR", ".terraform")
