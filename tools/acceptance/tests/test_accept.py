"""scripts/dev accept around its steps: before it begins, when it is stopped, and what it writes.

tests/deployment/test_acceptance.py runs the steps.
"""

import contextlib

import pytest
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import ROOT

from acceptance import accept
from acceptance.cleanup import Left
from acceptance.deployment import Account, Deployment
from acceptance.steps import STEPS, Step
from tests.support.programs import run

ACCOUNT = {"TELEGRAM_BOT_TOKEN": "123:secret", "AWS_REGION": "eu-central-1"}
LEFT = Left("role", "the-bot")


@pytest.fixture
def deployment(tmp_path):
    """A bot at the stand-in for Telegram, which is deployed nowhere."""
    with accept.emulated("http://127.0.0.1:9") as account:
        deployment = Deployment(account, tmp_path, "the-bot")
        with contextlib.closing(deployment):
            vars(deployment).update(destroy=lambda: None, left=list)
            yield deployment


def test_accept_lists_the_steps_first():
    ran = run(accept.main, **ACCOUNT, TELEGRAM_CHAT_ID="42")
    assert ran.code == 2
    assert [step.name for step in STEPS if step.name not in ran.output] == []
    assert "add --yes" in ran.output


def test_check_rejects_a_bot_in_use(deployment):
    """Neither its webhook, nor resources that have the name."""
    deployment.call("setWebhook", url="https://example.org/other")
    with pytest.raises(ToolError, match="in use, with a webhook at example.org:"):
        accept.check(deployment)
    deployment.call("deleteWebhook")
    vars(deployment)["left"] = lambda: [LEFT]
    with pytest.raises(ToolError, match="role the-bot already"):
        accept.check(deployment)


def test_clean_up_deletes_the_state_last(deployment):
    state = deployment.module.folder / "terraform.tfstate"
    state.write_text(deployment.account.token)
    vars(deployment)["left"] = lambda: [LEFT]
    assert accept.clean_up(deployment, lambda text: None) == ["role the-bot"]
    assert state.exists()
    vars(deployment)["left"] = lambda: 1 / 0
    said = []
    accept.clean_up(deployment, said.append)
    assert "--clean-up, which has the state" in said[-1]
    assert state.exists()
    vars(deployment)["left"] = list
    assert accept.clean_up(deployment, lambda text: None) == []
    assert not state.exists()


def test_real_account_gets_the_unchanged_module(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("TF_VAR_name", "another")
    module = Deployment(Account("123:token", 42, region="eu-west-1"), tmp_path, "the-bot").module
    for path in module.folder.rglob("*.tf"):
        assert path.read_bytes() == (ROOT / path.relative_to(module.folder)).read_bytes()
    assert module.environment["AWS_PROFILE"] == "mine"
    assert module.environment["AWS_REGION"] == "eu-west-1"
    assert not {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "TF_VAR_name"} & {*module.environment}


def test_stopped_run_cleans_up(deployment):
    """The token is in no line."""

    def stop(deployment):
        raise KeyboardInterrupt

    def fail():
        raise ToolError(f"terraform destroy failed: {deployment.account.token}")

    said = []
    vars(deployment).update(destroy=fail, left=lambda: [LEFT])
    with pytest.raises(KeyboardInterrupt):
        accept.run(deployment, [Step("stopped", "", "", stop)], said.append)
    text = "\n".join(said)
    assert "failed: ToolError: terraform destroy failed: …\nLeft: role the-bot\n" in text
    assert "scripts/dev accept --clean-up" in text
