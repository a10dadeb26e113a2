"""docs/deployer-policy.json: all that a deployer must be allowed to do, and nothing else.

An IAM user of the emulated AWS with this policy applies the module, changes all of it, and destroys
it. Each of Terraform's requests is recorded, and sent again by users whose policy lacks one action:
without it a request must be refused, unless the emulator doesn't check the action.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from emulated_aws.emulator import Emulator
from local.project import ROOT
from local.terraform import REGION
from telegram_stand_in import Telegram
from telegram_stand_in.local_server import LocalServer

from tests.support.deployment import (
    FUNCTION,
    Deployment,
    answer_to,
    change,
    client,
    everything,
)
from tests.support.provider import Providers
from tests.support.telegram import TOKEN

MAPPING_OF_QUEUE = "aws_lambda_event_source_mapping.updates[0]"
POLICY = json.loads((ROOT / "docs" / "deployer-policy.json").read_text())

# Actions that the emulated AWS never checks, so this test can't tell whether they are needed, and
# why the policy has them.
DELIVERY = "AWS's guide to an HTTP API's access logs lists it; the emulator delivers no logs"
TAGS = "AWS checks it when a stage has tags; the emulator checks apigateway:POST and DELETE instead"
CONFIGURATION = "AWS checks it when events have a limit; the emulator doesn't know the action"
MAPPING = "AWS checks it; the emulator checks nothing, or another action"
VPC = "CreateFunction requires it when it names a VPC; the emulator checks nothing"
UNCHECKED = {
    "apigateway:TagResource": TAGS,
    "apigateway:UntagResource": TAGS,
    "ec2:DescribeSecurityGroups": VPC,
    "ec2:DescribeSubnets": VPC,
    "ec2:DescribeVpcs": VPC,
    "iam:CreateServiceLinkedRole": "an account's first API makes this role; the emulator has none",
    "iam:PassRole": "CreateFunction requires it; the emulator lets anyone pass any role",
    "lambda:DeleteEventSourceMapping": MAPPING,
    "lambda:DeleteFunctionConcurrency": "the emulator checks PutFunctionConcurrency instead",
    "lambda:DeleteFunctionEventInvokeConfig": CONFIGURATION,
    "lambda:GetFunctionEventInvokeConfig": CONFIGURATION,
    "lambda:PutFunctionEventInvokeConfig": CONFIGURATION,
    "lambda:GetEventSourceMapping": MAPPING,
    "lambda:UpdateEventSourceMapping": MAPPING,
    "logs:CreateLogDelivery": DELIVERY,
    "logs:DeleteLogDelivery": DELIVERY,
    "logs:DescribeResourcePolicies": DELIVERY,
    "logs:GetLogDelivery": DELIVERY,
    "logs:ListLogDeliveries": DELIVERY,
    "logs:PutResourcePolicy": DELIVERY,
    "logs:UpdateLogDelivery": DELIVERY,
    "scheduler:DeleteSchedule": "DeleteScheduleGroup requires it; the emulator checks only that",
}

# The emulator checks these against "*", AWS against a name.
NAMELESS = {
    "Effect": "Allow",
    "Action": [
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DeleteDashboards",
        "cloudwatch:GetDashboard",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutDashboard",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
        "dynamodb:ListTagsOfResource",
        "dynamodb:TagResource",
        "dynamodb:UntagResource",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
        "events:UntagResource",
        "lambda:CreateEventSourceMapping",
        "lambda:CreateFunction",
        "lambda:ListEventSourceMappings",
        "scheduler:ListTagsForResource",
        "scheduler:TagResource",
        "scheduler:UntagResource",
    ],
    "Resource": "*",
}
# In the ARNs of these, the emulator names the bus, which AWS leaves out if it is the default one.
ON_A_BUS = {
    "Effect": "Allow",
    "Action": [
        "events:DeleteRule",
        "events:DescribeRule",
        "events:PutRule",
    ],
    "Resource": "arn:aws:events:*:*:rule/default/telegram-bot-*",
}


class Request(NamedTuple):
    """A request that Terraform made to AWS."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def service(self) -> str:
        """The service that it was signed for."""
        match = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers["Authorization"])
        assert match
        return match[1]


