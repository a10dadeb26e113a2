"""Inputs that a plan refuses, before anything is made."""

import json
from collections import Counter

from tests.support.deployment import Deployment
from tests.support.telegram import TOKEN

# Files that a bot's folder must not contain, and one that it may.
FILES = {
    "tf": "main.tf",
    "json": "main.tf.json",
    "vars": "x.auto.tfvars",
    "state": "terraform.tfstate.backup",
    "deeper": "data/main.tf",
}
SECRETS = (
    "must not contain *.tf, *.tfvars or *.tfstate files at its top level, since secrets in them "
    "would be packed: {} has one."
)
# Inputs that are refused, and the messages.
INPUTS = {
    "no-bot": ({"source_dir": "nowhere"}, ["must contain a bot.py: "]),
    "no-page": (
        {"mini_app": "Open"},
        ["must contain the page app/index.html, and app/ must not be a Python package"],
    ),
    "slip": ({"telegram_bot_token": "not-a-token"}, ["must be the token from @BotFather"]),
    "no-token": ({"telegram_bot_token": None}, ["Set exactly one of"]),
    "two-tokens": ({"telegram_bot_token_parameter": "/bots/echo"}, ["Set exactly one of"]),
}


def test_plan_refuses_invalid_inputs(aws, providers, tmp_path):
    """All calls are in one configuration."""
    calls = {}
    expected = []
    for name, file in FILES.items():
        folder = tmp_path / 'a `touch bots` & $HOME\'s "folder"' / name
        for each in ("bot.py", file):
            (folder / each).parent.mkdir(parents=True, exist_ok=True)
            (folder / each).write_text("")
        calls[name] = {"source_dir": str(folder)}
        if name != "deeper":
            expected.append(SECRETS.format(folder))
    for name, (inputs, sentences) in INPUTS.items():
        calls[name] = inputs
        expected += sentences
    configuration = ""
    for name, inputs in calls.items():
        values = {"name": name, "telegram_bot_token": TOKEN, **inputs}
        arguments = [f"  {each} = {json.dumps(value)}\n" for each, value in values.items()]
        text = "".join(arguments).replace("${", "$${")
        configuration += f'module "{name}" {{\n  source = "./module"\n{text}}}\n'
    with Deployment(providers, aws.url, tmp_path / "module", configuration=configuration) as module:
        failed = module.terraform("plan", "-json", check=False)
    assert failed.returncode == 1
    lines = map(json.loads, failed.stdout.splitlines())
    told = [line["diagnostic"] for line in lines if line["type"] == "diagnostic"]
    said = [each["detail"] for each in told if each["severity"] == "error"]
    for sentence, times in Counter(expected).items():
        assert [sentence in each for each in said].count(True) == times, sentence
    assert len(said) == len(expected)
