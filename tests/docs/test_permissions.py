"""docs/deploy.md#permissions: what a deployer may do, in a policy that AWS takes."""

import re

from telegram_bot_aws.local.project import ROOT

from tests.support.policy import POLICY, size

MOST = 6144  # characters of a managed policy


def test_page_names_the_longest_name_of_a_managed_policy():
    page = (ROOT / "docs" / "deploy.md").read_text()
    [longest] = map(int, re.findall(r"a name of up to (\d+) characters", page))
    assert longest >= 32
    assert size("x" * longest) <= MOST < size("x" * (longest + 1))


def test_statements_named_on_the_page_exist():
    page = (ROOT / "docs" / "deploy.md").read_text()
    named = set(re.findall(r"policy's statement `(\w+)`", page))
    assert named and named <= {each["Sid"] for each in POLICY["Statement"]}
