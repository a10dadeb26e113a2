"""patches/: what the emulated AWS does as AWS, and MiniStack alone doesn't. A test for each.

Each also tries MiniStack without the patch (`original`), and so fails once that isn't needed.
"""

import asyncio
import inspect
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import h11
import pytest
from ministack import app as server
from ministack.core import iam_actions, lambda_runtime
from ministack.core.lambda_runtime import Worker
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

from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.emulated_aws.patches import recovery_periods
from telegram_bot_aws.emulated_aws.patches.alarm_fields import with_all_fields
from telegram_bot_aws.emulated_aws.patches.alias_actions import with_alias_actions
from telegram_bot_aws.emulated_aws.patches.alias_retries import as_the_alias_says
from telegram_bot_aws.emulated_aws.patches.answer_heads import Connection
from telegram_bot_aws.emulated_aws.patches.containers import Process, as_a_container, end_function
from telegram_bot_aws.emulated_aws.patches.log_keys import with_keys_that_change
from telegram_bot_aws.emulated_aws.patches.message_moves import (
    list_message_move_tasks,
    start_message_move_task,
    with_source_arns,
)
from telegram_bot_aws.emulated_aws.patches.programs_only import for_programs
from telegram_bot_aws.emulated_aws.patches.qualifiers import with_one_qualifier
from telegram_bot_aws.emulated_aws.patches.quick_start import without_botocore
from telegram_bot_aws.emulated_aws.patches.runtimes import Pythons
from telegram_bot_aws.emulated_aws.patches.schedule_groups import with_schedules_in_groups
from telegram_bot_aws.emulated_aws.patches.schedule_zones import with_zones
from telegram_bot_aws.emulated_aws.patches.scheduled_messages import with_deduplication
from telegram_bot_aws.emulated_aws.patches.scheduled_times import with_scheduled_times
from telegram_bot_aws.emulated_aws.patches.stages import with_stages_that_stay
from telegram_bot_aws.emulated_aws.patches.whole_logs import Output, with_whole_logs
from telegram_bot_aws.emulated_aws.server import PATCHES, with_patience
from telegram_bot_aws.local.request import request
from tests.support.programs import LONGEST


@pytest.mark.parametrize("kind", [Connection, h11.Connection], ids=["changed", "original"])
def test_an_answers_head_waits_for_what_follows_it(kind):
    connection, is_changed = kind(h11.SERVER), kind is Connection
    for _ in range(2):
        connection.receive_data(b"GET / HTTP/1.1\r\nHost: aws\r\n\r\n")
        while connection.next_event() != h11.EndOfMessage():
            pass
        assert (connection.send(h11.Response(status_code=200, headers=[])) == b"") == is_changed
        sent = connection.send(h11.Data(data=b"a"))
        assert sent.startswith(b"HTTP/1.1 200 ") == is_changed and sent.endswith(b"a\r\n")
        assert b"HTTP" not in connection.send(h11.Data(data=b"b"))
        connection.send(h11.EndOfMessage())
        connection.start_next_cycle()


class Silent(threading.Thread):
    """A thread that the machine never comes round to."""

    def start(self):
        pass


def test_the_thread_reads_what_nobody_asks_for():
    reading, writing = os.pipe()
    lines = queue.Queue()
    Output(reading, lines)
    os.close(reading)

    def write():
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(b"a line\n" * 100_000)  # more than the pipe holds

    threading.Thread(target=write, daemon=True).start()
    for _ in range(100_000):
        assert lines.get(timeout=60) == "a line"


@pytest.mark.parametrize("is_changed", [True, False], ids=["changed", "original"])
def test_a_functions_log_has_what_its_process_wrote(monkeypatch, is_changed):
    """Whether or not the thread that follows the output had its turn."""

    def spawn(self):
        reading, self.writing = os.pipe()
        self._proc = SimpleNamespace(stderr=os.fdopen(reading))

    monkeypatch.setattr(Worker, "_spawn", spawn)
    monkeypatch.setattr(threading, "Thread", Silent)
    worker = (with_whole_logs(Worker) if is_changed else Worker)("bot", {}, b"")
    assert worker._drain_stderr() == ""
    for _ in range(2):
        worker._spawn()
        os.write(worker.writing, "zwölf\nha".encode())
        first = worker._drain_stderr_bounded()
        os.write(worker.writing, b"lf\nend")
        os.close(worker.writing)
        worker._proc.stderr.close()
        worker._proc = None  # as after an error
        rest = worker._drain_stderr_bounded()
        assert (first, rest) == (("zwölf", "half\nend") if is_changed else ("", ""))


