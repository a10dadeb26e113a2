"""What a team needs: a token out of the state, a proxy, rotation, several bots. IAM is enforced."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from emulators.aws import Emulator
from emulators.telegram import Telegram
from local.processes import end, free_port
from local.project import ROOT

from tests.conftest import Start
from tests.support.deployment import Deploy, Deployment, answer_to, client, everything, texts
from tests.support.hcl import blocks
from tests.support.needs import needs_provider
from tests.support.stubs import SECRET, TEXT, Log, message
from tests.support.stubs import TOKEN as STUB_TOKEN
from tests.support.telegram import OTHER_TOKEN, TOKEN

PARAMETER = "/bots/echo/token"
PASSWORD = "p@ss w:rd/%é"
ESCAPED = "p%40ss%20w%3Ard%2F%25%C3%A9"
ENCODED = b64encode(f"bot:{PASSWORD}".encode()).decode()


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    """An emulated AWS that checks signatures and enforces IAM."""
    needs_provider()
    with Emulator(auth=True) as emulator:
        yield emulator


def keep(aws: Emulator, token: str) -> None:
    """Put a token into Parameter Store, as the README tells operators to."""
    client(aws, "ssm").put_parameter(
        Name=PARAMETER, Value=token, Type="SecureString", Overwrite=True
    )


def start_new_container(aws: Emulator, name: str) -> None:
    """Have the next update of a function meet a new container, with 3 s of time."""
    client(aws, "lambda").update_function_configuration(FunctionName=name, Timeout=3)


@contextlib.contextmanager
def forbidden(aws: Emulator, name: str, action: str) -> Iterator[None]:
    """Take an action away from a function's role, and give it back."""
    iam = client(aws, "iam")
    policy = iam.get_role_policy(RoleName=name, PolicyName=name)["PolicyDocument"]
    kept = [each for each in policy["Statement"] if each["Action"] != action]
    assert len(kept) < len(policy["Statement"])
    for statements in (kept, policy["Statement"]):
        document = json.dumps({**policy, "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=document)
        if statements is kept:
            yield


def refused(telegram: Telegram, outcome: str) -> Callable[[], bool]:
    """Return what tells whether a delivery from now on got a 503 for this reason."""
    before = len(telegram.deliveries)

    def check() -> bool:
        later = telegram.deliveries[before:]
        return (503, outcome) in [(each.status, each.body) for each in later]

    return check


def logged(aws: Emulator, name: str) -> str:
    """Return all that a function logged: the emulated AWS keeps the text, and not the fields."""
    events = client(aws, "logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return "\n".join(event["message"] for event in events)


def test_a_token_in_parameter_store(deploy: Deploy, telegram: Telegram, aws: Emulator) -> None:
    keep(aws, TOKEN)
    name, variable = "kept", {"telegram_bot_token_parameter": PARAMETER}
    module = deploy(name, apply=False, telegram_bot_token=None, **variable)
    module.apply()
    assert answer_to(telegram, "hello") == "Heard: hello"

    # It is nowhere else.
    module.terraform("plan", "-out=plan", "-replace=aws_lambda_function.this")
    configuration = client(aws, "lambda").get_function_configuration(FunctionName=name)
    places = {
        "state": (module.folder / "terraform.tfstate").read_text(),
        "plan": module.terraform("show", "-json", "plan").stdout,
        "environment": json.dumps(configuration["Environment"]),
    }
    assert [place for place, text in places.items() if PARAMETER not in text] == []
    places["log"] = logged(aws, name)
    assert [place for place, text in places.items() if TOKEN.partition(":")[2] in text] == []

    # It is rotated by one command, and no message is lost.
    for number in range(10):
        telegram.send(telegram.message(f"during {number}"))
    telegram.revoke(OTHER_TOKEN)
    for number in range(10, 15):
        telegram.send(telegram.message(f"during {number}"))
    keep(aws, OTHER_TOKEN)
    module.apply("-replace=aws_lambda_invocation.webhook")
    telegram.wait(lambda: telegram.pending() == 0)
    assert texts(telegram)[1:] == [f"Heard: during {number}" for number in range(15)]

    # A permission that is gone is no reason to lose one either.
    with forbidden(aws, name, "ssm:GetParameter"):
        start_new_container(aws, name)
        telegram.send(telegram.message("without a permission"))
        telegram.wait(refused(telegram, "unreachable"))
        url = "https://bot.example/telegram"
        event = {"url": url, "max_connections": 40, "tf": {"action": "register"}}
        invoke = client(aws, "lambda").invoke
        answer = invoke(FunctionName=name, Payload=json.dumps(event))["Payload"].read().decode()
    assert "the token can't be fetched: ssm: AccessDeniedException: User: arn:aws:sts::" in answer
    arn = f"arn:aws:ssm:us-east-1:000000000000:parameter{PARAMETER}"
    assert f"/kept/kept is not authorized to perform: ssm:GetParameter on resource: {arn}" in answer
    telegram.wait(lambda: telegram.pending() == 0)
    assert texts(telegram)[16:] == ["Heard: without a permission"]

    # An answer in the response needs no token.
    module.variables["reply_mode"] = "webhook"
    module.apply()
    client(aws, "ssm").delete_parameter(Name=PARAMETER)
    start_new_container(aws, name)
    assert answer_to(telegram, "no token") == "Heard: no token"
    assert telegram.calls[-1].delivery == telegram.deliveries[-1].number


class Proxy:
    """proxy.py on a port of its own, which may end and start again, with a user and a password."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._connections = folder / "connections"
        self._connections.touch()
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def connections(self) -> list[str]:
        """What it has connected to."""
        return self._connections.read_text().splitlines()

    def start(self, password: str) -> None:
        options = ["--hostname=127.0.0.1", f"--port={self.port}", f"--log-file={self._log}"]
        options += ["--num-acceptors=1", "--num-workers=1", f"--basic-auth=bot:{password}"]
        environment = {**os.environ, "CONNECTIONS": str(self._connections)}
        environment["PYTHONPATH"] = str(ROOT / "tests" / "support")
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "proxy",
                *options,
                "--plugins=names_for_proxy.Names",
            ],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "the proxy does not start"

    def stop(self) -> None:
        if self._process:
            end(self._process)
            self._process = None


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path)
    yield proxy
    proxy.stop()


def test_everything_said_to_telegram_goes_through_the_proxy(
    deploy: Deploy, telegram: Telegram, aws: Emulator, proxy: Proxy
) -> None:
    keep(aws, TOKEN)
    proxy.start(PASSWORD)
    # Nobody but the proxy knows where this is: what doesn't go through it arrives nowhere.
    host = telegram.url.replace("127.0.0.1", "telegram.test")
    module = deploy(
        "proxied",
        telegram_api_url=host,
        telegram_bot_token=None,
        telegram_bot_token_parameter=PARAMETER,
        telegram_proxy=f"http://bot:{ESCAPED}@127.0.0.1:{proxy.port}",
    )
    assert telegram.webhook["url"] == module.outputs()["webhook_url"]
    assert answer_to(telegram, "first") == "Heard: first"
    connections = len(proxy.connections)
    for number in range(5):
        assert answer_to(telegram, f"{number}") == f"Heard: {number}"
    assert len(proxy.connections) == connections, "the connection is kept"
    assert set(proxy.connections) == {host.removeprefix("http://")}, "and SSM is not called by it"
    # With its end a message waits, and comes when it is back.
    proxy.stop()
    telegram.send(telegram.message("no proxy"))
    telegram.wait(refused(telegram, "unreachable"))
    proxy.start(PASSWORD)
    telegram.wait(lambda: telegram.pending() == 0)
    assert texts(telegram)[6:] == ["Heard: no proxy"]
    shown = logged(aws, "proxied") + module.terraform("plan", "-no-color", "-destroy").stdout
    assert not any(password in shown for password in (ESCAPED, PASSWORD, ENCODED))


def test_a_proxy_that_refuses_or_is_dead_loses_no_message(
    start: Start, log: Log, telegram: Telegram, proxy: Proxy
) -> None:
    telegram.secret = SECRET
    telegram.bot.token = STUB_TOKEN
    telegram.send(telegram.message(chat={"id": 42, "type": "private"}, text="known to Telegram"))
    url = f"http://bot:{ESCAPED}@127.0.0.1:{proxy.port}"
    container = start(telegram.url.replace("127.0.0.1", "telegram.test"), TELEGRAM_PROXY=url)

    def deliver() -> tuple[int, str, str]:
        status, _ = container.deliver(message())
        return status, log.lines[-1]["level"], log.lines[-1].get("error", "")

    assert deliver() == (503, "ERROR", "ConnectionRefusedError: [Errno 111] Connection refused")
    proxy.start("another")
    refusal = "OSError: the proxy refused a tunnel: it answered 407"
    assert deliver() == (503, "ERROR", refusal)
    assert proxy.connections == []
    proxy.stop()
    proxy.start(PASSWORD)
    assert deliver() == (200, "INFO", "")
    assert texts(telegram) == ["Heard: " + TEXT]
    said = json.dumps(log.lines) + "".join(container.said)
    assert not any(password in said for password in (ESCAPED, PASSWORD, ENCODED))


def test_what_is_switched_on_is_there_and_watches_the_webhook(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    topic = client(aws, "sns").create_topic(Name="alarms")["TopicArn"]
    on = {"alarm_actions": [topic], "tracing": True, "warm_schedule": "rate(5 minutes)"}
    module = deploy("watched", **on)
    assert answer_to(telegram, "hello") == "Heard: hello"
    made = [thing.split()[0] for thing in everything(aws) if "watched" in thing]
    counts = {"alarm": 10, "dashboard": 1, "metric": 1, "rule": 2}
    assert {kind: made.count(kind) for kind in counts} == counts
    configuration = client(aws, "lambda").get_function_configuration(FunctionName="watched")
    assert configuration["TracingConfig"] == {"Mode": "Active"}

    def lines_of(schedule: str) -> list[dict[str, Any]]:
        """Send the function what a schedule sends, and return the JSON lines that it logs."""
        rule = f"watched-{schedule}"
        [target] = client(aws, "events").list_targets_by_rule(Rule=rule)["Targets"]
        assert target["Arn"] == module.outputs()["function_arn"]
        before = logged(aws, "watched")
        answer = client(aws, "lambda").invoke(FunctionName="watched", Payload=target["Input"])
        assert (answer.get("FunctionError"), answer["Payload"].read()) == (None, b"null")
        new = logged(aws, "watched").removeprefix(before).splitlines()
        return [json.loads(line) for line in new if line.startswith("{")]

    assert lines_of("warm") == []
    [line] = lines_of("watch")
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "TelegramBot/watched"
    assert (line["WebhookLost"], line["WebhookFailing"], line["PendingUpdates"]) == (0, 0, 0)
    telegram.webhook["url"] = "https://another.example/telegram"
    [line] = lines_of("watch")
    assert line["WebhookLost"] == 1

    # The emulator forgets some of an alarm's fields. There is nothing else left to do.
    lines = map(json.loads, module.terraform("plan", "-json").stdout.splitlines())
    changes = [line["change"] for line in lines if line["type"] == "planned_change"]
    changed = {(each["action"], each["resource"]["resource_type"]) for each in changes}
    assert changed == {("update", "aws_cloudwatch_metric_alarm")}
    # Switched off, it is gone.
    module.variables = {name: value for name, value in module.variables.items() if name not in on}
    module.apply()
    left = [thing.split()[0] for thing in everything(aws) if "watched" in thing]
    assert {kind: left.count(kind) for kind in counts} == dict.fromkeys(counts, 0)
    configuration = client(aws, "lambda").get_function_configuration(FunctionName="watched")
    assert configuration["TracingConfig"] == {"Mode": "PassThrough"}


# Every resource that the module makes by default, and what each input adds.
RESOURCES = {
    "aws_apigatewayv2_api.this",
    "aws_apigatewayv2_integration.function",
    "aws_apigatewayv2_route.webhook",
    "aws_apigatewayv2_stage.this",
    "aws_cloudwatch_log_group.api",
    "aws_cloudwatch_log_group.function",
    "aws_iam_role.this",
    "aws_iam_role_policy.this",
    "aws_lambda_function.this",
    "aws_lambda_function_event_invoke_config.this",
    "aws_lambda_invocation.removal",
    "aws_lambda_invocation.webhook",
    "aws_lambda_permission.webhook",
    "terraform_data.package",
    "terraform_data.role",
    "terraform_data.webhook_secret",
}
SCHEDULE = [
    "aws_cloudwatch_event_rule.schedule",
    "aws_cloudwatch_event_target.schedule",
    "aws_lambda_permission.schedule",
]
ALARMS = [
    "bot_failed",
    "duration",
    "errors",
    "events_dropped",
    "misconfigured",
    "server_errors",
    "throttles",
    "webhook_failing",
    "webhook_lost",
]
ADDED = {
    "alarm_actions": {
        "aws_cloudwatch_dashboard.this[0]",
        "aws_cloudwatch_log_metric_filter.outcomes[0]",
        "aws_cloudwatch_metric_alarm.pending[0]",
        *(f'aws_cloudwatch_metric_alarm.this["{alarm}"]' for alarm in ALARMS),
        *(f'{resource}["watch"]' for resource in SCHEDULE),
    },
    "mini_app": {
        *(f'aws_apigatewayv2_route.mini_app["{path}"]' for path in ("/app", "/app/{proxy+}")),
        *(f'aws_lambda_permission.mini_app["{path}"]' for path in ("/app", "/app/*")),
        'aws_cloudwatch_metric_alarm.this["page_failed"]',
        "aws_lambda_invocation.menu_button_removal[0]",
    },
    "queue": {
        "aws_lambda_event_source_mapping.updates[0]",
        'aws_cloudwatch_metric_alarm.this["dead_letters"]',
        'aws_cloudwatch_metric_alarm.this["queue_waits"]',
        "aws_sqs_queue.dead_letters[0]",
        "aws_sqs_queue.updates[0]",
    },
    "warm_schedule": {f'{resource}["warm"]' for resource in SCHEDULE},
}
EVERYTHING = {
    "alarm_actions": ["arn:aws:sns:us-east-1:000000000000:alarms"],
    "environment": {"TABLE": "votes"},
    "log_level": "DEBUG",
    "log_retention_in_days": 0,
    "max_connections": 100,
    "memory_size": 256,
    "mini_app": "Open",
    "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    "policy": json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}),
    "queue": True,
    "reply_mode": "api",
    "reserved_concurrency": 5,
    "runtime": "python3.12",
    "source_dir": str(ROOT / "tests" / "bots" / "bundle"),
    "tags": {"team": "bots"},
    "telegram_api_url": "http://127.0.0.1:8081",
    "telegram_bot_token_parameter": PARAMETER,
    "telegram_proxy": f"http://bot:{ESCAPED}@127.0.0.1:3128",
    "throttling_limit": 10,
    "timeout": 25,
    "tracing": True,
    "warm_schedule": "rate(5 minutes)",
}


def test_an_input_adds_its_own_resources_and_no_others(aws: Emulator, tmp_path: Path) -> None:
    named = blocks("variables.tf", "variable")
    assert set(EVERYTHING) | {"name", "telegram_bot_token"} == set(named), "what is on, is all on"
    others = {name: value for name, value in EVERYTHING.items() if name not in ADDED}
    planned = []
    with Deployment(aws.url, tmp_path) as module:
        module.init()
        for variables in ({"telegram_bot_token": TOKEN}, others, EVERYTHING):
            module.variables = variables
            lines = map(json.loads, module.terraform("plan", "-json").stdout.splitlines())
            changes = [line["change"] for line in lines if line["type"] == "planned_change"]
            assert {change["action"] for change in changes} == {"create"}
            planned.append({change["resource"]["addr"] for change in changes})
        # The newest runtime needs a provider that knows it, and the docs name the error.
        module.variables = {"telegram_bot_token": TOKEN, "runtime": "python3.14"}
        newest = module.terraform("plan", "-no-color", check=False)
        error = "expected runtime to be one of"
        assert newest.returncode == 0 or error in " ".join(newest.stderr.split())
        assert f"| `{error}` |" in (ROOT / "docs" / "operations.md").read_text()
    assert planned == [RESOURCES, RESOURCES, RESOURCES.union(*ADDED.values())]
