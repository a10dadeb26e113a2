"""Everything on, by a deployer with the policy of docs/deployer-policy.json, and off again.

One deployment for all tests, which change it in their order. Each of Terraform's requests is
recorded, and sent again by a user without permissions: the refusal names the action that it needs.
The policy must have these, and no others but those that the emulator doesn't check.
"""

import contextlib
import json
import re
import shutil
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.local.terraform import REGION
from telegram_stand_in import ADA, http_request

from tests.support.deployment import Deployment, answer_to, client, create_user, everything, logged
from tests.support.policy import POLICY, actions
from tests.support.recorder import Recorder
from tests.support.telegram import TOKEN

MAPPING_OF_QUEUE = "aws_lambda_event_source_mapping.updates[0]"
PAGE = ROOT / "tests" / "bots" / "mini_app" / "app"

# Actions that the emulated AWS never checks, so this test can't tell whether they are needed, and
# when AWS checks them.
UNCHECKED = {
    # When a stage has tags.
    *("apigateway:TagResource", "apigateway:UntagResource"),
    # When a function is created with a VPC, a role or a layer.
    *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
    *("iam:PassRole", "lambda:GetLayerVersion"),
    "iam:CreateServiceLinkedRole",  # for an account's first API
    "iam:UpdateAssumeRolePolicy",  # an upgrade may change whom a role trusts; no apply here does
    # When the services use the key for the deployer.
    *("kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    *("kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
    # Always; the emulator checks nothing, or another action.
    *("lambda:DeleteEventSourceMapping", "lambda:GetEventSourceMapping"),
    *("lambda:UpdateEventSourceMapping", "lambda:DeleteFunctionConcurrency"),
    *("lambda:DeleteFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig"),
    *("lambda:PutFunctionEventInvokeConfig", "scheduler:DeleteSchedule"),
    # When a stage has access logs: AWS's guide to them lists these.
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies"),
    *("logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy"),
    "logs:UpdateLogDelivery",
}

# The emulator checks these against "*", or with the name of a bus, and AWS against a bot's name.
NAMELESS = {
    "Effect": "Allow",
    "Action": [
        *("cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm"),
        *("cloudwatch:TagResource", "cloudwatch:UntagResource", "dynamodb:ListTagsOfResource"),
        *("dynamodb:TagResource", "dynamodb:UntagResource", "events:*", "lambda:CreateFunction"),
        *("lambda:CreateEventSourceMapping", "lambda:ListEventSourceMappings"),
        *("scheduler:ListTagsForResource", "scheduler:TagResource", "scheduler:UntagResource"),
    ],
    "Resource": "*",
}


@contextlib.contextmanager
def denied(aws, action):
    """Deny the deployer an action, and allow it again."""
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    named = {"UserName": "deployer", "PolicyName": "deny"}
    client(aws, "iam").put_user_policy(**named, PolicyDocument=document)
    yield
    client(aws, "iam").delete_user_policy(**named)


def refused(user, recorder, request):
    """Send a request as a user, and return the action that was refused, if any."""
    unsigned = ("authorization", "x-amz-date", "content-length", "host", "connection")
    headers = {k: v for k, v in request.headers.items() if k.lower() not in unsigned}
    signed = AWSRequest(request.method, recorder.aws.url + request.path, headers, request.body)
    SigV4Auth(user, request.service, REGION).add_auth(signed)
    again = request._replace(headers=dict(signed.headers.items()))
    _, _, body = recorder.send(again)
    match = re.search(r"is not authorized to perform: (\w+:\w+)", body.decode(errors="replace"))
    return match[1] if match else ""


MODULE = "module.bot"
KEY = "arn:aws:kms:us-east-1:000000000000:key/1"
LAYER = "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension-Arm64:20"
BOT = """
import json, os
from pathlib import Path
from names import NAME

TEXTS = json.loads(Path(__file__).with_name("texts.json").read_text())

def reply(update):
    chat = update["message"]["chat"]["id"]
    text = f"{TEXTS['hello']} from {NAME} at {os.environ['TABLE']}"
    return [{"method": "sendMessage", "chat_id": chat, "text": text}]

def on_request(request):
    return request

ALLOWED_UPDATES = {"message": reply}
"""
# The module's inputs. A test may change each of them.
INPUTS = (
    *("alarm_actions", "kms_key_arn", "layers", "log_retention_in_days", "memory_size", "mini_app"),
    *("permissions_boundary", "queue", "reserved_concurrency"),
    *("session_backup_in_days", "session_retention_in_days", "source_dir", "tags"),
    *("telegram_api_url", "throttling_limit", "timeout", "tracing", "warm_schedule"),
)
CONFIGURATION = """
variable "inputs" { type = any }
variable "token" { sensitive = true }

resource "terraform_data" "table" {
  input = "votes"
}

module "bot" {
  source             = "./module"
  environment        = { TABLE = terraform_data.table.output, KEY = sensitive("kept to itself") }
  telegram_bot_token = var.token

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:*", Resource = terraform_data.table.output }]
  })
INPUTS}

output "page" {
  value = module.bot.mini_app_url
}

output "role" {
  value = module.bot.role_name
}

output "webhook" {
  value = module.bot.webhook_url
}
""".replace("INPUTS", "".join(f"  {name} = try(var.inputs.{name}, null)\n" for name in INPUTS))
OPTIONAL = (
    *("kms_key_arn", "layers", "mini_app", "permissions_boundary"),
    *("session_backup_in_days", "session_retention_in_days", "warm_schedule"),
)
# How many of each there are when everything is on.
ON = {"alarm": 8, "metric": 3, "queue": 2, "rule": 2, "schedule": 1, "table": 1}
OFF = dict.fromkeys(ON, 0)
# The emulator keeps tags of an API that were removed.
FORGOTTEN = {"aws_apigatewayv2_api.this", "aws_apigatewayv2_stage.this"}


@pytest.fixture(scope="module")
def recorder(providers):
    with Emulator(auth=True, patient=True) as aws, Recorder(aws) as recorder:
        yield recorder


@pytest.fixture(scope="module")
def aws(recorder):
    return recorder.aws


@pytest.fixture(scope="module")
def deployer(aws):
    return create_user(aws, "deployer", [*POLICY["Statement"], NAMELESS])


@pytest.fixture(scope="module")
def module(recorder, deployer, providers, telegram, tmp_path_factory):
    """Everything on, after an apply that was refused halfway and completed as the docs say."""
    folder = tmp_path_factory.mktemp("everything")
    bot = folder / 'a `touch bots` & $HOME\'s "folder"' / "bot"
    (bot / "names").mkdir(parents=True)
    (bot / "names" / "__init__.py").write_text('NAME = "Ada"')
    (bot / "bot.py").write_text(BOT)
    (bot / "texts.json").write_text('{"hello": "Hello"}')
    (bot / "requirements.txt").write_text("# nothing\n")  # it changes no plan
    shutil.copytree(PAGE, bot / "app")
    inputs = {
        "alarm_actions": ["arn:aws:sns:us-east-1:000000000000:alarms"],
        "kms_key_arn": KEY,
        "mini_app": "Open",
        "queue": True,
        "reserved_concurrency": 5,
        "session_backup_in_days": 7,
        "session_retention_in_days": 30,
        "source_dir": str(bot),
        "tags": {"team": "bots"},
        "telegram_api_url": telegram.url,
        "timeout": 7,
        "tracing": True,
        "warm_schedule": "rate(5 minutes)",
    }
    with Deployment(
        providers,
        recorder.url,
        folder / "module",
        configuration=CONFIGURATION,
        user=deployer,
        inputs=inputs,
        token=TOKEN,
    ) as module:
        # A package was made, and lost with its clone, before the function was created.
        with denied(recorder.aws, "lambda:CreateFunction"):
            assert "AccessDenied" in module.refused()
        shutil.rmtree(module.folder / ".build")
        assert re.search(r"reading ZIP file .* no such file", module.refused())
        module.apply(f"-replace={MODULE}.terraform_data.package")
        yield module
    assert list(folder.rglob("bots")) == [], "a shell expanded the path"


def made(aws):
    """Return how many there are of each kind that inputs switch on."""
    kinds = [thing.split()[0] for thing in everything(aws) if "telegram-bot" in thing]
    return {kind: kinds.count(kind) for kind in ON}


def drift(module):
    """Return the resources that a plan would update, and check that it would do nothing else."""
    planned = module.planned()
    assert set(planned.values()) <= {"update"}
    return {address.partition("[")[0].removeprefix(f"{MODULE}.") for address in planned}


def configuration(aws):
    return client(aws, "lambda").get_function_configuration(FunctionName="telegram-bot")


def test_bot_has_its_own_files_environment_and_policy(module, telegram, aws):
    """Its policy and environment refer to a resource of the same apply."""
    assert answer_to(telegram, "x") == "Hello from Ada at votes"
    assert telegram.webhook["allowed_updates"] == ["message"]
    assert module.outputs()["role"] == "telegram-bot"
    assert configuration(aws)["Timeout"] == 7
    assert configuration(aws)["Environment"]["Variables"]["KEY"] == "kept to itself"
    assert not any("kept to itself" in said for said in module.said)
    policy = client(aws, "iam").get_role_policy(
        RoleName="telegram-bot", PolicyName="telegram-bot-live"
    )
    [*_, statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("s3:*", "votes")


def test_schedules_warm_the_function_and_watch_the_webhook(module, telegram, aws):
    assert made(aws) == ON
    assert configuration(aws)["TracingConfig"] == {"Mode": "Active"}

    def lines_of(schedule, result):
        """Send the function what a schedule sends, and return the JSON lines that it logs."""
        rule = f"telegram-bot_{schedule}"
        [target] = client(aws, "events").list_targets_by_rule(Rule=rule)["Targets"]
        assert target["Arn"] == configuration(aws)["FunctionArn"] + ":live"
        before = logged(aws, "telegram-bot")
        answer = client(aws, "lambda").invoke(FunctionName=target["Arn"], Payload=target["Input"])
        assert (answer.get("FunctionError"), answer["Payload"].read()) == (None, result)
        new = logged(aws, "telegram-bot").removeprefix(before).splitlines()
        return [json.loads(line) for line in new if line.startswith("{")]

    assert lines_of("warm", b"{}") == []
    assert lines_of("watch", b"null") == []
    url, telegram.webhook["url"] = telegram.webhook["url"], "https://another.example/telegram"
    [line] = lines_of("watch", b"null")
    assert line["outcome"] == "webhook_lost"
    telegram.webhook["url"] = url


def test_second_deployment_of_a_name_changes_nothing_of_the_first(
    module, recorder, deployer, telegram, providers, tmp_path
):
    """AWS refuses a second log group of a name, but not a second queue, alarm or rule."""
    options = {"user": deployer, "queue": True, "warm_schedule": "rate(1 hour)"}
    options |= {"telegram_api_url": telegram.url, "telegram_bot_token": TOKEN}
    options["alarm_actions"] = module.variables["inputs"]["alarm_actions"]
    with Deployment(providers, recorder.url, tmp_path / "second", **options) as second:
        assert "ResourceAlreadyExistsException" in second.refused()
        left = [each for each in second.resources() if each["mode"] == "managed"]
        assert {each["type"] for each in left if each["instances"]} == {"terraform_data"}
    assert made(recorder.aws) == ON
    assert answer_to(telegram, "x") == "Hello from Ada at votes"


def test_mini_app_is_served_to_anyone(module, telegram):
    url = module.outputs()["page"]
    assert url == module.outputs()["webhook"].replace("/telegram", "/app/index.html")
    button = {"type": "web_app", "text": "Open", "web_app": {"url": url}}
    assert telegram.bot.menu_buttons == {0: button}

    def get(path):
        status, _, body = http_request("GET", url.replace("/app/index.html", path), {})
        return status, body

    calls = len(telegram.calls)
    assert get("/app/index.html") == (200, (PAGE / "index.html").read_text())
    assert get("/app/%2e%2e/bot.py") == (404, "There is no such file.")
    for path in ("/", "/app", "/app.js", "/bot.py"):
        assert get(path) == (404, '{"message":"Not Found"}'), path
    assert len(telegram.calls) == calls


def test_mini_app_requests_need_telegrams_signature(module, telegram, aws):
    before = logged(aws, "telegram-bot")
    url = module.outputs()["page"].replace("index.html", "api/orders?a=1")

    def order(authorization):
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        status, _, answer = http_request("POST", url, headers, b'{"n": 1}')
        return status, json.loads(answer)

    signed = f"tma {telegram.open_page(ADA)}"
    status, answer = order(signed)
    assert (status, answer["user"]["id"]) == (200, ADA["id"])
    assert (answer["body"], answer["query"]) == ({"n": 1}, {"a": "1"})
    assert order(f"{signed}0")[0] == 401
    lines = logged(aws, "telegram-bot").removeprefix(before)
    assert "duration_ms" in lines and "Ada" not in lines


def test_mapping_is_imported_and_all_inputs_change(module, telegram, aws):
    # The queue's mapping exists, but not in the state: the apply that created it was killed. AWS
    # refuses a second one, and names the first; the emulator accepts it.
    mapping = f"{MODULE}.{MAPPING_OF_QUEUE}"
    [made] = client(aws, "lambda").list_event_source_mappings()["EventSourceMappings"]
    module.terraform("state", "rm", mapping)
    module.terraform("import", "-input=false", mapping, made["UUID"])
    everything_allowed = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    boundary = client(aws, "iam").create_policy(
        PolicyName="boundary", PolicyDocument=json.dumps(everything_allowed)
    )["Policy"]["Arn"]
    inputs = module.variables["inputs"]
    inputs |= {"tracing": False, "warm_schedule": "rate(1 hour)", "timeout": 20}
    inputs |= {"log_retention_in_days": 0, "memory_size": 256, "throttling_limit": 50}
    inputs |= {"layers": [LAYER], "mini_app": "Again"}
    inputs |= {"reserved_concurrency": None, "tags": {"group": "bots"}}
    inputs |= {"kms_key_arn": KEY.replace("key/1", "key/2"), "permissions_boundary": boundary}
    # The function has its new arguments, but no version has them: only the check notices.
    with denied(aws, "lambda:PublishVersion"):
        assert "AccessDenied" in module.refused()
    said = module.refused()
    assert "The function has other settings than were planned: terraform apply" in said
    assert answer_to(telegram, "x") == "Hello from Ada at votes"
    [address] = re.findall(r"-replace=module\.telegram_bot\.([\w.]+)", said)
    module.apply(f"-replace={MODULE}.{address}")
    assert answer_to(telegram, "x") == "Hello from Ada at votes"
    assert configuration(aws)["TracingConfig"] == {"Mode": "PassThrough"}
    assert [layer["Arn"] for layer in configuration(aws)["Layers"]] == [LAYER]
    groups = client(aws, "logs").describe_log_groups()["logGroups"]
    assert {group["kmsKeyId"] for group in groups} == {inputs["kms_key_arn"]}
    assert telegram.bot.menu_buttons[0]["text"] == "Again"


def test_failed_upload_is_noticed_and_all_is_switched_off(module, telegram, aws):
    """Before 6.27 or so, the provider records an upload as done, and only the check notices.

    Later providers upload again.
    """
    assert drift(module) <= FORGOTTEN
    inputs = module.variables["inputs"]
    Path(inputs["source_dir"], "texts.json").write_text('{"hello": "Good day"}')
    inputs |= {"alarm_actions": [], "queue": False, "timeout": 7}
    inputs |= dict.fromkeys(OPTIONAL)
    with denied(aws, "lambda:UpdateFunctionCode"):
        assert "AccessDenied" in module.refused()
    # The previous version keeps answering.
    assert answer_to(telegram, "x") == "Hello from Ada at votes"
    again = module.apply(check=False)
    if again.returncode:
        said = " ".join(again.stderr.replace("│", "").split())
        assert "The function runs other code than was planned." in said
        publish, *upload = re.findall(r"-replace=module\.telegram_bot\.([\w.]+)", said)
        assert "other code than was planned" in module.refused(f"-replace={MODULE}.{publish}")
        module.apply(*(f"-replace={MODULE}.{address}" for address in upload))
    assert answer_to(telegram, "x") == "Good day from Ada at votes"
    assert made(aws) == OFF


def test_policy_allows_the_deployer_what_is_needed_only(module, recorder, telegram, aws):
    module.destroy()
    assert telegram.bot.menu_buttons == {0: {"type": "default"}}
    assert telegram.webhook["url"] == ""
    assert [thing for thing in everything(aws) if "telegram-bot" in thing] == []

    # The action that each request needs, from the refusals of a user without permissions.
    nobody = create_user(aws, "nobody", [])
    asked = {}
    kinds = {each.kind: each for each in recorder.requests}
    for each in kinds.values():
        asked.setdefault(refused(nobody, recorder, each), each)
    assert b"Action=GetCallerIdentity" in asked.pop("").body
    in_policy = {action for statement in POLICY["Statement"] for action in actions(statement)}
    unchecked = {*UNCHECKED}
    if any("cbor" in each.headers.get("Content-Type", "") for each in recorder.requests):
        # Version 6 of the provider calls CloudWatch this way, where the emulator checks nothing.
        unchecked |= {action for action in in_policy if action.startswith("cloudwatch:")}
    assert in_policy - set(asked) == unchecked
    assert set(asked) - in_policy == {"lambda:ListEventSourceMappings"}  # the emulator's own
    # AWS checks the function's ARN with the request's qualifier; the emulator, without.
    paths = {each.path for each in kinds.values()}
    qualifiers = {path.partition("/invocations?Qualifier=")[2] for path in paths} - {""}
    assert {"1", "2", "live"} <= qualifiers
    # For some time after the alias has moved, AWS may invoke the previous version by it.
    registrations = {each.path for each in recorder.requests if b'"register"' in each.body}
    assert registrations, "none was recorded"
    assert not any(path.endswith("=live") for path in registrations)
    (invoke,) = [s for s in POLICY["Statement"] if "lambda:InvokeFunction" in actions(s)]
    assert [arn.partition(":function:")[2] for arn in invoke["Resource"]] == [
        "telegram-bot",
        "telegram-bot:*",
    ]
