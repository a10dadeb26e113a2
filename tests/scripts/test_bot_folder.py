"""--bot and --env-file: demo and poll run any folder's bot, with nothing of a person's account."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulators.telegram import Server, Telegram
from local.project import ROOT

from tests.support.needs import needs_provider
from tests.support.programs import Script
from tests.support.telegram import TOKEN, say

# It tells what it is given, and how often it runs.
BOT = """
import json, logging, os, sys
from pathlib import Path
from words import WORD

HERE = Path({folder!r})

def reply(update):
    message = update["message"]
    with Path(HERE, "runs").open("a") as runs:
        runs.write(message["text"] + "\\n")
    Path(HERE, "environment").write_text(json.dumps(dict(os.environ)))
    print("printed", message["text"])
    logging.getLogger("mine").warning("logged %s", message["text"])
    if message["text"] == "fail":
        {{}}["nothing"]
    return [{{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": WORD}}]

HANDLED = {{"message": reply}}
"""

PLANTED = {
    "AWS_ACCESS_KEY_ID": "planted-key",
    "AWS_PROFILE": "planted-profile",
    "AWS_SECRET_ACCESS_KEY": "planted-secret",
    "AWS_SESSION_TOKEN": "planted-session",
    "GITHUB_TOKEN": "planted-token",
    "LAMBDA_EXECUTOR": "planted-executor",
    "PERSIST_STATE": "planted-1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "SERVICES": "planted-s3",
    "USE_SSL": "planted-1",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "the bot"
    folder.mkdir()
    (folder / "bot.py").write_text(BOT.format(folder=str(folder)))
    (folder / "words.py").write_text('WORD = "right"\n')
    (folder / ".#bot.py").symlink_to("somebody@host.1")  # an editor's lock file
    return folder


@pytest.fixture
def variables(tmp_path: Path) -> Path:
    file = tmp_path / "variables"
    file.write_text(
        "# of the bot\n\nexport TABLE='votes'\nWORDS=\"two words\"  # both\nPLAIN=a#b\n"
    )
    return file


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    telegram = Telegram(TOKEN)
    with Server(telegram):
        yield telegram


def runs(folder: Path) -> list[str]:
    return (folder / "runs").read_text().splitlines()


def nothing_is_planted(folder: Path) -> None:
    environment = json.loads((folder / "environment").read_text())
    assert "planted" not in json.dumps(environment)
    assert environment["HOME"] != os.environ.get("HOME")
    assert (environment["TABLE"], environment["WORDS"]) == ("votes", "two words")
    assert environment["PLAIN"] == "a#b"


@pytest.mark.parametrize("mode", ["direct", "stack"])
def test_the_demo_runs_it_once_and_gives_it_nothing(
    folder: Path, variables: Path, mode: str
) -> None:
    arguments = ["--bot", str(folder), "--env-file", str(variables)]
    if mode == "direct":
        arguments.append("--direct")
    else:
        needs_provider()
    arguments += ["--send", "hello", "--send", "fail"]
    with Script(ROOT, "demo", *arguments, **PLANTED) as demo:
        assert demo.end() == 1, demo.output
    lines = demo.output.splitlines()
    assert "right" in lines
    assert {"printed hello", "printed fail"} <= set(lines)
    assert "scripts/demo: bot.py failed:" in lines
    assert "KeyError: 'nothing'" in lines
    assert '    {}["nothing"]' in lines
    assert runs(folder) == ["hello", "fail"]
    nothing_is_planted(folder)


def test_poll_runs_it_once_and_gives_it_nothing(
    folder: Path, variables: Path, telegram: Telegram
) -> None:
    ours = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
    arguments = ("--bot", str(folder), "--env-file", str(variables))
    with Script(ROOT, "poll", *arguments, **PLANTED, **ours) as poll:
        say(telegram, "fail")
        poll.wait_for("KeyError: 'nothing'")
        (folder / "words.py").write_text('WORD = "changed"\n')
        say(telegram, "hello")
        poll.wait_for("update 900000002 · message · answered sendMessage")
        assert poll.end(signal.SIGINT) == 0
    assert "printed fail" in poll.output
    assert [call.params["text"] for call in telegram.calls if call.method == "sendMessage"] == [
        "changed"
    ]
    assert runs(folder) == ["fail", "hello"]
    nothing_is_planted(folder)


def test_aws_without_credentials_says_so(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(
        "from botkit import aws\n"
        "def reply(update):\n"
        "    aws.call('dynamodb', 'DynamoDB_20120810.ListTables', {})\n"
        "HANDLED = {'message': reply}\n"
    )
    arguments = ("--direct", "--bot", str(tmp_path), "--send", "hello")
    with Script(ROOT, "demo", *arguments, **PLANTED) as demo:
        assert demo.end() == 1
    assert "no AWS credentials" in demo.output


def test_a_bot_that_gets_no_messages_is_told(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("HANDLED = ['mesage', 'poll']\ndef reply(update): return []\n")
    with Script(ROOT, "demo", "--direct", "--bot", str(tmp_path), "--send", "hello") as demo:
        assert demo.end() == 1
    assert "the bot gets no messages: its HANDLED has no message, but mesage, poll" in demo.output
    assert "scripts/demo: HANDLED has mesage: botkit.types knows no such kind" in demo.output
    assert "delivered" not in demo.output


@pytest.mark.parametrize("tool", ["demo", "poll", "doctor"])
@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "there is no bot.py in"),
        ({"bot/bot.py": ""}, "/bot\n"),
        ({"bot.py": "HANDLED = {}", "handler.py": ""}, "must have no handler.py"),
        ({"bot.py": "HANDLED = {}", "botkit/__init__.py": ""}, "must have no botkit"),
        ({"bot.py": "HANDLED = {}", "queue.py": ""}, "must have no queue.py: it would hide"),
        ({"bot.py": "HANDLED = {}", "ssl/__init__.py": ""}, "must have no ssl: it would hide"),
    ],
    ids=["no bot.py", "one below", "handler.py", "botkit", "a module", "a package"],
)
def test_a_folder_that_is_no_bots_is_refused(
    tmp_path: Path, tool: str, files: dict[str, str], sentence: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with Script(ROOT, tool, "--bot", str(tmp_path), TELEGRAM_BOT_TOKEN=TOKEN) as script:
        assert script.end() == 2
    assert sentence in script.output
    assert "Traceback" not in script.output


@pytest.mark.parametrize("tool", ["demo", "poll", "doctor"])
def test_a_file_is_no_folder(tmp_path: Path, tool: str) -> None:
    file = tmp_path / "bot.py"
    file.write_text("HANDLED = {}")
    with Script(ROOT, tool, "--bot", str(file), TELEGRAM_BOT_TOKEN=TOKEN) as script:
        assert script.end() == 2
    assert f"{file} is a file: give its folder" in script.output


@pytest.mark.parametrize("tool", ["demo", "poll"])
@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def reply(:", "SyntaxError"),
        ("while True: pass", "no end after"),
        ("import sys; sys.exit(0)", "it ends Python"),
        ("import sys; sys.exit(3)", "it ends Python"),
        ("import os; os._exit(0)", "it ends Python"),
        ("import os; os.fork() or os.execvp('sleep', ['sleep', '90']); x", "NameError"),
    ],
    ids=["broken", "endless", "exit", "exit with a code", "_exit", "child"],
)
def test_a_bot_that_cannot_be_imported_is_told(
    tmp_path: Path, tool: str, source: str, sentence: str
) -> None:
    (tmp_path / "bot.py").write_text(source)
    arguments = ("--bot", str(tmp_path), *(["--direct"] if tool == "demo" else []))
    with Script(ROOT, tool, *arguments, TELEGRAM_BOT_TOKEN=TOKEN) as script:
        assert script.end(within=30) == 2
    assert f"scripts/{tool}: bot.py " in script.output
    assert sentence in script.output


@pytest.mark.parametrize("tool", ["demo", "poll"])
@pytest.mark.parametrize("handled", ["HANDLED = 'message'", ""], ids=["a text", "none"])
def test_a_bot_whose_kinds_are_missing_is_told(tmp_path: Path, tool: str, handled: str) -> None:
    (tmp_path / "bot.py").write_text(f"{handled}\nreply = print\n")
    arguments = ("--bot", str(tmp_path), *(["--direct"] if tool == "demo" else []))
    with Script(ROOT, tool, *arguments, TELEGRAM_BOT_TOKEN=TOKEN) as script:
        assert script.end(within=30) == 2
    assert f"scripts/{tool}: bot.py must have HANDLED" in script.output


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(None, "can't be read"), ("A=1\nno variable\n", "line 2: NAME=VALUE is expected")],
    ids=["none", "no variable"],
)
def test_a_file_that_holds_no_variables_is_refused(
    tmp_path: Path, folder: Path, text: str | None, sentence: str
) -> None:
    if text is not None:
        (tmp_path / "file").write_text(text)
    for tool in ("demo", "poll"):
        arguments = ("--bot", str(folder), "--env-file", str(tmp_path / "file"))
        with Script(ROOT, tool, *arguments, TELEGRAM_BOT_TOKEN=TOKEN) as script:
            assert script.end() == 2
        assert sentence in script.output
        assert "no variable" not in script.output
