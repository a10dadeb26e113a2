"""The tests of docs/recipes.md that aren't Python's. test_crashes.py has its Python bots."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.libraries import FOLDER, files_of, go_library, grammy

pytestmark = pytest.mark.slow  # each needs another's library


def write(title, folder):
    for name, text in files_of(title).items():
        (folder / name).write_text(text)


def run(folder, *command):
    """Run a test that isn't Python's, which starts `python` itself."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(FOLDER)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_grammy(tmp_path):
    (tmp_path / "node_modules").symlink_to(grammy())
    write("grammY", tmp_path)
    run(tmp_path, "node", "--test", "bot.test.mjs")


def test_go(tmp_path):
    go_library(tmp_path)
    write("Go", tmp_path)
    run(tmp_path, "go", "test", "-count=1")
