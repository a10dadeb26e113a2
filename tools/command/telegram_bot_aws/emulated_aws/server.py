"""MiniStack, with each function on its runtime's Python, and without some habits and mistakes.

A machine without that Python runs the function on the one that is the argument.

Two habits fail on a busy machine. Its HTTP server writes the head of an answer and the start of its
body one after the other. Now and then a busy Terraform provider closes the connection in between
and repeats the request, which fails if the first one was carried out. Here they are written
together.

And it waits 50 ms at most for a function's log, and then goes on without. Here it takes all lines
that the function wrote before it answered, however long that takes.

It checks permissions for a schedule as if all were in the default group. Here it takes the group
that the request names.

It fills nothing into the input of a schedule. Here it fills in the time that is due.

It drops a stage when a route's settings are deleted. Here it stays, and the next update of
the stage tells which settings it has.

It answers any web page in a browser on this machine, which could make functions and run them. Here
it answers programs.

It forgets for how many days a table can be restored. Here it tells.

It can't give a log group another key. Here it can, though it encrypts nothing.

Its functions go on between two events, and take any amount of memory. Here they are frozen, and
ended, as on AWS.

It checks all permissions for one alias of a function as if that were to list them. Here it checks
those that AWS does.

It takes a function's ARN with a qualifier, and also another qualifier. Here it refuses that,
as AWS does.

It handles a failed asynchronous invocation by the function's configuration, even of an alias.
Here it is the alias's, which all invocations name.

Its functions import botocore at their start, to count how deeply they invoke each other, and so
take twice as long. Here they import what they need.
"""

from __future__ import annotations

import json
import os
import queue
import re
import runpy
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import h11

sys.path.append(str(Path(__file__).resolve().parents[2]))  # when run as a program

from telegram_bot_aws.local.memory import Memory  # noqa: E402
from telegram_bot_aws.local.processes import end_at_once, freeze, thaw, watched  # noqa: E402

# isort: split
import requirements  # noqa: E402

# Names that mean this machine, which no public name does: none ends with a number. The provider
# puts the account before the address when it asks for a bucket's tags.
THIS_MACHINE = re.compile(rb"(([0-9]{12}\.)?127\.0\.0\.1|([\w-]+\.)*localhost)(:[0-9]+)?")
API = re.compile(rb"[0-9a-f]{8}\.execute-api\.localhost(:[0-9]+)?")
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
PAGE = re.compile(r"/app(/|$)")
ALIAS = re.compile(r"/functions/[^/]+/aliases/[^/]+$")  # in a path of Lambda's API
# In a path of Lambda's API: a function by its name or ARN, and in it the qualifier.
FUNCTION = re.compile(r"/functions/(?:arn:[^/]*:function:)?[^:/]+:([^:/]+)(?:/|$)")


class Connection(h11.Connection):
    """The server's side of HTTP/1.1, which holds back an answer's head until there is more."""

    head = b""

    def send(self, event: Any) -> bytes:  # type: ignore[override]
        data = super().send(event) or b""
        if isinstance(event, h11.Response):
            self.head = data
            return b""
        data, self.head = self.head + data, b""
        return data


class Output:
    """The output of a function's process, which goes into a queue by lines.

    A thread follows it, so that the process never has to wait. Call `read` for all
    output up to now.
    """

    def __init__(self, pipe: int, lines: queue.Queue[str]) -> None:
        self._pipe = os.dup(pipe)  # its other owner may close it at any time
        os.set_blocking(self._pipe, False)
        self._lines = lines
        self._rest = b""  # of a line that isn't complete
        self._lock = threading.Lock()
        self._is_over = False
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while self.read():
            select.select([self._pipe], [], [])
        os.close(self._pipe)

    def read(self) -> bool:
        """Read what was written up to now. Returns whether more can come."""
        with self._lock:
            while not self._is_over:
                try:
                    data = os.read(self._pipe, 1 << 16)
                except BlockingIOError:
                    break
                self._is_over = not data
                *whole, self._rest = (self._rest + data).split(b"\n")
                if self._is_over and self._rest:
                    whole.append(self._rest)
                for line in whole:
                    self._lines.put(line.decode(errors="replace"))
            return not self._is_over


def with_whole_logs(worker: Any, fresh: bool = False) -> Any:
    """Return MiniStack's class of a function's process, with its output read by `Output`.

    If `fresh`, each invocation has a new process.
    """

    class Worker(worker):  # type: ignore[misc]
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.output: Output | None = None
            self.beginning = threading.Lock()

        def _spawn(self) -> None:
            self.output = None
            super()._spawn()
            self._read_stderr()

        def _read_stderr(self) -> None:
            with self.beginning:
                if self.output is None:
                    self.output = Output(self._proc.stderr.fileno(), self._stderr_queue)

        def invoke(self, *arguments: Any, **named: Any) -> Any:
            response = super().invoke(*arguments, **named)
            if fresh:
                self.kill()
            return response

        def _drain_stderr(self) -> str:
            if self.output:
                self.output.read()
            text: str = super()._drain_stderr()
            return text

        def _drain_stderr_bounded(self) -> str:
            return self._drain_stderr()

    return Worker


