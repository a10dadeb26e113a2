"""What docs/how-to/logs.md puts beside the module, and into it, as a reader copies it."""

from __future__ import annotations

import json
import re

from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.local.terraform import REGION
from telegram_stand_in import Telegram

from tests.support.deployment import Deploy, answer_to, client
from tests.support.stubs import BOT
from tests.support.telegram import TOKEN

PAGE = (ROOT / "docs" / "how-to" / "logs.md").read_text()
BLOCKS = dict(re.findall(r"^```hcl\n# (\S+\.tf)\b.*\n((?:.*\n)*?)```$", PAGE, re.MULTILINE))
CONFIGURATION = """
variable "api_url" { type = string }
variable "token" { sensitive = true }

module "telegram_bot" {
  source             = "./module"
  name               = "watched"
  source_dir         = "BOT"
  telegram_api_url   = var.api_url
  telegram_bot_token = var.token
EXTENSION}
"""


def test_the_log_goes_elsewhere_too_and_an_extension_has_its_rights(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    """MiniStack takes layers of others for granted, and runs none."""
    main = CONFIGURATION.replace("EXTENSION", BLOCKS["main.tf"])
    text = "".join([main, BLOCKS["log.tf"], BLOCKS["insights.tf"]])
    text = text.replace('"BOT"', json.dumps(str(BOT.parent)))
    text = text.replace("eu-central-1", REGION).replace("123456789012", "000000000000")
    functions, iam = client(aws, "lambda"), client(aws, "iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="forwarder", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    functions.create_function(
        FunctionName="log-forwarder",
        Runtime="python3.13",
        Handler="none.at_all",
        Role=role,
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},  # an empty zip
    )
    module = deploy("watched", configuration=text, api_url=telegram.url, token=TOKEN)
    assert answer_to(telegram, "hello") == "Heard: hello"
    assert module.is_up_to_date()
    configuration = functions.get_function_configuration(FunctionName="watched")
    assert [layer["Arn"].split(":")[-2] for layer in configuration["Layers"]] == [
        "LambdaInsightsExtension-Arm64"
    ]
    attached = iam.list_attached_role_policies(RoleName="watched")
    [policy] = attached["AttachedPolicies"]
    assert policy["PolicyName"] == "CloudWatchLambdaInsightsExecutionRolePolicy"
    [sent] = client(aws, "logs").describe_subscription_filters(logGroupName="/aws/lambda/watched")[
        "subscriptionFilters"
    ]
    assert sent["filterPattern"] == '{ $.level = "ERROR" }'
    # Another extension is another version, which is checked; without one, nothing is left of it.
    before = functions.get_alias(FunctionName="watched", Name="live")["FunctionVersion"]
    (module.root / "main.tf").write_text(re.sub(r"  layers +=.*\n", "", text))
    module.apply()
    alias = functions.get_alias(FunctionName="watched", Name="live")
    assert alias["FunctionVersion"] > before
    assert not functions.get_function_configuration(FunctionName="watched").get("Layers")
    assert module.is_up_to_date()
    module.destroy()
    functions.delete_function(FunctionName="log-forwarder")
    iam.delete_role(RoleName="forwarder")
