"""scripts/demo: one command shows the bot at work, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat.deployments import TOKENS_BEGIN
from emulators.aws import Emulator
from local.project import SCRIPTS
from local.providers import REMEDY
from local.terraform import from_mirrors

from tests.support.needs import needs_provider, needs_terraform, skip_or_fail
from tests.support.programs import (
    LONGEST,
    Script,
    copy_of_the_project,
    edit,
    processes_that_know,
)

linux = pytest.mark.usefixtures("proc")


@pytest.fixture
def proc() -> None:
    if sys.platform != "linux":
        skip_or_fail("needs Linux: reads /proc")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return copy_of_the_project(tmp_path / "project")


@pytest.fixture
def temporary() -> Iterator[Path]:
    """The folder for temporary files; what has it in its environment, the demo started.

    Its path is short: Terraform talks to its provider over a socket in there.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def nothing_is_left(temporary: Path) -> None:
    assert processes_that_know(f"TMPDIR={temporary}") == []
    assert list(temporary.iterdir()) == []


def test_messages_are_answered_directly(project: Path, temporary: Path) -> None:
    arguments = ("--direct", "--send", "hello", "--send", "good bye")
    with Script(project, "demo", *arguments, TMPDIR=str(temporary)) as demo:
        assert demo.end() == 0, demo.output
    lines = demo.output.splitlines()
    assert lines.index("Heard: hello") < lines.index("Heard: good bye")
    nothing_is_left(temporary)


def test_a_read_only_checkout_with_a_strange_path_will_do(tmp_path: Path, temporary: Path) -> None:
    """As its user would have it: with blanks, a dollar and letters beyond ASCII in its path."""
    project = tmp_path / "my $HOME's `bots` größer"
    project.mkdir()
    copy_of_the_project(project)
    edit(project, "Heard: ", "Gesagt: ")
    for path in [*project.rglob("*"), project]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    before = contents(project)
    arguments = ("--direct", "--send", "hello")
    with Script(project, "demo", *arguments, TMPDIR=str(temporary)) as demo:
        assert demo.end() == 0, demo.output
    assert "Gesagt: hello" in demo.output.splitlines()
    assert contents(project) == before
    nothing_is_left(temporary)


def test_direct_needs_no_dependencies(project: Path) -> None:
    (project / ".venv").unlink()
    with Script(project, "demo", "--direct", "--send", "hello") as demo:
        assert demo.end() == 0, demo.output
    assert not (project / ".venv").exists()


def test_a_message_is_answered_on_emulated_aws(
    project: Path, temporary: Path, tmp_path: Path
) -> None:
    """What the operator has beside the module, in the home folder and set is not touched."""
    needs_provider()
    used = tmp_path / "used"
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text(
        f"[default]\ncredential_process = touch {used}\n[profile mine]\nrole_arn = nonsense\n"
    )
    (project / "terraform.tfstate").write_text("the operator's state")
    (project / "backend.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    (project / "terraform.tfvars").write_text('name = "the-operators"\n')
    (project / ".terraform").mkdir()
    (project / ".terraform" / "environment").write_text("production")
    before = contents(project)
    environment = {
        "AWS_ACCESS_KEY_ID": "the-operators",
        "AWS_PROFILE": "mine",
        "AWS_SECRET_ACCESS_KEY": "the-operators-key",
        "HOME": str(home),
        "TF_CLI_ARGS": "-no-such-option",
        "TF_DATA_DIR": str(project / ".terraform"),
        "TF_VAR_name": "the operator's, and no name",
        "TF_VAR_telegram_bot_token": "the-operators-token",
        "TF_WORKSPACE": "production",
        "TMPDIR": str(temporary),
    }
    with Script(project, "demo", "--send", "hello", **environment) as demo:
        assert demo.end() == 0, demo.output
    lines = [re.sub(r"\d+\.\d s", "", line) for line in demo.output.splitlines()]
    mirrors = from_mirrors()
    assert lines == [
        "emulated AWS … ",
        f"terraform init{mirrors and ', '}{mirrors} … ",
        "terraform apply … ",
        "The bot runs on an emulated AWS, applied in .",
        '"hello" delivered … ',
        "Heard: hello",
        "terraform destroy … ",
    ]
    for secret in (TOKENS_BEGIN, "the-operators-key", "the-operators-token"):
        assert secret not in demo.output
    assert contents(project) == before
    assert not used.exists()
    nothing_is_left(temporary)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".venv" not in path.parts and "__pycache__" not in path.parts
    }


@linux
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_direct_demo(
    project: Path, temporary: Path, kind: signal.Signals
) -> None:
    with Script(project, "demo", "--direct", TMPDIR=str(temporary)) as demo:
        demo.wait_for("Ctrl-C ends the demo.")
        assert processes_that_know(f"TMPDIR={temporary}")
        assert demo.end(kind) == 0
    nothing_is_left(temporary)


