"""scripts/test: what it checks, and that it ends with what failed and what is lacking."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import ROOT, SCRIPTS

from tests.support.programs import LONGEST, Script, processes_that_know

COMMANDS = ("basename", "cat", "date", "dirname", "env", "mktemp", "rm", "sed", "sh", "sleep")
LEFT_OUT = {
    "browser": "pages: there is no Chromium, and Playwright can't download one. Install Chromium",
    "npm": "prettier, Mini Apps, a bot on Node.js and pyright: there is no npm, or it can't "
    "install. Install Node.js with npm",
    "libraries": "examples of others' bots: pip can't download them. Look at the network, and at "
    "pip's index and proxy",
    "site": "the docs as a site: pip can't install MkDocs and Zensical. Look at the network, and "
    "at pip's index and proxy",
    "checkov": "checkov: pip can't install it. Look at the network, and at pip's index and proxy",
    "valgrind": "instructions: there is no valgrind, which counts them. Install valgrind",
    "go": "actionlint, and bots in Go: there is no Go, which builds them. Install Go",
    "provider": "the emulated AWS: there is no provider",
    "oldest": "telegram-stand-in: there is no such Python",
}
# A program that logs how it was called, and fails or hangs if a file says so. If there is a pipe
# "held", mypy says that it hangs.
PROGRAM = """#!/bin/sh
name=$(basename "$0")
echo "$name $*" >>log
case "$*" in *check.py) [ -e lacks-oldest ] && echo "there is no such Python" && exit 2 ;; esac
case "$*" in *provider_missing*) [ -e lacks-provider ] && echo "there is no provider" ;; esac
case "$name $*" in mypy* | *pytest*) [ -e all-hang ] && echo "$name hangs" && exec sleep 600 ;; esac
case "$*" in *"ci tests/deployment"*) name=deployments && [ -p pipe ] && echo >pipe ;; esac
[ "$name" = mypy ] && [ -p held ] && echo "mypy hangs" && echo >held && exec sleep 600
[ ! -e "fails-$name" ] || { echo "$name is not content"; exit 1; }
"""
# If there is a pipe, the browser's set-up waits until somebody writes to it.
BOOTSTRAP = """#!/bin/sh
echo "bootstrap $*" >>log
[ "${1:-}" = browser ] && [ -p pipe ] && read -r line <pipe
[ ! -e "lacks-${1:-}" ]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with fakes of what scripts/test runs, and a PATH of only a few commands."""
    programs = [f".venv/bin/{name}" for name in ("mypy", "python", "ruff", "zizmor", "actionlint")]
    programs += [".venv/npm/node_modules/.bin/prettier", ".venv-checkov/bin/checkov"]
    programs += ["commands/go", "scripts/site", "scripts/dev bench"]
    files = dict.fromkeys(programs, PROGRAM)
    for name, text in {**files, "scripts/bootstrap": BOOTSTRAP}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for command in COMMANDS:
        (tmp_path / "commands" / command).symlink_to(str(shutil.which(command)))
    shutil.copy(SCRIPTS / "test", tmp_path / "scripts")
    (tmp_path / "tests" / "__pycache__").mkdir(parents=True)  # the tests are compiled
    return tmp_path


def run(project: Path, *arguments: str, **environment: str) -> tuple[int, list[str]]:
    """Run scripts/test, and return its exit code and the lines that it wrote, without seconds."""
    result = subprocess.run(
        [project / "scripts" / "test", *arguments],
        env={"PATH": f"{project}/commands", "TMPDIR": str(project), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
    )
    assert not list(project.glob("tmp*")), "a temporary folder is left"
    return result.returncode, [line for line in result.stdout.splitlines() if line[-2:] != " s"]


def test_the_product_is_checked(project: Path) -> None:
    code, lines = run(project)
    assert lines == [
        "── 1/5 ruff check",
        "── 2/5 ruff format",
        "── 3/5 tests",
        "── 4/5 deployments",
        "── 5/5 mypy --strict: lambda",
        "All 5 checks passed.",
    ]
    assert code == 0
    called = (project / "log").read_text().splitlines()
    ran = [line for line in called if " pytest " in line]
    [deployments] = [line.split() for line in ran if "tests/deployment/" in line]
    [others] = [line.split() for line in ran if "tests/deployment/" not in line]
    assert others[5:9] == ["tests", "examples", "--ignore", "tests/deployment"]
    paths = [each for each in deployments if each.startswith("tests")]
    assert len(paths) == 2
    assert all((ROOT / path).exists() for path in paths)
    assert all(" -m not slow " in line for line in ran)
    assert "mypy lambda" in called
    of_all = ("browser", "checkov", "go", "libraries", "npm", "site", "valgrind")
    assert not {f"bootstrap {name}" for name in of_all} & set(called)


def test_everything_is_checked(project: Path) -> None:
    code, lines = run(project, "--all")
    assert lines == [
        "── 1/13 ruff check",
        "── 2/13 ruff format",
        "── 3/13 zizmor",
        "── 4/13 actionlint",
        "── 5/13 prettier",
        "── 6/13 tests",
        "── 7/13 deployments",
        "── 8/13 mypy --strict: lambda",
        "── 9/13 mypy --strict: tools, tests",
        "── 10/13 telegram-stand-in, installed",
        "── 11/13 instructions",
        "── 12/13 the docs as a site",
        "── 13/13 checkov",
        "All 13 checks passed.",
    ]
    assert code == 0
    called = (project / "log").read_text().splitlines()
    assert {
        "ruff check .",
        "mypy lambda",
        "mypy conftest.py scripts tools tests",
        "mypy --config-file tools/telegram-stand-in/pyproject.toml tools/telegram-stand-in",
        "python tools/telegram-stand-in/check.py",
        "actionlint ",
        "bench --instructions --quick",
    } <= set(called)
    ran = [line.partition(" ci ")[2] for line in called if " pytest " in line]
    assert not any("slow" in line for line in ran)
    [others, deployments] = sorted(ran)
    assert others.startswith("tests examples tools --ignore tests/deployment ")
    assert deployments.startswith("tests/deployment ")


@pytest.mark.parametrize("lacking", LEFT_OUT)
def test_what_is_left_out_is_listed_at_the_end(project: Path, lacking: str) -> None:
    (project / f"lacks-{lacking}").touch()
    if lacking == "checkov":
        shutil.rmtree(project / ".venv-checkov")
    if lacking == "go":
        (project / "commands" / "go").unlink()
    code, lines = run(project, "--all", REQUIRE_ALL="")
    is_left_out = lacking in ("checkov", "go", "npm", "site", "valgrind")
    number = 12 if is_left_out else 13
    assert lines[-3:] == [
        "left out:",
        f"  {LEFT_OUT[lacking]}",
        f"All {number} checks passed.",
    ]
    assert code == 0
    code, lines = run(project, "--all")
    assert lines[-4:] == [
        "left out:",
        f"  {LEFT_OUT[lacking]}",
        "failed:",
        "  what was left out",
    ]
    assert code == 1


def test_a_check_that_fails_does_not_stop_the_others(project: Path) -> None:
    (project / "fails-mypy").touch()
    (project / "fails-zizmor").touch()
    (project / "fails-deployments").touch()
    code, lines = run(project, "--all")
    assert code == 1
    assert lines[2:4] == ["── 3/13 zizmor", "zizmor is not content"]
    after = lines.index("── 8/13 mypy --strict: lambda")
    assert lines[after + 1] == "mypy is not content"
    assert lines[-5:] == [
        "failed:",
        "  zizmor",
        "  deployments",
        "  mypy --strict: lambda",
        "  mypy --strict: tools, tests",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: reads /proc")
def test_ctrl_c_ends_what_runs_beside_the_tests(project: Path) -> None:
    (project / "all-hang").touch()
    environment = {"PATH": f"{project}/commands", "TMPDIR": str(project)}
    with Script(project, "test", **environment) as stopped:
        stopped.wait_for("python hangs")  # earlier, only the shell would get the signal
        os.killpg(stopped.process.pid, signal.SIGINT)
        assert stopped.end() == 130, stopped.output
    assert processes_that_know(f"TMPDIR={project}") == []
    assert not list(project.glob("tmp*"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: reads /proc")
def test_an_ended_run_shows_unfinished_checks(project: Path) -> None:
    os.mkfifo(project / "held")
    environment = {"PATH": f"{project}/commands", "TMPDIR": str(project)}
    with Script(project, "test", **environment) as stopped:
        held = os.open(project / "held", os.O_RDWR)
        assert select.select([held], [], [], LONGEST)[0]
        os.close(held)
        assert stopped.end(signal.SIGTERM) == 143, stopped.output
    assert "── mypy_lambda has not ended. It said:\nmypy hangs\n" in stopped.output
    assert processes_that_know(f"TMPDIR={project}") == []


def test_in_a_new_checkout_the_tests_are_compiled_first(project: Path) -> None:
    (project / "tests" / "__pycache__").rmdir()
    run(project)
    called = [line for line in (project / "log").read_text().splitlines() if " pytest " in line]
    assert ["--collect-only" in line for line in called] == [True, False, False]
    (project / "log").unlink()
    run(project, "--all")
    called = [line.partition(" ci ")[2] for line in (project / "log").read_text().splitlines()]
    before_all = [line for line in called if line.startswith(("--collect", "tests/deployment"))]
    assert ["--collect-only" in line for line in before_all] == [True, False]


def test_deployments_begin_before_all_is_set_up(project: Path) -> None:
    os.mkfifo(project / "pipe")
    assert run(project, "--all")[0] == 0


def test_arguments_are_pytests(project: Path) -> None:
    assert run(project, "tests/unit", "-k", "webhook") == (0, [])
    assert (project / "log").read_text().splitlines() == [
        "bootstrap tests",
        "bootstrap terraform",
        "python -m pytest --hypothesis-profile ci tests/unit -k webhook",
    ]


def test_coverage_is_measured_only_where_lambda_is_covered() -> None:
    assert sys.gettrace() is None
