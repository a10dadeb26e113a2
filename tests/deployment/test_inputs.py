"""The additions of each input to a plan, and refusals before anything is made.

Its effect is in test_deployer_policy.py, where everything is on.
"""

import json
from collections import Counter

import pytest
from telegram_bot_aws.local.project import ROOT

from tests.support.deployment import FUNCTION, REGISTRATION, REMOVAL, SECRET, Deployment
from tests.support.hcl import blocks
from tests.support.telegram import TOKEN

# Every resource that the module makes by default, and what each input adds.
RESOURCES = {
    "aws_apigatewayv2_api.this",
    "aws_apigatewayv2_integration.function",
    "aws_apigatewayv2_route.webhook",
    "aws_apigatewayv2_stage.this",
    "aws_cloudwatch_log_group.api",
    "aws_cloudwatch_log_group.function",
    "aws_iam_role.this",
    "aws_iam_role_policy.live",
    "aws_iam_role_policy.this",
    "aws_lambda_alias.live",
    FUNCTION,
    "aws_lambda_function_event_invoke_config.this",
    "aws_lambda_invocation.check",
    REGISTRATION,
    REMOVAL,
    "aws_lambda_permission.webhook",
    "terraform_data.bot",
    "terraform_data.package",
    "terraform_data.role_id",
    SECRET,
}
SCHEDULE = [
    "aws_cloudwatch_event_rule.schedule",
    "aws_cloudwatch_event_target.schedule",
    "aws_lambda_permission.schedule",
]
ALARMS = ["errors", "failures", "throttles", "unreachable", "webhook_lost"]
ADDED = {
    "alarm_actions": {
        'aws_cloudwatch_log_metric_filter.this["failures"]',
        'aws_cloudwatch_log_metric_filter.this["unreachable"]',
        *(f'aws_cloudwatch_metric_alarm.this["{alarm}"]' for alarm in ALARMS),
        *(f'{resource}["watch"]' for resource in SCHEDULE),
    },
    "mini_app": {
        "aws_apigatewayv2_route.mini_app[0]",
        "aws_lambda_permission.mini_app[0]",
        "aws_lambda_invocation.remove_menu_button[0]",
    },
    "queue": {
        "aws_iam_role.scheduler[0]",
        "aws_iam_role_policy.scheduler[0]",
        "aws_lambda_event_source_mapping.updates[0]",
        'aws_cloudwatch_metric_alarm.this["dead_letters"]',
        'aws_cloudwatch_metric_alarm.this["queue_age"]',
        'aws_cloudwatch_metric_alarm.this["schedules_dropped"]',
        "aws_lambda_invocation.drain_queue[0]",
        "aws_scheduler_schedule_group.this[0]",
        "aws_sqs_queue.dead_letters[0]",
        "aws_sqs_queue.updates[0]",
        "terraform_data.name[0]",
        "terraform_data.queue_is_drained[0]",
    },
    "session_retention_in_days": {"aws_dynamodb_table.sessions[0]", "terraform_data.name[0]"},
    "warm_schedule": {f'{resource}["warm"]' for resource in SCHEDULE},
}
TOPICS = ["arn:aws:sns:us-east-1:000000000000:alarms"]
EVERYTHING = {
    "alarm_actions": TOPICS,
    "allowed_ids": [42],
    "architecture": "x86_64",
    "environment": {"TABLE": "votes"},
    "kms_key_arn": "arn:aws:kms:us-east-1:000000000000:key/1",
    "layers": ["arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension-Arm64:20"],
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
    "session_backup_in_days": 7,
    "session_retention_in_days": 30,
    "source_dir": str(ROOT / "tests" / "bots" / "bundle"),
    "tags": {"team": "bots"},
    "telegram_api_url": "http://127.0.0.1:8081",
    "telegram_bot_token_parameter": "/bots/echo/token",
    "telegram_proxy": "http://bot:p%40ss@127.0.0.1:3128",
    "throttling_limit": 10,
    "timeout": 25,
    "tracing": True,
    "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
    "warm_schedule": "rate(5 minutes)",
}


@pytest.fixture
def alone(aws, providers, tmp_path):
    """The module itself, to plan with."""
    with Deployment(providers, aws.url, tmp_path / "alone") as module:
        yield module


def test_input_adds_only_its_own_resources(alone):
    named = blocks("variables.tf", "variable")
    assert set(EVERYTHING) | {"name", "telegram_bot_token"} == set(named), "an input is missing"
    others = {name: value for name, value in EVERYTHING.items() if name not in ADDED}
    planned = []
    for variables in ({"telegram_bot_token": TOKEN}, others, EVERYTHING):
        alone.variables = variables
        changes = alone.planned()
        assert set(changes.values()) == {"create"}
        planned.append(set(changes))
    everything = RESOURCES.union(*ADDED.values())
    assert planned == [RESOURCES, RESOURCES, everything]


# Files that a bot's folder must not contain, and one that it may.
FILES = {
    "tf": "main.tf",
    "json": "main.tf.json",
    "vars": "x.auto.tfvars",
    "state": "terraform.tfstate.backup",
    "deeper": "data/main.tf",
}
SECRETS = (
    "must not contain *.tf, *.tfvars or *.tfstate files at its top level, since secrets in them "
    "would be packed: {} has one."
)
# Inputs that are refused, and the messages.
INPUTS = {
    "no-bot": ({"source_dir": "nowhere"}, ["must contain a bot.py: "]),
    "no-page": (
        {"mini_app": "Open"},
        ["must contain the page app/index.html, and app/ must not be a Python package"],
    ),
    "slip": ({"telegram_bot_token": "not-a-token"}, ["must be the token from @BotFather"]),
    "no-token": ({"telegram_bot_token": None}, ["Set exactly one of"]),
    "two-tokens": ({"telegram_bot_token_parameter": "/bots/echo"}, ["Set exactly one of"]),
}


def test_plan_refuses_invalid_inputs(aws, providers, tmp_path):
    """All calls are in one configuration."""
    calls = {}
    expected = []
    for name, file in FILES.items():
        folder = tmp_path / 'a `touch bots` & $HOME\'s "folder"' / name
        for each in ("bot.py", file):
            (folder / each).parent.mkdir(parents=True, exist_ok=True)
            (folder / each).write_text("")
        calls[name] = {"source_dir": str(folder)}
        if name != "deeper":
            expected.append(SECRETS.format(folder))
    for name, (inputs, sentences) in INPUTS.items():
        calls[name] = inputs
        expected += sentences
    configuration = ""
    for name, inputs in calls.items():
        values = {"name": name, "telegram_bot_token": TOKEN, **inputs}
        arguments = [f"  {each} = {json.dumps(value)}\n" for each, value in values.items()]
        text = "".join(arguments).replace("${", "$${")
        configuration += f'module "{name}" {{\n  source = "./module"\n{text}}}\n'
    with Deployment(providers, aws.url, tmp_path / "module", configuration=configuration) as module:
        failed = module.terraform("plan", "-json", check=False)
    assert failed.returncode == 1
    lines = map(json.loads, failed.stdout.splitlines())
    told = [line["diagnostic"] for line in lines if line["type"] == "diagnostic"]
    said = [each["detail"] for each in told if each["severity"] == "error"]
    for sentence, times in Counter(expected).items():
        assert [sentence in each for each in said].count(True) == times, sentence
    assert len(said) == len(expected)
