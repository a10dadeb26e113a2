"""One run of one variant: the CPU time of a container's start, its first update, and later ones."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from telegram_bot_aws.local.events import webhook_event

from bench.fake_bot_api import FakeBotApi

CLIENT = Path(__file__).with_name("client")
LATER = 20  # updates after the first one
TOKEN = "12345:benchmark"
SECRET = "benchmark-secret"
# Variables of AWS's runtime client, which Lambda sets, and where it finds ours in place of its own.
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "telegram-bot",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_LEVEL": "INFO",
    "AWS_REGION": "eu-central-1",
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
    "LANG": "en_US.UTF-8",
    "PYTHONPATH": f"{CLIENT}",
    "TZ": ":UTC",
}


class Variant(NamedTuple):
    """A function to measure: `handler` in `folder`, which `python` runs."""

    name: str
    folder: Path
    python: str
    handler: str
    environment: dict[str, str]
    calls: bool = True  # whether it answers by calling the Bot API


class Run(NamedTuple):
    """What one run took: ms of CPU time, and the peak memory in MB."""

    startup: float
    first: float
    later: float
    memory: float

    @property
    def to_first_answer(self) -> float:
        return self.startup + self.first


def environment(bot_api: FakeBotApi) -> dict[str, str]:
    """Return the environment in which a function answers by the fake Bot API."""
    return {
        **LAMBDA,
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's folder is read-only; root's isn't
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_URL": bot_api.url,
        "AWS_ENDPOINT_URL": bot_api.url,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
    }


def events(updates: int) -> str:
    """Return the events of API Gateway for so many text messages, a line each."""
    return "".join(f"{json.dumps(event(number + 1))}\n" for number in range(updates))


def event(number: int) -> Any:
    message = {
        "message_id": number,
        "from": {"id": 1, "is_bot": False, "first_name": "Ada", "language_code": "en"},
        "chat": {"id": 1, "first_name": "Ada", "type": "private"},
        "date": 1700000000,
        "text": "hello",
    }
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET}
    return webhook_event(json.dumps({"update_id": number, "message": message}), headers)


def measure(variant: Variant, bot_api: FakeBotApi, later: int = LATER) -> Run:
    """Start a variant, have it answer updates, and return what that took.

    Raises RuntimeError if it fails.
    """
    calls = bot_api.calls
    done = run([variant.python], variant, later + 1)
    results = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    statuses = [each["result"].get("statusCode") for each in results[1:]]
    if statuses != [200] * (later + 1):
        raise RuntimeError(f"{variant.name}: {done.stderr[-2000:]}")
    if (bot_api.calls - calls > later) != variant.calls:
        raise RuntimeError(f"{variant.name}: {bot_api.calls - calls} calls to the Bot API")
    startup = results[0]["cpu"]
    first, *others = [after["cpu"] - before["cpu"] for before, after in pairwise(results)]
    return Run(startup, first, statistics.median(others), results[-1]["memory"])


def run(
    python: list[str], variant: Variant, updates: int, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a variant, which answers updates, by a Python with its arguments."""
    return subprocess.run(
        [*python, "-m", "local_runtime", variant.handler],
        cwd=variant.folder,
        env=variant.environment | environment,
        input=events(updates),
        capture_output=True,
        text=True,
        check=False,
    )