class Recorder(LocalServer):
    """Hands requests on to the emulated AWS as they are, and notes them."""

    def __init__(self, aws: Emulator) -> None:
        self.aws = aws
        self.requests: list[Request] = []
        super().__init__(_Handler)

    def send(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.aws.port, timeout=60)
        try:
            connection.request(*request[:2], request.body, request.headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are written together: a busy provider may close the connection in between, and
    # repeat the request.
    wbufsize = -1
    server: Recorder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        self.server.requests.append(request)
        status, headers, data = self.server.send(request)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_DELETE = do_GET = do_PATCH = do_PUT = do_POST

    def log_message(self, *arguments: object) -> None:
        pass


class User:
    """An IAM user of the emulated AWS, with a policy."""

    def __init__(self, aws: Emulator, name: str, policy: Any = None) -> None:
        self._iam = client(aws, "iam")
        self._name = name
        self._iam.create_user(UserName=name)
        if policy:
            document = json.dumps(policy)
            arn = self._iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
            self._iam.attach_user_policy(UserName=name, PolicyArn=arn)
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        self.credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    @contextlib.contextmanager
    def without(self, action: str) -> Iterator[None]:
        """Deny an action, and allow it again."""
        statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
        named = {"UserName": self._name, "PolicyName": "deny"}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        self._iam.put_user_policy(**named, PolicyDocument=document)
        yield
        self._iam.delete_user_policy(**named)

    def refused(self, recorder: Recorder, request: Request) -> str:
        """Send a request as this user, and return the action that was refused, if any."""
        unsigned = ("authorization", "x-amz-date", "content-length", "host", "connection")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in unsigned}
        signed = AWSRequest(request.method, recorder.aws.url + request.path, headers, request.body)
        SigV4Auth(self.credentials, request.service, REGION).add_auth(signed)
        again = request._replace(headers=dict(signed.headers.items()))
        _, _, body = recorder.send(again)
        match = re.search(r"is not authorized to perform: (\w+:\w+)", body.decode(errors="replace"))
        return match[1] if match else ""


def actions(statement: Any) -> set[str]:
    """Return the actions that a statement allows."""
    named = statement["Action"]
    return {named} if isinstance(named, str) else set(named)


def policy(without: str = "") -> Any:
    """Return the policy as the emulator needs it, maybe without one action."""
    statements = [
        {**statement, "Action": sorted(actions(statement) - {without})}
        for statement in (*POLICY["Statement"], NAMELESS, ON_A_BUS)
        if actions(statement) != {without}
    ]
    return {**POLICY, "Statement": statements}


def test_a_dashboard_may_have_tags() -> None:
    """AWS has them since June 2026; the tried providers don't ask for them yet."""
    [dashboard] = [each for each in POLICY["Statement"] if each["Sid"] == "Dashboard"]
    tags = {"ListTagsForResource", "TagResource", "UntagResource"}
    assert {f"cloudwatch:{action}" for action in tags} <= actions(dashboard)


@pytest.fixture
def recorder(providers: Providers) -> Iterator[Recorder]:
    with Emulator(auth=True, patient=True) as aws, Recorder(aws) as recorder:
        yield recorder


