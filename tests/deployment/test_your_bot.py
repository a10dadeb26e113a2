"""The module with an author's bot: from a folder, by a configuration that calls it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from emulators.aws import Emulator
from emulators.telegram import Telegram

from tests.support.deployment import Deploy, Deployment, answer_to, client
from tests.support.telegram import OTHER_TOKEN, TOKEN

BOT = """
import json, os
from pathlib import Path
from names import NAME

TEXTS = json.loads(Path(__file__).with_name("texts.json").read_text())

def reply(update):
    chat = update["message"]["chat"]["id"]
    text = f"{TEXTS['hello']} from {NAME} at {os.environ['TABLE']}"
    return [{"method": "sendMessage", "chat_id": chat, "text": text}]

HANDLED = {"message": reply}
"""

Write = Callable[[str, dict[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into a folder that a shell would stumble over, and return it."""

    def write(folder: str, files: dict[str, str]) -> Path:
        path = tmp_path / 'a `touch bots` & $HOME\'s "folder"' / folder
        for name, text in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return path

    return write


def test_a_bot_in_a_folder_is_deployed_and_so_is_a_change_of_its_data(
    deploy: Deploy, telegram: Telegram, write: Write, aws: Emulator, tmp_path: Path
) -> None:
    texts = {"texts.json": '{"hello": "Hello"}', "names/__init__.py": 'NAME = "Ada"'}
    bot = write("bot", {"bot.py": BOT, **texts})
    module = deploy(
        "folder",
        source_dir=str(bot),
        environment={"TABLE": "votes"},
        policy=json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}),
        timeout=7,
    )
    assert answer_to(telegram, "x") == "Hello from Ada at votes"
    assert telegram.webhook["allowed_updates"] == ["message"]
    configuration = client(aws, "lambda").get_function_configuration(FunctionName="folder")
    assert configuration["Timeout"] == 7
    policy = client(aws, "iam").get_role_policy(RoleName="folder", PolicyName="folder")
    assert policy["PolicyDocument"]["Statement"][-1]["Action"] == "s3:*"
    write("bot", {"texts.json": '{"hello": "Good day"}'})
    module.apply()
    assert answer_to(telegram, "x") == "Good day from Ada at votes"
    plan = module.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
    assert plan.returncode == 0, plan.stdout
    assert list(tmp_path.rglob("bots")) == [], "no shell read the path"


ROOT_MODULE = """
variable "api_url" {}
variable "token" { sensitive = true }

resource "terraform_data" "table" {
  input = "votes"
}

module "bot" {
  source             = "./module"
  telegram_bot_token = var.token
  telegram_api_url   = var.api_url
  name               = "caller"
  environment        = { TABLE = terraform_data.table.output, KEY = sensitive("kept to itself") }
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:*", Resource = terraform_data.table.output }]
  })
}

output "role" {
  value = module.bot.role_name
}
"""


@pytest.fixture
def caller(aws: Emulator, tmp_path: Path) -> Iterator[Callable[..., Deployment]]:
    """Return a configuration that calls the module beside it; at the end it is destroyed."""
    opened = contextlib.ExitStack()

    def caller(configuration: str, **variables: Any) -> Deployment:
        root = tmp_path / "caller"
        module = opened.enter_context(Deployment(aws.url, root / "module", **variables))
        module.root = root
        (root / "main.tf").write_text(configuration)
        for lock in module.folder.glob(".terraform.lock.hcl"):  # Terraform reads only the root's
            lock.rename(root / lock.name)
        module.init()
        return module

    with opened:
        yield caller


def test_a_policy_and_an_environment_of_what_is_made_in_the_same_apply(
    caller: Callable[..., Deployment], telegram: Telegram, aws: Emulator
) -> None:
    module = caller(ROOT_MODULE, api_url=telegram.url, token=TOKEN)
    assert "kept to itself" not in module.terraform("plan", "-no-color").stdout
    module.apply()
    assert module.outputs() == {"role": "caller"}
    policy = client(aws, "iam").get_role_policy(RoleName="caller", PolicyName="caller")
    assert policy["PolicyDocument"]["Statement"][-1]["Resource"] == "votes"
    configuration = client(aws, "lambda").get_function_configuration(FunctionName="caller")
    assert configuration["Environment"]["Variables"]["KEY"] == "kept to itself"
    assert configuration["Environment"]["Variables"]["TABLE"] == "votes"
    assert answer_to(telegram, "hello") == "Heard: hello"
    plan = module.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
    assert plan.returncode == 0, plan.stdout


NO_BOT = "must have a bot.py: {folder} has none."
OWN_NAME = (
    "must have no handler.py and no botkit/, since the module adds its own: {folder} has one."
)
SECRETS = (
    "must have no *.tf, *.tfvars or *.tfstate at its top, since all of it is packed, secrets too: "
)
SECRETS += "{folder} has one."
PIP = 'pip install --target "{folder}" -r "{folder}/requirements.txt" --platform '
PIP += "manylinux2014_aarch64 --python-version 3.13 --only-binary=:all:"
REFUSED = {
    "none": ({"main.py": ""}, NO_BOT),
    "handler": ({"handler.py": ""}, OWN_NAME),
    "botkit": ({"botkit/x.json": ""}, OWN_NAME),
    "tf": ({"main.tf": ""}, SECRETS),
    "json": ({"main.tf.json": ""}, SECRETS),
    "vars": ({"x.auto.tfvars": ""}, SECRETS),
    "state": ({"terraform.tfstate.backup": ""}, SECRETS),
    "pip": ({"requirements.txt": "# what it needs\n\n  qrcode==8\n"}, PIP),
}
TAKEN = {
    "installed": {"requirements.txt": "qrcode==8\n", "qrcode-8.dist-info/METADATA": ""},
    "nothing": {"requirements.txt": "# nothing\n"},
    "deeper": {"data/main.tf": "", "data/handler.py": "", "handler.json": ""},
}


