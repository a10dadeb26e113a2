"""The commands that the pages show exist, and take the flags that are shown."""

import functools
import re
import shlex
import subprocess
import sys

import botocore.session
import pytest
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.local.terraform import terraform_command

from tests.support.needs import needs_terraform
from tests.support.reader import printed

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")])
NOT_OURS = ". cd curl echo export git sed sh unset".split()


def commands(page):
    """Return the commands of a page's shell blocks and sentences, each as its words."""
    found = []
    for line in printed(page):
        for part in line.split("&&"):
            words = shlex.split(part, comments=True)
            while words and re.fullmatch(r"[A-Z_a-z]+=.*", words[0]):
                words.pop(0)
            if words and words[0] not in NOT_OURS:
                found.append(words)
    return found


@functools.cache
def help_of(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    return result.stdout + result.stderr


def flags(words):
    """Return a command's flags, without their values."""
    return [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]


def operation(command):
    return "".join(part.title() for part in command.split("-"))


def known(words):
    """Return what a command says about its flags. Raises LookupError for an unknown command."""
    program, *rest = words
    if "scripts/" in program:
        script = ROOT / "scripts" / program.partition("scripts/")[2]
        if script.exists():
            subcommand = rest[:1] if script.name == "dev" else []
            return help_of(str(script), *subcommand, "--help") + " --help"
    elif re.fullmatch(r"(\.venv/bin/)?python(3(\.13)?)?", program):
        module, *rest = rest[1:]
        return help_of(sys.executable, "-m", module, *rest[: module == "pip"], "--help")
    elif program == "uvx":
        subcommand = rest[rest.index("telegram-bot-aws") + 1]
        return help_of(str(ROOT / "scripts" / subcommand), "--help") + "--from"
    elif program == "terraform":
        needs_terraform()
        deepest = rest[:2] if rest[0] == "state" else rest[:1]
        text = help_of(*terraform_command(), *deepest, "-help")
        return text + (help_of(*terraform_command(), "plan", "-help") if rest[0] == "apply" else "")
    elif program == "aws":
        service = botocore.session.get_session().get_service_model(rest[0].removesuffix("api"))
        members = service.operation_model(operation(rest[1])).input_shape.members
        own = ["--" + re.sub("([A-Z])", r"-\1", name).lower().lstrip("-") for name in members]
        of_every_command = ["--cli-binary-format", "--output", "--query"]
        return " ".join([*own, *of_every_command])
    raise LookupError(f"no such command: {shlex.join(words)}")


@pytest.mark.slow
def test_commands_take_the_flags_shown():
    for words in (words for page in PAGES for words in commands(page)):
        text = known(words)
        for flag in flags([word for word in words if word != "-m"]):  # Python's own
            assert re.search(rf"(?<![\w-]){flag}\b", text), f"{shlex.join(words)}: {flag}"


def test_operator_policy_covers_each_command():
    docs = ROOT / "docs"
    told = "".join(path.read_text() for path in docs.glob("*-policy.json"))
    pages = [*docs.glob("*.md"), *docs.glob("how-to/*.md")]
    shown = [words for page in pages for words in commands(page) if words[0] == "aws"]
    used = {f"{words[1]}:{operation(words[2])}" for words in shown}
    assert len(used) > 20
    needed = used - {"sts:GetCallerIdentity"}  # which everybody may
    assert {action for action in needed if action not in told} == set()
