"""scripts/dev accept, whole, on the emulated AWS."""

import contextlib
import json

import pytest
from acceptance import accept
from acceptance.deployment import Deployment
from acceptance.steps import STEPS
from telegram_bot_aws.local.project import ROOT

from tests.support.deployment import create_user
from tests.support.policy import TEXT

pytestmark = [pytest.mark.slow, pytest.mark.release]
POLICY = json.loads((ROOT / "tools/acceptance/policy.json").read_text())


@pytest.mark.usefixtures("quick_terraform")
def test_no_step_of_acceptance_differs_from_the_emulated_aws(aws, tmp_path):
    """By a user who has a deployer's permissions, and those of the acceptance test."""
    statements = json.loads(TEXT.replace("telegram-bot", accept.NAME))["Statement"]
    user = create_user(aws, "owner", statements + POLICY["Statement"])
    with accept.emulated(aws.url) as account:
        account.keys = user.access_key, user.secret_key
        with contextlib.closing(Deployment(account, tmp_path, accept.NAME)) as deployment:
            deployment.module.init()
            accept.check(deployment)
            assert "the emulated AWS, Terraform " in accept.about(deployment)
            tried, left = accept.run(deployment)
    assert [f"{each}" for each in tried if each.differs] == []
    assert [each.step for each in tried] == [each for each in STEPS if not each.is_real]
    assert left == []
