"""The package in AWS's own runtime client."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

from bench.measure import LAMBDA
from telegram_bot_aws.local.project import ROOT, SCRIPTS

from tests.support.stubs import BOT, SECRET, SECRETS, TEXT, TOKEN, echo, message, request


def test_package_answers_and_logs_as_the_runbook_shows(tmp_path, bot_api):
    (tmp_path / "bot").mkdir()
    shutil.copy(BOT, tmp_path / "bot")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    package = [sys.executable, SCRIPTS / "package", tmp_path / "a.zip", version, tmp_path / "bot"]
    subprocess.run(package, check=True)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "task")
    updates = message(), {"update_id": 2, "message": {}}  # at which the bot fails
    events = [request(json.dumps(update)) for update in updates]
    events += [request(json.dumps(message()), "wrong"), {"tf": {"action": "warm"}}]
    environment = {
        **LAMBDA,
        "PATH": os.environ["PATH"],
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "PYTHONDONTWRITEBYTECODE": "1",  # it would change what the bench counts
        "LAMBDA_TASK_ROOT": str(tmp_path / "task"),
        "TELEGRAM_API_URL": bot_api.url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }
    bot_api.expects(echo())
    done = subprocess.run(
        [sys.executable, "-m", "local_runtime", "handler.handler"],
        cwd=tmp_path / "task",
        env=environment,
        input="".join(f"{json.dumps(event)}\n" for event in events),
        capture_output=True,
        text=True,
        timeout=60,
    )
    for secret in (*SECRETS, TEXT):
        assert secret not in done.stdout + done.stderr
    _, *answers, warmed = [json.loads(line)["result"] for line in done.stderr.splitlines()]
    assert [answer["statusCode"] for answer in answers] == [200, 200, 401]
    assert warmed == {}
    told, failed = [json.loads(line) for line in done.stdout.splitlines()]
    assert (told["level"], told["message"], told["logger"]) == ("INFO", "update", "botkit")
    assert (told["requestId"], told["outcome"]) == ("request-1", "answered")
    assert (failed["level"], failed["outcome"]) == ("ERROR", "bot_error")
    runbook = (ROOT / "docs/runbook.md").read_text()
    [sample] = re.findall(r"^```json\n(.*)$", runbook, re.MULTILINE)
    assert list(json.loads(sample)) == list(failed)
