"""Where others' libraries are, and the recipes for them. A skip says how to get what is missing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent
# A section's title, and the name and text of a file in it.
PART = re.compile(r"^##+ ([^\n]+)$|^```\w+\n(?:#|//) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NPM = Path(sys.prefix).resolve() / "npm" / "node_modules"
GO = Path(sys.prefix) / "go"  # a module that requires Go's library


def files_of(title):
    """Return the files of a section of the recipes, and the README's test, by name."""
    found, section = {}, "telegram-stand-in"
    for document in ("README.md", "docs/recipes.md"):
        for other, name, text in PART.findall((FOLDER / document).read_text()):
            section = other or section
            if name and section in (title, "telegram-stand-in"):
                found[name] = text
    return found


def grammy():
    """Return the folder of npm's packages, with grammY."""
    if not shutil.which("node") or not (NPM / "grammy").is_dir():
        skip_or_fail(f"needs Node.js, and grammY: npm install --prefix {NPM.parent} grammy")
    return NPM


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
