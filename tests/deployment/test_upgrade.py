"""An upgrade of the module: what was renamed is moved, and the webhook stays as it is."""

from __future__ import annotations

import json
import re

from emulators.telegram import Telegram
from local.project import ROOT

from tests.support.deployment import Deploy

# Resources by the names that earlier versions gave them, each with its name of today.
RENAMED = {
    "aws_lambda_invocation.menu_button_removal": "aws_lambda_invocation.remove_menu_button",
    "aws_lambda_invocation.removal": "aws_lambda_invocation.deregister_webhook",
    "aws_lambda_invocation.webhook": "aws_lambda_invocation.register_webhook",
    "terraform_data.role": "terraform_data.role_id",
}
MOVED = re.compile(r"^moved {\n  from = (\S+)\n  to   = (\S+)\n}", re.MULTILINE)


def test_an_upgrade_moves_what_was_renamed_and_calls_telegram_not_once(
    deploy: Deploy, telegram: Telegram
) -> None:
    moved = [pair for file in ROOT.glob("*.tf") for pair in MOVED.findall(file.read_text())]
    assert dict(moved) == RENAMED
    page = str(ROOT / "tests" / "bots" / "bundle")
    module = deploy("upgraded", mini_app="Open", source_dir=page)
    # The state as the earlier version left it.
    path = module.folder / "terraform.tfstate"
    state = path.read_text()
    for old, new in RENAMED.items():
        (_, old_name), (kind, new_name) = old.split("."), new.split(".")
        resource = f'"type": "{kind}",\n      "name": "%s"'
        assert state.count(resource % new_name) == 1
        state = state.replace(resource % new_name, resource % old_name).replace(new, old)
    path.write_text(state)
    calls, webhook = len(telegram.calls), dict(telegram.webhook)

    lines = map(json.loads, module.terraform("plan", "-json").stdout.splitlines())
    changes = [line["change"] for line in lines if line["type"] == "planned_change"]
    assert {change["action"] for change in changes} == {"move"}
    assert len(changes) == len(RENAMED)
    module.apply()
    assert len(telegram.calls) == calls
    assert telegram.webhook == webhook
    plan = module.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
    assert plan.returncode == 0, plan.stdout