def test_a_patient_one_gives_a_function_more_time_and_keeps_its_settings():
    settings = {"Timeout": 3}
    assert with_patience(Worker, 10)("bot", settings, b"").config["Timeout"] == 30
    assert settings == {"Timeout": 3}


ARN = "arn:aws:lambda:us-east-1:000000000000:function:bot"
DIFFERS = "The derived qualifier from the function name does not match the specified qualifier."


@pytest.mark.parametrize(
    ("function", "qualifier", "differs"),
    [
        (ARN, "live", False),
        (f"{ARN}:live", "live", False),
        (f"{ARN}:live", "", False),
        (f"{ARN}:live", "41", True),
        (f"{ARN}%3Alive", "41", True),
        ("bot:live", "41", True),
    ],
)
def test_a_function_has_one_qualifier(function, qualifier, differs):
    original = lambda_svc.handle_request
    query = {"Qualifier": [qualifier]} if qualifier else {}
    about = ("GET", f"/2015-03-31/functions/{function}/configuration", {}, b"", query)
    assert asyncio.run(original(*about))[0] == 404  # there is no such function
    status, _, body = asyncio.run(with_one_qualifier(original)(*about))
    assert (status, DIFFERS in body.decode()) == ((400, True) if differs else (404, False))


class Now(threading.Thread):
    """A thread that runs at once."""

    def start(self):
        self.run()


@pytest.mark.parametrize(
    ("configurations", "attempts"),
    [({"live": {"MaximumRetryAttempts": 0}}, 1), ({}, 3), (None, 3)],
    ids=["of the alias", "none", "unset"],
)
def test_an_asynchronous_invocation_has_the_aliass_configuration(
    monkeypatch, configurations, attempts
):
    seen = []
    monkeypatch.setattr(
        lambda_svc, "_execute_function", lambda *given: seen.append(given) or {"error": True}
    )
    monkeypatch.setattr(lambda_svc, "_LAMBDA_ASYNC_RETRY_BASE_SECONDS", 0)
    monkeypatch.setattr(lambda_svc.threading, "Thread", Now)
    original = lambda_svc.invoke_async_with_retry
    functions = {"bot": {"event_invoke_configs": configurations}}
    config = {"FunctionArn": ARN, "FunctionName": "bot"}
    version = {"config": config, "event_invoke_config": None}
    as_the_alias_says(original, functions)(version, {})
    assert len(seen) == attempts
    original({**version, "event_invoke_configs": configurations}, {})
    assert len(seen) == attempts + 3