@linux
@pytest.mark.parametrize("moment", ["emulated AWS … ", "terraform init", "terraform apply … "])
def test_a_signal_ends_the_set_up(project: Path, temporary: Path, moment: str) -> None:
    needs_provider()
    with Script(project, "demo", TMPDIR=str(temporary)) as demo:
        demo.wait_for(moment)
        assert demo.end(signal.SIGTERM) == 130
    assert "Stopped, and all taken down." in demo.output
    nothing_is_left(temporary)


def test_each_start_has_a_token_of_its_own() -> None:
    program = "from chat.deployments import TOKENS_BEGIN, token; print(TOKENS_BEGIN, token(1))"
    command = [sys.executable, "-c", program]
    said = [subprocess.check_output(command, cwd=SCRIPTS, text=True).split() for _ in range(2)]
    assert all(begin in token for begin, token in said)
    assert said[0] != said[1]


@linux
def test_a_failed_apply_is_told_and_taken_down(project: Path, temporary: Path) -> None:
    needs_provider()
    edit(project, 'COMMANDS = {"start"', 'COMMANDS = {"No Name"')
    with Script(project, "demo", "--send", "hello", TMPDIR=str(temporary)) as demo:
        assert demo.end() == 1
    assert "scripts/demo: terraform apply failed:" in demo.output
    assert "No Name" in demo.output
    assert "Traceback" not in demo.output
    assert TOKENS_BEGIN not in demo.output
    nothing_is_left(temporary)


@linux
@pytest.mark.parametrize("mode", ["direct", "stack"])
def test_a_demo_that_is_killed_leaves_nothing(project: Path, temporary: Path, mode: str) -> None:
    if mode == "stack":
        needs_provider()
    arguments = ["--direct"] if mode == "direct" else []
    with Script(project, "demo", *arguments, TMPDIR=str(temporary)) as demo:
        demo.wait_for("Ctrl-C ends the demo." if mode == "direct" else "terraform apply … ")
        demo.end(signal.SIGKILL)
    ends = time.monotonic() + LONGEST
    while list(temporary.iterdir()) or processes_that_know(f"TMPDIR={temporary}"):
        assert time.monotonic() < ends
        time.sleep(0.05)


