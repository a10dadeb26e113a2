"""Where the demo's bot runs: on an emulated AWS, or in a process of this machine."""

from __future__ import annotations

import abc
import base64
import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from container import Function, Invocation, read_sources
from emulators.aws import Emulator
from emulators.gateway import Gateway
from emulators.telegram import Json, post
from processes import ToolError, signals_held
from project import LAMBDA
from terraform import REGION, Module, terraform_command

TOKEN = "1234567890:AAE-this-token-is-known-to-the-stand-in-alone"
MAX_CONNECTIONS = 40

Step = Callable[[str], contextlib.AbstractContextManager[None]]


class Unavailable(ToolError):
    """This machine lacks what a deployment needs; the text says what is missing."""


@dataclass
class Details:
    """What happened to a delivery behind the webhook. What isn't known is None.

    `cold`: whether the function was started for it, `start_milliseconds`: what that took.
    """

    event: Json | None = None
    cold: bool | None = None
    start_milliseconds: float | None = None
    milliseconds: float | None = None
    logs: list[Json] | None = None
    error: str = ""


@dataclass
class Reload:
    """The function's code was replaced by what is in lambda/ now. `error`: why it doesn't work."""

    milliseconds: float
    error: str
    files: list[str] = field(default_factory=list)


class Deployment(abc.ABC):
    """A bot that runs; it is removed when the `with` block ends."""

    name = ""
    notes: dict[str, str] = {}  # by the name of a field of Details: why it is None here

    def __init__(self, api_url: str, step: Step) -> None:
        self.api_url = api_url
        self.step = step
        self.webhook_url = ""
        self.opened = contextlib.ExitStack()
        self._sources = read_sources(LAMBDA)
        self._reloading = threading.Lock()

    def __enter__(self) -> Deployment:
        with contextlib.ExitStack() as opened:
            self.opened = opened
            self.open()
            self.opened = opened.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        with self.opened:
            if exception[0] is None:
                self.close()

    @abc.abstractmethod
    def open(self) -> None:
        """Deploy the bot. Raises Unavailable or ToolError."""

    @abc.abstractmethod
    def close(self) -> None:
        """Remove the bot, as its owner would."""

    def deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        """Post an update to the webhook, as `post` does."""
        return post(url, headers, body)

    @abc.abstractmethod
    def details(self, request_id: str) -> Details:
        """Return what happened to the request that API Gateway gave this id."""

    def refresh(self) -> Reload | None:
        """Replace the bot's code if a file in lambda/ was changed, and register it again."""
        with self._reloading:
            sources = read_sources(LAMBDA)
            if sources == self._sources:
                return None
            names = sorted(sources.keys() | self._sources.keys())
            changed = [name for name in names if sources.get(name) != self._sources.get(name)]
            self._sources = sources
            started = time.monotonic()
            try:
                error = self.replace()
            except (OSError, http.client.HTTPException, subprocess.SubprocessError) as failure:
                error = f"{type(failure).__name__}: {failure}"
            return Reload((time.monotonic() - started) * 1000, error, changed)

    @abc.abstractmethod
    def replace(self) -> str:
        """Replace the bot's code. Returns what is wrong with it."""

    @abc.abstractmethod
    def stop_container(self) -> None:
        """End the function's container: the next delivery starts one."""

    def registration(self, action: str) -> Json:
        """Return the event that Terraform registers and removes the webhook with."""
        return {
            "url": self.webhook_url,
            "max_connections": MAX_CONNECTIONS,
            "tf": {"action": action},
        }


class LocalDeployment(Deployment):
    """The handler in a process, behind an HTTP server that stands for API Gateway."""

    name = "direct"
    notes = {"event": "this request had none"}

    def open(self) -> None:
        self._invocations: dict[str, tuple[Json, Invocation]] = {}  # by request id
        with self.step("the handler behind a local HTTP server"):
            environment = {
                "PATH": os.environ.get("PATH", ""),
                "TELEGRAM_API_URL": self.api_url,
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_WEBHOOK_SECRET": secrets.token_hex(16),
            }
            with signals_held():
                self.function = self.opened.enter_context(Function(LAMBDA, environment))
            self.webhook_url = self.opened.enter_context(Gateway(self._invoke)).webhook_url
            error = self.replace()
        if error:
            raise ToolError(f"the function does not register its webhook:\n{error}")

    def _invoke(self, event: Json) -> Any:
        invocation = self.function.invoke(event)
        self._invocations[event["requestContext"]["requestId"]] = (event, invocation)
        return invocation.result

    def close(self) -> None:
        self.function.invoke(self.registration("delete"))

    def replace(self) -> str:
        return self.function.invoke(self.registration("register")).error.strip()

    def stop_container(self) -> None:
        self.function.stop()

    def details(self, request_id: str) -> Details:
        if request_id not in self._invocations:
            return Details()
        event, invocation = self._invocations[request_id]
        return Details(
            event,
            invocation.cold is not None,
            invocation.cold,
            invocation.milliseconds,
            invocation.logs,
            invocation.error,
        )


