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
def test_a_wildcard_names_no_more_than_what_is_needed(action):
    assert [name.partition(":")[2] for name in matched(action)] == NAMED[action].split()


def test_all_wildcards_are_known():
    named = {name for each in POLICY["Statement"] for name in [*each["Action"]] if "*" in name}
    assert named == {*NAMED}


def test_the_page_says_for_which_names_it_is_a_managed_policy():
    page = (ROOT / "docs" / "deploy.md").read_text()
    [longest] = map(int, re.findall(r"a name of up to (\d+) characters", page))
    assert longest >= 32
    assert size("x" * longest) <= MOST < size("x" * (longest + 1))


def test_an_upgrade_may_change_whom_a_role_trusts():
    [role] = [each for each in POLICY["Statement"] if each["Sid"] == "Role"]
    assert "iam:UpdateAssumeRolePolicy" in actions(role)


def test_the_statements_that_the_page_names_are_there():
    page = (ROOT / "docs" / "deploy.md").read_text()
    named = set(re.findall(r"policy's statement `(\w+)`", page))
    assert named and named <= {each["Sid"] for each in POLICY["Statement"]}
