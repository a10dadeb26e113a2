"""The modules that start-up loads: each takes time (docs/performance.md)."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import LAMBDA

from tests.support.stubs import copy_function

# The runtime client first, as on Lambda; then the function.
PROGRAM = """
import json, logging, sys
import awslambdaric.bootstrap, awslambdaric.lambda_runtime_client
logging.disable()
before = set(sys.modules)
import handler
print(json.dumps(sorted(set(sys.modules) - before)))
"""
NOT_STARTED = ("testing.py",)
OURS = (
    *("bot_module", "calls", "commands", "context", "deadline", "errors"),
    *("outcome", "pipeline", "settings", "types", "webhook"),
)
BOTH = {"bot", "botkit", "handler"} | {f"botkit.{name}" for name in OURS}
WEBHOOK = BOTH
API = BOTH | {f"botkit.{name}" for name in ("connection", "exchange", "telegram")}
DIAL = {
    "_socket",
    "array",
    "botkit.deadline",
    "botkit.connection",
    "errno",
    "math",
    "select",
    "selectors",
    "socket",
}


def loaded(folder, mode):
    """Return the modules that a function loads in addition to AWS's runtime client's."""
    client = importlib.util.find_spec("awslambdaric")
    assert client and client.origin
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(Path(client.origin).parent.parent)]),
        "REPLY_MODE": mode,
        "TELEGRAM_API_URL": "https://localhost:1",  # nothing listens there
        "TELEGRAM_BOT_TOKEN": "12345:start-up",
    }
    command = [sys.executable, "-B", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def loaded_by(statement):
    """Return the modules that a process has loaded after a statement."""
    program = f"import sys; {statement}; print(*sys.modules)"
    command = [sys.executable, "-B", "-S", "-c", program]
    environment = {"TELEGRAM_API_URL": "http://127.0.0.1:1"}
    return set(
        subprocess.run(
            command, cwd=LAMBDA, env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
    )


@pytest.mark.parametrize(
    ("mode", "allowed", "urllib"),
    [("webhook", WEBHOOK, False), ("api", API | loaded_by("import urllib.request"), True)],
    ids=["webhook", "api"],
)
def test_start_up_loads_only_the_listed_modules(tmp_path, mode, allowed, urllib):
    modules = loaded(copy_function(tmp_path / "task"), mode)
    assert modules - allowed == set()
    assert {"handler", "bot"} <= modules
    # Even if Telegram can't be reached: after start-up the CPU is limited.
    assert ("urllib.request" in modules) is urllib


def test_the_connection_loads_little():
    before = loaded_by("import botkit.errors, logging")
    assert loaded_by("import logging, botkit.connection") - before <= DIAL


def test_no_module_loads_typing():
    every = sorted((LAMBDA / "botkit").rglob("*.py"))
    files = [f for f in every if f.name not in NOT_STARTED and f.parent.name != "fakes"]
    ours = [".".join(file.relative_to(LAMBDA).with_suffix("").parts) for file in files]
    assert "typing" not in loaded_by(f"import {', '.join(ours)}")
