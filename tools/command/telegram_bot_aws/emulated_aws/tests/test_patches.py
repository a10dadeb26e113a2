"""patches.py: what the emulated AWS does as AWS, and MiniStack alone doesn't. A test for each.

Each also tries MiniStack without the patch, and so fails once that isn't needed.
"""

import asyncio
import io
import json
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import h11
import pytest
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

from telegram_bot_aws.emulated_aws import patches

ARN = "arn:aws:lambda:us-east-1:000000000000:function:bot"


@pytest.fixture
def both(monkeypatch):
    """Return what MiniStack has by a name, without a patch and with it, which this applies."""

    def both(patch, module, name):
        original = getattr(module, name)
        monkeypatch.setattr(module, name, original)  # and so the end of the test
        patch()
        return original, getattr(module, name)

    return both


def ask(handle, method, path, body=None, target=""):
    """Make a request to a service of MiniStack's. Returns the answer, or the status if it fails."""
    data = b"" if body is None else json.dumps(body).encode()
    status, _, answer = asyncio.run(handle(method, path, {"x-amz-target": target}, data, {}))
    return status if status >= 300 else json.loads(answer or b"{}")


# Functions.

HANDLER = """
import importlib.util, os, pathlib

def handler(event, context):
    print(f"heard {event}")
    if event == "fail":
        raise KeyError("x")
    try:
        pathlib.Path("new").touch()
    except OSError as error:
        print(error.strerror)
    found = [importlib.util.find_spec(name) is not None for name in ("boto3", "pytest")]
    return [os.getpid(), *found]
"""
DEADLINE = "TIMES = {}\nclass deadline:\n    start = print\n"
CONFIG = {
    "FunctionArn": ARN,
    "FunctionName": "bot",
    "Handler": "handler.handler",
    "MemorySize": 128,
    "Runtime": f"python3.{sys.version_info.minor}",
    "Timeout": 60,
}


def is_stopped(process):
    return ") T " in Path(f"/proc/{process}/stat").read_text()  # as proc(5) has it


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # pipes of MiniStack's own worker
def test_a_function_is_in_a_container(both, monkeypatch, request, tmp_path):
    """It sees AWS's libraries alone, may not change its package, and is frozen between events."""
    monkeypatch.setenv("GATEWAY_PORT", "9")
    monkeypatch.setenv("EMULATOR_INVOCATIONS", str(tmp_path / "invocations"))
    monkeypatch.setenv("EMULATOR_PATIENCE", "1")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("handler.py", HANDLER)
        file.writestr("botkit/deadline.py", DEADLINE)
    kinds = both(patches.containers, lambda_runtime, "Worker")
    alone, changed = workers = [kind("bot", CONFIG, package.getvalue()) for kind in kinds]
    request.addfinalizer(lambda: lambda_runtime.kill_workers(workers))
    process, *libraries = alone.invoke("hello", "1")["result"]
    assert (libraries, is_stopped(process)) == ([True, True], False)
    answer = changed.invoke("hello", "1")
    process, *libraries = answer["result"]
    assert libraries == [True, False]
    while not is_stopped(process):
        time.sleep(0.01)
    assert answer["log"].splitlines()[-2:] == ["heard hello", "Read-only file system"]
    found = json.loads((tmp_path / "invocations").read_text())
    assert (found["event"], found["cold"], found["error"]) == ("hello", True, "")
    failed = changed.invoke("fail", "2")
    assert (failed["status"], failed["error"], failed["cold_start"]) == ("error", "'x'", False)


def test_an_asynchronous_invocation_has_the_aliass_configuration(both, monkeypatch):
    seen = []
    monkeypatch.setattr(
        lambda_svc, "_execute_function", lambda *given: seen.append(given) or {"error": True}
    )
    monkeypatch.setattr(lambda_svc, "_LAMBDA_ASYNC_RETRY_BASE_SECONDS", 0)
    monkeypatch.setattr(
        lambda_svc.threading,
        "Thread",
        lambda target, args, **named: SimpleNamespace(start=lambda: target(*args)),
    )
    version = {"config": {"FunctionArn": ARN, "FunctionName": "bot"}, "event_invoke_config": None}
    attempts = []
    for invoke in both(patches.alias_retries, lambda_svc, "invoke_async_with_retry"):
        for configurations in ({"live": {"MaximumRetryAttempts": 0}}, {}, None):
            functions = {"bot": {"event_invoke_configs": configurations}}
            monkeypatch.setattr(lambda_svc, "_functions", functions)
            invoke(version, {})
            attempts.append(len(seen))
            seen.clear()
    assert attempts == [3, 3, 3, 1, 3, 3]


