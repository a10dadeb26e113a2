"""What pages and scripts print works where it is printed: a stranger types each command.

tests/support/printed.py lists those that no test runs.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulated_aws.emulator import Emulator
from local.project import ROOT, VENV
from telegram_stand_in import Telegram

from tests.support import reader
from tests.support.deployment import Deployment, answer_to
from tests.support.printed import Shell, is_run, printed
from tests.support.provider import Providers
from tests.support.telegram import TOKEN

ORIGIN = "https://github.com/OWNER/terraform-aws-telegram-bot"
NOT_OF_THE_PROJECT = (".git", ".venv*", ".terraform", ".build", "__pycache__", ".*_cache")
REGION = "eu-central-1"  # of the pages
OVERRIDE = 'module "telegram_bot" {{\n  telegram_api_url = "{}"\n}}\n'


@pytest.fixture
def shell(
    aws: Emulator, providers: Providers, telegram: Telegram, tmp_path: Path
) -> Iterator[Shell]:
    """A terminal of somebody who has git, Python, Terraform, the AWS CLI and an account."""
    origin = shutil.copytree(
        ROOT, tmp_path / "origin", ignore=shutil.ignore_patterns(*NOT_OF_THE_PROJECT)
    )
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in ("init --quiet --initial-branch=main", "add .", "commit --quiet --message=1"):
        subprocess.run(["git", *who, *shlex.split(command)], cwd=origin, check=True)
    for name in ("bin", "home"):
        (tmp_path / name).mkdir()
    providers.command(tmp_path / "bin")
    (tmp_path / "bin" / f"python3.{sys.version_info.minor}").symlink_to(sys.executable)
    yield Shell(
        tmp_path / "home",
        tmp_path / "bin",
        {
            **Deployment(providers, aws.url, tmp_path / "unused").environment,
            "AWS_REGION": REGION,
            "BROWSER": "true",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{origin}.insteadOf",
            "GIT_CONFIG_VALUE_0": ORIGIN,
            "HOME": str(tmp_path / "home"),
            "TELEGRAM_API_URL": telegram.url,
            "TF_CLI_ARGS_apply": "-auto-approve -no-color",
            "TF_CLI_ARGS_destroy": "-auto-approve -no-color",
        },
    )


def type_in(shell: Shell, line: str) -> str:
    """Run a line if tests run it, with a token, and with .venv where packages were installed."""
    line = re.sub(r"(TOKEN|_bot_token)=…", rf"\1={TOKEN}", line)
    output = shell.run(line) if is_run(line) else ""
    if "-m venv .venv" in line or line.endswith("cd terraform-aws-telegram-bot"):
        shell.run(f"ln -s {VENV} .venv")
    return output


def test_a_stranger_gets_from_the_readme_to_a_bot(shell: Shell) -> None:
    """From a clone below the folder for temporary files. All of it without an account."""
    said = ""
    lines = printed(ROOT / "README.md")
    for line in sorted(lines, key=lambda line: not line.startswith("git clone")):
        if line not in ("terraform apply", "terraform destroy"):  # of the next page
            said += type_in(shell, line)
    assert "You said: hi\n" in said
    shell.run("cd ../hello-bot")
    for line in re.findall("^  (.*)", said.partition("hello-bot has the bot")[2], re.MULTILINE)[:4]:
        type_in(shell, line)


def test_the_first_bot_is_deployed_changed_and_removed(shell: Shell, telegram: Telegram) -> None:
    page, applied = ROOT / "docs" / "first-bot.md", []
    text = page.read_text()
    lines = printed(page)
    [policy] = [line for line in lines if line.startswith("sed ")]  # for the clone of step 1
    lines.remove(policy)
    lines.remove("terraform destroy")
    lines.insert(lines.index("cd terraform-aws-telegram-bot") + 1, policy)
    tested = 0
    for line in lines:
        if line.endswith("python -m pytest"):
            tested += 1
            if tested == 2:  # step 5
                for name in reader.DIE:
                    reader.change(shell.folder, name)
        said = type_in(shell, line)
        if "scripts/new" in line:
            (shell.folder / "override.tf").write_text(OVERRIDE.format(telegram.url))
        if line == "terraform apply":
            applied += re.findall("Apply complete! .*", said)
            answer_to(telegram, "hello")
        elif "doctor" in line:
            assert "✗" not in said
    assert len(applied) == 2 and [each for each in applied if each not in text] == []

    # The webhook is lost, and the doctor names the command that brings it back.
    url = telegram.webhook["url"]
    telegram.answer("deleteWebhook", {})
    doctor = "TELEGRAM_BOT_TOKEN=… .terraform/modules/telegram_bot/scripts/doctor --bot bot || true"
    [advice] = re.findall("→ (terraform apply -replace=.*)", type_in(shell, doctor))
    assert "Apply complete! Resources: 1 added" in type_in(shell, advice)
    assert telegram.webhook["url"] == url
    assert "Resources: 19 destroyed." in type_in(shell, "terraform destroy")
