"""The package in AWS's own runtime client, against a local Runtime API."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulators.runtime_api import RuntimeApi
from project import SCRIPTS

from tests.conftest import BotApi, Serve
from tests.support.stubs import (
    BOT,
    SECRET,
    SECRETS,
    TEXT,
    TOKEN,
    Json,
    answers_all,
    echo,
    message,
    request,
)


@pytest.fixture
def runtime_api() -> Iterator[RuntimeApi]:
    with RuntimeApi(time_out=20) as api:
        yield api


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Lambda makes of the package: read-only, with byte code."""
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
    """AWS's runtime client with the function, in a process of its own."""

    def __init__(self, task: Path, runtime_api: RuntimeApi, **environment: str) -> None:
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

    def stop(self) -> list[Json]:
        """End the process, and return its log."""
        self.process.terminate()
        output = self.process.communicate(timeout=10)[0]
        for secret in (*SECRETS, TEXT):
            assert secret not in output
        return [json.loads(line) for line in output.splitlines()]

    def kill(self) -> None:
        """End the process if it is still there."""
        with self.process:
            self.process.kill()


Run = Callable[..., Function]


@pytest.fixture
def run(task: Path, runtime_api: RuntimeApi) -> Iterator[Run]:
    """Run the function with an environment. It ends with the test, whatever comes of that."""
    functions: list[Function] = []

    def run_function(**environment: str) -> Function:
        functions.append(Function(task, runtime_api, **environment))
        return functions[-1]

    yield run_function
    for function in functions:
        function.kill()


def test_an_update_is_answered(run: Run, runtime_api: RuntimeApi, bot_api: BotApi) -> None:
    function = run(TELEGRAM_API_URL=bot_api.url)
    bot_api.expects(echo())
    answer, failed, _ = runtime_api.invoke(request(json.dumps(message())))
    assert (failed, answer["statusCode"], answer["body"]) == (False, 200, "")
    answer, failed, _ = runtime_api.invoke(request(json.dumps(message()), "wrong"))
    assert (failed, answer["statusCode"]) == (False, 401)
    answer, failed, _ = runtime_api.invoke({"warm": True})
    assert (failed, answer) == (False, None)
    (line,) = function.stop()
    assert (line["level"], line["message"], line["logger"]) == ("INFO", "update", "bot")
    assert line["requestId"] == "request-1"
    assert (line["update_id"], line["kind"], line["methods"]) == (1, "message", ["sendMessage"])
    assert line["outcome"] == "answered"


def test_half_a_pair_ends_no_container(run: Run, runtime_api: RuntimeApi, serve: Serve) -> None:
    function = run(TELEGRAM_API_URL=serve(answers_all).url)
    for body in ('{"update_id": 1, "\\ud800": {}}', json.dumps(message(2, text="\ud800"))):
        answer, failed, _ = runtime_api.invoke(request(body))
        assert (failed, answer["statusCode"]) == (False, 200)
    answer, failed, _ = runtime_api.invoke({"\ud800": 1})
    assert (failed, answer["errorType"]) == (True, "EventFailed")
    assert answer["errorMessage"] == "bot.py has no on_event() for dict (\\ud800)"
    log = function.stop()
    assert [line["outcome"] for line in log if line.get("message") == "update"] == [
        "ignored",
        "answered",
    ]
    assert log[0]["kind"] == "\ufffd"


def test_the_webhook_mode(run: Run, runtime_api: RuntimeApi) -> None:
    function = run(REPLY_MODE="webhook")
    answer, failed, _ = runtime_api.invoke(request(json.dumps(message())))
    function.stop()
    assert (failed, answer["statusCode"]) == (False, 200)
    assert json.loads(answer["body"]) == echo()


def test_a_refused_registration_is_lambdas_error(
    run: Run, runtime_api: RuntimeApi, bot_api: BotApi
) -> None:
    bot_api.answers(
        "setMyCommands",
        {"commands": [{"command": "start", "description": "What this bot does"}]},
    )
    bot_api.refuses(
        {
            "method": "setWebhook",
            "url": "http://bot.localhost/telegram",
            "max_connections": 40,
            "allowed_updates": ["message", "callback_query"],
            "secret_token": SECRET,
        },
        401,
        "Unauthorized",
    )
    function = run(TELEGRAM_API_URL=bot_api.url)
    event = {
        "tf": {"action": "register"},
        "url": "http://bot.localhost/telegram",
        "max_connections": 40,
    }
    answer, failed, _ = runtime_api.invoke(event)
    function.stop()
    assert (failed, answer["errorType"]) == (True, "RegistrationFailed")
    said = "Telegram did not register the webhook: setWebhook: 401 Unauthorized"
    assert answer["errorMessage"] == said
    assert SECRET not in json.dumps(answer)
    assert TOKEN not in json.dumps(answer)


def test_the_byte_code_is_used(task: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-v", "-c", "import handler"],
        cwd=task,
        env={"PYTHONPATH": str(task), "REPLY_MODE": "webhook", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    for name in ("handler", "settings", "outcome", "errors"):
        assert f"{name}.{sys.implementation.cache_tag}.pyc matches" in result.stderr
