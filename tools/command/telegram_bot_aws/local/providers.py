"""Where Terraform's providers come from: a mirror on this machine, or their registry."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import socket
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import requirements

from telegram_bot_aws.local.project import IS_INSTALLED, VENV

# What came from a registry.
CACHE = (requirements.cache() if IS_INSTALLED else VENV) / "terraform-providers"

# Where a mirror is looked for.
SEARCHED = (
    "/opt/*",
    "/usr/share/terraform/*",
    "/usr/local/share/terraform/*",
    "~/.terraform.d/*",
)
PROCESSORS = {"aarch64": "arm64", "x86_64": "amd64"}  # as providers name them
PLATFORM = f"{sys.platform}_{PROCESSORS.get(platform.machine(), platform.machine())}"
REMEDY = (
    "Connect to the network. Or run `terraform providers mirror DIR` with this folder on a machine "
    "that has one, and copy DIR to ~/.terraform.d/mirror, or name it by TF_PLUGIN_DIR."
)
PATIENCE = 3.0  # seconds, for a connection to a registry


class Provider(NamedTuple):
    """A provider in the version that the lock file names: "registry.terraform.io/hashicorp/aws"."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name.partition('/')[2]} {self.version}"

    def is_in(self, mirror: Path) -> bool:
        """Tell whether a mirror has it for this machine, unpacked or not.

        Source: https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror
        """
        kind = self.name.rpartition("/")[2]
        zipped = f"terraform-provider-{kind}_{self.version}_{PLATFORM}.zip"
        try:
            return (mirror / self.name / self.version / PLATFORM).is_dir() or (
                mirror / self.name / zipped
            ).is_file()
        except PermissionError:
            return False


def locked(lock: str, registry: str) -> list[Provider]:
    """Return a lock file's providers. OpenTofu also takes the versions of Terraform's registry."""
    found = re.findall(r'^provider "(.*?)" {\s+version += "(.*?)"', lock, re.MULTILINE)
    return [
        Provider(name.replace("registry.terraform.io", registry), version)
        for name, version in found
    ]


def configuration(wanted: list[Provider]) -> Path | None:
    """Return the file with the own configuration of Terraform or OpenTofu, if there is one.

    Which of the two installs the wanted providers, their registry tells.
    Source: https://opentofu.org/docs/cli/config/config-file/#location
    """
    chosen = os.environ.get("TF_CLI_CONFIG_FILE")
    is_tofu = any(provider.name.startswith("registry.opentofu.org/") for provider in wanted)
    names = (".tofurc", ".terraformrc") if is_tofu else (".terraformrc",)
    paths = [Path(chosen)] if chosen else [Path.home() / name for name in names]
    return next(filter(Path.is_file, paths), None)


def is_told(wanted: list[Provider]) -> bool:
    """Tell whether Terraform's own configuration, or TF_PLUGIN_DIR, says where providers are."""
    file = configuration(wanted)
    says = file and re.search(r"^\s*provider_installation\b", file.read_text(), re.MULTILINE)
    return bool(says or os.environ.get("TF_PLUGIN_DIR"))


def mirrored(providers: list[Provider]) -> dict[Provider, Path]:
    """Return which providers are in a mirror, and where.

    None is, where Terraform's configuration or TF_PLUGIN_DIR says where providers are. Terraform
    verifies the checksums in the lock file.
    """
    found: dict[Provider, Path] = {}
    for pattern in () if is_told(providers) else SEARCHED:
        path = Path(pattern).expanduser()
        for mirror in sorted(path.parent.glob(path.name)):
            for provider in providers:
                if provider.is_in(mirror):
                    found.setdefault(provider, mirror)
    return found


def settings(found: dict[Provider, Path]) -> str:
    """Return Terraform's own configuration, with the mirrors; other providers are downloaded."""
    own = configuration([*found])
    lines = [own.read_text() if own else "", "provider_installation {"]
    for provider, mirror in found.items():
        path, name = json.dumps(str(mirror)), json.dumps(provider.name)
        lines.append(f"  filesystem_mirror {{\n    path    = {path}\n    include = [{name}]\n  }}")
    names = json.dumps([provider.name for provider in found])
    lines.append(f"  direct {{\n    exclude = {names}\n  }}\n}}\n")
    return "\n".join(lines)


def missing(providers: list[Provider]) -> str:
    """Return which provider this machine lacks and can't download, or nothing if there is none.

    REMEDY is the advice.
    """
    if is_told(providers):
        return ""
    found = mirrored(providers)
    for provider in providers:
        if provider not in found and not provider.is_in(CACHE):
            registry = provider.name.partition("/")[0]
            if reason := unreachable(registry):
                return (
                    f"Terraform's provider {provider} is missing. {registry} can't be reached "
                    f"({reason}), and no mirror in {', '.join(SEARCHED)} has it"
                )
    return ""


def unreachable(host: str) -> str:
    """Return why a host can't be reached by HTTPS, or nothing if it can be, as by a proxy."""
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return ""
    reasons = [f"no answer within {PATIENCE:g} s"]

    def connect() -> None:
        try:
            with contextlib.closing(socket.create_connection((host, 443), PATIENCE)):
                reasons.append("")
        except OSError as error:
            reasons.append(error.strerror or str(error))

    # In a thread, so that the limit also holds for the name server.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return reasons[-1]
