"""The examples' READMEs show what scripts/demo prints. No AWS: a server plays what a bot asks."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import struct
from binascii import crc32
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from telegram_stand_in import ADA, Json
from werkzeug import Response

from telegram_bot_aws.demo import demo, local_deployment, script
from telegram_bot_aws.local import container
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.starter import new
from tests.support.programs import LONGEST, run

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

ASK_AWS = ("assistant", "newsletter")
VARIABLES = {  # what a configuration adds to its bot's environment
    "assistant": {"MODEL": "a-model", "QUESTIONS": "50"},
    "newsletter": {"OWNER_ID": str(ADA["id"]), "TABLE": "newsletter-bot"},
}


def same(lines: str) -> list[str]:
    """Return what is the same each time."""
    return [
        TIME.sub("TIME", SECONDS.sub("", line))
        for line in lines.splitlines()
        if not line.startswith(QUEUE)
    ]


def message(kind: str, payload: Json) -> bytes:
    """Return a message of an event stream."""
    headers = b""
    for name, value in ((":message-type", "event"), (":event-type", kind)):
        headers += bytes([len(name)]) + name.encode() + b"\7" + struct.pack(">H", len(value))
        headers += value.encode()
    data = json.dumps(payload).encode()
    start = struct.pack(">II", 16 + len(headers) + len(data), len(headers))
    whole = start + struct.pack(">I", crc32(start)) + headers + data
    return whole + struct.pack(">I", crc32(whole))


def stream(events: list[Json]) -> Response:
    """Return what Bedrock answers when the model has said this."""
    reason = "tool_use" if "toolUse" in json.dumps(events) else "end_turn"
    whole = [*events, {"messageStop": {"stopReason": reason}}]
    body = b"".join(message(*event) for each in whole for event in each.items())
    return Response(body, content_type="application/vnd.amazon.eventstream")


def says(text: str) -> Json:
    return {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": text}}}


def uses(tool: str, **arguments: object) -> list[Json]:
    """Return the events by which a model asks for a tool."""
    place = {"contentBlockIndex": 1}
    use = {"toolUse": {"toolUseId": tool, "name": tool}}
    delta = {"toolUse": {"input": json.dumps(arguments)}}
    return [
        {"contentBlockStart": {**place, "start": use}},
        {"contentBlockDelta": {**place, "delta": delta}},
    ]


ROUNDS = {  # what the model says, each time that it is asked
    "assistant": [
        [says("An address to which a service "), says("**posts its news**.")],
        [says("Telegram, once for each update.")],
    ],
}


def environment(example: str, file: str | None, url: str) -> Json:
    """Return a bot's variables: its configuration's, those in the file that is shown, and AWS's."""
    variables = dict(VARIABLES.get(example, {}))
    if file and not file.startswith("TF_VAR_"):
        name, _, value = file.partition("=")
        variables[name] = value
    if example in ASK_AWS:
        variables |= {"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": url}
        variables |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return variables


@pytest.mark.slow
@pytest.mark.parametrize("example", new.examples())
def test_a_readme_shows_what_the_demo_prints(
    example: str, httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command runs without Terraform, even if the one that is shown does not."""
    shown = SHOWN.search((ROOT / "examples" / example / "README.md").read_text())
    assert shown, "there must be a shell block with scripts/demo --send, and a text block after it"
    words = shlex.split(shown["command"].replace("\\\n", " "))
    acts = list(itertools.dropwhile(lambda word: word not in ACTS, words))
    variables = environment(example, shown["variables"], httpserver.url_for("").rstrip("/"))
    (tmp_path / "bot.env").write_text("".join(f"{n}={v}\n" for n, v in variables.items()))
    rounds = iter(ROUNDS.get(example, []))
    model = httpserver.expect_request(re.compile("/model/"))
    model.respond_with_handler(lambda request: stream(next(rounds)))
    httpserver.expect_request("/").respond_with_json({})  # a table
    # On a busy machine, aiogram takes longer to import than Lambda allows.
    monkeypatch.setattr(container, "INIT_TIMEOUT", LONGEST)
    monkeypatch.setattr(local_deployment, "TIMEOUT", LONGEST)
    monkeypatch.setattr(script, "PATIENCE", LONGEST)
    monkeypatch.chdir(ROOT)
    where = ("--direct", "--bot", f"examples/{example}/bot", "--env-file", f"{tmp_path}/bot.env")
    ran = run(demo.main, *where, *acts)
    printed = same(ran.output)
    first = next((n for n, line in enumerate(printed) if '" delivered' in line), 0)
    assert (ran.code, printed[first:]) == (0, same(shown["lines"])), ran.output
