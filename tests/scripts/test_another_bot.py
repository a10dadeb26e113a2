"""Another lambda/bot.py in place: only the author's own tests depend on what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from local.project import ROOT

from tests.support.programs import copy_of_the_project

BOT = """
import random

def reply(update):
    chat = update["message"]["chat"]["id"]
    return [{"method": "sendDice", "chat_id": chat, "emoji": random.choice(["🎲", "🎯"])}]

HANDLED = {"message": reply}
"""
# What runs the function in each way: loaded, started, in the demo, and polled. None of it takes
# Terraform.
TESTS = (
    "tests/unit/test_handler.py",
    "tests/unit/test_webhook.py",
    "tests/integration/test_runtime.py",
    "tests/integration/test_startup.py",
    "tests/scripts/test_demo.py::test_messages_are_answered_directly",
    "tests/scripts/test_doctor.py::test_a_bot_that_is_well",
    "tests/scripts/test_poll.py::test_messages_are_answered",
)


def run(project: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=project,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = copy_of_the_project(tmp_path)
    shutil.copytree(ROOT / "tests", project / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", project)
    (project / "lambda" / "bot.py").write_text(BOT)
    return project


def test_the_other_tests_pass_with_another_bot(project: Path) -> None:
    result = run(project, *TESTS)
    assert result.returncode == 0, result.stdout[-3000:]
    assert run(project, "tests/echo").returncode == 1, "it is another bot"
