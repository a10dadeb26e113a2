"""The function in a process on this machine, as Lambda keeps one in a container."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import signals_held

Json = dict[str, Any]

TIMEOUT = 10.0  # seconds, as main.tf sets it
INIT_TIMEOUT = 10.0  # Lambda's own

# What runs in the process: it imports the handler, then answers a line with a line.
CONTAINER = """
import json, logging, os, sys, time, traceback

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
records = []
known = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

class Collect(logging.Handler):
    def emit(self, record):
        fields = {k: v for k, v in vars(record).items() if k not in known}
        records.append({"level": record.levelname, "message": record.getMessage(), **fields})

logging.basicConfig(level=logging.INFO, handlers=[Collect()])

class Context:
    function_name = "telegram-bot"
    memory_limit_in_mb = 128
    def __init__(self, timeout, request_id):
        self.ends, self.aws_request_id = time.monotonic() + timeout, request_id
    def get_remaining_time_in_millis(self):
        return max(0, int((self.ends - time.monotonic()) * 1000))

def say(**answer):
    print(json.dumps({**answer, "logs": records}, default=str), file=answers, flush=True)
    records.clear()

sys.path.insert(0, sys.argv[1])
try:
    from handler import handler
except BaseException:
    say(error=traceback.format_exc())
    sys.exit(1)
say()
for line in sys.stdin:
    call = json.loads(line)
    try:
        say(result=handler(call["event"], Context(call["timeout"], call["request_id"])))
    except Exception as error:
        say(error=f"{type(error).__name__}: {error}")
"""


@dataclass
class Invocation:
    """One call of the handler: its result or its error, and what it logged.

    `cold` is how many milliseconds the start of the container took, or None if it was warm.
    """

    result: Any = None
    error: str = ""
    logs: list[Json] = field(default_factory=list)
    milliseconds: float = 0.0
    cold: float | None = None


class Function:
    """The handler in a process with the given environment, restarted when a source changes.

    `sources` is a folder with handler.py, as in the function's package. One invocation at a time.
    It ends with the `with` block.
    """

    def __init__(
        self, sources: Path, environment: dict[str, str], *, timeout: float = TIMEOUT
    ) -> None:
        self.sources = sources
        self.environment = environment
        self._timeout = timeout
        self._lock = threading.Lock()
        self._cache = tempfile.mkdtemp(prefix="telegram-bot-function-")
        self._process: subprocess.Popen[str] | None = None
        self._started_from: dict[str, bytes] = {}
        self._ids = 0

    def __enter__(self) -> Function:
        return self

    def stop(self) -> None:
        """End the container: the next invocation starts one."""
        with self._lock:
            self._stop()

    def __exit__(self, *exception: object) -> None:
        self.stop()
        shutil.rmtree(self._cache, ignore_errors=True)

    def invoke(self, event: Json) -> Invocation:
        """Call the handler with an event, in a container that is started if there is none."""
        with self._lock:
            if self._process and self._started_from != read_sources(self.sources):
                self._stop()
            cold, logs = None, []
            if self._process is None:
                start = self._start()
                if start.error:
                    return start
                cold, logs = start.milliseconds, start.logs
            self._ids += 1
            call = {"event": event, "timeout": self._timeout, "request_id": f"local-{self._ids}"}
            invocation = self._ask(call, self._timeout)
            invocation.cold, invocation.logs = cold, logs + invocation.logs
            return invocation

    def _start(self) -> Invocation:
        """Start the container. The answer's `error` is what the import of the handler raised."""
        self._started_from = read_sources(self.sources)
        # Isolated, and with no byte code of before: a file can change twice in a second.
        options = ["-I", "-B", "-X", f"pycache_prefix={self._cache}"]
        with signals_held():
            self._process = subprocess.Popen(
                [sys.executable, *options, "-c", CONTAINER, str(self.sources)],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        start = self._ask(None, INIT_TIMEOUT)
        start.cold = start.milliseconds
        return start

    def _ask(self, call: Json | None, timeout: float) -> Invocation:
        assert self._process and self._process.stdin and self._process.stdout
        started = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            if call:
                self._process.stdin.write(json.dumps(call) + "\n")
                self._process.stdin.flush()
        readable, _, _ = select.select([self._process.stdout], [], [], timeout)
        line = self._process.stdout.readline() if readable else ""
        milliseconds = (time.monotonic() - started) * 1000
        answer = json.loads(line) if line else {}
        if not line:
            answer["error"] = (
                "the function ended by itself" if readable else f"timed out after {timeout:g} s"
            )
        if not line or (call is None and answer.get("error")):
            self._stop()  # as Lambda does: the next invocation starts another one
        return Invocation(
            answer.get("result"), answer.get("error", ""), answer.get("logs", []), milliseconds
        )

    def _stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def read_sources(sources: Path) -> dict[str, bytes]:
    """Return the content of each module by its path: it differs when a source was changed."""
    return {
        str(path.relative_to(sources)): path.read_bytes() for path in sorted(sources.rglob("*.py"))
    }


def handled_kinds(sources: Path) -> list[str]:
    """Return the kinds of update that bot.py handles. Raises ValueError, which says why not."""
    code = "import bot, json; print(json.dumps(list(bot.HANDLED)))"
    asked = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=sources, capture_output=True, text=True
    )
    if asked.returncode:
        raise ValueError(f"bot.py can't be imported:\n{asked.stderr.strip()}")
    kinds: list[str] = json.loads(asked.stdout.splitlines()[-1])
    return kinds


def explain_failure(sources: Path, update: Json) -> str:
    """Return the traceback of what bot.py raises for an update, or what is wrong with its calls.

    It is run once more for that: the function logs no more than the exception's type and place.
    Returns nothing if nothing is wrong this time.
    """
    code = (
        "import bot, json, sys; from botkit import calls; "
        "calls.check(bot.reply(json.load(sys.stdin)), 'reply()')"
    )
    command = [sys.executable, "-B", "-c", code]
    again = subprocess.run(
        command,
        cwd=sources,
        env={**os.environ, "REPLY_MODE": "webhook"},  # it opens no connection
        input=json.dumps(update),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    return again.stderr.strip() if again.returncode else ""