HERE = {"Host": "127.0.0.1:4566"}
API = {"Host": "0123abcd.execute-api.localhost:4566", "Origin": "http://127.0.0.1:1"}
ANSWERED = {
    "a program": ("/", HERE),
    "a program, by a name": ("/key", {"Host": "my.bucket.s3.localhost:4566"}),
    "a program, by an account": ("/", {"Host": "000000000000.127.0.0.1:4566"}),
    "a person, by the address bar": ("/", {**HERE, "Sec-Fetch-Site": "none"}),
    "a bot's page, by the demo": ("/app/api/me", {**API, "Sec-Fetch-Site": "same-origin"}),
    "the webhook": ("/telegram", {"Host": API["Host"]}),
}
REFUSED = {
    "a web page": ("/", {**HERE, "Origin": "http://evil.example"}),
    "a file": ("/", {**HERE, "Origin": "null"}),
    "a web page's link or picture": ("/?Action=x", {**HERE, "Sec-Fetch-Site": "cross-site"}),
    "a page of the emulator's own": ("/", {**HERE, "Origin": "http://127.0.0.1:4566"}),
    "a web page's own name": ("/", {"Host": "evil.example:4566"}),
    "a web page's own name, like ours": ("/", {"Host": "127.0.0.1.evil.example"}),
    "no name": ("/", {}),
    "AWS, by an API's name": ("/_ministack/reset", API),
    "AWS, by a page's path": ("/app", {**API, **HERE}),
    "AWS, by a path like a page's": ("/apple", API),
}


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("path", "headers", "is_answered"),
    [(*each, True) for each in ANSWERED.values()] + [(*each, False) for each in REFUSED.values()],
    ids=[*ANSWERED, *REFUSED],
)
def test_web_pages_are_refused(path, headers, is_answered, kind):
    sent = []

    async def app(*arguments):
        sent.append("answered")

    async def send(event):
        sent.append(event.get("status") or event.get("code"))

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path.partition("?")[0], "headers": raw}
    asyncio.run(for_programs(app)(scope, None, send))
    assert sent[0] == ("answered" if is_answered else 403 if kind == "http" else 1008)


def test_ministack_alone_answers_a_web_page():
    sent = []

    async def send(event):
        sent.append(event)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", b"evil.example"), (b"origin", b"http://evil.example")]
    scope = {"type": "http", "method": "GET", "path": "/_ministack/health", "headers": headers}
    asyncio.run(server.app({**scope, "query_string": b""}, receive, send))
    assert sent[0]["status"] == 200


def test_the_emulator_itself_refuses_them():
    with Emulator() as aws:
        url = f"{aws.url}/2015-03-31/functions"
        assert request("GET", f"{url}/{ARN}:live?Qualifier=41", {}, None, 60).status == 400
        assert request("GET", url, {}, None, 60).status == 200
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            refused = request("GET", url, headers, None, 60)
            words = b'{"message":"this AWS is for programs on this machine only"}'
            assert (refused.status, refused.body) == (403, words)


class Answering:
    """A function's process that answers each line, as MiniStack starts it."""

    def __init__(self, config):
        self.config = config
        self._proc = None

    def _spawn(self):
        starts = "import subprocess; subprocess.Popen(['sleep', '1000'])"
        command = [sys.executable, "-c", f"{starts}\nwhile True: print(input(), flush=True)"]
        pipe = subprocess.PIPE
        self._proc = Process(command, stdin=pipe, stdout=pipe, text=True)

    def invoke(self, event):
        if not self._proc:
            self._spawn()
        assert self._proc and self._proc.stdin and self._proc.stdout
        self._proc.stdin.write(f"{event}\n")
        self._proc.stdin.flush()
        return {"status": "ok", "result": self._proc.stdout.readline()}

    def kill(self):
        assert self._proc and self._proc.stdin and self._proc.stdout
        end_function(self._proc)
        self._proc.stdin.close()
        self._proc.stdout.close()


def group(process):
    """Return a process and its child."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [process, *map(int, children.split())]


def test_a_function_starts_without_a_library_that_it_does_not_ask_for():
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    bare = without_botocore(script, lambda_runtime.INVOKE_DEPTH_BOOTSTRAP)
    assert "import botocore" in script and "import botocore" not in bare
    names = {"__name__": "worker"}
    exec(bare.partition("import sys")[0], names)
    assert names["_ms_install_invoke_depth"]() is None


def wait_for_state(process, state):
    """Wait until a process is in a state of proc(5), such as "T" for stopped, or "" for ended."""
    ends = time.monotonic() + LONGEST
    while (now := state_of(process)) != state:
        assert time.monotonic() < ends, f"{process} must be {state!r}, not {now!r}"
        time.sleep(0.01)


def state_of(process):
    """Return the state of a process. One that nobody has waited for yet has also ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return state.replace("Z", "")


def test_a_function_is_frozen_between_events_and_ends_with_its_children():
    assert "SIGSTOP" not in inspect.getsource(lambda_runtime)  # the original
    worker = as_a_container(Answering)({"MemorySize": 128})
    for event in ("first\n", "second\n"):
        assert worker.invoke(event.strip()) == {"status": "ok", "result": event}
        processes = group(worker._proc.pid)
        assert len(processes) == 2
        for process in processes:
            wait_for_state(process, "T")
    worker.kill()
    for process in processes:
        wait_for_state(process, "")


