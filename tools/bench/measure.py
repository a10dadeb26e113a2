"""One run of one variant: the CPU time of a container's start, its first update, and later ones."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from telegram_bot_aws.local.events import webhook_event

from bench.fake_bot_api import FakeBotApi
from bench.runtime_api import RuntimeApi

LATER = 20  # updates after the first one
TOKEN = "12345:benchmark"
SECRET = "benchmark-secret"


class Variant(NamedTuple):
    """A function to measure: `command` runs it in `folder`."""

    name: str
    folder: Path
    command: list[str]
    environment: dict[str, str] = {}  # noqa: RUF012
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


def event(number: int) -> Any:
    """Return the event of API Gateway for the number-th text message."""
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
    with RuntimeApi() as api, _process(variant, api, bot_api) as process:
        api.wait_until_started()
        startup = _cpu(process.pid)
        took = []
        for number in range(later + 1):
            before = _cpu(process.pid)
            answer = api.invoke(event(number + 1))
            if answer.failed or answer.payload.get("statusCode") != 200:
                raise RuntimeError(f"{variant.name}: {answer.payload}")
            api.wait_until_started()
            took.append(_cpu(process.pid) - before)
        if (bot_api.calls - calls > later) != variant.calls:
            raise RuntimeError(f"{variant.name}: {bot_api.calls - calls} calls to the Bot API")
        return Run(startup, took[0], statistics.median(took[1:]), _memory(process.pid))


@contextlib.contextmanager
def _process(
    variant: Variant, api: RuntimeApi, bot_api: FakeBotApi
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        variant.command,
        cwd=variant.folder,
        env=environment(variant, bot_api) | api.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def environment(variant: Variant, bot_api: FakeBotApi) -> dict[str, str]:
    """Return the environment in which a variant answers by the fake Bot API."""
    return {
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's folder is read-only; root's isn't
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_URL": bot_api.url,
        "AWS_ENDPOINT_URL": bot_api.url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        **variant.environment,
    }


def _cpu(process: int) -> float:
    """Return the CPU time that a process has used so far, in ms (clock_getcpuclockid(3))."""
    return time.clock_gettime((~process << 3) | 2) * 1000


def _memory(process: int) -> float:
    """Return the peak memory of a process so far, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
