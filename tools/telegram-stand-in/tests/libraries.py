"""Where others' libraries are. A skip says how to get what isn't there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NPM = Path(sys.prefix).resolve() / "npm" / "node_modules"
GO = Path(sys.prefix) / "go"  # a module that requires Go's library


def skip_or_fail(reason):
    """Skip a test that can't run on this machine, or fail it if nothing may be skipped."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def go_library(folder):
    """Let a folder be a Go module with the library, and return where that is."""
    if not shutil.which("go") or not (GO / "go.sum").is_file():
        get = "go mod init price && go get github.com/go-telegram/bot@v1.19.0"
        skip_or_fail(f"needs Go, and go-telegram/bot in {GO}: {get}")
    for name in ("go.mod", "go.sum"):
        shutil.copy(GO / name, folder)
    command = ["go", "list", "-m", "-f", "{{.Dir}}", "github.com/go-telegram/bot"]
    found = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return Path(found.stdout.strip())