def test_a_function_that_takes_too_much_memory_is_ended():
    worker = as_a_container(Answering)({"MemorySize": 1})
    response = worker.invoke("first")
    assert response["status"] == "error"
    assert re.fullmatch(r"about \d+ of 1 MB: AWS would end this\. .*", response["error"])
    assert worker._proc.returncode == -signal.SIGKILL


def create_fifo_queue(name, **attributes):
    """Create a queue in MiniStack. Returns its URL and its ARN."""
    attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    about = {"QueueName": f"{name}.fifo", "Attributes": attributes}
    url = sqs._act_create_queue(about, "")["QueueUrl"]
    return url, sqs.parse_arn(sqs._queues[url]["attributes"]["QueueArn"])


def bodies(url):
    return [message["body"] for message in sqs._queues[url]["messages"]]


def test_messages_are_moved_once():
    assert not {"StartMessageMoveTask", "ListMessageMoveTasks"} & {*sqs._HANDLERS}  # the original
    source, source_arn = create_fifo_queue("source")
    destination, destination_arn = create_fifo_queue("destination")
    task = {"SourceArn": str(source_arn), "DestinationArn": str(destination_arn)}
    for text in ("one", "two", "one"):
        message = {"QueueUrl": source, "MessageBody": text, "MessageGroupId": "42"}
        sqs._act_send_message({**message, "MessageDeduplicationId": f"{text} of these"}, "")
    start_message_move_task(task, "")
    assert (bodies(source), bodies(destination)) == ([], ["one", "two"])
    sqs._queues[source]["dedup_cache"].clear()
    sqs._act_send_message({**message, "MessageDeduplicationId": "one of these"}, "")
    start_message_move_task(task, "")
    assert (bodies(source), bodies(destination)) == ([], ["one", "two"])
    tasks = list_message_move_tasks(task, "")["Results"]
    assert [each["ApproximateNumberOfMessagesMoved"] for each in tasks] == [1, 2]
    for url in (source, destination):
        sqs._act_delete_queue({"QueueUrl": url}, "")


def test_a_move_is_checked_for_its_source():
    arn = "arn:aws:sqs:us-east-1:000000000000:source.fifo"
    about = (
        "sqs",
        "POST",
        "/",
        {},
        json.dumps({"SourceArn": arn}).encode(),
        {},
        "us-east-1",
        "1",
    )
    original = iam_actions.extract_resource_arn
    assert (original(*about), with_source_arns(original)(*about)) == ("*", arn)


def test_a_scheduled_message_is_sent_once():
    url, arn = create_fifo_queue("updates")
    original = eventbridge._dispatch_to_sqs
    parameters = {"MessageGroupId": "tea"}
    for dispatch, found in ((with_deduplication(original), 1), (original, 3)):
        for _ in range(2):
            dispatch(arn, '{"at":"2026"}', parameters)
        assert len(bodies(url)) == found
    sqs._act_delete_queue({"QueueUrl": url}, "")


@pytest.mark.parametrize(
    ("source", "at"),
    [("aws.scheduler", "2026-01-01T16:00:00Z"), ("aws.events", "<aws.scheduler.scheduled-time>")],
)
def test_a_schedule_is_told_when_it_is_due(monkeypatch, source, at):
    sent = []
    monkeypatch.setattr(eventbridge, "_dispatch_to_sqs", lambda _, text, *more: sent.append(text))
    arn = "arn:aws:sqs:us-east-1:000000000000:updates"
    target = {"Arn": arn, "Input": '{"at":"<aws.scheduler.scheduled-time>"}'}
    event = {"Source": source, "Time": 1767283207.5, "Detail": "{}", "DetailType": "x"}
    original = eventbridge._invoke_target
    for invoke in (original, with_scheduled_times(original)):
        invoke(target, event, {})
    assert sent == [target["Input"], f'{{"at":"{at}"}}']


