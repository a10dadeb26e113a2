"""AWS, emulated on this machine by MiniStack."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from telegram_stand_in import http_request

from telegram_bot_aws.local.processes import ToolError, end, free_port, minimal_environment

SERVER = Path(__file__).with_name("server.py")
PATIENCE_SECONDS = 240  # for its start: on an idle machine it takes two, on a busy one minutes


class Emulator:
    """AWS, emulated on a free port of the loopback interface until the `with` block ends.

    With `auth` it enforces IAM. If `patient`, functions have ten times their time, so that no busy
    machine interrupts them.
    """

    def __init__(self, *, auth: bool = False, patient: bool = False) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._auth = auth
        self._patient = patient
        self.folder = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Emulator:
        self.folder = tempfile.mkdtemp(prefix="telegram-bot-aws-")
        self.invocations.touch()
        try:
            self._process = self._start()
            self._wait(self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {
            **minimal_environment(self.folder),
            "AUTH": str(self._auth).lower(),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",  # it would listen on every interface
            "LAMBDA_EXECUTOR": "local",
            "EMULATOR_INVOCATIONS": str(self.invocations),
            "EMULATOR_PATIENCE": "10" if self._patient else "1",
            "S3_DATA_DIR": str(Path(self.folder, "s3")),
        }
        with Path(self.folder, "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", SERVER],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.PIPE,  # whose end it sees if we are killed
                stdout=log,
                stderr=log,
                process_group=0,
            )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ToolError(f"the emulated AWS does not start:\n{self.log()[-2000:]}")
            with contextlib.suppress(OSError):
                if http_request("GET", f"{self.url}/_ministack/health", {})[0] == 200:
                    return
            time.sleep(0.05)
        raise ToolError(
            f"the emulated AWS did not answer within {PATIENCE_SECONDS} seconds. If this machine "
            f"is busy, try again when it isn't.\n{self.log()[-2000:]}".rstrip()
        )

    @property
    def invocations(self) -> Path:
        """The file to which functions' workers write each invocation, as a line of JSON."""
        return Path(self.folder, "invocations")

    def log(self) -> str:
        """Return what the emulator and the functions in it wrote."""
        return Path(self.folder, "log").read_text(errors="replace")

    def __exit__(self, *exception: object) -> None:
        if self._process:
            end(self._process)
            assert self._process.stdin
            self._process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)
