"""conftest.py: how tests are shared out, also after one has crashed its process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import ROOT

from tests.support.programs import LONGEST

CONFTEST = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("project", {str(ROOT / "conftest.py")!r})
project = importlib.util.module_from_spec(spec)
spec.loader.exec_module(project)
pytest_xdist_make_scheduler = project.pytest_xdist_make_scheduler
"""
TESTS = """
import os
import pytest

@pytest.mark.parametrize("number", range(2))
def test_some(number): ...

def test_that_crashes():
    os._exit(1)

def test_after(): ...

def test_last(): ...
"""


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_crash_fails_its_own_test_once_and_the_others_go_on(
    tmp_path: Path, processes: int
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_crash.py").write_text(TESTS)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", f"{processes}", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
    assert re.search("1 failed, 4 passed in ", ran.stdout), ran.stdout + ran.stderr
    assert re.search("crashed while running .*::test_that_crashes", ran.stdout)