@linux
def test_nobody_reads_the_output(project: Path, temporary: Path) -> None:
    """As with `scripts/demo | head -1`: what was started is taken down all the same, quietly."""
    with subprocess.Popen(
        [project / "scripts" / "demo", "--direct"],
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout and demo.stderr
        demo.stdout.close()
        assert demo.wait(LONGEST) == 1
        assert "Traceback" not in demo.stderr.read()
    nothing_is_left(temporary)


@linux
def test_a_broken_venv_is_told(project: Path, tmp_path: Path) -> None:
    (project / ".venv").unlink()
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to(sys.executable)
    (project / "scripts/bootstrap").write_text("#!/bin/sh\necho 'Setting up .venv …'\n")
    with Script(project, "demo", "--send", "hello") as demo:
        assert demo.end() == 0, demo.output
    assert "set-up, only once (--direct needs none) … " in demo.output
    assert ".venv is broken: remove it" in demo.output
    assert "Heard: hello" in demo.output.splitlines()


AS_DIRECT = (
    "So the bot runs as with --direct: messages, answers and its page work. Terraform, its "
    "permissions and the queue are left out."
)


def test_without_a_provider_it_is_direct_at_once(project: Path) -> None:
    """Nothing is set up, nothing of AWS started, before that is said."""
    (project / ".venv").unlink()
    lock = project / ".terraform.lock.hcl"
    lock.write_text(lock.read_text().replace("registry.terraform.io", "127.1.2.3"))
    told = {"HTTPS_PROXY": "", "https_proxy": "", "TF_CLI_CONFIG_FILE": "", "TF_PLUGIN_DIR": ""}
    with Script(project, "demo", "--send", "hello", HOME=str(project), **told) as demo:
        assert demo.end() == 0, demo.output
    lines = demo.output.splitlines()
    assert lines[0].startswith("No emulated AWS here: Terraform's provider hashicorp/aws ")
    assert " is missing. 127.1.2.3 can't be reached (" in lines[0]
    assert lines[1:3] == [AS_DIRECT, REMEDY]
    assert "The bot runs directly, without AWS and Terraform." in lines
    assert "Heard: hello" in lines
    assert not (project / ".venv").exists()


def test_a_provider_that_cannot_be_installed_is_told_in_a_line(
    project: Path, tmp_path: Path
) -> None:
    needs_terraform()
    (tmp_path / "empty").mkdir()
    with Script(project, "demo", "--send", "hello", TF_PLUGIN_DIR=str(tmp_path / "empty")) as demo:
        assert demo.end() == 0, demo.output
    lines = demo.output.splitlines()
    said = "No emulated AWS here: Terraform can't install its provider: Failed to query "
    told = [number for number, line in enumerate(lines) if line.startswith(said)]
    assert len(told) == 1, demo.output
    assert lines[told[0] + 1] == AS_DIRECT
    assert "Heard: hello" in lines


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ([], {"TERRAFORM": "nowhere"}, "TERRAFORM is nowhere, and there is no such program"),
        ([], {"TF_PLUGIN_DIR": "/nowhere"}, "TF_PLUGIN_DIR is /nowhere, and there is no such"),
        (["--direct", "--open"], {}, "leave out --open"),
    ],
    ids=["TERRAFORM", "TF_PLUGIN_DIR", "--open"],
)
def test_what_is_asked_for_by_name_is_done_or_refused(
    project: Path, arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    with Script(project, "demo", *arguments, "--send", "hello", **environment) as demo:
        assert demo.end() == 2
    assert sentence in demo.output


@linux
def test_a_set_up_that_is_stopped_is_ended(project: Path, temporary: Path) -> None:
    """It may be in the middle of an installation."""
    (project / ".venv").unlink()
    (project / "scripts/bootstrap").write_text("#!/bin/sh\necho 'Setting up .venv …'\nsleep 600\n")
    with Script(project, "demo", TMPDIR=str(temporary)) as demo:
        demo.wait_for("set-up, only once (--direct needs none) … ")
        assert demo.end(signal.SIGTERM) == 130
    nothing_is_left(temporary)


def test_a_bot_that_fails_shows_where(project: Path) -> None:
    edit(project, 'text = message["text"]', 'text = message["txt"]')
    with Script(project, "demo", "--direct", "--send", "hello") as demo:
        assert demo.end() == 1
    assert "KeyError: 'txt'" in demo.output


def test_what_people_see_for_a_moment_is_no_answer(project: Path) -> None:
    calls = """[
        {"method": "sendChatAction", "chat_id": call["chat_id"], "action": "typing"},
        {"method": "sendMessageDraft", "chat_id": call["chat_id"], "draft_id": 1, "text": "Hea"},
        call,
    ]"""
    edit(project, "return [call]", f"return {calls}")
    with Script(project, "demo", "--direct", "--send", "hello") as demo:
        assert demo.end() == 0
    [delivered, answer] = demo.output.splitlines()[-2:]
    assert delivered.startswith('"hello" delivered')
    assert answer == "Heard: hello"


@pytest.mark.parametrize(
    ("markup", "rows"),
    [
        (
            '{"inline_keyboard": [[{"text": "A", "callback_data": "a"}, '
            '{"text": "B", "callback_data": "b"}], [{"text": "C", "callback_data": "c"}]]}',
            ["[A] [B]", "[C]"],
        ),
        ('{"keyboard": [[{"text": "A"}, "B"]]}', ["[A] [B]"]),
        ('{"remove_keyboard": True}', []),
    ],
    ids=["inline", "below the input", "removed"],
)
def test_an_answers_buttons_are_shown(project: Path, markup: str, rows: list[str]) -> None:
    edit(project, "return [call]", f"return [{{**call, 'reply_markup': {markup}}}]")
    with Script(project, "demo", "--direct", "--send", "hello") as demo:
        assert demo.end() == 0, demo.output
    lines = demo.output.splitlines()
    assert lines[lines.index("Heard: hello") :] == ["Heard: hello", *rows]


def test_a_bot_that_returns_no_calls_is_told_so(project: Path) -> None:
    edit(project, "return [call]", 'return "hi"')
    with Script(project, "demo", "--direct", "--send", "hello") as demo:
        assert demo.end() == 1
    assert "reply() must return a list of calls, not a str" in demo.output


def test_a_bot_that_does_not_start_shows_why(project: Path) -> None:
    edit(project, "def reply(", "def reply(:")
    with Script(project, "demo", "--direct", "--send", "hello") as demo:
        assert demo.end() == 2
    assert "SyntaxError" in demo.output


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(" ", "A message needs some text"), ("x" * 4097, "4096 characters at most, not 4097")],
    ids=["blank", "too long"],
)
def test_a_message_that_cannot_be_sent_is_refused(project: Path, text: str, sentence: str) -> None:
    with Script(project, "demo", "--direct", "--send", text) as demo:
        assert demo.end() == 2
    assert sentence in demo.output


@linux
def test_the_emulated_aws_listens_only_on_loopback() -> None:
    """It runs code for anyone who asks."""
    with Emulator() as emulator:
        mine = f"TMPDIR={emulator.folder}"
        inodes = {
            str(link.readlink())
            for folder in Path("/proc").glob("[0-9]*")
            if knows(folder, mine)
            for link in (folder / "fd").iterdir()
        }
        listening = [
            fields[1]
            for name in ("tcp", "tcp6")
            for fields in map(str.split, Path(f"/proc/net/{name}").read_text().splitlines()[1:])
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes
        ]
    assert f"0100007F:{emulator.port:04X}" in listening
    assert {address.partition(":")[0] for address in listening} == {"0100007F"}


def knows(process: Path, text: str) -> bool:
    try:
        return text.encode() in (process / "environ").read_bytes()
    except OSError:
        return False
