"""The examples' READMEs show what scripts/demo prints. No AWS: a server plays what a bot asks."""

import itertools
import json
import re
import shlex

import pytest
from telegram_stand_in import ADA

from telegram_bot_aws.demo import demo, script
from telegram_bot_aws.local import container
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.starter import new
from tests.support.programs import MAX_SECONDS, run

# A file with variables, a command that uses it, and what that prints, from the first message on.
SHOWN = re.compile(
    r"```sh\n(?:echo (?P<variables>\S+) >\S+\n)?"
    r"(?P<command>(?:[A-Z_]+=\S+ )?scripts/demo [^`]*--send [^`]*?)\n```\n\n"
    r"```text\n…\n(?P<lines>[^`]*)```\n"
)
ACTS = ("--as", "--chat", "--send")
# Parts that differ each time.
SECONDS = re.compile(r" … \d+\.\d s$")
TIME = re.compile(r"\b[A-Z][a-z]{2} \d{2} [A-Z][a-z]{2} \d{4}(?: at)? \d{2}:\d{2}\b")
QUEUE = "answered by way of the queue"  # only where there is one

VARIABLES = {  # what a configuration adds to its bot's environment
    "newsletter": {"OWNER_ID": str(ADA["id"]), "TABLE": "newsletter-bot"},
}


def same(lines):
    """Return what is the same each time."""
    return [
        TIME.sub("TIME", SECONDS.sub("", line))
        for line in lines.splitlines()
        if not line.startswith(QUEUE)
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


def environment(example, file, url):
    """Return a bot's variables: its configuration's, those in the file that is shown, and AWS's."""
    variables = dict(VARIABLES.get(example, {}))
    if file and not file.startswith("TF_VAR_"):
        name, _, value = file.partition("=")
        variables[name] = value
    if example == "assistant":
        variables |= {"MODEL": "a-model", "MODEL_URL": f"{url}/v1/chat/completions"}
    if example == "newsletter":
        variables |= {"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": url}
        variables |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return variables


@pytest.mark.slow
@pytest.mark.parametrize("example", new.examples())
def test_a_readme_shows_what_the_demo_prints(example, httpserver, tmp_path, monkeypatch):
    """The command runs without Terraform, even if the one that is shown does not."""
    shown = SHOWN.search((ROOT / "examples" / example / "README.md").read_text())
    assert shown, "there must be a shell block with scripts/demo --send, and a text block after it"
    words = shlex.split(shown["command"].replace("\\\n", " "))
    acts = list(itertools.dropwhile(lambda word: word not in ACTS, words))
    variables = environment(example, shown["variables"], httpserver.url_for("").rstrip("/"))
    (tmp_path / "bot.env").write_text("".join(f"{n}={v}\n" for n, v in variables.items()))
    for each in ANSWERS if example == "assistant" else ():
        httpserver.expect_ordered_request("/v1/chat/completions").respond_with_data(each)
    httpserver.expect_request("/").respond_with_json({})  # a table
    # On a busy machine, aiogram takes longer to import than Lambda allows.
    monkeypatch.setattr(container, "INIT_TIMEOUT", MAX_SECONDS)
    monkeypatch.setattr(script, "PATIENCE_SECONDS", MAX_SECONDS)
    monkeypatch.chdir(ROOT)
    where = ("--direct", f"examples/{example}", "--env-file", f"{tmp_path}/bot.env")
    ran = run(demo.main, *where, *acts)
    printed = same(ran.output)
    first = next((n for n, line in enumerate(printed) if '" delivered' in line), 0)
    assert (ran.code, printed[first:]) == (0, same(shown["lines"])), ran.output
