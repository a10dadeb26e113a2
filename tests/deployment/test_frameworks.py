"""Bots of frameworks: polled by the framework itself, and deployed, all in one apply."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.project import ROOT
from telegram_stand_in import Fault, Server, Telegram

from tests.support.deployment import (
    Deployment,
    client,
    everything,
    start_new_container,
    without_provider,
)
from tests.support.provider import Providers
from tests.support.telegram import TOKEN
from tests.support.transcript import BOTS, Step, play, polling, without_ids

EXAMPLES = ROOT / "examples/moved"
NAMES = {"aiogram": "reading-list-bot", "ptb": "booking-bot", "telebot": "birthday-bot"}
PACKAGES = Path(pytest.__file__).parent.parent  # the tests' own, which saves an installation
CALL = 'module "{0}" {{\n  source = "./module/examples/moved/{0}"\n}}\n'
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
    """Apply the examples' configurations with the tests' bots. Yields their Telegrams.

    Of a configuration, the URL of its Telegram and its provider are changed. Of the examples' own
    bots, the tests beside them and their READMEs' transcripts tell.
    """
    folder = tmp_path_factory.mktemp("frameworks")
    telegrams = {name: Telegram(TOKEN, pace=0.01) for name in NAMES}
    with contextlib.ExitStack() as opened:
        configuration = ""
        for name, bot in NAMES.items():
            opened.enter_context(Server(telegrams[name]))
            copy = folder / "module/examples/moved" / name
            (copy / "bot").mkdir(parents=True)
            source = (BOTS / name / "bot.py").read_text()
            found = f"import sys\nsys.path.append('{PACKAGES}')\n{source}"
            (copy / "bot/bot.py").write_text(found)
            (copy / "main.tf").write_text(without_provider(EXAMPLES / name / "main.tf"))
            (copy / "telegram_override.tf").write_text(OVERRIDE.format(telegrams[name].url))
            parameter = {"Name": f"/{bot}/token", "Value": TOKEN, "Type": "SecureString"}
            client(aws, "ssm").put_parameter(**parameter)
            configuration += CALL.format(name)
        module = Deployment(providers, aws.url, folder / "module", configuration=configuration)
        module.apply()
        yield telegrams
        module.destroy("-refresh=false")
        left = [thing for thing in everything(aws) for bot in NAMES.values() if bot in thing]
        assert left == []


@pytest.mark.parametrize("framework", NAMES)
def test_a_deployed_bot_says_what_it_says_when_it_polls(
    framework: str, aws: Emulator, deployed: dict[str, Telegram], tmp_path: Path
) -> None:
    polled = Telegram(TOKEN, pace=0.01)
    with Server(polled), polling(polled, framework, TOKEN, tmp_path):
        expected = play(polled)
    telegram = deployed[framework]
    assert play(telegram) == expected

    # Again, while the first call of each step fails, and with another container in between. To
    # import aiogram again takes seconds: tests/integration has its new containers.
    kinds: list[str] = []

    def fail(step: Step) -> None:
        kinds.append([*FAULTS][len(kinds) % 3] if step.answers else "")
        if kinds[-1]:
            telegram.faults.append(replace(FAULTS[kinds[-1]]))
        if step.says == "Soup" and framework != "aiogram":
            start_new_container(aws, NAMES[framework], timeout=24)

    # Nothing is lost or forgotten. A call that was carried out without an answer is repeated, once.
    got = without_ids(play(telegram, fail))
    assert got == [
        [*calls[:1], *calls] if kind == "lost" else calls
        for kind, calls in zip(kinds, without_ids(expected), strict=True)
    ]
