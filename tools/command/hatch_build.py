"""Builds the wheel: the files of the module that it contains."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "tools/command/telegram_bot_aws"


class Files(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        project = runpy.run_path(str(Path(self.root, PACKAGE, "local", "project.py")))
        for path in project["NEEDED"]:
            build_data["force_include"][path] = f"telegram_bot_aws/{project['PACKED'].name}/{path}"
