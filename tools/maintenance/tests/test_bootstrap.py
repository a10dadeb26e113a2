"""scripts/bootstrap: it sets up once, even beside another start or after an interruption."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from telegram_bot_aws.local.project import SCRIPTS

from tests.support.programs import MAX_SECONDS, Script

# A Python whose pip installs a uv. Each logs what it should install, and fails if FAIL names it. If
# there is a pipe, it waits until somebody opens it.
PYTHON = f"""#!/bin/sh
cd "$(dirname "$0")/.."
case "$*" in
  "-c import sys; print(sys.executable)") echo "$0" ;;
  --version) cat version ;;
  "-m venv"*)
    echo "clear $(basename "$5")" >>log
    rm -rf "$5"
    mkdir -p "$5/bin"
    ;;
  "-m pip"*install*uv==*)
    sed s/NAME/uv/ installer >.venv/bin/uv
    chmod +x .venv/bin/uv
    ;;
  "-m pip"*install*) sh installer "$@" ;;
  "-m pip"*) ;;
  *) exec {sys.executable} "$@" ;;
esac
"""
INSTALLER = """#!/bin/sh
for last; do :; done
echo "NAME $(tr '\\n' ' ' <"$last")" >>log
case "${FAIL:-}" in *NAME*) echo "no network" >&2; exit 1 ;; esac
if [ -p pipe ]; then
  echo >.venv/half
  read line <pipe
fi
"""
SETTINGS = """
[project]
dependencies = ["command==1"]
[dependency-groups]
tests = ["tests==1"]
uv = ["uv==1"]
"""
SAID = ["Setting up .venv with Python 3.13.0 …"]
DONE = ["clear .venv", "uv command==1"]


def made(folder):
    """Make a folder with what bootstrap looks at."""
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPTS / "bootstrap", folder / "scripts")
    (folder / "scripts" / "python").write_text(PYTHON)
    (folder / "scripts" / "python").chmod(0o755)
    (folder / "installer").write_text(INSTALLER)
    (folder / "version").write_text("Python 3.13.0\n")
    (folder / "pyproject.toml").write_text(SETTINGS)
    return folder


@pytest.fixture
def project(tmp_path):
    return made(tmp_path)


def bootstrap(project, *arguments, code=0, **environment):
    """Run bootstrap, and return the lines that it wrote."""
    result = subprocess.run(
        [project / "scripts" / "bootstrap", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MAX_SECONDS,
    )
    assert result.returncode == code, result.stdout
    return result.stdout.splitlines()


def done(project):
    """Return what was done since the last time."""
    log = project / "log"
    lines = [line.strip() for line in log.read_text().splitlines()] if log.exists() else []
    log.write_text("")
    return lines


def test_second_start_sets_nothing_up(project):
    assert bootstrap(project) == SAID
    assert done(project) == DONE
    assert bootstrap(project) == []
    assert done(project) == []


def test_packages_are_added_unless_python_changed(project):
    bootstrap(project)
    done(project)
    bootstrap(project, "tests")
    assert bootstrap(project) == []
    assert done(project) == ["uv command==1 tests==1"]
    (project / "pyproject.toml").write_text(SETTINGS.replace("command==1", "command==1.1"))
    bootstrap(project)
    assert done(project) == ["uv command==1.1"]
    (project / "version").write_text("Python 3.14.1\n")
    bootstrap(project)
    assert done(project) == ["clear .venv", "uv command==1.1"]


def test_copies_of_the_module_share_a_venv(tmp_path):
    tea, dice = (made(tmp_path / name / ".terraform/modules/bot") for name in ("tea", "dice"))
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert bootstrap(tea, **cache) == SAID
    assert bootstrap(dice, **cache) == []
    assert (dice / ".venv").resolve() == (tea / ".venv").resolve()
    (dice / "pyproject.toml").write_text(SETTINGS.replace("command==1", "command==2"))
    assert bootstrap(dice, **cache) == SAID
    assert bootstrap(tea, **cache) == []


def test_pip_installs_where_uv_fails(project):
    assert bootstrap(project, FAIL="uv") == SAID
    assert done(project) == [*DONE, "NAME command==1"]


def test_failed_set_up_is_retried(project):
    why = "pip can't install the packages: look at the network, and at pip's index and proxy"
    for _ in range(2):
        assert bootstrap(project, code=1, FAIL="NAME uv") == [*SAID, "no network", why]


def test_two_starts_at_once_set_up_once(project):
    os.mkfifo(project / "pipe")
    with Script(project, "bootstrap") as first:
        first.wait_for(SAID[0])
        with Script(project, "bootstrap") as second:
            second.wait_for("Waiting for another set-up to end …")
            (project / "pipe").write_text("go on\n")
            assert first.end() == second.end() == 0
    assert done(project) == DONE
    assert second.output == "Waiting for another set-up to end …\n"


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_next_start_repairs_an_interrupted_one(project, kind):
    bootstrap(project)
    os.mkfifo(project / "pipe")
    with Script(project, "bootstrap", "tests") as stopped:
        with (project / "pipe").open("w"):  # it waits there
            os.killpg(stopped.process.pid, kind)
            assert stopped.end() != 0
    (project / "pipe").unlink()
    done(project)
    assert bootstrap(project) == SAID
    assert done(project) == DONE
    assert not (project / ".venv" / "half").exists()


def test_linked_venv_is_left_alone(project):
    (project / "elsewhere").mkdir()
    (project / ".venv").symlink_to("elsewhere")
    assert bootstrap(project) == []
    assert done(project) == []
