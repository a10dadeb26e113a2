"""Patches for MiniStack where it differs from AWS: each function's text names the difference.

tests/test_patches.py shows each of them, in MiniStack alone and as it is patched.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo, available_timezones

import h11
from ministack import app as server
from ministack.core import iam_actions, lambda_runtime
from ministack.services import (
    apigateway,
    cloudwatch,
    cloudwatch_logs,
    dynamodb,
    eventbridge,
    lambda_svc,
    scheduler,
    sqs,
)

from telegram_bot_aws.local.container import DELIVERY, Container

PATCHES: list[Callable[[], None]] = []


def patch(function: Callable[[], None]) -> Callable[[], None]:
    """Have a function called, which patches MiniStack."""
    PATCHES.append(function)
    return function


def replaces(module: Any, name: str) -> Callable[[Callable[..., Any]], Callable[[], None]]:
    """Have a function replace one of MiniStack's, which it gets as its first argument."""

    def patch_by(new: Callable[..., Any]) -> Callable[[], None]:
        return patch(lambda: setattr(module, name, partial(new, getattr(module, name))))

    return patch_by


# Functions.


class Worker(lambda_runtime.Worker):  # type: ignore[misc]
    """A container of a function: its process is that of demo --direct."""

    def __init__(self, name: str, config: dict[str, Any], package: bytes) -> None:
        super().__init__(name, config, package)
        self._container: Container | None = None

    def invoke(self, event: Any, request_id: str, **about: Any) -> dict[str, Any]:
        with self._lock:
            if not self._container:
                self._container = self._start()
            invocation = self._container.invoke(event, request_id)
        if is_ours(event):  # which has the webhook's secret
            invocation.event, invocation.delivery = None, event.get("headers", {}).get(DELIVERY, "")
        lines = [
            json.dumps({"timestamp": now(), "requestId": request_id, **line})
            if isinstance(line, dict)
            else line.rstrip("\n")
            for line in invocation.output
        ]
        code = f"{self._tmpdir}/code"
        log = "\n".join(lines).replace(code, "/var/task")
        with Path(os.environ["EMULATOR_INVOCATIONS"]).open("a") as file:
            file.write(json.dumps(asdict(invocation)).replace(code, "/var/task") + "\n")
        response = {"status": "ok", "result": invocation.result, "log": log}
        if error := invocation.error.strip():
            message = re.sub(r"^[\w.]+: ", "", error.splitlines()[-1])
            response |= {"status": "error", "error": message}
        return {**response, "cold_start": invocation.cold}

    def _start(self) -> Container:
        self._tmpdir = tempfile.mkdtemp(prefix="function-")
        code = Path(self._tmpdir, "code")
        with zipfile.ZipFile(io.BytesIO(self.code_zip)) as package:
            package.extractall(code)
        config = self.config
        _, region = lambda_runtime._account_region_from_function_config(config)
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
            **config.get("Environment", {}).get("Variables", {}),
            **lambda_runtime.execution_credentials(config),
            "AWS_DEFAULT_REGION": region,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
            "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
            "AWS_REGION": region,
            "LAMBDA_TASK_ROOT": str(code),
        }
        return Container(
            code,
            environment,
            None,
            config["Timeout"],
            config["MemorySize"],
            runtime=config["Runtime"],
            patience=int(os.environ["EMULATOR_PATIENCE"]),
        )

    def _discard_tmpdir(self) -> None:
        if self._container:
            self._container.__exit__()
        super()._discard_tmpdir()


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def is_ours(event: Any) -> bool:
    """Tell whether API Gateway or Terraform sends an event."""
    if not isinstance(event, dict):
        return False
    return "tf" in event or ("requestContext" in event and "requestPayload" not in event)


@patch
def containers() -> None:
    """A function's process is like a container of AWS's.

    MiniStack's functions see MiniStack's libraries, write into their packages, go on between two
    events, import botocore at each start, and lose lines of their logs on a busy machine.
    """
    lambda_runtime.Worker = Worker


@replaces(lambda_svc, "invoke_async_with_retry")
def alias_retries(invoke: Any, version: dict[str, Any], event: Any) -> None:
    """A failed asynchronous invocation of an alias is handled by the alias's configuration.

    MiniStack takes the function's, even then. Here all invocations name the alias "live". They get
    a version, which has no configuration.
    """
    function = lambda_svc._functions.get(version["config"]["FunctionName"]) or {}
    if of_alias := (function.get("event_invoke_configs") or {}).get("live"):
        version = {**version, "event_invoke_config": of_alias}
    invoke(version, event)


# What Terraform asks.