# What Terraform asks.


def test_an_answers_head_waits_for_what_follows_it(both):
    for kind in both(patches.response_headers, h11, "Connection"):
        connection, is_changed = kind(h11.SERVER), kind is patches.Connection
        connection.receive_data(b"GET / HTTP/1.1\r\nHost: aws\r\n\r\n")
        while connection.next_event() != h11.EndOfMessage():
            pass
        head = connection.send(h11.Response(status_code=200, headers=[]))
        assert (head == b"") == is_changed
        sent = connection.send(h11.Data(data=b"a"))
        assert sent.startswith(b"HTTP/1.1 200 ") == is_changed and sent.endswith(b"a\r\n")
        assert b"HTTP" not in connection.send(h11.Data(data=b"b"))


ALARM = {
    "AlarmActions": ["arn:x"],
    "AlarmDescription": "Tea & cake",
    "Dimensions": [{"Name": "Queue", "Value": "bot"}],
    "MetricName": "Age",
    "Namespace": "AWS/SQS",
    "Period": 300,
}


def test_an_alarm_is_described_with_all_fields(both):
    original, changed = both(patches.alarm_fields, cloudwatch, "_describe_alarms")
    cloudwatch._put_metric_alarm({}, {**ALARM, "AlarmName": "patched"}, False, True)
    asked = {"AlarmNames.member.1": ["patched"]}, {}, False
    told = changed(*asked)[2].decode()
    for shown in (
        "<AlarmDescription>Tea &amp; cake</AlarmDescription>",
        "<ActionsEnabled>true</ActionsEnabled>",
        "<AlarmActions><member>arn:x</member></AlarmActions>",
        "<Dimensions><member><Name>Queue</Name><Value>bot</Value></member></Dimensions>",
        "<Period>300</Period>",
    ):
        assert shown in told
        assert shown not in original(*asked)[2].decode()


def test_a_log_group_gets_another_key(both):
    original, changed = both(patches.log_keys, cloudwatch_logs, "handle_request")

    def call(handle, action, **key):
        group = {"logGroupName": "patched", **key}
        return ask(handle, "POST", "/", group, f"Logs_20140328.{action}")

    call(changed, "CreateLogGroup")
    kept = cloudwatch_logs._log_groups["patched"]
    key = {"kmsKeyId": "arn:key"}
    assert call(original, "AssociateKmsKey", **key) == 400
    assert (call(changed, "AssociateKmsKey", **key), kept["kmsKeyId"]) == ({}, "arn:key")
    assert (call(changed, "DisassociateKmsKey"), kept["kmsKeyId"]) == ({}, None)


def test_table_has_its_recovery_period(both, monkeypatch):
    monkeypatch.setattr(dynamodb, "_tables", {"patched": {}})

    def days(update, describe, **wanted):
        spec = {"PointInTimeRecoveryEnabled": True, **wanted}
        update({"TableName": "patched", "PointInTimeRecoverySpecification": spec})
        told = json.loads(describe({"TableName": "patched"})[2])["ContinuousBackupsDescription"]
        return told["PointInTimeRecoveryDescription"].get("RecoveryPeriodInDays")

    updates = both(patches.recovery_periods, dynamodb, "_update_continuous_backups")
    descriptions = both(patches.recovery_descriptions, dynamodb, "_describe_continuous_backups")
    original, changed = zip(updates, descriptions, strict=True)
    assert days(*original, RecoveryPeriodInDays=7) is None
    assert (days(*changed, RecoveryPeriodInDays=7), days(*changed)) == (7, 35)


