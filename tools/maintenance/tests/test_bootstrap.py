"""scripts/bootstrap: it sets up once, even beside another start or after an interruption."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import SCRIPTS

from tests.support.programs import LONGEST, Script

# A Python whose pip and uv log what they should install. An install fails if FAIL names its
# installer. If there is a pipe, it waits until somebody opens it.
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
    [ "${{FAIL:-}}" = uv ] && exit 1
    sed s/NAME/uv/ installer >.venv/bin/uv
    chmod +x .venv/bin/uv
    ;;
  "-m pip"*install*) sh installer "$@" ;;
  "-m pip"*download*)
    for last; do :; done
    echo "download $last" >>log
    mkdir .venv/examples
    tar -czf .venv/examples/library.tar.gz version
    ;;
  "-m pip"*) ;;
  *) exec {sys.executable} "$@" ;;
esac
"""
INSTALLER = """#!/bin/sh
for last; do :; done
echo "NAME $last" >>log
case "${FAIL:-}" in *NAME*) echo "no network" >&2; exit 1 ;; esac
if [ -p pipe ]; then
  echo >.venv/half
  read line <pipe
fi
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with what bootstrap looks at."""
    return made(tmp_path)


def made(folder: Path) -> Path:
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPTS / "bootstrap", folder / "scripts")
    files = {
        "scripts/python": PYTHON,
        "installer": INSTALLER,
        "version": "Python 3.13.0\n",
        "requirements-demo.txt": "demo==1\n",
        "requirements-dev.txt": "tests==1\n",
        "requirements-optional.txt": "checkov==1\n",
        "scripts/requirements.py": 'UV = "uv==1"\n',
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "scripts" / "python").chmod(0o755)
    return folder