@replaces(cloudwatch, "_describe_alarms")
def alarm_fields(
    describe: Any, params: Any, data: Any, is_cbor: bool, is_json: bool = False
) -> Any:
    """An alarm is described with all of its settings, in each of AWS's protocols.

    MiniStack leaves out most of them in XML, which version 5 of the provider asks for. Terraform
    then sees a change of each alarm in each plan.
    """
    if is_cbor or is_json:
        return describe(params, data, is_cbor, is_json)
    names = [params[key][0] for key in params if key.startswith("AlarmNames.member.")]
    _, _, body = describe({}, {"AlarmNames": names}, False, True)
    alarms = [
        {name: value for name, value in alarm.items() if not name.endswith("Timestamp")}
        for alarm in json.loads(body)["MetricAlarms"]
    ]
    result = {"DescribeAlarmsResult": {"MetricAlarms": alarms}}
    return cloudwatch._xml(200, "DescribeAlarmsResponse", xml(result))


def xml(value: Any) -> str:
    """Return a value of JSON as AWS writes it in XML."""
    if isinstance(value, dict):
        filled = {name: each for name, each in value.items() if each not in (None, [])}
        return "".join(f"<{name}>{xml(each)}</{name}>" for name, each in filled.items())
    if isinstance(value, list):
        return "".join(f"<member>{xml(each)}</member>" for each in value)
    return escape(json.dumps(value) if isinstance(value, bool) else str(value))


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


@patch
def response_headers() -> None:
    """The head of an answer leaves with the start of its body.

    MiniStack's HTTP server writes one after the other. Now and then a busy Terraform provider
    closes the connection in between and repeats the request, which fails if the first one was
    carried out.
    """
    h11.Connection = Connection  # type: ignore[misc]


@replaces(cloudwatch_logs, "handle_request")
async def log_keys(
    handle: Any, method: str, path: str, headers: Any, body: bytes, query: Any
) -> Any:
    """A log group may get another key, or none.

    MiniStack can't change it. Here it can, though it encrypts nothing.
    """
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action not in ("AssociateKmsKey", "DisassociateKmsKey"):
        return await handle(method, path, headers, body, query)
    asked = json.loads(body)
    cloudwatch_logs._log_groups[asked["logGroupName"]]["kmsKeyId"] = asked.get("kmsKeyId")
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"


@replaces(dynamodb, "_update_continuous_backups")
def recovery_periods(update: Any, data: Any) -> Any:
    """A table keeps for how many days it can be restored.

    MiniStack forgets that. Terraform then sees a change in each plan.
    """
    answer = update(data)
    days = dynamodb._pitr_settings  # by table: whether it can be restored, or here for how long
    if days.get(data["TableName"]):
        wanted = data["PointInTimeRecoverySpecification"]
        days[data["TableName"]] = wanted.get("RecoveryPeriodInDays", 35)
    return answer


@replaces(dynamodb, "_describe_continuous_backups")
def recovery_descriptions(describe: Any, data: Any) -> Any:
    """A table tells for how many days it can be restored."""
    status, headers, body = describe(data)
    if period := dynamodb._pitr_settings.get(data["TableName"]):
        answer = json.loads(body)
        recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        recovery["RecoveryPeriodInDays"] = period
        body = json.dumps(answer).encode()
    return status, headers, body


@replaces(apigateway, "handle_request")
async def stages(handle: Any, method: str, path: str, *arguments: Any, **named: Any) -> Any:
    """A stage that loses the settings of a route stays.

    MiniStack drops it with them. The next update of the stage then tells which settings it has.
    """
    if method == "DELETE" and "/routesettings/" in path:
        return 204, {}, b""
    return await handle(method, path, *arguments, **named)


# Permissions.


@replaces(iam_actions, "_lambda_action")
def alias_actions(action: Any, method: str, path: str) -> Any:
    """The actions of one alias have permissions of their own.

    MiniStack checks all of them as if they were to list a function's aliases.
    """
    known = {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}
    is_alias = re.search(r"/functions/[^/]+/aliases/[^/]+$", path)
    return known[method] if is_alias else action(method, path)


@replaces(iam_actions, "extract_resource_arn")
def checked_resources(
    resource: Any,
    service: str,
    method: str,
    path: str,
    headers: Any,
    body: bytes,
    query: Any,
    *more: Any,
) -> str:
    """A permission for a schedule is checked in its group, and one to move messages for a queue.

    MiniStack checks the former as if all schedules were in the default group. A schedule's group is
    in the query of a request, or else in its body. It doesn't know the queue, since it moves none.
    """
    arn: str = resource(service, method, path, headers, body, query, *more)
    if service == "scheduler" and path.startswith("/schedules/"):
        asked = query.get("groupName") or json.loads(body or b"{}").get("GroupName", "default")
        group = asked[0] if isinstance(asked, list) else asked
        arn = arn.replace(":schedule/default/", f":schedule/{group}/")
    elif service == "sqs" and arn == "*":
        arn = str(json.loads(body or b"{}").get("SourceArn", arn))
    return arn


