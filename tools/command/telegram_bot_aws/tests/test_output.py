"""Where a tool's output goes, its words, and what it says if it can't run on this machine."""

import io
import json
import os
import re
import subprocess
import sys

import pytest

from telegram_bot_aws import command
from telegram_bot_aws.demo import demo
from telegram_bot_aws.live import doctor
from telegram_bot_aws.local.project import SCRIPTS
from telegram_bot_aws.local.terminal import ago, coloured
from tests.support.programs import MAX_SECONDS, nothing_is_left, run

PROGRESS = ("the handler ", "the bot runs ")


@pytest.mark.parametrize("arguments", ["sessions list --file kept.json", "demo --direct"])
def test_tool_ends_quietly_if_its_output_fails(arguments, tmp_path, temporary):
    """As with `scripts/demo | head -1`: the demo still takes everything down."""
    (tmp_path / "kept.json").write_text("{}")
    name, *flags = arguments.split()
    variables = {"TMPDIR": str(temporary), "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    read, write = os.pipe()
    os.close(read)
    full = os.open("/dev/full", os.O_WRONLY)
    problem = f"scripts/{name}: No space left on device"
    apart = subprocess.PIPE
    for output, error, said in ((write, apart, []), (full, apart, [problem]), (full, full, [])):
        result = subprocess.run(
            [SCRIPTS / name, *flags],
            cwd=tmp_path,
            env={**os.environ, **variables, "PYTHONUNBUFFERED": ""},
            stdout=output,
            stderr=error,
            text=True,
        )
        lines = (result.stderr or "").splitlines()
        errors = [line for line in lines if not line.lower().startswith(PROGRESS)]
        assert (result.returncode, errors) == (1, said)
    os.close(write)
    os.close(full)
    nothing_is_left(temporary)


RAW = "\033]0;title\a\x9b2J\r\x7f\ttab\nline"
SHOWN = "\\u001b]0;title\\u0007\\u009b2J\\u000d\\u007f\ttab\nline"
SENT = "]0;title \\u009b2J\\u000d\\u007f tab\nline"  # Telegram makes spaces of some


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["text", "JSON"])
def test_demo_escapes_control_characters(tmp_path, flags):
    (tmp_path / "bot.py").write_text(
        f"""
ALLOWED_UPDATES = ["message"]
def reply(update):
    print({RAW!r})
    chat = update["message"]["chat"]["id"]
    return [{{"method": "sendMessage", "chat_id": chat, "text": {RAW!r}}}]
"""
    )
    ran = run(demo.main, "--direct", str(tmp_path), "--send", "hello", *flags)
    assert f"{SHOWN}\n" in ran.output, "what it printed"
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", ran.output)
    if flags:
        assert json.loads(ran.output.splitlines()[-1])["params"]["text"] == RAW
    else:
        assert ran.output.endswith(f"\n{SENT}\n")


def test_doctor_escapes_control_characters():
    check = doctor.Check("deliveries", False, f"one failed: {RAW}", f"try {RAW}")
    assert doctor.shown(check, 10) == f"✗ deliveries  one failed: {SHOWN}\n  {'':10}  → try {SHOWN}"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-7, "moments ago"),
        (59.9, "moments ago"),
        (60, "1 min ago"),
        (3599.9, "59 min ago"),
        (3600, "1 h ago"),
        (86399, "23 h ago"),
        (86400, "1 day ago"),
        (3.9 * 86400, "3 days ago"),
    ],
)
def test_age_has_its_largest_unit(seconds, words):
    assert ago(seconds) == words


def test_coloured_needs_a_terminal(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "")
    assert coloured("good", "green", terminal) == "\033[32mgood\033[0m"
    assert coloured("good", "green", io.StringIO()) == "good"
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as unwanted:
            unwanted.setenv(name, value)
            assert coloured("good", "green", terminal) == "good", name


def fake_python(folder, body):
    """Return an environment in which every Python is this shell script."""
    for name in ("python3.12", "python3.13", "python3.14", "python3"):
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


@pytest.mark.parametrize("folder", [SCRIPTS, "/"])
def test_python_is_chosen_in_the_projects_folder(tmp_path, folder):
    """Also by a bot's link to it: pyenv chooses one by the current folder, as $PWD has it."""
    real = f'[ "$PWD" = "{folder}" ] && exec "{sys.executable}" "$@"; exit 127'
    (tmp_path / "scripts").symlink_to(SCRIPTS)
    said = subprocess.check_output(
        [tmp_path / "scripts" / "python", "-c", "import os; print(os.getcwd())"],
        cwd=tmp_path,
        env=fake_python(tmp_path, real),
        text=True,
    )
    assert said == f"{tmp_path}\n"


def test_missing_python_is_explained(tmp_path):
    result = subprocess.run(
        [SCRIPTS / "doctor"],
        env=fake_python(tmp_path, 'echo "pyenv: version 3.13 is not installed" >&2; exit 127'),
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Python 3.12 or later is needed")
    assert result.stderr.endswith("pyenv: version 3.13 is not installed\n")


def test_help_names_the_subcommands():
    told = run(command.main, "--help")
    assert told.code == 0
    for name in command.COMMANDS:
        assert f"\n  {name:8}  " in told.output


NAMES = sorted(path.name for path in SCRIPTS.iterdir() if path.is_file() and not path.suffix)
NAMES.remove("python")  # it takes Python's arguments
NAMES.remove("dev")  # whose commands have codes


@pytest.mark.parametrize("name", NAMES)
def test_help_of_each_script_has_the_exit_codes(name):
    path = SCRIPTS / name
    told = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=MAX_SECONDS)
    assert told.returncode == 0
    assert "Exit code: 0 " in told.stdout
    assert told.stdout.startswith(f"usage: scripts/{name} ") or name not in command.COMMANDS
