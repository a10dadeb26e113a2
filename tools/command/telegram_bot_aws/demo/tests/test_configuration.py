"""scripts/demo: an author's own configuration, applied in a copy, with all of its bots."""

import json
import re
from types import SimpleNamespace

import pytest
import requirements

from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.configuration import TOKENS, Block, blocks, copy, is_the_module
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import (
    Script,
    contents,
    copy_of_the_bot,
    copy_of_the_project,
    nothing_is_left,
)
from tests.support.stubs import BOT

# A user's configuration may have an installed module, a backend, accounts, variables, two bots.
MAIN = """
terraform {
  cloud {
    organization = "example"
    workspaces { name = "production" }
  }
}

variable "token" { sensitive = true }

variable "word" {}

provider "aws" {
  alias               = "production"
  region              = "eu-central-1"
  profile             = "production"
  allowed_account_ids = ["210987654321"]
  assume_role { role_arn = "arn:aws:iam::210987654321:role/deploy" }
}

check "tea" {
  assert {
    condition     = var.word == "tea"
    error_message = "The word isn't tea."
  }
}

module "bots" {
  source    = "example/telegram-bot/aws"
  version   = "~> 1.0" # of the registry
  for_each  = toset(["parrot", "teller"])
  providers = { aws = aws.production }

  name               = each.key
  source_dir         = "${path.module}/../${each.key}"
  telegram_bot_token = var.token
  runtime            = "python3.12"
  environment        = { WORD = var.word }
}
"""
TELLER = """
import logging, os, sys
from botkit import aws

def reply(update):
    logging.getLogger().warning("heard")
    key = {"Name": "/teller/key", "WithDecryption": True}
    key = aws.call("ssm", "AmazonSSM.GetParameter", key)["Parameter"]["Value"]
    text = f"{os.environ['WORD']} {key} by 3.{sys.version_info.minor}"
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": text}]

ALLOWED_UPDATES = {"message": reply}
"""


@pytest.fixture
def user(tmp_path):
    """The folder of a user, in which Terraform has installed the module."""
    infra = tmp_path / "infra"
    copy_of_the_project(infra / ".terraform/modules/bots")
    (infra / "main.tf").write_text(MAIN)
    (infra / "terraform.tfstate").write_text("not JSON")
    (infra / "terraform.tfvars").write_text('token = "the-real-one"\n')
    copy_of_the_bot(tmp_path / "parrot")
    (copy_of_the_bot(tmp_path / "teller") / "bot.py").write_text(TELLER)
    return infra


@pytest.mark.slow
@pytest.mark.usefixtures("quick_terraform")
def test_a_user_tries_two_bots(user, tmp_path, temporary):
    before = contents(tmp_path)
    (tmp_path / "variables").write_text('TF_VAR_word=milk\n/teller/key="is secret"\n')
    arguments = (str(user), "--env-file", str(tmp_path / "variables"))
    module = user / ".terraform/modules/bots"
    arguments = (*arguments, "--send", "hello")
    variables = {"AWS_PROFILE": "production", "TMPDIR": str(temporary)}
    with Script(module, "demo", *arguments, **variables) as demo:
        assert demo.end(within=200) == 0, demo.output
    here = requirements.runs_on("python3.12").removeprefix("python")
    assert ("the demo on" in demo.output) == (here != "3.12")
    assert "\nTerraform warns: The word isn't tea.\n" in demo.output
    lines = [re.sub(r" … [\d.]+ s$", "", line) for line in demo.output.splitlines()]
    assert lines[-6:] == [
        '"hello" delivered to parrot',
        "Heard: hello",
        '"hello" delivered to teller',
        "WARNING: heard",
        f"milk is secret by {here}",
        "terraform destroy",
    ]
    (tmp_path / "variables").unlink()
    assert contents(tmp_path) == before
    nothing_is_left(temporary)


TELEGRAM = SimpleNamespace(url="http://127.0.0.1:9", add_bot=print)
SOURCE = f'source = "{ROOT}"'
NEEDY = """
import os
SESSION = os.environ["KIND"]
ALLOWED_UPDATES = ["message"]
def reply(update, session): ...
"""


def bots_before_the_apply(folder, main):
    """Return the bots of a configuration, and its deployment. No emulated AWS is needed yet."""
    own = folder / "mine"
    (own / "bot").mkdir(parents=True)
    (own / "bot/bot.py").write_text(NEEDY)
    (own / "main.tf").write_text(main)
    deployment = AwsDeployment(TELEGRAM, BOT.parent, {}, own)
    deployment.prepare(folder / "copy", "http://127.0.0.1:9")
    deployment.check_bots()
    return deployment.bots


