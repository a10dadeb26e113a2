"""The examples' READMEs show what scripts/demo prints, with --direct and on an emulated AWS."""

import json
import re
import shlex

import pytest

from telegram_bot_aws.demo import demo, script
from telegram_bot_aws.local import container
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.starter import new
from tests.support.programs import MAX_SECONDS, run

# A file with variables, a command that uses it, and what that prints, from the first message on.
SHOWN = re.compile(
    r"```sh\n(?:echo (?P<variables>\S+) >\S+\n)?"
    r"scripts/demo (?P<arguments>[^`]*--send [^`]*?)\n```\n\n"
    r"```text\n…\n(?P<lines>[^`]*)```\n"
)
# Parts that differ each time.
SECONDS = re.compile(r" … \d+\.\d s$")
TIME = re.compile(r"\b[A-Z][a-z]{2} \d{2} [A-Z][a-z]{2} \d{4}(?: at)? \d{2}:\d{2}\b")
NOT_SHOWN = ("answered by way of the queue", "terraform destroy")


def same(lines):
    """Return what is the same each time."""
    return [
        TIME.sub("TIME", SECONDS.sub("", line))
        for line in lines.splitlines()
        if not line.startswith(NOT_SHOWN)
    ]


def answer(*deltas):
    """Return what the assistant's model answers: a stream of events."""
    choices = [{"delta": delta} for delta in deltas]
    choices.append({"delta": {}, "finish_reason": "stop"})
    return "".join(f"data: {json.dumps({'choices': [choice]})}\n\n" for choice in choices)


REMIND = {"function": {"arguments": json.dumps({"minutes": 20, "text": "tea"})}}
ANSWERS = (  # what the assistant's model says, each time that it is asked
    answer({"content": "An address to which a service "}, {"content": "**posts its news**."}),
    answer({"tool_calls": [REMIND]}),
)


@pytest.mark.slow
@pytest.mark.parametrize("example", new.examples())
@pytest.mark.usefixtures("quick_terraform")
def test_a_readme_shows_what_the_demo_prints(example, httpserver, tmp_path, monkeypatch):
    shown = SHOWN.search((ROOT / "examples" / example / "README.md").read_text())
    assert shown, "there must be a shell block with scripts/demo --send, and a text block after it"
    arguments = shlex.split(shown["arguments"].replace("\\\n", " "))
    variables = shown["variables"]
    if example == "assistant":
        variables = f"MODEL=a-model\nMODEL_URL={httpserver.url_for('/v1/chat/completions')}"
    for each in ANSWERS:
        httpserver.expect_ordered_request("/v1/chat/completions").respond_with_data(each)
    # On a busy machine, aiogram takes longer to import than Lambda allows.
    monkeypatch.setattr(container, "INIT_TIMEOUT", MAX_SECONDS)
    monkeypatch.setattr(script, "PATIENCE_SECONDS", MAX_SECONDS)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    if "--env-file" in arguments:
        (tmp_path / arguments[arguments.index("--env-file") + 1]).write_text(variables)
    ran = run(demo.main, *arguments)
    printed = same(ran.output)
    first = next((n for n, line in enumerate(printed) if '" delivered' in line), 0)
    assert (ran.code, printed[first:]) == (0, same(shown["lines"])), ran.output