def test_a_stage_that_loses_a_routes_settings_stays(both):
    original, changed = both(patches.stages, apigateway, "handle_request")
    api = ask(original, "POST", "/v2/apis", {"name": "bot", "protocolType": "HTTP"})["apiId"]
    stages = f"/v2/apis/{api}/stages"
    settings = f"{stages}/live/routesettings/POST%20%2Ftelegram"
    for handle, found in ((changed, "live"), (original, None)):
        ask(original, "POST", stages, {"stageName": "live"})
        ask(handle, "DELETE", settings)
        left = ask(original, "GET", f"{stages}/live")
        assert (left if left == 404 else left["stageName"]) == (found or 404)


# Permissions.


def test_an_alias_has_its_own_actions(both):
    original, changed = both(patches.alias_actions, iam_actions, "_lambda_action")
    for method, path, action in (
        ("GET", "/aliases/live", "GetAlias"),
        ("PUT", "/aliases/live", "UpdateAlias"),
        ("DELETE", "/aliases/live", "DeleteAlias"),
        ("GET", "/aliases", "ListAliases"),
    ):
        asked = method, f"/2015-03-31/functions/bot{path}"
        assert (original(*asked), changed(*asked)) == ("ListAliases", action)


def test_a_request_is_checked_for_what_it_names(both):
    original, changed = both(patches.checked_resources, iam_actions, "extract_resource_arn")
    schedule, queue = (
        "arn:aws:scheduler:us-east-1:1:schedule",
        "arn:aws:sqs:us-east-1:1:source.fifo",
    )
    bob, other = "/schedules/bob", f"{schedule}/default/bob"
    for service, path, body, query, alone, named in (
        ("scheduler", bob, {}, {"groupName": ["tea"]}, other, f"{schedule}/tea/bob"),
        ("scheduler", bob, {"GroupName": "tea"}, {}, other, f"{schedule}/tea/bob"),
        ("scheduler", bob, {}, {}, other, other),
        ("sqs", "/", {"SourceArn": queue}, {}, "*", queue),
    ):
        data = json.dumps(body).encode() if body else b""
        asked = (service, "POST", path, {}, data, query, "us-east-1", "1")
        assert (original(*asked), changed(*asked)) == (alone, named)


HERE = {"host": "127.0.0.1:4566"}
ANSWERED = [
    HERE,
    {"host": "0123abcd.execute-api.localhost:4566"},
    {"host": "000000000000.127.0.0.1:4566"},
    {**HERE, "sec-fetch-site": "none"},  # a person, by the address bar
]
REFUSED = [
    {**HERE, "origin": "http://evil.example"},
    {**HERE, "sec-fetch-site": "cross-site"},  # a web page's link or picture
    {"host": "evil.example:4566"},  # a web page's own name
    {"host": "127.0.0.1.evil.example"},
    {},
]


def status(app, headers, kind="http"):
    """Make a request to MiniStack. Returns the status of the answer, or of a socket's end."""
    sent = []

    async def send(event):
        sent.append(event)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "method": "GET", "path": "/_ministack/health", "headers": raw}
    asyncio.run(app({**scope, "query_string": b""}, receive, send))
    return sent[0].get("status") or sent[0].get("code")


@pytest.mark.parametrize("headers", [*ANSWERED, *REFUSED])
def test_only_programs_on_this_machine_are_answered(both, headers):
    original, guarded = both(patches.loopback_only, server, "app")
    assert status(original, headers) == 200
    assert status(guarded, headers) == (403 if headers in REFUSED else 200)
    if headers in REFUSED:
        assert status(guarded, headers, "websocket") == 1008


# Schedules and queues.


