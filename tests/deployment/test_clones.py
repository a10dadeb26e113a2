"""One bot deployed from several folders: a moved state, a second deployment, a lost function.

The configuration also has what docs/monitoring.md puts beside the module, and into it.
"""

import re
import shlex
import shutil
import subprocess

from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.local.terraform import REGION, terraform_command

from tests.support.deployment import REMOVAL, answer_to, client
from tests.support.telegram import TOKEN

CONFIGURATION = """
variable "api_url" {}
variable "token" { sensitive = true }

module "telegram_bot" {
  source             = "./module"
  telegram_bot_token = var.token
  telegram_api_url   = var.api_url
  name               = "after"
  warm_schedule      = "rate(5 minutes)"
  # More
}
"""
PAGE = (ROOT / "docs" / "monitoring.md").read_text()
BESIDE = dict(re.findall(r"^```hcl\n# (\S+\.tf)\b.*\n((?:.*\n)*?)```$", PAGE, re.MULTILINE))
[MOVE] = re.findall(
    r"^terraform state list \|.*$", (ROOT / "docs/deploy.md").read_text(), re.MULTILINE
)


def test_state_moves_and_second_deployment_keeps_its_webhook(deploy, telegram, aws, tmp_path):
    clone = deploy("after", warm_schedule="rate(5 minutes)")  # which has resources with for_each

    # Its author changes to a configuration: the page's command, in a shell with our Terraform.
    module = deploy(
        "configuration",
        apply=False,
        configuration=CONFIGURATION,
        api_url=telegram.url,
        token=TOKEN,
    )
    shutil.move(clone.folder / "terraform.tfstate", module.root)
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(terraform_command())} "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{module.environment['PATH']}"
    environment = {**module.environment, "PATH": path}
    subprocess.run(MOVE, shell=True, cwd=module.root, env=environment, check=True)
    assert module.resources() == []
    assert module.planned() == {
        "module.telegram_bot.aws_lambda_alias.live": "update",
        "module.telegram_bot.aws_lambda_function.this": "update",
        "module.telegram_bot.aws_lambda_invocation.check": "replace",
        "module.telegram_bot.aws_lambda_invocation.register_webhook": "replace",
        "module.telegram_bot.terraform_data.package": "replace",  # it is in another folder
    }
    text = CONFIGURATION.replace("  # More\n", BESIDE["main.tf"])
    text += BESIDE["log.tf"] + BESIDE["insights.tf"]
    text = text.replace("eu-central-1", REGION).replace("123456789012", "000000000000")
    (module.root / "main.tf").write_text(text)
    functions, iam = client(aws, "lambda"), client(aws, "iam")
    functions.create_function(
        FunctionName="log-forwarder",
        Runtime="python3.13",
        Handler="none.at_all",
        Role="arn:aws:iam::000000000000:role/after",
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},  # an empty zip
    )
    module.apply()
    assert answer_to(telegram, "hello") == "Heard: hello"
    assert module.is_up_to_date()
    # MiniStack takes layers of others for granted, and runs none.
    [layer] = functions.get_function_configuration(FunctionName="after")["Layers"]
    assert ":layer:LambdaInsightsExtension-Arm64:" in layer["Arn"]
    [policy] = iam.list_attached_role_policies(RoleName="after")["AttachedPolicies"]
    assert policy["PolicyName"] == "CloudWatchLambdaInsightsExecutionRolePolicy"
    [sent] = client(aws, "logs").describe_subscription_filters(logGroupName="/aws/lambda/after")[
        "subscriptionFilters"
    ]
    assert sent["filterPattern"] == '{ $.level = "ERROR" }'

    # Another deployment of the bot takes over its webhook, and keeps it.
    second = deploy("second")
    theirs = second.outputs()["webhook_url"]
    module.destroy()
    functions.delete_function(FunctionName="log-forwarder")
    assert telegram.webhook["url"] == theirs
    assert answer_to(telegram, "hello") == "Heard: hello"

    # A destroy needs the function, unless the webhook may stay.
    functions.delete_function(FunctionName="second")
    failed = second.destroy(check=False)
    assert failed.returncode == 1
    assert re.search("(?s)Invoke.* 404", failed.stderr)
    second.terraform("state", "rm", REMOVAL)
    second.destroy()
    assert telegram.webhook["url"] == theirs
