"""The package in AWS's own runtime client, against a local Runtime API."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from bench.runtime_api import RuntimeApi
from telegram_bot_aws.local.project import ROOT, SCRIPTS

from tests.support.stubs import BOT, SECRET, SECRETS, TEXT, TOKEN, echo, load, message, request


@pytest.fixture
def runtime_api():
    with RuntimeApi(time_out=60) as api:
        yield api


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


class Function:
    """The function in AWS's runtime client, in its own process."""

    def __init__(self, task, runtime_api, **environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "handler.handler"],
            cwd=task,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(task),
                "PYTHONDONTWRITEBYTECODE": "1",
                **runtime_api.environment(),
                "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
                "LAMBDA_TASK_ROOT": str(task),
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_WEBHOOK_SECRET": SECRET,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def stop(self):
        """End the process, and return its log."""
        self.process.terminate()
        output = self.process.communicate(timeout=60)[0]
        for secret in (*SECRETS, TEXT):
            assert secret not in output
        return [json.loads(line) for line in output.splitlines()]

    def kill(self):
        """End the process if it is still there."""
        with self.process:
            self.process.kill()


@pytest.fixture
def run(task, runtime_api, tmp_path):
    """Run the function with these variables, and with another bot if given, until the test ends."""
    functions = []

    def run_function(bot="", **environment):
        folder = task
        if bot:
            folder = tmp_path / "task"
            shutil.copytree(task, folder)
            (folder / "bot.py").write_text(bot)
        functions.append(Function(folder, runtime_api, **environment))
        return functions[-1]

    yield run_function
    for function in functions:
        function.kill()


def test_an_update_is_answered(run, runtime_api, bot_api):
    function = run(TELEGRAM_API_URL=bot_api.url)
    bot_api.expects(echo())
    answer, failed, _ = runtime_api.invoke(request(json.dumps(message())))
    assert (failed, answer["statusCode"], answer["body"]) == (False, 200, "")
    answer, failed, _ = runtime_api.invoke(request(json.dumps(message()), "wrong"))
    assert (failed, answer["statusCode"]) == (False, 401)
    answer, failed, _ = runtime_api.invoke({"tf": {"action": "warm"}})
    assert (failed, answer) == (False, {})
    (line,) = function.stop()
    assert (line["level"], line["message"], line["logger"]) == ("INFO", "update", "botkit")
    assert line["requestId"] == "request-1"
    assert (line["update_id"], line["update_type"], line["methods"]) == (
        1,
        "message",
        ["sendMessage"],
    )
    assert line["outcome"] == "answered"


# ── The log lines that alarms count

ALARMS = (ROOT / "alarms.tf").read_text()
RUNBOOK = (ROOT / "docs/runbook.md").read_text()


def counted():
    """Return the outcomes that alarms.tf counts, by the metric filter."""
    [block] = re.findall(r"^  counted_outcomes = {\n(.*?)^  }", ALARMS, re.MULTILINE | re.DOTALL)
    return {name: json.loads(of) for name, of in re.findall(r"(\w+) += (\[.*\])", block)}


def test_alarms_count_the_outcomes_that_are_logged_as_errors():
    outcomes = load("botkit.outcome").OUTCOMES
    errors = [name for name, (level, *_) in outcomes.items() if level == logging.ERROR]
    assert sorted(errors) == sorted(sum(counted().values(), []))


def test_failure_is_logged_as_the_runbook_shows(run, runtime_api):
    function = run("def reply(update):\n    return update['missing']\n")
    runtime_api.invoke(request(json.dumps(message())))
    line = function.stop()[-1]
    [sample] = re.findall(r"^```json\n(.*)$", RUNBOOK, re.MULTILINE)
    assert (line["level"], line["outcome"]) == ("ERROR", "bot_error")
    assert list(json.loads(sample)) == list(line)
