"""docs/deploy.md#permissions: what a deployer may do, in a policy that AWS takes."""

import re

import pytest
from telegram_bot_aws.local.project import ROOT

from tests.support.policy import POLICY, actions, matched, size

MOST = 6144  # characters of a managed policy
TAGS = "TagResource UntagResource"
NAMED = {
    "apigateway:*agResource": TAGS,
    "cloudwatch:*agResource": TAGS,
    "dynamodb:*ContinuousBackups": "DescribeContinuousBackups UpdateContinuousBackups",
    "dynamodb:*TimeToLive": "DescribeTimeToLive UpdateTimeToLive",
    "dynamodb:*agResource": TAGS,
    "events:*agResource": TAGS,
    "iam:*RolePermissionsBoundary": "DeleteRolePermissionsBoundary PutRolePermissionsBoundary",
    "iam:*agRole": "TagRole UntagRole",
    "lambda:*Alias": "CreateAlias DeleteAlias GetAlias UpdateAlias",
    "lambda:*agResource": TAGS,
    "logs:*agResource": TAGS,
    "scheduler:*ScheduleGroup": "CreateScheduleGroup DeleteScheduleGroup GetScheduleGroup",
    "scheduler:*agResource": TAGS,
    "sqs:*QueueAttributes": "GetQueueAttributes SetQueueAttributes",
    "sqs:*agQueue": "TagQueue UntagQueue",
}


@pytest.mark.parametrize("action", NAMED)
def test_wildcard_names_only_needed_actions(action):
    assert [name.partition(":")[2] for name in matched(action)] == NAMED[action].split()


def test_all_wildcards_are_known():
    named = {name for each in POLICY["Statement"] for name in [*each["Action"]] if "*" in name}
    assert named == {*NAMED}


def test_page_names_the_longest_name_of_a_managed_policy():
    page = (ROOT / "docs" / "deploy.md").read_text()
    [longest] = map(int, re.findall(r"a name of up to (\d+) characters", page))
    assert longest >= 32
    assert size("x" * longest) <= MOST < size("x" * (longest + 1))


def test_upgrade_may_change_a_roles_trust_policy():
    [role] = [each for each in POLICY["Statement"] if each["Sid"] == "Role"]
    assert "iam:UpdateAssumeRolePolicy" in actions(role)


def test_statements_named_on_the_page_exist():
    page = (ROOT / "docs" / "deploy.md").read_text()
    named = set(re.findall(r"policy's statement `(\w+)`", page))
    assert named and named <= {each["Sid"] for each in POLICY["Statement"]}