def test_a_deployer_may_do_what_is_needed_and_nothing_else(
    recorder: Recorder, providers: Providers, telegram: Telegram, tmp_path: Path
) -> None:
    """An apply that was refused halfway is completed as docs/operations.md says."""
    aws = recorder.aws
    deployer = User(aws, "deployer", policy())
    everything_allowed = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    boundary = client(aws, "iam").create_policy(
        PolicyName="boundary", PolicyDocument=json.dumps(everything_allowed)
    )["Policy"]["Arn"]
    module = Deployment(
        providers,
        recorder.url,
        tmp_path / "module",
        user=deployer.credentials,
        alarm_actions=["arn:aws:sns:us-east-1:000000000000:alarms"],
        failed_retention_in_days=14,
        later=True,
        queue=True,
        reserved_concurrency=5,
        session_backup_in_days=7,
        session_retention_in_days=30,
        tags={"team": "bots"},
        telegram_api_url=telegram.url,
        telegram_bot_token=TOKEN,
        warm_schedule="rate(5 minutes)",
    )
    with module:
        # A package was made, and lost with its clone, before the function was created.
        with deployer.without("lambda:CreateFunction"):
            assert "AccessDenied" in module.refused()
        shutil.rmtree(module.folder / ".build")
        assert re.search(r"reading ZIP file .* no such file", module.refused())
        module.apply("-replace=terraform_data.package")
        assert answer_to(telegram, "hello") == "Heard: hello"

        # The function exists, but not in the state: the apply that created it was killed.
        module.terraform("state", "rm", FUNCTION)
        module.terraform("import", "-input=false", FUNCTION, "telegram-bot")
        # So does the queue's mapping. AWS refuses a second one, and names the first; the emulator
        # accepts it.
        [mapping] = client(aws, "lambda").list_event_source_mappings()["EventSourceMappings"]
        module.terraform("state", "rm", MAPPING_OF_QUEUE)
        module.terraform("import", "-input=false", MAPPING_OF_QUEUE, mapping["UUID"])
        module.variables |= {"tracing": True, "warm_schedule": "rate(1 hour)", "timeout": 60}
        module.variables |= {"log_retention_in_days": 0, "memory_size": 256, "throttling_limit": 50}
        module.variables |= {"reserved_concurrency": None, "tags": {"group": "bots"}}
        module.variables |= {"permissions_boundary": boundary}
        module.apply()
        assert answer_to(telegram, "hello") == "Heard: hello"

        # An upload failed. Before 6.27 or so, the provider records it as done, and only the
        # check notices; later providers upload again.
        change(module, "Heard: ", "Noted: ")
        module.variables |= {"permissions_boundary": None}
        with deployer.without("lambda:UpdateFunctionCode"):
            assert "AccessDenied" in module.refused()
        again = module.apply(check=False)
        if again.returncode:
            said = " ".join(again.stderr.replace("│", "").split())
            assert "The function runs other code than was planned: terraform apply" in said
            module.apply(*re.findall(r"-replace=[\w.]+", said))
        assert answer_to(telegram, "hello") == "Noted: hello"
        module.destroy()
    assert [thing for thing in everything(aws) if "telegram-bot" in thing] == []

    # The action that each request needs, from the refusals of a user without permissions.
    nobody = User(aws, "nobody")
    asked: dict[str, Request] = {}
    kinds = {
        (*each[:2], each.headers.get("X-Amz-Target"), each.body): each for each in recorder.requests
    }
    for request in kinds.values():
        asked.setdefault(nobody.refused(recorder, request), request)
    anybody = asked.pop("")
    assert b"Action=GetCallerIdentity" in anybody.body
    in_policy = {action for statement in POLICY["Statement"] for action in actions(statement)}
    unchecked = set(UNCHECKED)
    if any("cbor" in request.headers.get("Content-Type", "") for request in recorder.requests):
        # Version 6 of the provider calls CloudWatch this way, where the emulator checks nothing.
        unchecked |= {action for action in in_policy if action.startswith("cloudwatch:")}
    assert in_policy - set(asked) == unchecked
    # AWS checks the function's ARN with the request's qualifier; the emulator, without.
    assert asked["lambda:InvokeFunction"].path.endswith("/invocations?Qualifier=1")
    for action in ("AddPermission", "GetPolicy", "InvokeFunction", "RemovePermission"):
        [allowed] = [s for s in POLICY["Statement"] if f"lambda:{action}" in actions(s)]
        assert [arn.partition(":function:")[2] for arn in allowed["Resource"]] == [
            "telegram-bot",
            "telegram-bot:*",
        ]
    # Without an action, exactly that action is refused.
    missed = {
        action: User(aws, action.replace(":", "-"), policy(action)).refused(recorder, request)
        for action, request in asked.items()
    }
    assert missed == {action: action for action in asked}
    # Resources of another name are refused. A mapping has no name: the policy names its function.
    for action, request in asked.items():
        if (
            action
            not in {*NAMELESS["Action"], "cloudwatch:DescribeAlarms", "logs:DescribeLogGroups"}
            and "/event-source-mapping" not in request.path
            and "event-source-mapping%3A" not in request.path
        ):
            path = re.sub("^/v2/.*", "/v2/domainnames/another", request.path)
            path = path.replace("telegram-bot", "another")
            body = request.body.replace(b"telegram-bot", b"another")
            others = request._replace(path=path, body=body)
            assert deployer.refused(recorder, others) == action