@pytest.mark.slow
@pytest.mark.parametrize(
    ("main", "sentence"),
    [
        ('module "a" {\n  source = "./elsewhere"\n}\n', 'The sources there: "./elsewhere"'),
        ("", "The sources there: none"),
        ('module "a" {\n', "main.tf can't be read: line 2 isn't valid HCL"),
        (
            f'variable "size" {{}}\nmodule "a" {{\n  {SOURCE}\n}}\n',
            "the configuration needs a value for size",
        ),
        (
            'resource "terraform_data" "x" {}\n'
            f'module "a" {{\n  {SOURCE}\n  for_each = toset([terraform_data.x.id])\n}}\n',
            "Error: Invalid for_each argument\n\n  on main.tf line 4",
        ),
        (f'module "a" {{\n  {SOURCE}\n  memory_size = "big"\n}}\n', "on main.tf line 3, in module"),
        (
            f'module "a" {{\n  {SOURCE}\n  version = "1.0"\n  telegram_bot_token = (\n"x"\n)\n'
            '  naem = "tea"\n}\n',
            'on main.tf line 7, in module "a":\n   7:   naem = "tea"',
        ),
        (
            f'module "a" {{\n  {SOURCE}\n  queue = true\n  source_dir = "bot"\n'
            '  environment = local.own\n}\nlocals {\n  own = { KIND = "chat" }\n}\n',
            "module.a: SESSION in bot.py needs a table: set session_retention_in_days",
        ),
    ],
    ids=["no call", "empty", "no HCL", "variable", "unknown", "type", "misspelt", "inputs"],
)
@pytest.mark.usefixtures("quick_terraform")
def test_a_configuration_that_cannot_be_applied_is_explained(tmp_path, main, sentence):
    with pytest.raises(ToolError) as told:
        bots_before_the_apply(tmp_path, main)
    assert sentence in str(told.value).replace("│ ", "")


def test_bot_is_checked_before_the_apply_without_its_variables(tmp_path):
    deployment = AwsDeployment(TELEGRAM, tmp_path, {}, tmp_path)
    (tmp_path / "bot.py").write_text("import os\nos.environ['ONLY_IN_MAIN_TF']")
    deployment.check_bots()
    for source, error in (
        ("def reply(update): ...", "bot.py must have ALLOWED_UPDATES"),
        ("import no_such_package", "ModuleNotFoundError"),
        ("def reply(", "SyntaxError"),
    ):
        (tmp_path / "bot.py").write_text(source)
        with pytest.raises(ToolError, match=error):
            deployment.check_bots()


@pytest.mark.slow
@pytest.mark.usefixtures("quick_terraform")
def test_instances_have_tokens_and_runtimes_of_their_own(tmp_path):
    """Packages are installed for the runtime, and before the apply, in which it is evaluated."""
    runtimes = '{ a = "python3.12", b = null }'
    one = f"{SOURCE}\n  for_each = {runtimes}\n  runtime = each.value\n"
    bots = bots_before_the_apply(
        tmp_path, f'module "bots" {{\n  {one}}}\nmodule "two" {{\n  {SOURCE}\n  count = 2\n}}\n'
    )
    assert [bot.runtime for bot in bots] == ["python3.12", *["python3.13"] * 3]
    tokens = json.loads((tmp_path / "copy/configuration/mine" / TOKENS).read_text())
    a, b, first, second = (bot.token for bot in bots)
    expected = {"bots": {"a": a, "b": b}, "two": {"0": first, "1": second}}
    assert tokens["locals"]["demo_tokens"] == expected
    assert len({a, b, first, second}) == 4


CALL = 'module "bot" {\n  source = "../.."\n  version = "1.0"\n}\n'


def test_only_what_terraform_reads_is_read_and_copied_without_values(tmp_path):
    mine = tmp_path / "mine"
    (mine / "x.tf").mkdir(parents=True)
    for name in ("prod.auto.tfvars", "a.tfvars.json", "terraform.tfstate", "x.tfstate.backup"):
        (mine / name).touch()
    (mine / "main.tf").write_text(CALL)
    (mine / ".#main.tf").symlink_to("somebody@host.1")  # as Emacs locks a file
    (mine / ".old.tf").write_text('module "old" {')
    assert [block.labels for block in blocks(mine)] == [["bot"]]
    copied = {file.name for file in copy(mine, tmp_path / "copy").iterdir()}
    assert copied == {"main.tf", ".old.tf", "x.tf"}
    (mine / "main.tf").write_text("# größe\n", "latin-1")
    with pytest.raises(ToolError, match="main.tf can't be read: save it as UTF-8"):
        blocks(mine)


def test_blocks_are_read_as_terraform_reads_them(tmp_path):
    """A byte order mark, letters beyond ASCII in identifiers, and heredocs are left out."""
    own = '  größe = var.größe\n  名前-1 = "名前"\n  x = <<-ENDE\n    ${~ größe ~}\n  ENDE\n'
    text = f"locals {{\n{own}}}\n{CALL}"
    (tmp_path / "main.tf").write_text(f"\ufeff{text}", "utf-8")
    _, block = blocks(tmp_path)
    assert (block.labels, block.arguments) == (["bot"], {"source": '"../.."', "version": '"1.0"'})
    [(start, end)] = [place for name, *place in block.places if name == "version"]
    assert text[start:end] == 'version = "1.0"'


@pytest.mark.parametrize(
    ("source", "ours"),
    [
        ("example/telegram-bot/aws", True),
        ("git::https://example.org/terraform-aws-telegram-bot.git?ref=v1.0.0", True),
        ("github.com/example/terraform-aws-telegram-bot", True),
        (str(ROOT), True),
        (f"git::file://{ROOT}?ref=main&depth=1", True),
        (f"git::file://{str(ROOT).replace('o', '%6F')}", True),
        ("github.com/example/my-terraform-aws-telegram-bots", False),
        ("./telegram-bot/aws", False),
    ],
)
def test_a_call_is_known_by_its_source(tmp_path, source, ours):
    block = Block(tmp_path / "main.tf", "module", ["bot"], {"source": json.dumps(source)})
    assert is_the_module(block) is ours
