"""The package in AWS's own runtime client, against a small local Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BotApi, Serve
from tests.support.stubs import (
    BOT,
    LAMBDA,
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

END = object()


class RuntimeApi:
    """Lambda's side of the Runtime API: it hands out events, and takes answers."""

    def __init__(self) -> None:
        self.events: queue.Queue[Any] = queue.Queue()
        self.answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                event = api.events.get()
                if event is END:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header(
                    "Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000000"
                )
                self.send_header(
                    "Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 10_000)
                )
                self.send_header(
                    "Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:x:0:function:bot"
                )
                self.send_header("Content-Type", "application/json")
                self.finish_with(json.dumps(event).encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(202)
                self.finish_with(b"{}")
                api.answers.put((self.path.rpartition("/")[2], json.loads(body)))

            def finish_with(self, body: bytes) -> None:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_port}"

    def invoke(self, event: Any) -> tuple[str, Any]:
        """Return what became of an event ("response" or "error"), and the answer."""
        self.events.put(event)
        return self.answers.get(timeout=20)

    def stop(self) -> None:
        self.events.put(END)
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def runtime_api() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.stop()


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Lambda makes of the package: read-only, with byte code."""
    folder = tmp_path_factory.mktemp("task")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    script = str(LAMBDA.parent / "scripts" / "package")
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
        self.api = runtime_api
        self.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "handler.handler"],
            cwd=task,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(task),
                "PYTHONDONTWRITEBYTECODE": "1",
                "AWS_LAMBDA_RUNTIME_API": runtime_api.address,
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_LAMBDA_LOG_LEVEL": "INFO",
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
    kind, answer = runtime_api.invoke(request(json.dumps(message())))
    assert (kind, answer["statusCode"], answer["body"]) == ("response", 200, "")
    kind, answer = runtime_api.invoke(request(json.dumps(message()), "wrong"))
    assert (kind, answer["statusCode"]) == ("response", 401)
    assert runtime_api.invoke({"warm": True}) == ("response", None)
    (line,) = function.stop()
    assert (line["level"], line["message"], line["logger"]) == ("INFO", "update", "bot")
    assert line["requestId"] == "00000000-0000-0000-0000-000000000000"
    assert (line["update_id"], line["kind"], line["methods"]) == (1, "message", ["sendMessage"])
    assert line["outcome"] == "answered"


def test_half_a_pair_ends_no_container(run: Run, runtime_api: RuntimeApi, serve: Serve) -> None:
    function = run(TELEGRAM_API_URL=serve(answers_all).url)
    for body in ('{"update_id": 1, "\\ud800": {}}', json.dumps(message(2, text="\ud800"))):
        kind, answer = runtime_api.invoke(request(body))
        assert (kind, answer["statusCode"]) == ("response", 200)
    kind, answer = runtime_api.invoke({"\ud800": 1})
    assert (kind, answer["errorType"]) == ("error", "EventFailed")
    assert answer["errorMessage"] == "bot.py has no on_event() for dict (\\ud800)"
    log = function.stop()
    assert [line["outcome"] for line in log if line.get("message") == "update"] == [
        "ignored",
        "answered",
    ]
    assert log[0]["kind"] == "\ufffd"


def test_the_webhook_mode(run: Run, runtime_api: RuntimeApi) -> None:
    function = run(REPLY_MODE="webhook")
    kind, answer = runtime_api.invoke(request(json.dumps(message())))
    function.stop()
    assert (kind, answer["statusCode"]) == ("response", 200)
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
            "url": "https://bot.example/telegram",
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
        "url": "https://bot.example/telegram",
        "max_connections": 40,
    }
    kind, answer = runtime_api.invoke(event)
    function.stop()
    assert (kind, answer["errorType"]) == ("error", "RegistrationFailed")
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
