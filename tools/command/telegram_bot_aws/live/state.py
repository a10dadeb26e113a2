"""Terraform's state of the deployment, in the current folder or in the module's."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import IS_INSTALLED, ROOT
from telegram_bot_aws.local.terraform import terraform_command

Json = dict[str, Any]

REGISTRATION = "aws_lambda_invocation.register_webhook"
# If the state isn't known. The module's name is that of the pages.
REGISTER = (
    f"terraform apply -replace=module.telegram_bot.{REGISTRATION} "
    "(telegram_bot: the module's name in your configuration; in a clone, leave out "
    "module.telegram_bot.)"
)


def folder() -> Path:
    """Return the current folder if Terraform was used there, otherwise the module's."""
    here = Path.cwd()
    return here if (here / ".terraform").is_dir() else ROOT


def pull() -> tuple[Json, str]:
    """Return the state, or why there is none."""
    here, where = Path.cwd(), folder()
    if not (where / ".terraform").is_dir():
        if here == ROOT or IS_INSTALLED:
            return {}, f"Terraform wasn't used in {here}"
        return {}, f"Terraform was used neither in {here} nor in {ROOT}"
    try:
        command = terraform_command()
    except ToolError:
        return {}, "there is no Terraform on this machine"
    asked = subprocess.run(
        [*command, "state", "pull"],
        cwd=where,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",  # in any locale
        errors="replace",
    )
    if asked.returncode:
        error = re.search("Error: (.*)", asked.stderr)
        return (
            {},
            f"terraform state pull failed in {where}: {error[1] if error else asked.returncode}",
        )
    return json.loads(asked.stdout or "{}"), ""


def register_command(pulled: Json, url: str) -> str:
    """Return the command that registers the webhook of this URL again, or all of a state's."""
    urls = {}
    for each in pulled.get("resources", []):
        if f"{each['type']}.{each['name']}" == REGISTRATION:
            module = f"{each['module']}." if "module" in each else ""
            for instance in each["instances"]:
                urls[module + REGISTRATION] = json.loads(instance["attributes"]["input"])["url"]
    mine = [address for address in urls if urls[address] == url] or [*urls]
    if not mine:
        return REGISTER
    return shlex.join(["terraform", "apply", *(f"-replace={address}" for address in mine)])