# Names that mean this machine, which no public name does: none ends with a number. The provider
# puts the account before the address when it asks for a bucket's tags.
THIS_MACHINE = re.compile(rb"(([0-9]{12}\.)?127\.0\.0\.1|([\w-]+\.)*localhost)(:[0-9]+)?")


def is_from_a_program(scope: Any) -> bool:
    """Tell whether a request comes from a program.

    Behind another name, which a web page's server has led to this machine, a browser would take
    this server for the web page's own.
    """
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"")
    is_navigation = headers.get(b"sec-fetch-site", b"none") == b"none"
    return bool(THIS_MACHINE.fullmatch(host)) and b"origin" not in headers and is_navigation


@replaces(server, "app")
async def loopback_only(app: Any, scope: Any, receive: Any, send: Any) -> None:
    """Only programs on this machine are answered.

    MiniStack also answers any web page in a browser here, which could make functions and run them.
    """
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


# Schedules and queues.


@replaces(scheduler, "_create_schedule")
def schedule_expressions(create: Any, name: str, body: dict[str, Any]) -> Any:
    """Scheduler refuses a cron expression that it can't read, and a zone that it doesn't know.

    MiniStack keeps both, and never sends the message.
    """
    expression = body["ScheduleExpression"]
    if expression.startswith("cron(") and not (
        eventbridge._parse_cron_fields(expression)
        and body["ScheduleExpressionTimezone"] in available_timezones()
    ):
        return scheduler._error(400, "ValidationException", "Invalid Schedule Expression.")
    return create(name, body)


@patch
def schedule_zones() -> None:
    """A schedule that recurs runs in its time zone.

    MiniStack keeps the zone, and takes the times of a cron expression for UTC.
    """
    tick = scheduler._tick_schedules
    in_utc = "(_schedule_last_fired[state_key], tz=timezone.utc)"
    zone = 'ZoneInfo(sched["ScheduleExpressionTimezone"])'
    source = inspect.getsource(tick)
    assert source.count(in_utc) == 1, "this MiniStack has another line"
    tick.__globals__["ZoneInfo"] = ZoneInfo
    names: dict[str, Any] = {}
    exec(source.replace(in_utc, in_utc.replace("timezone.utc", zone)), tick.__globals__, names)
    scheduler._tick_schedules = names[tick.__name__]


@replaces(eventbridge, "_dispatch_to_sqs")
def scheduled_messages(dispatch: Any, spec: Any, payload: str, parameters: Any = None) -> None:
    """What Scheduler sends to a FIFO queue is deduplicated, as any message there.

    MiniStack adds it without a look at the queue's last messages.
    """
    queue = sqs._queue_by_arn(str(spec))
    if not queue or not queue["is_fifo"]:
        dispatch(spec, payload, parameters)
        return
    message = {"MessageBody": payload, "MessageGroupId": parameters["MessageGroupId"]}
    sqs._act_send_message({"QueueUrl": queue["url"], **message}, "")


@replaces(eventbridge, "_invoke_target")
def scheduled_times(invoke: Any, target: Any, event: Any, *more: Any) -> None:
    """The input of a schedule has the time that is due.

    MiniStack fills nothing into it. Here it is filled in to the minute, as all times of a cron
    expression are: MiniStack looks only every ten seconds.
    """
    if event.get("Source") == "aws.scheduler" and "Input" in target:
        due = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(event["Time"]))
        text = target["Input"].replace("<aws.scheduler.scheduled-time>", due)
        target = {**target, "Input": text}
    invoke(target, event, *more)


@patch
def message_moves() -> None:
    """SQS has StartMessageMoveTask, which MiniStack lacks."""
    sqs._HANDLERS["StartMessageMoveTask"] = start_message_move_task


KEPT = {
    "MessageAttributes": "message_attributes",
    "MessageBody": "body",
    "MessageDeduplicationId": "dedup_id",
    "MessageGroupId": "group_id",
}


def start_message_move_task(data: dict[str, Any], url: str) -> dict[str, Any]:
    """Move all messages of a queue to another one, in their order.

    A message keeps its group, its body and its deduplication id, and gets a new id. Of one that SQS
    itself has made a dead letter, the id is the deduplication id.
    """
    source = sqs._queue_by_arn(data["SourceArn"])
    destination = sqs._queue_by_arn(data["DestinationArn"])
    if not source or not destination:
        raise sqs._Err("ResourceNotFoundException", "There is no such queue.")
    for message in list(source["messages"]):
        about = {name: message[key] for name, key in KEPT.items() if message.get(key)}
        if "DeadLetterQueueSourceArn" in message["sys"]:
            about["MessageDeduplicationId"] = message["id"]
        sqs._act_send_message({"QueueUrl": destination["url"], **about}, "")
        source["messages"].remove(message)
    return {"TaskHandle": "task"}
