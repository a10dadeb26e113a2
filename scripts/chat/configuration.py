"""An author's own Terraform configuration, which uses the module, in the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chat.deployments import AwsDeployment


def configuration_folder(name: str) -> Path:
    return Path(name)


class ConfigurationDeployment(AwsDeployment):
    def __init__(self, *a: Any) -> None: ...
