"""README and the first bot's page: a stranger types each command that they print."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import ROOT, VENV

from tests.support import reader
from tests.support.deployment import Deployment, answer_to, session
from tests.support.reader import printed
from tests.support.telegram import TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.release]
ORIGIN = "https://github.com/OWNER/terraform-aws-telegram-bot"
NOT_OF_THE_PROJECT = (".git", ".venv*", ".terraform", ".build", "__pycache__", ".*_cache")
REGION = "eu-central-1"  # of the pages
YES = "-auto-approve -no-color"  # the answer to what Terraform asks
ENDLESS = "Ctrl-C ends the demo."  # what it prints when it is ready
FIRST_BOT = ROOT / "docs" / "first-bot.md"
# What a test can't type: .venv has the packages that a reader downloads, and no AWS CLI.
UNTYPED = re.compile(r".* -m venv .*|aws .*|.* logs_command \| sh")
OVERRIDE = 'module "telegram_bot" {{\n  telegram_api_url = "{}"\n}}\n'


class Shell:
    """Runs commands one after the other, as in one terminal: folder and variables stay.

    `programs` is a folder that comes first on the PATH.
    """

    def __init__(self, folder, programs, environment):
        self._state = programs / "state"
        self._state.write_text(f"cd {shlex.quote(str(folder))}\n")
        self._environment = environment
        self._environment["PATH"] = f"{programs}:{environment['PATH']}"

    def run(self, line):
        """Run a line, which must succeed, and return its output. The demo's page gets a Ctrl-C."""
        state = shlex.quote(str(self._state))
        process = subprocess.Popen(
            ["sh", "-ec", f". {state}\n{line}\nexport -p >{state}\necho 'cd \"$PWD\"' >>{state}"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        output = ""
        with process:
            assert process.stdout
            for text in process.stdout:
                output += text
                if ENDLESS in text:
                    os.killpg(process.pid, signal.SIGINT)
        expected = (0, 130, -signal.SIGINT) if ENDLESS in output else (0,)
        assert process.returncode in expected, f"{line}: {process.returncode}\n{output}"
        return output

    @property
    def folder(self):
        """The current folder."""
        return Path(self.run("pwd").strip())


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """The repository, which nobody changes."""
    origin = shutil.copytree(
        ROOT,
        tmp_path_factory.mktemp("printed") / "origin",
        ignore=shutil.ignore_patterns(*NOT_OF_THE_PROJECT),
    )
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in ("init --quiet --initial-branch=main", "add .", "commit --quiet --message=1"):
        subprocess.run(["git", *who, *shlex.split(command)], cwd=origin, check=True)
    return origin


@pytest.fixture
def shell(aws, providers, telegram, origin, tmp_path):
    """A terminal of somebody who has git, Python, Terraform and an account."""
    for name in ("bin", "home"):
        (tmp_path / name).mkdir()
    environment = Deployment(providers, aws.url, tmp_path / "unused").environment
    environment["AWS_REGION"] = REGION
    providers.command(tmp_path / "bin")
    (tmp_path / "bin" / f"python3.{sys.version_info.minor}").symlink_to(sys.executable)
    return Shell(
        tmp_path / "home",
        tmp_path / "bin",
        {
            **environment,
            "BROWSER": "true",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{origin}.insteadOf",
            "GIT_CONFIG_VALUE_0": ORIGIN,
            "HOME": str(tmp_path / "home"),
            # A separate cache, as for the types of how-to: the next run is seconds shorter.
            "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache" / "printed"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # a reader installs pytest alone
            "TELEGRAM_API_URL": telegram.url,
            "TF_CLI_ARGS_apply": YES,
            "TF_CLI_ARGS_destroy": YES,
        },
    )


def type_in(shell, line):
    """Run a line with a token, and with .venv where packages were installed."""
    line = re.sub(r"(TOKEN|_bot_token)=…", rf"\1={TOKEN}", line)
    output = "" if UNTYPED.fullmatch(line) else shell.run(line)
    if "-m venv .venv" in line or line.endswith("cd terraform-aws-telegram-bot"):
        shell.run(f"ln -s {VENV} .venv")
    return output


def without_seconds(output):
    """Return the demo's lines without what differs, such as where a provider comes from."""
    init = re.sub("(?m)^(terraform init), .* from .* …", r"\1 …", output)
    return re.sub(r"\d+\.\d s\b", "SECONDS", init).splitlines()


def test_readme_leads_to_a_bot_without_an_account(shell):
    """From a clone below the folder for temporary files. All of it without an account."""
    said = ""
    readme = (ROOT / "README.md").read_text()
    [shown] = re.findall("```text\n(emulated AWS.*?)```", readme, re.DOTALL)
    for line in sorted(
        printed(ROOT / "README.md"), key=lambda line: not line.startswith("git clone")
    ):
        if line not in ("terraform apply", "terraform destroy"):  # of the next page
            told = type_in(shell, line)
            said += told
            if line == "scripts/demo --send hi":
                assert without_seconds(told) == without_seconds(shown)
    assert "You said: hi\n" in said
    shell.run("cd ../hello-bot")
    for line in re.findall("^  (.*)", said.partition("hello-bot has the bot")[2], re.MULTILINE)[:4]:
        type_in(shell, line)


def test_first_bot_is_deployed_changed_and_removed(shell, telegram, aws):
    token = {"Name": "/dice-bot/token", "Value": TOKEN, "Type": "SecureString"}
    account = {
        "endpoint_url": aws.url,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    session().create_client("ssm", region_name=REGION, **account).put_parameter(**token)
    applied = []
    lines = printed(FIRST_BOT)
    lines.remove("terraform destroy")
    tested = 0
    for line in lines:
        if line.endswith("python -m pytest"):
            tested += 1
            if tested == 2:  # step 5
                reader.change_the_first_bot(shell.folder)
        if line == "terraform apply":  # not before the demo, which has a Telegram of its own
            (shell.folder / "override.tf").write_text(OVERRIDE.format(telegram.url))
        said = type_in(shell, line)
        if line == "terraform apply":
            applied += re.findall("Apply complete! .*", said)
            answer_to(telegram, "hello")
        elif "doctor" in line:
            assert "✗" not in said
    page = FIRST_BOT.read_text()
    assert len(applied) == 2
    assert [each for each in applied if each not in page] == []

    # The webhook is lost, and the doctor names the command that brings it back.
    url = telegram.webhook["url"]
    telegram.answer("deleteWebhook", {})
    doctor = "TELEGRAM_BOT_TOKEN=… scripts/doctor || true"
    [advice] = re.findall("→ (terraform apply -replace=.*)", type_in(shell, doctor))
    assert "Apply complete! Resources: 1 added" in type_in(shell, advice)
    assert telegram.webhook["url"] == url
    [destroyed] = re.findall("Destroy complete! .*", type_in(shell, "terraform destroy"))
    assert destroyed in page