class AwsDeployment(Deployment):
    """The module, applied to an emulated AWS."""

    name = "aws"
    notes = {
        "event": "API Gateway makes it inside the emulated AWS, where nobody can look. "
        "scripts/demo --direct shows one",
        "cold": "another delivery was on its way, so the emulator's log doesn't tell which",
        "start_milliseconds": "the emulator doesn't say how long a start takes",
        "milliseconds": "another delivery was on its way, so the reports can't be told apart",
        "logs": "the emulator keeps no more of the function's log than its reports. "
        "scripts/demo --direct shows it",
    }

    def open(self) -> None:
        try:
            terraform_command()
        except ToolError as error:
            raise Unavailable(str(error)) from None
        self._details: dict[str, Details] = {}
        self._reported: set[str] = set()
        self._begun = self._under_way = 0  # deliveries
        self._lock = threading.Lock()
        with signals_held():
            folder = Path(tempfile.mkdtemp(prefix="telegram-bot-module-"))
            self.opened.callback(shutil.rmtree, folder, ignore_errors=True)
        with self.step("emulated AWS"):
            self.emulator = self.opened.enter_context(Emulator())
        self.module = Module(
            self.emulator.url, folder, telegram_bot_token=TOKEN, telegram_api_url=self.api_url
        )
        self.module.environment["TMPDIR"] = str(folder)
        with self.step("terraform init"):
            try:
                self.module.init()
            except ToolError as error:
                raise Unavailable(str(error)) from None
        with self.step("terraform apply"):
            self.module.apply()
            outputs = self.module.outputs()
        self.webhook_url = outputs["webhook_url"]
        self.function_name = outputs["function_name"]
        self.log_group_name = outputs["log_group_name"]
        self._new_reports()  # of the registration

    def close(self) -> None:
        with self.step("terraform destroy"):
            self.module.destroy()

    def deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        with self._lock:
            self._begun += 1
            number, others = self._begun, self._under_way
            self._under_way += 1
            before = len(self.emulator.log())
        try:
            answer = post(url, headers, body)
        finally:
            with self._lock:
                self._under_way -= 1
        with self._lock:
            details = Details()
            reports = self._new_reports()
            if not others and number == self._begun:
                details.cold = "worker spawned" in self.emulator.log()[before:]
                if len(reports) == 1:
                    details.milliseconds = reports[0]
            self._details[answer[1].get("apigw-requestid", "")] = details
        return answer

    def details(self, request_id: str) -> Details:
        with self._lock:
            return self._details.get(request_id, Details())

    def _new_reports(self) -> list[float]:
        """Return the durations of the invocations that weren't reported before."""
        query = {"logGroupName": self.log_group_name, "filterPattern": "REPORT"}
        events = self._aws("logs", "POST", "/", query, "Logs_20140328.FilterLogEvents")["events"]
        found = []
        for event in events:
            match = re.match(r"REPORT RequestId: (\S+)\s+Duration: ([\d.]+) ms", event["message"])
            if match and match[1] not in self._reported:
                self._reported.add(match[1])
                found.append(float(match[2]))
        return found

    def replace(self) -> str:
        copied = self.module.folder / "lambda"
        shutil.rmtree(copied)
        shutil.copytree(LAMBDA, copied, ignore=shutil.ignore_patterns("__pycache__"))
        package = self.module.folder / "changed.zip"
        subprocess.run(
            [sys.executable, self.module.folder / "scripts/package", package],
            capture_output=True,
            check=True,
        )
        self._put_code(package)
        answer = self._aws("lambda", "POST", "/invocations", self.registration("register"))
        self._new_reports()
        return str(answer.get("errorMessage") or "")

    def stop_container(self) -> None:
        packages = self.module.folder.glob("**/*.zip")
        self._put_code(max(packages, key=lambda package: package.stat().st_mtime))

    def _put_code(self, package: Path) -> None:
        code = {"ZipFile": base64.b64encode(package.read_bytes()).decode()}
        self._aws("lambda", "PUT", "/code", code)

    def _aws(self, service: str, method: str, path: str, body: Json, target: str = "") -> Json:
        """Call the emulated AWS. It needs to know the service, and asks for no signature."""
        credential = f"Credential=test/20250101/{REGION}/{service}/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
        }
        if service == "lambda":
            path = f"/2015-03-31/functions/{self.function_name}{path}"
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body), headers)
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer if isinstance(answer, dict) else {}
