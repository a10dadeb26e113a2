"""One run of one variant: a container's start, its first invocation, and some more."""

from __future__ import annotations

import contextlib
import itertools
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

# A function gets a core for 1769 MB of memory, and 128 MB by default.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
CORE = 1769  # MB
PERIOD = 20_000  # microseconds, as on Lambda

WARM = 20  # invocations after the first one, and as many with pauses
PAUSE = 0.05  # seconds, in which the quota of CPU time is whole again
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
    """The times of one run: ms of wall-clock time, unless a comment says otherwise."""

    startup: float
    first: float
    warm: float  # back to back, so that each spends the quota of the next
    paused: float  # after a pause
    paused_cpu: float  # CPU time
    memory: float  # peak, in MB
    connections: int

    @property
    def first_answer(self) -> float:
        """The ms from the start of the process to its first answer."""
        return self.startup + self.first


class CpuLimit:
    """Limits a process to a share of a core, by a control group if this machine allows one."""

    def __init__(self, memory: int = 128) -> None:
        """Prepare the limit of a function with so many MB."""
        self.share = memory / CORE
        self._group: Path | None = None
        quota = round(PERIOD * self.share)
        for parent, file, limited, unlimited in (
            ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", f"{quota}", "-1"),
            ("/sys/fs/cgroup", "cpu.max", f"{quota} {PERIOD}", "max"),
        ):
            group = Path(parent, f"telegram-bot-bench-{os.getpid()}")
            try:
                group.mkdir()
                if file == "cpu.cfs_quota_us":
                    (group / "cpu.cfs_period_us").write_text(f"{PERIOD}")
                (group / file).write_text(unlimited)
            except OSError:
                with contextlib.suppress(OSError):
                    group.rmdir()
            else:
                self._group, self._file = group, file
                self._limited, self._unlimited = limited, unlimited
                return

    def __enter__(self) -> CpuLimit:
        return self

    def __exit__(self, *_: object) -> None:
        for _attempt in range(50):  # until the last process in it is gone
            if not self._group or not self._group.exists():
                return
            with contextlib.suppress(OSError):
                self._group.rmdir()
            time.sleep(0.02)

    @property
    def works(self) -> bool:
        return self._group is not None

    def add(self, process: int) -> None:
        """Put a process under this limit."""
        if self._group:
            (self._group / "cgroup.procs").write_text(str(process))

    def set(self) -> None:
        if self._group:
            (self._group / self._file).write_text(self._limited)

    def lift(self) -> None:
        if self._group:
            (self._group / self._file).write_text(self._unlimited)


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


def measure(variant: Variant, bot_api: FakeBotApi, limit: CpuLimit, warm: int = WARM) -> Run:
    """Start a variant, invoke it, and return its times. Raises RuntimeError if it fails."""
    connections, calls = bot_api.connections, bot_api.calls
    with RuntimeApi() as api:
        started = time.perf_counter()
        with _process(variant, api, bot_api) as process:
            limit.add(process.pid)
            api.wait_until_started()
            startup = (time.perf_counter() - started) * 1000
            limit.set()
            numbers = itertools.count(1)

            def update() -> tuple[float, float]:
                """Return the time and the CPU time of the next update."""
                before = _cpu(process.pid)
                answer = api.invoke(event(next(numbers)))
                if answer.failed or answer.payload.get("statusCode") != 200:
                    raise RuntimeError(f"{variant.name}: {answer.payload}")
                api.wait_until_started()
                cpu = _cpu(process.pid) - before
                # Without a control group nothing slows the process down, so its CPU time tells
                # how long it would take.
                took = answer.seconds * 1000
                return (took if limit.works else max(took, cpu / limit.share)), cpu

            try:
                first, _ = update()
                in_a_row = [update()[0] for _ in range(warm)]
                paused = []
                for _ in range(warm):
                    time.sleep(PAUSE)
                    paused.append(update())
            finally:
                limit.lift()
            if (bot_api.calls - calls >= 2 * warm + 1) != variant.calls:
                raise RuntimeError(f"{variant.name}: {bot_api.calls - calls} calls to the Bot API")
            waits, cpu_times = zip(*paused, strict=True)
            return Run(
                startup, first, statistics.mean(in_a_row),
                statistics.median(waits), statistics.median(cpu_times),
                _memory(process.pid), bot_api.connections - connections,
            )  # fmt: skip


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
