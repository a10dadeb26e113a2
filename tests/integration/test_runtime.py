"""The package in AWS's own runtime client."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from bench.measure import LAMBDA
from telegram_bot_aws.local.project import ROOT, SCRIPTS

from tests.support.stubs import BOT, SECRET, SECRETS, TEXT, TOKEN, echo, message, request


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """The package as Lambda unpacks it, with byte code."""
    folder = tmp_path_factory.mktemp("task")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    script = str(SCRIPTS / "package")
    subprocess.run([sys.executable, script, str(folder / "a.zip"), version], check=True)
    with zipfile.ZipFile(folder / "a.zip") as archive:
        archive.extractall(folder / "task")
    shutil.copy(BOT, folder / "task")
    for byte_code in (folder / "task/__pycache__").glob("bot.*"):
        byte_code.unlink()
    return folder / "task"


def run(task, *events, **variables):
    """Run the function with these variables and events, and return its results and its log."""
    environment = {
        **LAMBDA,
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "LAMBDA_TASK_ROOT": str(task),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-m", "local_runtime", "handler.handler"],
        cwd=task,
        env=environment,
        input="".join(f"{json.dumps(event)}\n" for event in events),
        capture_output=True,
        text=True,
        timeout=60,
    )
    for secret in (*SECRETS, TEXT):
        assert secret not in done.stdout + done.stderr
    results = [json.loads(line)["result"] for line in done.stderr.splitlines()]
    return results[1:], [json.loads(line) for line in done.stdout.splitlines()]


def test_an_update_is_answered(task, bot_api):
    bot_api.expects(echo())
    events = (
        request(json.dumps(message())),
        request(json.dumps(message()), "wrong"),
        {"tf": {"action": "warm"}},
    )
    (answer, refusal, warmed), (line,) = run(task, *events, TELEGRAM_API_URL=bot_api.url)
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert refusal["statusCode"] == 401
    assert warmed == {}
    assert (line["level"], line["message"], line["logger"]) == ("INFO", "update", "botkit")
    assert (line["requestId"], line["outcome"]) == ("request-1", "answered")


def test_failure_is_logged_as_the_runbook_shows(task, tmp_path):
    folder = shutil.copytree(task, tmp_path / "task")
    (folder / "bot.py").write_text("def reply(update):\n    return update['missing']\n")
    _, (*_, line) = run(folder, request(json.dumps(message())))
    runbook = (ROOT / "docs/runbook.md").read_text()
    [sample] = re.findall(r"^```json\n(.*)$", runbook, re.MULTILINE)
    assert (line["level"], line["outcome"]) == ("ERROR", "bot_error")
    assert list(json.loads(sample)) == list(line)