def bootstrap(project: Path, *arguments: str, code: int = 0, **environment: str) -> list[str]:
    """Run bootstrap, and return the lines that it wrote."""
    result = subprocess.run(
        [project / "scripts" / "bootstrap", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
    )
    assert result.returncode == code, result.stdout
    return result.stdout.splitlines()


def done(project: Path) -> list[str]:
    """Return what was done since the last time."""
    log = project / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.write_text("")
    return lines


DEMO = ["clear .venv", "uv requirements-demo.txt"]
SAID = ["Setting up .venv with Python 3.13.0 …"]


def test_a_second_start_sets_nothing_up(project: Path) -> None:
    assert bootstrap(project) == SAID
    assert done(project) == DEMO
    assert bootstrap(project) == []
    assert done(project) == []


def test_the_modules_copies_of_several_bots_share_what_is_set_up(tmp_path: Path) -> None:
    tea, dice = (made(tmp_path / name / ".terraform/modules/bot") for name in ("tea", "dice"))
    cache = str(tmp_path / "cache")
    assert bootstrap(tea, XDG_CACHE_HOME=cache) == SAID
    assert [line.partition("-")[0] for line in done(tea)] == ["clear venv", "uv requirements"]
    assert bootstrap(dice, XDG_CACHE_HOME=cache) == bootstrap(tea, XDG_CACHE_HOME=cache) == []
    assert done(dice) == []
    assert (dice / ".venv").resolve() == (tea / ".venv").resolve()
    (dice / "requirements-demo.txt").write_text("demo==2\n")  # another version of the module
    assert bootstrap(dice, XDG_CACHE_HOME=cache) == SAID
    assert bootstrap(tea, XDG_CACHE_HOME=cache) == []


def test_a_copy_keeps_a_set_up_of_its_own(tmp_path: Path) -> None:
    copy = made(tmp_path / ".terraform/modules/bot")
    (copy / ".venv").mkdir()
    assert bootstrap(copy, XDG_CACHE_HOME=str(tmp_path / "cache")) == SAID
    assert done(copy) == DEMO


def test_what_tests_need_is_added(project: Path) -> None:
    bootstrap(project)
    done(project)
    assert bootstrap(project, "tests") == SAID
    assert done(project) == ["uv requirements-dev.txt"]
    assert bootstrap(project, "tests") == bootstrap(project) == []
    assert done(project) == []


def test_new_versions_are_added_and_another_python_is_a_new_start(project: Path) -> None:
    bootstrap(project)
    done(project)
    (project / "requirements-demo.txt").write_text("demo==1.1\n")
    bootstrap(project)
    assert done(project) == ["uv requirements-demo.txt"]
    (project / "requirements-demo.txt").write_text("demo==1\n")
    bootstrap(project)
    assert done(project) == ["uv requirements-demo.txt"], "demo==1.1 only begins with demo==1"
    (project / "version").write_text("Python 3.14.1\n")
    bootstrap(project)
    assert done(project) == DEMO


def test_if_uv_cannot_be_installed_pip_installs(project: Path) -> None:
    assert bootstrap(project, FAIL="uv") == SAID
    assert done(project) == ["clear .venv", "NAME requirements-demo.txt"]


def test_if_uv_fails_pip_installs(project: Path) -> None:
    (project / "installer").write_text(INSTALLER.replace("*NAME*", "*-NAME-*"))
    assert bootstrap(project, FAIL="-uv-") == SAID
    assert done(project) == [*DEMO, "NAME requirements-demo.txt"]


def test_a_set_up_without_a_network_fails_and_is_tried_again(project: Path) -> None:
    for _ in range(2):
        assert bootstrap(project, code=1, FAIL="NAME uv") == [
            *SAID,
            "no network",
            "pip can't install requirements-demo.txt: look at the network, and at pip's index and "
            "proxy",
        ]


def test_examples_are_downloaded_once_for_each_version(project: Path) -> None:
    bootstrap(project)
    downloaded = []
    for other, telebot in ("11", "11", "21", "22"):
        (project / "requirements-dev.txt").write_text(f"a=={other}\npyTelegramBotAPI=={telebot}\n")
        bootstrap(project, "libraries")
        downloaded.append([line for line in done(project) if "download" in line])
    first, last = ([f"download pyTelegramBotAPI=={each}"] for each in "12")
    assert downloaded == [first, [], [], last]
    assert (project / ".venv" / "examples" / "version").exists()


def test_checkov_has_a_venv_of_its_own(project: Path) -> None:
    bootstrap(project)
    done(project)
    assert bootstrap(project, "checkov") == ["Setting up Checkov in .venv-checkov …"]
    assert done(project) == ["clear .venv-checkov", "uv checkov==1"]
    assert bootstrap(project, "checkov") == []


def test_two_starts_at_once_set_up_once(project: Path) -> None:
    os.mkfifo(project / "pipe")
    with Script(project, "bootstrap") as first:
        first.wait_for(SAID[0])
        with Script(project, "bootstrap") as second:
            second.wait_for("Waiting for another set-up to end …")
            (project / "pipe").write_text("go on\n")
            assert first.end() == second.end() == 0
    assert done(project) == DEMO
    assert second.output == "Waiting for another set-up to end …\n"


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_next_start_repairs_what_was_interrupted(project: Path, kind: signal.Signals) -> None:
    bootstrap(project)
    os.mkfifo(project / "pipe")
    with Script(project, "bootstrap", "tests") as stopped:
        with (project / "pipe").open("w"):  # it waits there
            os.killpg(stopped.process.pid, kind)
            assert stopped.end() != 0
    (project / "pipe").unlink()
    done(project)
    assert (project / ".venv" / "half").exists()
    assert bootstrap(project) == SAID
    assert done(project) == DEMO
    assert not (project / ".venv" / "half").exists()


def test_another_checkouts_venv_is_left_alone(project: Path, tmp_path: Path) -> None:
    (project / "elsewhere").mkdir()
    (project / ".venv").symlink_to("elsewhere")
    assert bootstrap(project) == []
    assert done(project) == []
