"""The bots and tests of docs/recipes.md run as they stand there."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.libraries import NPM, go_library, skip_or_fail

pytest_plugins = ["pytest_telegram_stand_in"]

FOLDER = Path(__file__).resolve().parent.parent
# A section's title, and the name and text of a file in it.
PART = re.compile(r"^##+ ([^\n]+)$|^```\w+\n(?:#|//) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write(title, folder):
    """Write the files of a section. Those of Python have their test in a section above."""
    section = ""
    for found, name, text in PART.findall((FOLDER / "docs" / "recipes.md").read_text()):
        section = found or section
        if name and section in (title, "Python"):
            (folder / name).write_text(text)


def run(folder, *command):
    """Run a test that isn't Python's, which starts `python` itself."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(FOLDER)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("library", ["aiogram", "python-telegram-bot", "pyTelegramBotAPI"])
def test_python(bot_api, library, tmp_path, monkeypatch):
    write(library, tmp_path)
    monkeypatch.chdir(tmp_path)
    bot_api.patience = 300
    runpy.run_path("test_bot.py")["test_a_price"](bot_api)
    assert {call.status for call in bot_api.telegram.calls} == {200}


def test_grammy(tmp_path):
    if not shutil.which("node") or not (NPM / "grammy").is_dir():
        skip_or_fail(f"needs Node.js, and grammY: npm install --prefix {NPM.parent} grammy")
    write("grammY", tmp_path)
    (tmp_path / "node_modules").symlink_to(NPM)
    run(tmp_path, "node", "--test", "bot.test.mjs")


@pytest.mark.slow
def test_go(tmp_path):
    go_library(tmp_path)
    write("Go", tmp_path)
    run(tmp_path, "go", "test", "-count=1")