def without_botocore(script: str, bootstrap: str) -> str:
    """Return MiniStack's program of a function's process without its first part."""
    return f"def _ms_install_invoke_depth(): pass\n{script.removeprefix(bootstrap)}"


class Pythons:
    """The Pythons that run functions, by runtime. `own` runs those that this machine lacks.

    They see the libraries that `own` does, which are links.
    """

    def __init__(self, own: Path) -> None:
        self._own = own
        self._made: dict[str, str] = {}
        self._lock = threading.Lock()

    def of(self, runtime: str) -> str:
        with self._lock:
            if runtime not in self._made:
                self._made[runtime] = str(self._make(runtime))
            return self._made[runtime]

    def _make(self, runtime: str) -> Path:
        found = requirements.find_python(runtime)
        if found in (None, sys.executable):
            return self._own
        own = self._own.parent.parent
        folder = own.with_name(runtime)
        subprocess.run([found, "-I", "-m", "venv", "--without-pip", folder], check=True)
        [source] = own.glob("lib/python*/site-packages")
        [target] = folder.glob("lib/python*/site-packages")
        for path in source.iterdir():
            if path.is_symlink():
                (target / path.name).symlink_to(path.readlink())
        return folder / "bin" / "python"


class Process(subprocess.Popen[str]):
    """A function's process, which leads its own group and ends with us."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named, process_group=0)
        watched("group", self.pid)


def end_function(process: Process | None) -> None:
    """End a function's process as AWS does: at once, with all that it started."""
    if process:
        end_at_once(process)
        watched("group", process.pid, over=True)


def as_a_container(worker: Any) -> Any:
    """Return MiniStack's class of a function's process, which is like a container of AWS's.

    It is frozen between invocations, and ended if it takes too much memory.
    """

    class Worker(worker):  # type: ignore[misc]
        def _spawn(self) -> None:
            end_function(self._proc)  # it ended by itself, but perhaps not its children
            super()._spawn()

        def invoke(self, *arguments: Any, **named: Any) -> Any:
            if self._proc:
                thaw(self._proc)
            with Memory(self.config.get("MemorySize", 128), self._id, self._end) as memory:
                response = super().invoke(*arguments, **named)
            if memory.too_much:
                response |= {"status": "error", "error": memory.too_much.rstrip("\n")}
                self.kill()
            elif self._proc:
                freeze(self._proc)
            return response

        def _id(self) -> int | None:
            process = self._proc
            return process.pid if process else None

        def _end(self) -> None:
            end_function(self._proc)

    return Worker


def with_patience(worker: Any, patience: int) -> Any:
    """Return MiniStack's class of a function's process, which has `patience` times its time."""

    class Worker(worker):  # type: ignore[misc]
        def __init__(self, name: str, config: dict[str, Any], *arguments: Any) -> None:
            config = {**config, "Timeout": config["Timeout"] * patience}
            super().__init__(name, config, *arguments)

    return Worker


def with_stages_that_stay(handle: Any) -> Any:
    """Return MiniStack's handler of API Gateway, which leaves a stage that loses settings."""

    async def handle_request(method: str, path: str, *arguments: Any, **named: Any) -> Any:
        if method == "DELETE" and "/routesettings/" in path:
            return 204, {}, b""
        return await handle(method, path, *arguments, **named)

    return handle_request


def with_schedules_in_groups(resource: Any) -> Any:
    """Return MiniStack's function that finds a request's ARN, which leaves out a schedule's group.

    The group of a schedule is in the query of a request, or else in its body.
    """

    def found(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any
    ) -> str:
        arn: str = resource(service, method, path, headers, body, query, *more)
        if service == "scheduler" and path.startswith("/schedules/"):
            asked = query.get("groupName") or json.loads(body or b"{}").get("GroupName", "default")
            group = asked[0] if isinstance(asked, list) else asked
            arn = arn.replace(":schedule/default/", f":schedule/{group}/")
        return arn

    return found


def with_scheduled_times(invoke: Any) -> Any:
    """Return MiniStack's function that invokes a target, which tells a schedule's when it is due.

    To the minute, as all times of a cron expression are: MiniStack looks only every ten seconds.
    """

    def invoked(target: Any, event: Any, *more: Any) -> None:
        if event.get("Source") == "aws.scheduler" and "Input" in target:
            due = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(event["Time"]))
            target = {**target, "Input": target["Input"].replace(SCHEDULED_TIME, due)}
        invoke(target, event, *more)

    return invoked


def with_alias_actions(action: Any) -> Any:
    """Return MiniStack's function that finds an action of Lambda, with those of aliases."""

    def found(method: str, path: str) -> Any:
        known = {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}
        return known[method] if ALIAS.search(path) else action(method, path)

    return found


