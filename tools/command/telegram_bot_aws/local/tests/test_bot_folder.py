"""Demo and poll run the bot of any folder, without a person's own settings."""

import json
import os
import re
import signal

import pytest

from telegram_bot_aws.demo.deployments import TOKENS_BEGIN
from telegram_bot_aws.local.container import look_at
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import Script, contents, copy_of_the_project, nothing_is_left
from tests.support.telegram import TOKEN, say

# It tells its environment, and how often it runs.
BOT = """
import json, logging, os
from pathlib import Path
from greeter import NAME
from words import WORD

assert Path("words.py").exists(), "the current folder is the package's"
TELEGRAM = os.environ["TELEGRAM_API_URL"], os.environ["TELEGRAM_BOT_TOKEN"]

def reply(update):
    message = update["message"]
    told = {
        "run": message["text"],
        "process": os.getpid(),
        "environment": {name: os.environ[name] for name in os.environ if "TELEGRAM" not in name},
    }
    print("told", json.dumps(told))
    print("printed", message["text"])
    logging.getLogger("mine").warning("logged %s", message["text"])
    if message["text"] == "fail":
        {}["nothing"]
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": WORD}]

ALLOWED_UPDATES = {"message": reply}
"""

PLANTED = {
    "AWS_ACCESS_KEY_ID": "planted-key",
    "AWS_PROFILE": "planted-profile",
    "GITHUB_TOKEN": "planted-token",
    "LAMBDA_EXECUTOR": "planted-executor",
    "PYTHONSAFEPATH": "1",
}


@pytest.fixture
def folder(tmp_path, index):
    folder = tmp_path / "the bot"
    folder.mkdir()
    (folder / "bot.py").write_text(BOT)
    index.wheel("greeter", "1.0", {"greeter.py": "NAME = 'greeter'\n"})
    (folder / "requirements.txt").write_text("greeter==1.0\n")
    (folder / "words.py").write_text('WORD = "right"\n')
    (folder / ".#bot.py").symlink_to("somebody@host.1")  # an editor's lock file
    return folder


@pytest.fixture
def variables(tmp_path):
    file = tmp_path / "variables"
    file.write_text(
        "# of the bot\n\nexport TABLE='votes'\nWORDS=\"two words\"  # both\nPLAIN=a#b\n"
    )
    return file


def told(output):
    """Return what the bot told at each run."""
    return [json.loads(line) for line in re.findall(r"told (\{.*\})", output)]


def nothing_is_planted(told):
    assert "planted" not in json.dumps(told)
    environment = told[-1]["environment"]
    assert environment["HOME"] != os.environ.get("HOME")
    assert (environment["TABLE"], environment["WORDS"]) == ("votes", "two words")
    assert environment["PLAIN"] == "a#b"


@pytest.mark.slow
@pytest.mark.usefixtures("quick_terraform")
def test_the_demo_runs_it_once_and_passes_nothing_on(folder, variables, tmp_path, temporary):
    """The operator's files beside the module, and variables, are left alone."""
    project = copy_of_the_project(tmp_path / "project")
    (project / "terraform.tfstate").write_text("the operator's state")
    (project / "backend.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    (project / "terraform.tfvars").write_text('name = "the-operators"\n')
    (project / ".terraform").mkdir()
    (project / ".terraform" / "environment").write_text("production")
    environment = {
        "TF_CLI_ARGS": "-no-such-option",
        "TF_DATA_DIR": str(project / ".terraform"),
        "TF_VAR_name": "planted, and no name",
        "TF_VAR_telegram_bot_token": "planted-token",
        "TF_WORKSPACE": "planted",
        "TMPDIR": str(temporary),
    }
    before = contents(project)
    messages = ("--send", "hello", "--send", "fail")
    arguments = (str(folder), "--env-file", str(variables), *messages)
    with Script(project, "demo", *arguments, **{**PLANTED, **environment}) as demo:
        assert demo.end() == 1, demo.output
    lines = {"right", "printed hello", "printed fail", "KeyError: 'nothing'", '    {}["nothing"]'}
    assert {*lines, "scripts/demo: bot.py failed:"} <= set(demo.output.splitlines())
    runs = told(demo.output)
    assert [each["run"] for each in runs] == ["hello", "fail"]
    assert len({each["process"] for each in runs}) == 1
    nothing_is_planted(runs)
    for secret in (TOKENS_BEGIN, "planted"):
        assert secret not in demo.output
    assert "The bot runs on an emulated AWS, applied in " in demo.output
    assert contents(project) == before
    nothing_is_left(temporary)


@pytest.mark.slow
def test_poll_runs_it_once_and_passes_nothing_on(folder, variables, telegram):
    ours = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
    arguments = ("--bot", str(folder), "--env-file", str(variables))
    with Script(ROOT, "poll", *arguments, **PLANTED, **ours) as poll:
        say(telegram, "hello")
        poll.wait_for("printed hello")
        assert poll.end(signal.SIGINT) == 0
    runs = told(poll.output)
    assert [each["run"] for each in runs] == ["hello"]
    nothing_is_planted(runs)


def test_an_import_that_leaves_a_child_is_reported(tmp_path):
    source = "import os; os.fork() or os.execvp('sleep', ['sleep', '90']); x"
    (tmp_path / "bot.py").write_text(source)
    with pytest.raises(ValueError, match="^bot.py .*NameError"):
        look_at(tmp_path)