def ask(handle, method, path, body=None, target=""):
    """Make a request to a service of MiniStack's. Returns the answer, or the status if it fails."""
    data = b"" if body is None else json.dumps(body).encode()
    status, _, answer = asyncio.run(handle(method, path, {"x-amz-target": target}, data, {}))
    return status if status >= 300 else json.loads(answer or b"{}")


def test_a_stage_that_loses_a_routes_settings_stays():
    original = apigateway.handle_request
    changed = with_stages_that_stay(original)
    api = ask(original, "POST", "/v2/apis", {"name": "bot", "protocolType": "HTTP"})["apiId"]
    stages = f"/v2/apis/{api}/stages"
    settings = f"{stages}/live/routesettings/POST%20%2Ftelegram"
    for handle, found in ((changed, {"stageName": "live"}), (original, 404)):
        ask(original, "POST", stages, {"stageName": "live"})
        ask(handle, "DELETE", settings)
        left = ask(original, "GET", f"{stages}/live")
        assert left == found if isinstance(found, int) else left.items() >= found.items()
    ask(original, "DELETE", f"/v2/apis/{api}")


@pytest.mark.parametrize(
    ("query", "body"), [({"groupName": ["tea"]}, b""), ({}, b'{"GroupName": "tea"}')]
)
def test_a_schedule_is_checked_in_its_group(query, body):
    about = ("scheduler", "POST", "/schedules/bob", {}, body, query, "us-east-1", "1")
    original = iam_actions.extract_resource_arn
    arn = "arn:aws:scheduler:us-east-1:1:schedule"
    assert original(*about) == f"{arn}/default/bob"
    assert with_schedules_in_groups(original)(*about) == f"{arn}/tea/bob"
    none = (*about[:4], b"", {}, *about[6:])
    assert with_schedules_in_groups(original)(*none) == f"{arn}/default/bob"


def test_a_schedule_that_recurs_runs_in_its_zone(monkeypatch):
    original = scheduler._tick_schedules
    midnight = 1_767_225_600  # in UTC, which is nine o'clock in Tokyo
    now = midnight
    clock = SimpleNamespace(time=lambda: now)
    monkeypatch.setattr(scheduler, "time", clock)
    fired = []
    monkeypatch.setattr(eventbridge, "_invoke_target", lambda *about: fired.append(now))
    about = {"ScheduleExpression": "cron(0 9 * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    about["ScheduleExpressionTimezone"] = "Asia/Tokyo"
    about["Target"] = {"Arn": "arn:x", "RoleArn": "arn:aws:iam::000000000000:role/x"}
    for tick, hours in ((original, 9), (with_zones(original), 0)):
        now = midnight - 60
        ask(scheduler.handle_request, "POST", "/schedules/tea", about)
        tick()
        for hour in range(10):
            now = midnight + 3600 * hour
            tick()
        assert fired == [midnight + 3600 * hours]
        fired.clear()
        ask(scheduler.handle_request, "DELETE", "/schedules/tea")
        scheduler._schedule_last_fired.clear()


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/aliases/live", "GetAlias"),
        ("PUT", "/aliases/live", "UpdateAlias"),
        ("DELETE", "/aliases/live", "DeleteAlias"),
        ("GET", "/aliases", "ListAliases"),
        ("POST", "/aliases", "CreateAlias"),
    ],
)
def test_an_alias_has_its_own_actions(method, path, action):
    path = f"/2015-03-31/functions/bot{path}"
    original = iam_actions._lambda_action
    assert with_alias_actions(original)(method, path) == action
    assert original(method, path) in ("ListAliases", "CreateAlias")


