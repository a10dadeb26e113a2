"""Bots of frameworks: polled by the framework itself, and deployed, all in one apply."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from emulated_aws.emulator import Emulator
from telegram_stand_in import Fault, Server, Telegram

from tests.support.deployment import Deployment, everything, start_new_container
from tests.support.provider import Providers
from tests.support.telegram import TOKEN
from tests.support.transcript import BOTS, Step, play, polling, without_ids

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
  timeout                   = 25
}}
"""
FAULTS = {
    "429": Fault("refuse", 1, 429, "Too Many Requests: retry after 3", {"retry_after": 3}),
    "500": Fault("refuse", 1, 500, "Internal Server Error"),
    "lost": Fault("lost", 1),
}


@pytest.fixture(scope="module")
def deployed(
    aws: Emulator, providers: Providers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Telegram]]:
    """Apply all the bots; at the end they are destroyed. Yields the Telegram of each."""
    folder = tmp_path_factory.mktemp("frameworks")
    telegrams = {name: Telegram(TOKEN, pace=0.01) for name in NAMES}
    with contextlib.ExitStack() as opened:
        configuration = ""
        for name, telegram in telegrams.items():
            opened.enter_context(Server(telegram))
            source = (BOTS / name / "bot.py").read_text()
            (folder / name).mkdir()
            (folder / name / "bot.py").write_text(
                f"import sys\nsys.path.append('{PACKAGES}')\n{source}"
            )
            configuration += MODULE.format(
                name=name, folder=folder / name, token=TOKEN, url=telegram.url
            )
        module = Deployment(providers, aws.url, folder / "module", configuration=configuration)
        module.apply()
        yield telegrams
        module.destroy()
        assert [
            thing for thing in everything(aws) for name in NAMES if f"{name}-bot" in thing
        ] == []


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

    # Nothing is lost or forgotten. What was carried out without an answer is repeated, once.
    got = without_ids(play(telegram, fail))
    assert got == [
        [*calls[:1], *calls] if kind == "lost" else calls
        for kind, calls in zip(kinds, without_ids(expected), strict=True)
    ]
