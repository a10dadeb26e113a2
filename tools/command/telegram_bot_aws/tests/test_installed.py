"""The command as uvx installs it from a Git repository, and runs it without a clone."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from telegram_bot_aws.local import program
from telegram_bot_aws.local.project import ROOT, VENV
from telegram_bot_aws.starter import new
from tests.support.needs import skip_or_fail

SAID = "Hello, Ada!\n"  # by the example that `new` copies
URL = "https://example.org/telegram"
IGNORED = shutil.ignore_patterns(".git", ".terraform", ".venv", "__pycache__")
GIT = {"vcs": "git", "commit_id": "c0ffee"}


@pytest.mark.slow
def test_installed_command_begins_and_tries_a_bot(tmp_path, quick_terraform):
    if not (uv := VENV / "bin" / "uv").exists():
        skip_or_fail("needs uv, which scripts/bootstrap installs")
    repository = tmp_path / "a-fork"
    shutil.copytree(ROOT, repository, symlinks=True, ignore=IGNORED)
    git = ["git", "-C", str(repository), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=1"]):
        subprocess.run([*git, *command], check=True)
    uvx = [str(uv), "tool", "run", "--quiet", "--python", sys.executable]

    def run(*words):
        command = [*uvx, "--from", f"git+file://{repository}", "telegram-bot-aws", *words]
        ran = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        assert ran.returncode == 0
        return ran.stdout

    assert "  scripts/demo --direct\n" in run("new", "hello-bot")
    commit = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    main = (tmp_path / "hello-bot" / "main.tf").read_text()
    assert f'  source = "git::file://{repository}?ref={commit}"\n' in main
    assert run("demo", "--direct", "hello-bot/bot", "--send", "hi") == SAID
    assert run("demo", "hello-bot", "--send", "hi") == SAID
    for subcommand in ("poll", "doctor", "sessions"):
        assert run(subcommand, "--help").startswith(f"usage: telegram-bot-aws {subcommand} ")


@pytest.mark.parametrize(
    ("about", "source"),
    [
        ({"vcs_info": {**GIT, "requested_revision": "main"}}, f"git::{URL}?ref=c0ffee"),
        ({"vcs_info": {**GIT, "requested_revision": "v1.2.3"}}, f"git::{URL}?ref=v1.2.3&depth=1"),
        ({"archive_info": {}}, new.UNKNOWN),
    ],
    ids=["branch", "release", "archive"],
)
def test_source_is_where_the_command_was_installed_from(monkeypatch, about, source):
    installed = SimpleNamespace(read_text=lambda file: json.dumps({"url": URL, **about}))
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: installed)
    monkeypatch.setattr(program, "repository", program.repository.__wrapped__)  # isn't cached
    monkeypatch.setattr(program, "IS_INSTALLED", True)
    monkeypatch.setattr(new, "IS_INSTALLED", True)
    assert new.default_source() == source