def with_one_qualifier(handle: Any) -> Any:
    """Return MiniStack's handler of Lambda, which refuses two qualifiers that differ."""

    async def handle_request(
        method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any
    ) -> Any:
        found = FUNCTION.search(unquote(path))
        [asked] = query.get("Qualifier") or [""]
        if found and asked and asked != found[1]:
            told = "The derived qualifier from the function name does not match the specified"
            answer = {"Type": "User", "message": f"{told} qualifier."}
            fields = {"x-amzn-ErrorType": "InvalidParameterValueException"}
            return 400, {"Content-Type": "application/json", **fields}, json.dumps(answer).encode()
        return await handle(method, path, headers, body, query, *more)

    return handle_request


def as_the_alias_says(invoke: Any, functions: Any) -> Any:
    """Return MiniStack's asynchronous invocation, by the configuration of the alias "live".

    It gets a version, which has none, and `functions` have them by name.
    """

    def invoke_async(version: dict[str, Any], event: Any) -> None:
        function = functions.get(version["config"]["FunctionName"]) or {}
        if of_alias := (function.get("event_invoke_configs") or {}).get("live"):
            version = {**version, "event_invoke_config": of_alias}
        invoke(version, event)

    return invoke_async


def for_programs(app: Any) -> Any:
    """Return MiniStack's ASGI application, which refuses what a web page sends."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or is_from_a_program(scope):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            body = b'{"message":"this AWS is for programs on this machine only"}'
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", f"{len(body)}".encode()),
            ]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return guarded


def is_from_a_program(scope: Any) -> bool:
    """Tell whether a request comes from a program, or is for a bot's page, which anyone may ask.

    The demo passes a page's requests on with its headers. Behind another name, which a web page's
    server has led to this machine, a browser would take this server for the web page's own.
    """
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"")
    if API.fullmatch(host) and PAGE.match(scope["path"]):
        return True
    is_navigation = headers.get(b"sec-fetch-site", b"none") == b"none"
    return bool(THIS_MACHINE.fullmatch(host)) and b"origin" not in headers and is_navigation


def keep_recovery_periods(dynamodb: Any) -> None:
    """Have MiniStack's DynamoDB tell for how many days it can restore a table."""
    describe, update = dynamodb._describe_continuous_backups, dynamodb._update_continuous_backups
    days = dynamodb._pitr_settings  # by table: whether it can be restored, or here for how long

    def described(data: Any) -> Any:
        status, headers, body = describe(data)
        if period := days.get(data["TableName"]):
            answer = json.loads(body)
            recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
            recovery["RecoveryPeriodInDays"] = period
            body = json.dumps(answer).encode()
        return status, headers, body

    def updated(data: Any) -> Any:
        answer = update(data)
        if days.get(data["TableName"]):
            wanted = data["PointInTimeRecoverySpecification"]
            days[data["TableName"]] = wanted.get("RecoveryPeriodInDays", 35)
        return answer

    dynamodb._describe_continuous_backups = described
    dynamodb._update_continuous_backups = updated


def with_keys_that_change(handle: Any, groups: Any) -> Any:
    """Return MiniStack's handler of CloudWatch Logs, whose log groups may get another key."""

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in ("AssociateKmsKey", "DisassociateKmsKey"):
            return await handle(method, path, headers, body, query)
        asked = json.loads(body)
        groups[asked["logGroupName"]]["kmsKeyId"] = asked.get("kmsKeyId")
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"

    return handle_request


if __name__ == "__main__":
    from ministack import app as server
    from ministack.core import iam_actions, lambda_runtime
    from ministack.services import apigateway, cloudwatch_logs, dynamodb, eventbridge, lambda_svc

    h11.Connection = Connection  # type: ignore[misc]  # its HTTP server looks it up
    script = without_botocore(
        lambda_runtime._PYTHON_WORKER_SCRIPT, lambda_runtime.INVOKE_DEPTH_BOOTSTRAP
    )
    pythons = Pythons(Path(sys.argv.pop(1)))
    lambda_runtime._detect_runtime_binary = lambda runtime: (pythons.of(runtime), script)
    fresh = sys.argv.pop(1) == "fresh"
    named = {**vars(subprocess), "Popen": Process}
    lambda_runtime.subprocess = SimpleNamespace(**named)
    lambda_runtime._signal = end_function
    lambda_runtime.Worker = with_whole_logs(as_a_container(lambda_runtime.Worker), fresh)
    patience = int(os.environ["EMULATOR_PATIENCE"])
    lambda_runtime.Worker = with_patience(lambda_runtime.Worker, patience)
    iam_actions.extract_resource_arn = with_schedules_in_groups(iam_actions.extract_resource_arn)
    iam_actions._lambda_action = with_alias_actions(iam_actions._lambda_action)
    apigateway.handle_request = with_stages_that_stay(apigateway.handle_request)
    cloudwatch_logs.handle_request = with_keys_that_change(
        cloudwatch_logs.handle_request, cloudwatch_logs._log_groups
    )
    lambda_svc.handle_request = with_one_qualifier(lambda_svc.handle_request)
    lambda_svc.invoke_async_with_retry = as_the_alias_says(
        lambda_svc.invoke_async_with_retry, lambda_svc._functions
    )
    eventbridge._invoke_target = with_scheduled_times(eventbridge._invoke_target)
    server.app = for_programs(server.app)
    keep_recovery_periods(dynamodb)
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
