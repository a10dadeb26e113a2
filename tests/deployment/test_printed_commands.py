"""What pages and scripts print works where it is printed: a stranger types each command.

tests/support/printed.py lists those that no test runs.
"""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from telegram_bot_aws.local.project import ROOT, VENV

from tests.support import reader
from tests.support.deployment import Deployment, answer_to
from tests.support.printed import FIRST_BOT, MIGRATE, OPERATORS, Shell, is_run, printed
from tests.support.telegram import TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.release]
ORIGIN = "https://github.com/OWNER/terraform-aws-telegram-bot"
NOT_OF_THE_PROJECT = (".git", ".venv*", ".terraform", ".build", "__pycache__", ".*_cache")
REGION = "eu-central-1"  # of the pages
YES = "-auto-approve -no-color"  # the answer to what Terraform asks
OVERRIDE = 'module "telegram_bot" {{\n  telegram_api_url = "{}"\n}}\n'


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
    """A terminal of somebody who has git, Python, Terraform, the AWS CLI and an account."""
    for name in ("bin", "home"):
        (tmp_path / name).mkdir()
    environment = Deployment(providers, aws.url, tmp_path / "unused").environment
    environment["AWS_REGION"] = REGION
    providers.command(tmp_path / "bin", environment)
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
    """Run a line if tests run it, with a token, and with .venv where packages were installed."""
    line = re.sub(r"(TOKEN|_bot_token)=…", rf"\1={TOKEN}", line)
    line = re.sub("'the (new )?token.*'", TOKEN, line)
    line = line.replace("bot<token>", f"bot{TOKEN}")
    line = line.replace("https://api.telegram.org", "$TELEGRAM_API_URL")
    output = shell.run(line) if is_run(line) else ""
    if "-m venv .venv" in line or line.endswith("cd terraform-aws-telegram-bot"):
        shell.run(f"ln -s {VENV} .venv")
    return output


def without_seconds(output):
    """Return the demo's lines without what differs, such as where a provider comes from."""
    init = re.sub("(?m)^(terraform init), .* from .* …", r"\1 …", output)
    return re.sub(r"\d+\.\d s\b", "SECONDS", init).splitlines()


def test_a_stranger_gets_from_the_readme_to_a_bot(shell):
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
    shell.run("cd ../terraform-aws-telegram-bot")
    for line in sorted(printed(MIGRATE), key=lambda line: line.startswith("scripts/demo")):
        if line.startswith("scripts/new"):
            shell.run("rm -r ../my-bot")
        if line != "terraform destroy":  # of the next page
            type_in(shell, line)


def test_the_first_bot_is_deployed_changed_and_removed(shell, telegram):
    applied = []
    lines = [line for page in FIRST_BOT for line in printed(page)]
    lines.remove("terraform destroy")
    tested = 0
    for line in lines:
        if line.endswith("python -m pytest"):
            tested += 1
            if tested == 2:  # step 5
                reader.change_the_first_bot(shell.folder)
        said = type_in(shell, line)
        if "scripts/new" in line:
            (shell.folder / "override.tf").write_text(OVERRIDE.format(telegram.url))
        if line == "terraform apply":
            applied += re.findall("Apply complete! .*", said)
            answer_to(telegram, "hello")
        elif "doctor" in line:
            assert "✗" not in said
    page = FIRST_BOT[0].read_text()
    assert len(applied) == 2
    assert [each for each in applied if each not in page] == []

    # The webhook is lost, and the doctor names the command that brings it back.
    url = telegram.webhook["url"]
    telegram.answer("deleteWebhook", {})
    doctor = "TELEGRAM_BOT_TOKEN=… scripts/doctor --bot bot || true"
    [advice] = re.findall("→ (terraform apply -replace=.*)", type_in(shell, doctor))
    assert "Apply complete! Resources: 1 added" in type_in(shell, advice)
    assert telegram.webhook["url"] == url
    [destroyed] = re.findall("Destroy complete! .*", type_in(shell, "terraform destroy"))
    assert destroyed in page