def create_fifo_queue(name):
    """Create a queue in MiniStack. Returns its URL and its ARN."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    about = {"QueueName": f"{name}.fifo", "Attributes": attributes}
    url = sqs._act_create_queue(about, "")["QueueUrl"]
    return url, sqs.parse_arn(sqs._queues[url]["attributes"]["QueueArn"])


def bodies(url):
    return [message["body"] for message in sqs._queues[url]["messages"]]


def test_messages_are_moved_once(monkeypatch):
    assert "StartMessageMoveTask" not in sqs._HANDLERS  # in MiniStack alone
    monkeypatch.setattr(sqs, "_HANDLERS", {})
    patches.message_moves()
    move = sqs._HANDLERS["StartMessageMoveTask"]
    source, source_arn = create_fifo_queue("source")
    destination, destination_arn = create_fifo_queue("destination")
    task = {"SourceArn": str(source_arn), "DestinationArn": str(destination_arn)}
    for text in ("one", "two", "one"):
        message = {"QueueUrl": source, "MessageBody": text, "MessageGroupId": "42"}
        sqs._act_send_message({**message, "MessageDeduplicationId": f"{text} of these"}, "")
    move(task, "")
    assert (bodies(source), bodies(destination)) == ([], ["one", "two"])
    sqs._queues[source]["dedup_cache"].clear()
    sqs._act_send_message({**message, "MessageDeduplicationId": "one of these"}, "")
    move(task, "")
    assert (bodies(source), bodies(destination)) == ([], ["one", "two"])


def test_a_scheduled_message_is_sent_once(both):
    url, arn = create_fifo_queue("updates")
    original, changed = both(patches.scheduled_messages, eventbridge, "_dispatch_to_sqs")
    for dispatch, found in ((changed, 1), (original, 3)):
        for _ in range(2):
            dispatch(arn, '{"at":"2026"}', {"MessageGroupId": "tea"})
        assert len(bodies(url)) == found


@pytest.mark.parametrize(
    ("source", "at"),
    [("aws.scheduler", "2026-01-01T16:00:00Z"), ("aws.events", "<aws.scheduler.scheduled-time>")],
)
def test_schedule_gets_its_due_time(both, monkeypatch, source, at):
    sent = []
    monkeypatch.setattr(eventbridge, "_dispatch_to_sqs", lambda _, text, *more: sent.append(text))
    arn = "arn:aws:sqs:us-east-1:000000000000:updates"
    target = {"Arn": arn, "Input": '{"at":"<aws.scheduler.scheduled-time>"}'}
    event = {"Source": source, "Time": 1767283207.5, "Detail": "{}", "DetailType": "x"}
    for invoke in both(patches.scheduled_times, eventbridge, "_invoke_target"):
        invoke(target, event, {})
    assert sent == [target["Input"], f'{{"at":"{at}"}}']


SCHEDULE = {
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "arn:x", "RoleArn": "arn:aws:iam::000000000000:role/x"},
}


def test_scheduler_refuses_what_would_never_be_due(both):
    original, changed = both(patches.schedule_expressions, scheduler, "_create_schedule")
    for expression, zone, status in (
        ("cron(0 9 ? * MON *)", "Asia/Tokyo", 200),
        ("at(2026-01-01T00:00:00)", "UTC", 200),
        ("cron(0 9 * * MON)", "UTC", 400),
        ("cron(0 9 * * MON *)", "UTC", 400),
        ("cron(0 9 ? * MON *)", "Atlantis/Poseidonis", 400),
    ):
        times = {"ScheduleExpression": expression, "ScheduleExpressionTimezone": zone}
        for create, answered in ((original, 200), (changed, status)):
            assert create("tea", SCHEDULE | times)[0] == answered
            scheduler._schedules.pop("default/tea", None)


def test_a_schedule_that_recurs_runs_in_its_zone(both, monkeypatch):
    midnight = 1_767_225_600  # in UTC, which is nine o'clock in Tokyo
    now = midnight
    monkeypatch.setattr(scheduler, "time", SimpleNamespace(time=lambda: now))
    fired = []
    monkeypatch.setattr(eventbridge, "_invoke_target", lambda *about: fired.append(now))
    times = {"ScheduleExpression": "cron(0 9 * * ? *)", "ScheduleExpressionTimezone": "Asia/Tokyo"}
    ticks = both(patches.schedule_zones, scheduler, "_tick_schedules")
    for tick, hours in zip(ticks, (9, 0), strict=True):
        now = midnight - 60
        ask(scheduler.handle_request, "POST", "/schedules/tea", SCHEDULE | times)
        tick()
        for hour in range(10):
            now = midnight + 3600 * hour
            tick()
        assert fired == [midnight + 3600 * hours]
        fired.clear()
        ask(scheduler.handle_request, "DELETE", "/schedules/tea")
        scheduler._schedule_last_fired.clear()
