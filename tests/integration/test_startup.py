"""The modules that start-up loads: each takes time (docs/performance.md)."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import LAMBDA

from tests.support.stubs import copy_function

# The runtime client comes first, as on Lambda.
CLIENT = "import logging, awslambdaric.bootstrap, awslambdaric.lambda_runtime_client"
NOT_STARTED = ("testing.py",)
OURS = (
    *("bot_module", "calls", "commands", "context", "deadline", "errors"),
    *("outcome", "pipeline", "settings", "types", "webhook"),
)
WEBHOOK = {"bot", "botkit", "handler"} | {f"botkit.{name}" for name in OURS}
API = WEBHOOK | {f"botkit.{name}" for name in ("connection", "exchange", "telegram")}
DIAL = {
    *("_socket", "array", "botkit.connection", "botkit.deadline"),
    *("errno", "math", "select", "selectors", "socket"),
}


def loaded_by(statement, before="pass", folder=LAMBDA, mode="api"):
    """Return the modules that a statement loads in a new process, after another one."""
    program = f"import sys; {before}; known = {{*sys.modules}}; {statement}"
    client = Path(importlib.util.find_spec("awslambdaric").origin).parent.parent
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(client)]),
        "REPLY_MODE": mode,
        "TELEGRAM_API_URL": "https://localhost:1",  # nothing listens there
        "TELEGRAM_BOT_TOKEN": "12345:start-up",
    }
    command = [sys.executable, "-B", "-S", "-c", f"{program}; print(*{{*sys.modules}} - known)"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("mode", "allowed", "urllib"),
    [("webhook", WEBHOOK, False), ("api", API | loaded_by("import urllib.request"), True)],
    ids=["webhook", "api"],
)
def test_start_up_loads_only_the_listed_modules(tmp_path, mode, allowed, urllib):
    modules = loaded_by("import handler", CLIENT, copy_function(tmp_path / "task"), mode)
    assert modules - allowed == set()
    assert {"handler", "bot"} <= modules
    # Even if Telegram can't be reached: after start-up the CPU is limited.
    assert ("urllib.request" in modules) is urllib


def test_the_connection_loads_little():
    assert loaded_by("import botkit.connection", "import botkit.errors, logging") <= DIAL


def test_no_module_loads_typing():
    every = sorted((LAMBDA / "botkit").rglob("*.py"))
    files = [f for f in every if f.name not in NOT_STARTED and f.parent.name != "fakes"]
    ours = [".".join(file.relative_to(LAMBDA).with_suffix("").parts) for file in files]
    assert "typing" not in loaded_by(f"import {', '.join(ours)}")