INPUTS = """
module "telegram_bot" {{
  telegram_api_url          = "{}"
  alarm_actions             = ["arn:aws:sns:eu-central-1:000000000000:alarms"]
  queue                     = true
  session_backup_in_days    = 7
  session_retention_in_days = 30
}}
"""
OUTPUT = 'output "redrive_command" {\n  value = module.telegram_bot.redrive_command\n}\n'
REMEMBERS = """
ALLOWED_UPDATES = ["message"]
SESSION = "user"


def reply(update, session):
    chat_id = update["message"]["chat"]["id"]
    session["count"] = session.get("count", 0) + 1
    return [{"method": "sendMessage", "chat_id": chat_id, "text": str(session["count"])}]
"""
SCHEDULE = """aws scheduler create-schedule --group-name telegram-bot --name once.42.7 \\
  --schedule-expression 'at(2099-01-01T00:00:00)' --flexible-time-window '{"Mode": "OFF"}' \\
  --target '{"Arn": "arn:aws:sqs:eu-central-1:000000000000:telegram-bot.fifo",
    "RoleArn": "arn:aws:iam::000000000000:role/telegram-bot_scheduler", "Input": "{}",
    "SqsParameters": {"MessageGroupId": "once.42.7"}}'"""
TOKEN_IN_STORE = f"aws ssm put-parameter --overwrite --name /telegram-bot/token --value {TOKEN}"
# What has happened before some commands: their pages say so.
BEFORE = {
    r"aws ssm get-parameter .*": f"{TOKEN_IN_STORE} --type SecureString",
    r"terraform init -upgrade": "terraform apply",  # of what was imported: the package goes
    r"aws ssm put-parameter --type SecureString --name /telegram-bot/token .*": (
        "aws ssm delete-parameter --name /telegram-bot/token"
    ),
    r"terraform untaint (.*)": r"terraform taint \1",
    r"terraform import (\S+) .*": r"terraform state rm \1",
    r"aws scheduler get-schedule .*": SCHEDULE,
    # The first bot's reader has one set up there by itself: once is enough.
    r"scripts/sessions .*": f"ln -sfn {VENV} .terraform/modules/telegram_bot/.venv",
    r"aws lambda delete-function .*": "terraform apply",  # the newest version is live again
    r"terraform apply .*terraform_data\.name.*": 'sed -i \'s/"telegram-bot"/"hello-bot"/\' main.tf',
    r"terraform apply -target=.*": (
        'terraform destroy && sed -i \'s/"hello-bot"/"telegram-bot"/\' main.tf && terraform init'
    ),
}
# Commands that are typed again on pages by which all that is deployed goes, and comes back.
AGAIN = ("terraform init", "terraform apply", "terraform destroy")
COMES_BACK = ("user-data", "deploy")
# The pages' examples of what differs from one deployment to the next.
EXAMPLES = {
    "123456789012": "000000000000",
    r" 41$": " 1",
    "restored-sessions": "telegram-bot_sessions",
    r"(export|--person) 42\b": r"\1 4242",
    r"(delete --person 4242)$": r"\1 --yes",
}


def test_an_operator_repairs_a_bot(shell, telegram, tmp_path):
    """Everything is on. What a page's commands name is there: `BEFORE`."""
    shell.run(f"git clone {ORIGIN} clone && clone/scripts/new telegram-bot && cd telegram-bot")
    folder = shell.folder
    (folder / "override.tf").write_text(INPUTS.format(telegram.url))
    (folder / "outputs.tf").write_text(OUTPUT)
    shell.run(f"export TELEGRAM_BOT_TOKEN={TOKEN}; {TOKEN_IN_STORE} --type SecureString")
    shell.run("terraform init && terraform apply")
    (folder / "bot" / "bot.py").write_text(REMEMBERS)
    shell.run("terraform apply")
    assert answer_to(telegram, "hello") == "1"
    typed = []
    for page, line in [(each, line) for each in OPERATORS for line in printed(each)]:
        if line not in typed or (line in AGAIN and page.stem in COMES_BACK):
            typed.append(line)
            for pattern, earlier in BEFORE.items():
                if found := re.fullmatch(pattern, line):
                    shell.run(found.expand(earlier))
            for pattern, instead in EXAMPLES.items():
                line = re.sub(pattern, instead, line)
            if " UUID" in line:
                listed = "aws lambda list-event-source-mappings --query EventSourceMappings[0].UUID"
                line = line.replace("UUID", shell.run(f"{listed} --output text").strip())
            said = type_in(shell, line)
            if "-replace=" in line:
                assert not re.search("Apply complete! Resources: 0 added", said), said
