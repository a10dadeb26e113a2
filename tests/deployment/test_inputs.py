"""The additions of each input to a plan, and refusals before anything is made.

Its effect is in test_deployer_policy.py, where everything is on.
"""

import json
from collections import Counter

import pytest
from maintenance.docs import blocks
from telegram_bot_aws.local.project import ROOT

from tests.support.deployment import Deployment
from tests.support.telegram import TOKEN

# The inputs that add resources: test_deployer_policy.py counts them.
ADDING = "alarm_actions mini_app queue session_retention_in_days warm_schedule".split()
EVERYTHING = {
    "alarm_actions": ["arn:aws:sns:us-east-1:000000000000:alarms"],
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


def test_other_inputs_add_no_resources(alone):
    named = blocks("variables.tf", "variable")
    assert set(EVERYTHING) | {"name", "telegram_bot_token"} == set(named), "an input is missing"
    others = {name: value for name, value in EVERYTHING.items() if name not in ADDING}
    planned = []
    for variables in ({"telegram_bot_token": TOKEN}, others, EVERYTHING):
        alone.variables = variables
        changes = alone.planned()
        assert set(changes.values()) == {"create"}
        planned.append(set(changes))
    default, with_others, with_everything = planned
    assert with_others == default < with_everything


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
