"""Bots of frameworks: polled by the framework itself, and deployed, all in one apply."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from emulated_aws.emulator import Emulator
from local.project import ROOT
from telegram_stand_in import Fault, Server, Telegram

from tests.support.deployment import (
    Deployment,
    client,
    everything,
    start_new_container,
    texts,
    without_provider,
)
from tests.support.provider import Providers
from tests.support.telegram import TOKEN
from tests.support.transcript import BOTS, Step, play, polling, say, without_ids

EXAMPLES = ROOT / "examples/moved"
NAMES = ("aiogram", "ptb", "telebot")
PACKAGES = Path(pytest.__file__).parent.parent  # the tests' own, which saves an installation
MODULE = """
module "{name}" {{
  source = "./module"

  name                      = "{name}-bot"
  source_dir                = "{folder}"
  telegram_bot_token        = "{token}"
  telegram_api_url          = "{url}"
  session_retention_in_days = 1
  memory_size               = 512
  timeout                   = 25
}}
"""
# The examples, with the names of their bots.
MOVED = {"aiogram": "reading-list-bot", "ptb": "booking-bot", "telebot": "birthday-bot"}
CALL = 'module "moved-{0}" {{\n  source = "./module/examples/moved/{0}"\n}}\n'
OVERRIDE = 'module "telegram_bot" {{\n  telegram_api_url = "{0}"\n  timeout = 25\n}}\n'
FAULTS = {
    "429": Fault("refuse", 1, 429, "Too Many Requests: retry after 3", {"retry_after": 3}),
    "500": Fault("refuse", 1, 500, "Internal Server Error"),
    "lost": Fault("lost", 1),
}


@pytest.fixture(scope="module")
def deployed(
    aws: Emulator, providers: Providers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Telegram]]:
    """Apply all the bots and examples; at the end they are destroyed. Yields their Telegrams.

    An example is unchanged, except for the URL of its Telegram, its provider and its packages.
    """
    folder = tmp_path_factory.mktemp("frameworks")
    telegrams = {name: Telegram(TOKEN, pace=0.01) for name in (*NAMES, *MOVED.values())}
    with contextlib.ExitStack() as opened:
        configuration = ""
        for telegram in telegrams.values():
            opened.enter_context(Server(telegram))
        for name in NAMES:
            (folder / name).mkdir()
            write_bot(BOTS / name / "bot.py", folder / name)
            configuration += MODULE.format(
                name=name, folder=folder / name, token=TOKEN, url=telegrams[name].url
            )
        for name, bot in MOVED.items():
            example, copy = EXAMPLES / name, folder / "module/examples/moved" / name
            (copy / "bot").mkdir(parents=True)
            write_bot(example / "bot/bot.py", copy / "bot")
            (copy / "main.tf").write_text(without_provider(example / "main.tf"))
            (copy / "telegram_override.tf").write_text(OVERRIDE.format(telegrams[bot].url))
            parameter = {"Name": f"/{bot}/token", "Value": TOKEN, "Type": "SecureString"}
            client(aws, "ssm").put_parameter(**parameter)
            configuration += CALL.format(name)
        module = Deployment(providers, aws.url, folder / "module", configuration=configuration)
        module.apply()
        yield telegrams
        module.destroy()
        names = (*(f"{name}-bot" for name in NAMES), *MOVED.values())
        assert [thing for thing in everything(aws) for name in names if name in thing] == []


def write_bot(source: Path, folder: Path) -> None:
    """Write a bot.py that finds the tests' own packages."""
    text = f"import sys\nsys.path.append('{PACKAGES}')\n{source.read_text()}"
    (folder / "bot.py").write_text(text)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("aiogram", "What have you read?"),
        ("ptb", "Friday, for four"),
        ("telebot", "Grace: 9 December"),
    ],
)
def test_an_example_answers_as_its_readme_says(
    name: str, answer: str, deployed: dict[str, Telegram]
) -> None:
    [command] = re.findall(r"^scripts/demo .*", (EXAMPLES / name / "README.md").read_text(), re.M)
    words = shlex.split(command)
    said = [text for flag, text in pairwise(words) if flag == "--send"]
    telegram = deployed[MOVED[name]]
    for number, text in enumerate(said, 1):
        say(telegram, Step(text, ()))
        telegram.wait(partial(has_said, telegram, number))
    assert (len(said), texts(telegram)[-1]) == (4, answer)


def has_said(telegram: Telegram, count: int) -> bool:
    return len(texts(telegram)) == count


@pytest.mark.parametrize("framework", NAMES)
def test_a_deployed_bot_says_what_it_says_when_it_polls(
    framework: str, aws: Emulator, deployed: dict[str, Telegram], tmp_path: Path
) -> None:
    polled = Telegram(TOKEN, pace=0.01)
    with Server(polled), polling(polled, framework, TOKEN, tmp_path):
        expected = play(polled)
    telegram = deployed[framework]
    assert play(telegram) == expected

    # Again, while the first call of each step fails, and with another container in between.
    kinds: list[str] = []

    def fail(step: Step) -> None:
        kinds.append([*FAULTS][len(kinds) % 3] if step.answers else "")
        if kinds[-1]:
            telegram.faults.append(replace(FAULTS[kinds[-1]]))
        if step.says == "Soup":
            start_new_container(aws, f"{framework}-bot", timeout=24)

    # Nothing is lost or forgotten. A call that was carried out without an answer is repeated, once.
    got = without_ids(play(telegram, fail))
    assert got == [
        [*calls[:1], *calls] if kind == "lost" else calls
        for kind, calls in zip(kinds, without_ids(expected), strict=True)
    ]
