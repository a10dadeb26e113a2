"""docs/deploy.md#github-actions: what its two roles may do, and may not. IAM is enforced.

The emulated AWS can't check GitHub's tokens, so IAM users with the same policies replace the roles.
"""

import shutil

import pytest
from botocore.exceptions import ClientError
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.local.terraform import REGION
from telegram_bot_aws.starter import new

from tests.support.deployment import Deployment, answer_to, client, create_user
from tests.support.reader import SOURCE, blocks
from tests.support.stubs import BOT
from tests.support.telegram import TOKEN

# What scripts/new writes, and what the page adds to it.
WRITTEN = new.files(ROOT / "examples" / new.FIRST, "telegram-bot", new.UNKNOWN)["main.tf"].decode()
ADDED = blocks("deploy.md")["main.tf", "for GitHub Actions"]
BACKEND, _, IN_MODULE = ADDED.partition('module "telegram_bot" {\n  # …\n')
MAIN = BACKEND + WRITTEN.replace("\n}\n\noutput", f"\n{IN_MODULE}\noutput", 1)
# The emulator checks this action against "*", AWS against the function.
NAMELESS = {"Effect": "Allow", "Action": "lambda:CreateFunction", "Resource": "*"}
# The emulator never sets iam:PermissionsBoundary, so this statement would deny every role.
BOUNDARY = "NoRoleWithoutBoundary"


def user(aws, name, role, without=""):
    """Create an IAM user with a role's policy, maybe without a statement, and return its keys."""
    document = client(aws, "iam").get_role_policy(RoleName=f"telegram-bot-{role}", PolicyName=role)
    statements = document["PolicyDocument"]["Statement"]
    kept = [each for each in statements if each.get("Sid") != without]
    return create_user(aws, name, [*kept, NAMELESS] if without else kept)


@pytest.fixture
def roles(tmp_path):
    """The administrator's folder that the page describes."""
    folder = tmp_path / "roles"
    folder.mkdir()
    for name in ("ci/roles.tf", "deployer-policy.json"):
        shutil.copy(ROOT / "docs" / name, folder)
    return folder


@pytest.fixture
def repository(tmp_path, telegram):
    """The repository that the page describes, with the tests' bot and the stand-in for Telegram."""
    folder = tmp_path / "repository"
    (folder / "bot").mkdir(parents=True)
    shutil.copy(BOT, folder / "bot")
    text = SOURCE.sub('"./module"', MAIN).replace("eu-central-1", REGION)
    text = text.replace("123456789012", "000000000000")
    # The emulator has no host name per bucket.
    text = text.replace("encrypt      = true", "encrypt = true\n    use_path_style = true")
    (folder / "main.tf").write_text(text)
    override = f'module "telegram_bot" {{\n  telegram_api_url = "{telegram.url}"\n}}\n'
    (folder / "override.tf").write_text(override)
    return folder


def test_roles_plan_apply_and_destroy_within_the_boundary(
    roles, repository, providers, telegram, tmp_path
):
    with Emulator(auth=True, patient=True) as aws:
        admin = Deployment(providers, aws.url, tmp_path / "unused")
        admin.root = roles
        admin.init()
        admin.apply()
        boundary = admin.outputs()["permissions_boundary"]
        client(aws, "s3").create_bucket(Bucket="my-terraform-state")
        client(aws, "ssm").put_parameter(
            Name="/telegram-bot/token", Value=TOKEN, Type="SecureString"
        )
        module = Deployment(providers, aws.url, repository / "module")
        module.root = repository

        deployer = user(aws, "deployer", "apply")
        with pytest.raises(ClientError, match="with an explicit deny"):
            role = {"RoleName": "telegram-bot", "AssumeRolePolicyDocument": "{}"}
            client(aws, "iam", deployer).create_role(**role)
        with_boundary = user(aws, "deployer-with-boundary", "apply", without=BOUNDARY)
        module.become(with_boundary)
        module.init()
        module.apply()
        role = client(aws, "iam").get_role(RoleName="telegram-bot")["Role"]
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
        assert answer_to(telegram, "hello") == "Heard: hello"

        module.become(user(aws, "planner", "plan"))
        plan = module.terraform("plan", "-input=false", "-lock=false", "-no-color")
        assert "No changes." in plan.stdout
        changed = ("-lock=false", "-replace=module.telegram_bot.aws_apigatewayv2_stage.this")
        refused = module.refused(*changed)
        assert "is not authorized to perform: apigateway:DELETE" in refused

        module.become(with_boundary)
        module.destroy()
        assert telegram.webhook["url"] == ""