def test_a_folder_that_is_no_bots_is_refused_at_plan(
    caller: Callable[..., Deployment], write: Write
) -> None:
    contents = {**{name: files for name, (files, _) in REFUSED.items()}, **TAKEN}
    folders = {
        name: write(name, files if name == "none" else {"bot.py": BOT, **files})
        for name, files in contents.items()
    }
    blocks = [
        f'module "{name}" {{\n  source = "./module"\n  name = "{name}"\n'
        f'  telegram_bot_token = "{TOKEN}"\n  source_dir = {hcl(folder)}\n}}\n'
        for name, folder in folders.items()
    ]
    module = caller("".join(blocks))
    failed = module.terraform("plan", "-json", check=False)
    assert failed.returncode == 1
    lines = map(json.loads, failed.stdout.splitlines())
    said = [line["diagnostic"]["detail"] for line in lines if line["type"] == "diagnostic"]
    for name, (_, expected) in REFUSED.items():
        sentence = expected.format(folder=folders[name])
        assert [sentence in each for each in said].count(True) == 1, name
    assert len(said) == len(REFUSED)


def hcl(path: Path) -> str:
    """Return a path as a string of Terraform's."""
    return json.dumps(str(path)).replace("${", "$${")


def test_a_url_with_a_password_is_refused_and_not_shown(deploy: Deploy) -> None:
    module = deploy("url", apply=False, telegram_api_url="https://bot:planted-password@host")
    failed = module.apply(check=False)
    assert failed.returncode == 1
    assert "must begin with https:// or http:// and name a host" in " ".join(failed.stderr.split())
    assert "planted-password" not in failed.stdout + failed.stderr


def test_a_function_deleted_by_hand_is_made_again_by_an_apply(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    module = deploy("function")
    client(aws, "lambda").delete_function(FunctionName="function")
    module.variables |= {"max_connections": 7}
    module.apply()
    assert answer_to(telegram, "hello") == "Heard: hello"
    assert telegram.webhook["max_connections"] == 7
    # The API too, and with it the webhook's URL.
    client(aws, "lambda").delete_function(FunctionName="function")
    [api] = [
        api["ApiId"]
        for api in client(aws, "apigatewayv2").get_apis()["Items"]
        if api["Name"] == "function"
    ]
    client(aws, "apigatewayv2").delete_api(ApiId=api)
    module.apply()
    assert telegram.webhook["url"] == module.outputs()["webhook_url"]
    assert answer_to(telegram, "again") == "Heard: again"
    # A destroy can't do without the function, unless the webhook may stay.
    client(aws, "lambda").delete_function(FunctionName="function")
    failed = module.destroy(check=False)
    assert failed.returncode == 1
    assert re.search("(?s)Invoke.* 404", failed.stderr)
    module.terraform("state", "rm", "aws_lambda_invocation.deregister_webhook")
    module.destroy()
    assert telegram.webhook["url"] != ""


def test_a_role_deleted_by_hand_is_made_again_with_its_function(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    module = deploy("role")
    iam = client(aws, "iam")
    before = client(aws, "lambda").get_function_configuration(FunctionName="role")["RevisionId"]
    iam.delete_role_policy(RoleName="role", PolicyName="role")
    iam.delete_role(RoleName="role")
    for package in (module.folder / ".build").iterdir():
        package.unlink()  # as in a clone that made none
    module.apply()
    after = client(aws, "lambda").get_function_configuration(FunctionName="role")["RevisionId"]
    assert after != before
    assert iam.get_role(RoleName="role")["Role"]["RoleName"] == "role"
    assert answer_to(telegram, "hello") == "Heard: hello"


def test_no_apply_takes_the_webhook_away(deploy: Deploy, telegram: Telegram) -> None:
    module = deploy("stays")
    for variables in (
        {"max_connections": 7},
        {"runtime": "python3.12"},
        {"reply_mode": "webhook", "timeout": 5},
    ):
        module.variables |= variables
        module.apply()
    telegram.revoke(OTHER_TOKEN)
    module.variables["telegram_bot_token"] = OTHER_TOKEN
    module.apply()
    module.apply("-replace=terraform_data.webhook_secret")
    module.apply("-replace=aws_lambda_function.this")
    assert answer_to(telegram, "hello") == "Heard: hello"
    # One that is refused leaves it, too.
    module.variables["telegram_bot_token"] = TOKEN
    assert module.apply(check=False).returncode == 1
    assert "deleteWebhook" not in [call.method for call in telegram.calls]
    module.variables["telegram_bot_token"] = OTHER_TOKEN
    module.apply()
    module.destroy()
    assert [call.method for call in telegram.calls].count("deleteWebhook") == 1


def test_a_bot_that_another_takes_the_place_of_loses_its_webhook(
    deploy: Deploy, telegram: Telegram
) -> None:
    another = TOKEN.replace("1234567890", "987654321")
    module = deploy("swap")
    other = telegram.add_bot(another)
    module.variables["telegram_bot_token"] = another
    module.apply()
    methods = [call.method for call in telegram.calls]
    assert methods[-5:] == [
        *("getWebhookInfo", "deleteWebhook"),
        *("setMyCommands", "setWebhook", "getWebhookInfo"),
    ]
    assert [call.bot for call in telegram.calls[-5:]] == [telegram.bot.id] * 2 + [other.id] * 3
    assert telegram.webhook["url"] == ""
    assert other.outbox.info["url"] == module.outputs()["webhook_url"]
