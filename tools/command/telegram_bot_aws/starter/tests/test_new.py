"""scripts/new: a folder for a bot of one's own. tests/deployment/test_examples.py applies one."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from telegram_bot_aws.local.project import LAMBDA, ROOT, STAND_IN
from telegram_bot_aws.starter import new
from tests.support.programs import contents, run

EXAMPLES = new.examples()
SOURCE = re.compile(r'^  source += (".*)$', re.MULTILINE)


def test_a_first_bot_is_written_and_its_commands_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "hello-bot"
    ran = run(new.main, str(folder))
    assert ran.code == 0
    assert sorted(contents(folder)) == [
        ".github/workflows/deploy.yml",
        ".gitignore",
        "bot/bot.py",
        "conftest.py",
        "main.tf",
        "pyproject.toml",
        "test_bot.py",
    ]
    told = [shlex.split(line) for line in ran.output.splitlines() if line.startswith("  ")]
    version = subprocess.run([told[0][0], "--version"], cwd=folder, capture_output=True, text=True)
    assert version.stdout == f"Python {sys.version.split()[0]}\n"
    assert [words[0].rpartition("/")[2] for words in told[1:]] == ["terraform", "python", "demo"]
    assert told[3] == ["scripts/demo", "--direct"]
    (folder / ".terraform/modules").mkdir(parents=True)
    (folder / ".terraform/modules/telegram_bot").symlink_to(ROOT)  # as init puts it there
    assert (folder / told[3][0]).resolve() == ROOT / "scripts" / "demo"
    ran = run(new.main, str(tmp_path / "news"), "--example", "newsletter")
    assert "demo .\n" in ran.output  # it has a table


def test_what_has_secrets_is_not_committed(tmp_path: Path) -> None:
    run(new.main, str(tmp_path / "mine"))
    secret = ["demo.env", "terraform.tfstate", "my.tfvars"]
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path / "mine", check=True)
    ignored = subprocess.run(
        ["git", "check-ignore", *secret], cwd=tmp_path / "mine", capture_output=True, text=True
    )
    assert ignored.stdout.split() == secret


@pytest.mark.slow
def test_the_tests_of_each_example_pass_in_a_copy(tmp_path: Path) -> None:
    for example in EXAMPLES:
        if example != "moved/aiogram":  # which takes seconds to import
            folder = tmp_path / f"my-{example.rpartition('/')[2]}"
            run(new.main, str(folder), "--example", example)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--import-mode", "importlib", tmp_path],
        cwd=tmp_path,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{LAMBDA}:{STAND_IN}"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
def test_the_first_bots_tests_pass_by_the_command_that_is_told(tmp_path: Path) -> None:
    ran = run(new.main, str(tmp_path / "mine"))
    assert "  .venv/bin/python -m pytest\n" in ran.output
    (tmp_path / "mine/.terraform/modules").mkdir(parents=True)
    (tmp_path / "mine/.terraform/modules/telegram_bot").symlink_to(ROOT)  # as init puts it there
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # there are none
    environment = {**kept, "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        command, cwd=tmp_path / "mine", env=environment, capture_output=True, text=True
    )
    assert "3 passed" in result.stdout, result.stdout


def test_before_init_the_tests_say_what_is_missing(tmp_path: Path) -> None:
    run(new.main, str(tmp_path / "mine"))
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tmp_path / "mine",
        capture_output=True,
        text=True,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    )
    assert "No module named 'botkit'. Run terraform init first\n" in result.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_copy_has_its_folders_name_and_a_source(tmp_path: Path, example: str) -> None:
    folder = tmp_path / "Weather-2"
    assert run(new.main, str(folder), "--example", example).code == 0
    main = (folder / "main.tf").read_text()
    [source] = SOURCE.findall(main)
    assert source == new.source()
    assert main.count('provider "aws" {') == 1
    assert '= "Weather-2"\n' in main
    assert re.findall(r"[\w-]+-bot", main.replace(source, "")) in ([], ["python-telegram-bot"])
    for output in ("logs_command", "webhook_url"):  # which scripts/doctor and the README use
        assert f'output "{output}" {{' in main
    # The name that the pages' commands and addresses have.
    assert re.findall(r'^module "(\w+)"', main, re.MULTILINE) == ["telegram_bot"]
    settings = (folder / "pyproject.toml").read_text()
    for part in ("lambda", "tools/telegram-stand-in"):
        assert f'".terraform/modules/telegram_bot/{part}"' in settings


def test_the_bots_packages_are_in_the_first_command(tmp_path: Path) -> None:
    ran = run(new.main, str(tmp_path / "mine"), "--example", "remind-me")
    assert ".venv/bin/pip install pytest mypy -r bot/requirements.txt\n" in ran.output


@pytest.mark.parametrize("framework", new.FRAMEWORKS)
def test_a_bot_of_a_framework_remembers_and_has_memory(tmp_path: Path, framework: str) -> None:
    folder = tmp_path / "mine"
    assert run(new.main, str(folder), "--framework", framework).code == 0
    main = (folder / "main.tf").read_text()
    assert re.search(r"^  session_retention_in_days += ", main, re.MULTILINE)
    assert re.search(r"^  memory_size += 512 ", main, re.MULTILINE)
    assert f"on_{framework}.reply_with(" in (folder / "bot/bot.py").read_text()
    assert (folder / f"bot/on_{framework}.py").is_file()
    ran = run(new.main, str(tmp_path / "two"), "--framework", framework, "--example", "form")
    assert (ran.code, (tmp_path / "two").exists()) == (2, False)


@pytest.mark.parametrize("name", ["my bot", "my_bot", "bot.1", "größe", "b" * 65, "/"])
def test_a_folder_whose_name_cannot_be_the_bots_is_refused(tmp_path: Path, name: str) -> None:
    ran = run(new.main, str(tmp_path / name))
    assert ran.code == 2
    assert "which must have 1 to 64 letters" in ran.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ("bot/bot.py", "exists already, and nothing is overwritten"),
        (".gitignore", "exists already, and nothing is overwritten"),
        ("bot", "must be a folder, but is a file"),
        ("scripts", "exists already, and nothing is overwritten"),
    ],
)
def test_nothing_is_overwritten(tmp_path: Path, there: str, reason: str) -> None:
    (tmp_path / "mine" / there).parent.mkdir(parents=True)
    (tmp_path / "mine" / there).write_text("mine")
    ran = run(new.main, str(tmp_path / "mine"))
    assert ran.code == 2
    assert f"{tmp_path / 'mine' / there} {reason}" in ran.output
    assert contents(tmp_path) == {f"mine/{there}": b"mine"}


@pytest.mark.parametrize("there", ["bot/bot.py", "bot", ""])
def test_nothing_is_written_through_a_link(tmp_path: Path, there: str) -> None:
    link = tmp_path / "mine" / there
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "elsewhere")  # which isn't there
    ran = run(new.main, str(tmp_path / "mine"))
    assert ran.code == 2
    assert f"scripts/new: {link} " in ran.output
    assert not (tmp_path / "elsewhere").exists()


def test_the_module_itself_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "ROOT", tmp_path)
    ran = run(new.main, str(tmp_path / "examples" / "mine"))
    assert (ran.code, list(tmp_path.iterdir())) == (2, [])


def repository(folder: Path, *commands: str) -> Path:
    """Make a repository with one commit, and run commands of Git in it."""
    folder.mkdir()
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in ("init --quiet", "commit --quiet --allow-empty --message=1", *commands):
        subprocess.run(["git", *who, *shlex.split(command)], cwd=folder, check=True)
    return folder


def test_the_source_of_a_clone_is_the_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = repository(tmp_path / "a clone")
    monkeypatch.setattr(new, "ROOT", clone)
    source = new.source()
    assert source == f'"git::file://{tmp_path}/a%20clone" # the last commit of this clone'
    # As Terraform does, by https://github.com/hashicorp/go-getter
    url = source.split('"')[1].removeprefix("git::")
    subprocess.run(["git", "clone", "--quiet", url, tmp_path / "module"], check=True)


def test_the_source_of_a_release_is_its_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://example.org/terraform-aws-telegram-bot"
    clone = repository(tmp_path / "clone", f"remote add origin {url}", "tag v1.2.3")
    monkeypatch.setattr(new, "ROOT", clone)
    assert new.source() == f'"git::{url}?ref=v1.2.3&depth=1"'
    shutil.rmtree(clone / ".git")  # an archive
    assert new.source() == f'"{clone}"'


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ({"Source": "git::https://example.org/x?ref=v1"}, '"git::https://example.org/x?ref=v1"'),
        ({"Source": "a/bot/aws", "Version": "1.0.0"}, '"a/bot/aws"\n  version = "1.0.0"'),
    ],
    ids=["git", "registry"],
)
def test_an_installed_module_keeps_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: dict[str, str], source: str
) -> None:
    modules = tmp_path / ".terraform" / "modules"
    (modules / "bot").mkdir(parents=True)
    listed = [{"Source": "", "Dir": "."}, {**module, "Dir": ".terraform/modules/bot"}]
    (modules / "modules.json").write_text(json.dumps({"Modules": listed}))
    monkeypatch.setattr(new, "ROOT", modules / "bot")
    assert new.source() == source
    ran = run(new.main, str(tmp_path / "mine"))
    assert "  scripts/demo --direct\n" in ran.output
