"""scripts/new: a folder for a bot of one's own. tests/deployment/test_examples.py applies one."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from telegram_bot_aws.local import program
from telegram_bot_aws.local.project import LAMBDA, ROOT, STAND_IN
from telegram_bot_aws.starter import new
from tests.support.programs import contents, run

EXAMPLES = new.examples()
URL = "https://example.org/terraform-aws-telegram-bot"
SSH = "ssh://git@example.org/bot"
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def test_new_writes_a_bot_and_prints_commands(tmp_path):
    folder = tmp_path / "hello-bot"
    (tmp_path / "link").symlink_to(tmp_path)
    ran = run(new.main, str(tmp_path / "link" / "hello-bot"))
    assert ran.code == 0
    assert f"{folder} has the bot hello-bot." in ran.output
    ignored = ["demo.env", "terraform.tfstate", "my.tfvars", "scripts"]
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    command = ["git", "check-ignore", *ignored]
    assert subprocess.check_output(command, cwd=folder, text=True).split() == ignored
    told = [shlex.split(line)[-1] for line in ran.output.splitlines() if line.startswith("  ")]
    assert told == ["mypy", "init", "pytest", "--direct"]
    ran = run(new.main, str(tmp_path / "remind-me"), "--example", "remind-me")
    assert ".venv/bin/pip install pytest mypy -r bot/requirements.txt\n" in ran.output
    ran = run(new.main, str(tmp_path / "news"), "--example", "newsletter")
    assert "  scripts/demo\n" in ran.output  # it has a table


def test_command_names_a_python_that_runs_in_the_folder(tmp_path, monkeypatch):
    python = f"python3.{sys.version_info.minor}"
    for code, expected in ((0, python), (127, sys.executable)):
        shim = tmp_path / python
        shim.write_text(f"#!/bin/sh\nexit {code}\n")
        shim.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        ran = run(new.main, str(tmp_path / f"bot-{code}"))
        assert f"  {expected} -m venv" in ran.output


@pytest.mark.parametrize(
    ("source", "is_here", "is_clone"),
    [
        (f"git::file://{ROOT}?ref=v1", True, True),
        ("git::file:///srv/bare.git", True, False),
        (f"git::{URL}", False, False),
    ],
    ids=["clone", "bare", "remote"],
)
def test_scripts_link_to_the_modules(tmp_path, monkeypatch, source, is_here, is_clone):
    folder = tmp_path / "mine"
    ran = run(new.main, str(folder), "--source", source)
    assert ("Before the first push, replace the source" in ran.output) == is_here
    link = (folder / "scripts").readlink()
    if not is_clone:
        assert str(link) == ".terraform/modules/telegram_bot/scripts"
        return
    assert not link.is_absolute()
    assert (folder / link).resolve() == ROOT / "scripts"
    monkeypatch.chdir(folder)
    assert program.typed("demo") == "scripts/demo"


@pytest.mark.slow
def test_tests_of_each_example_pass_in_a_copy(tmp_path):
    for example in EXAMPLES:
        if example != "moved/aiogram":  # which takes seconds to import
            folder = tmp_path / f"my-{example.rpartition('/')[2]}"
            run(new.main, str(folder), "--example", example)
    command = [sys.executable, "-m", "pytest", "-q", "--import-mode", "importlib", tmp_path]
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    before = subprocess.run(command, env=own, capture_output=True, text=True)
    assert "No module named 'botkit'. Run terraform init first\n" in before.stdout
    paths = {**own, "PYTHONPATH": f"{LAMBDA}:{STAND_IN}"}
    after = subprocess.run(command, env=paths, capture_output=True, text=True)
    assert after.returncode == 0, after.stdout


@pytest.mark.parametrize("example", EXAMPLES)
def test_copy_has_its_folders_name_and_a_source(tmp_path, example):
    folder = tmp_path / "Weather-2"
    ran = run(new.main, str(folder), "--example", example, "--source", "telegram-bot/aws")
    assert ran.code == 0
    main = (folder / "main.tf").read_text()
    assert re.findall(r"^  source += (.*)$", main, re.MULTILINE) == ['"telegram-bot/aws"']
    assert main.count('provider "aws" {') == 1
    assert '= "Weather-2"\n' in main
    others = re.findall(r"[\w-]+-bot", main.replace("telegram-bot/aws", ""))
    assert others in ([], ["python-telegram-bot"])
    # The workflow has no token, so it is in Parameter Store.
    assert re.search('^  telegram_bot_token_parameter += "/Weather-2/token"', main, re.MULTILINE)
    assert "TF_VAR_" not in (folder / ".github/workflows/deploy.yml").read_text()
    for output in ("logs_command", "webhook_url"):  # which scripts/doctor and the README use
        assert f'output "{output}" {{' in main
    # The name that the pages' commands and addresses have.
    assert re.findall(r'^module "(\w+)"', main, re.MULTILINE) == ["telegram_bot"]
    settings = (folder / "pyproject.toml").read_text()
    for part in ("lambda", "tools/telegram-stand-in"):
        assert f'".terraform/modules/telegram_bot/{part}"' in settings
    is_moved = example.startswith("moved/")  # to a framework, which mypy can't follow
    assert ("pytest mypy" in ran.output) is not is_moved
    if is_moved:
        assert re.search(r"^  session_retention_in_days += ", main, re.MULTILINE)
        assert re.search(r"^  memory_size += 512 ", main, re.MULTILINE)


@pytest.mark.parametrize("name", ["my bot", "my_bot", "bot.1", "größe", "b" * 65, "/"])
def test_new_rejects_a_folders_name(tmp_path, name):
    ran = run(new.main, str(tmp_path / name))
    assert ran.code == 2
    assert "which must have 1 to 64 letters" in ran.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ("bot/bot.py", "exists already, and nothing is overwritten"),
        ("scripts", "exists already, and nothing is overwritten"),
        ("bot", "must be a folder, but is a file"),
    ],
)
@pytest.mark.parametrize("is_link", [False, True], ids=["file", "link"])
def test_new_overwrites_nothing(tmp_path, there, reason, is_link):
    place = tmp_path / "mine" / there
    place.parent.mkdir(parents=True)
    if is_link:
        place.symlink_to(tmp_path / "elsewhere")  # which isn't there
    else:
        place.write_text("mine")
    ran = run(new.main, str(tmp_path / "mine"))
    assert ran.code == 2
    assert f"{place} {reason}" in ran.output
    assert contents(tmp_path) == ({} if is_link else {f"mine/{there}": b"mine"})


@pytest.mark.parametrize("source", ["/srv/nowhere", "./nowhere", "../nowhere"])
def test_new_rejects_a_source_without_a_folder(tmp_path, source):
    ran = run(new.main, str(tmp_path / "mine"), "--source", source)
    assert ran.code == 2
    assert re.search("--source: there is no folder /.*nowhere\n", ran.output)
    assert list(tmp_path.iterdir()) == []


def test_new_rejects_a_folder_in_the_module(tmp_path, monkeypatch):
    monkeypatch.setattr(new, "ROOT", tmp_path)
    ran = run(new.main, str(tmp_path / "examples" / "mine"))
    assert (ran.code, list(tmp_path.iterdir())) == (2, [])


FIRST = ("init --quiet", "commit --quiet --allow-empty --message=1")
PUSHED = "update-ref refs/remotes/origin/main HEAD"
SOURCES = {
    "release": (f"git::{URL}?ref=v1.2.3&depth=1", URL, "tag v1.2.3", "tag v1"),
    "not a release": (f"git::{URL}?ref=COMMIT", URL, PUSHED, "tag v1.2.3-draft", "tag v1"),
    "ssh": (f"git::{SSH}?ref=COMMIT", SSH, PUSHED),
    "not pushed": ("git::file://CLONE", URL),
    "folder": ("git::file://CLONE", "../origin", PUSHED),
    "with a token": ("git::file://CLONE", "https://a-token@example.org/bot", PUSHED),
    "an archive in somebody's repository": ("FOLDER", URL, "tag v1.2.3"),
}


@pytest.mark.parametrize("row", SOURCES.values(), ids=SOURCES)
def test_source_is_the_origin_if_it_has_the_commit(tmp_path, monkeypatch, row):
    expected, origin, *commands = row
    clone = tmp_path / "a clone"
    clone.mkdir()
    for command in (*FIRST, f"remote add origin {origin}", *commands):
        subprocess.run([*GIT, *shlex.split(command)], cwd=clone, check=True)
    root = clone / "module" if expected == "FOLDER" else clone
    root.mkdir(exist_ok=True)
    monkeypatch.setattr(new, "ROOT", root)
    source = new.default_source()
    path = str(clone).replace(" ", "%20")
    expected = expected.replace("COMMIT", new.git("rev-parse", "HEAD"))
    assert source == expected.replace("CLONE", path).replace("FOLDER", str(root))
    if expected.endswith("CLONE"):
        # As Terraform does, by https://github.com/hashicorp/go-getter
        url = source.removeprefix("git::")
        subprocess.run(["git", "clone", "--quiet", url, tmp_path / "module"], check=True)
        assert new.local_module(source) == clone