def test_a_table_tells_for_how_many_days_it_can_be_restored(monkeypatch):
    table = {"TableName": "patched", "BillingMode": "PAY_PER_REQUEST"}
    key = {"AttributeName": "id"}
    table["KeySchema"] = [{**key, "KeyType": "HASH"}]
    table["AttributeDefinitions"] = [{**key, "AttributeType": "S"}]

    def call(action, **params):
        target = f"DynamoDB_20120810.{action}"
        return ask(dynamodb.handle_request, "POST", "/", params, target)

    def days(**wanted):
        spec = {"PointInTimeRecoveryEnabled": True, **wanted}
        about = {"TableName": "patched", "PointInTimeRecoverySpecification": spec}
        call("UpdateContinuousBackups", **about)
        told = call("DescribeContinuousBackups", TableName="patched")
        told = told["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        found = told.get("RecoveryPeriodInDays")
        return found

    call("CreateTable", **table)
    assert days(RecoveryPeriodInDays=7) is None
    for name in ("_describe_continuous_backups", "_update_continuous_backups"):
        monkeypatch.setattr(dynamodb, name, getattr(dynamodb, name))
    recovery_periods.apply()
    assert (days(RecoveryPeriodInDays=7), days()) == (7, 35)
    call("DeleteTable", TableName="patched")


def test_a_log_group_gets_another_key():
    original = cloudwatch_logs.handle_request
    changed = with_keys_that_change(original, cloudwatch_logs._log_groups)

    def call(handle, action, **params):
        return ask(handle, "POST", "/", params, f"Logs_20140328.{action}")

    call(changed, "CreateLogGroup", logGroupName="patched")
    about = {"logGroupName": "patched", "kmsKeyId": "arn:key"}
    assert call(original, "AssociateKmsKey", **about) == 400
    assert call(changed, "AssociateKmsKey", **about) == {}
    [group] = call(changed, "DescribeLogGroups", logGroupNamePrefix="patched")["logGroups"]
    assert group["kmsKeyId"] == "arn:key"
    assert call(changed, "DisassociateKmsKey", logGroupName="patched") == {}
    [group] = call(changed, "DescribeLogGroups", logGroupNamePrefix="patched")["logGroups"]
    assert not group.get("kmsKeyId")
    call(changed, "DeleteLogGroup", logGroupName="patched")


def test_a_function_has_the_python_of_its_runtime(tmp_path):
    own = tmp_path / "own" / "bin" / "python"
    here = f"python3.{sys.version_info.minor}"
    pythons = Pythons(own)
    assert pythons.of(here) == pythons.of("python9.9") == str(own)
    assert lambda_runtime._detect_runtime_binary("python9.9")[0] == sys.executable


def test_each_change_has_a_module_and_its_reason():
    folder = Path(recovery_periods.__file__).parent
    names = {file.stem for file in folder.glob("[!_]*.py")}
    assert {patch.__name__.rpartition(".")[2] for patch in PATCHES} == names - {"runtimes"}
    for patch in PATCHES:
        assert "MiniStack" in str(patch.__doc__)


ALARM = {
    "AlarmActions": ["arn:x"],
    "AlarmDescription": "Tea & cake",
    "Dimensions": [{"Name": "Queue", "Value": "bot"}],
    "MetricName": "Age",
    "Namespace": "AWS/SQS",
    "Period": 300,
}


def test_an_alarm_is_described_with_all_fields():
    cloudwatch._put_metric_alarm({}, {**ALARM, "AlarmName": "patched"}, False, True)
    cloudwatch._put_metric_alarm({}, {"AlarmName": "expression"}, False, True)
    original = cloudwatch._describe_alarms
    asked = {"AlarmNames.member.1": ["patched"]}, {}, False
    told = with_all_fields(original)(*asked)[2].decode()
    for shown in (
        "<AlarmDescription>Tea &amp; cake</AlarmDescription>",
        "<ActionsEnabled>true</ActionsEnabled>",
        "<AlarmActions><member>arn:x</member></AlarmActions>",
        "<Dimensions><member><Name>Queue</Name><Value>bot</Value></member></Dimensions>",
        "<Period>300</Period>",
    ):
        assert shown in told
        assert shown not in original(*asked)[2].decode()
    assert "expression" not in told
    told = with_all_fields(original)({"AlarmNames.member.1": ["expression"]}, {}, False)[2]
    assert b"<Period>" not in told and b"<Statistic>" not in told
    cloudwatch._delete_alarms({}, {"AlarmNames": ["patched", "expression"]}, False, True)
