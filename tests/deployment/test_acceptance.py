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


@pytest.fixture(scope="module")
def keys(aws):
    """The keys of a user who has a deployer's permissions, and those of the acceptance test."""
    statements = json.loads(TEXT.replace("telegram-bot", accept.NAME))["Statement"]
    user = create_user(aws, "owner", statements + POLICY["Statement"])
    return user.access_key, user.secret_key


@pytest.fixture
def deployment(aws, quick_terraform, keys, tmp_path):
    """A bot that isn't deployed yet."""
    with contextlib.ExitStack() as opened:
        account = opened.enter_context(accept.emulated(aws.url))
        account.keys = keys
        deployment = Deployment(account, tmp_path / "acceptance", accept.NAME)
        opened.enter_context(contextlib.closing(deployment))
        deployment.module.init()
        yield deployment


def test_no_step_of_acceptance_differs_from_the_emulated_aws(deployment):
    accept.check(deployment)
    assert "the emulated AWS, Terraform " in accept.about(deployment)
    tried, left = accept.run(deployment)
    assert [f"{each}" for each in tried if each.differs] == []
    assert [each.step for each in tried] == [each for each in STEPS if not each.is_real]
    assert left == []
