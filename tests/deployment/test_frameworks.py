"""Bots of frameworks: polled by the framework itself, and deployed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiogram
import pytest
from emulators.aws import Emulator
from emulators.telegram import Fault, Server, Telegram

from tests.support.deployment import Deploy, client
from tests.support.telegram import TOKEN
from tests.support.transcript import FRAMEWORKS, Step, play, polling, without_ids

NAMES = sorted(folder.name for folder in FRAMEWORKS.iterdir())


FAULTS = {
    "429": Fault("refuse", 1, 429, "Too Many Requests: retry after 3", {"retry_after": 3}),
    "500": Fault("refuse", 1, 500, "Internal Server Error"),
    "lost": Fault("lost", 1),
}


@pytest.mark.parametrize("framework", NAMES)
def test_a_deployed_bot_says_what_it_says_when_it_polls(
    framework: str, aws: Emulator, deploy: Deploy, telegram: Telegram, tmp_path: Path
) -> None:
    polled = Telegram(TOKEN, pace=0.01)
    with Server(polled), polling(polled, framework, TOKEN, tmp_path):
        expected = play(polled)
    # The framework is the tests' own, which saves an installation.
    packages = Path(aiogram.__file__).parent.parent
    source = (FRAMEWORKS / framework / "bot.py").read_text()
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/bot.py").write_text(f"import sys\nsys.path.append('{packages}')\n{source}")
    deploy(
        f"{framework}-bot",
        source_dir=str(tmp_path / "bot"),
        session_retention_in_days=1,
        timeout=25,
    )
    assert play(telegram) == expected

    # Again, while the first call of each step fails, and in a new container now and then.
    kinds: list[str] = []
    functions = client(aws, "lambda")

    def fail(step: Step) -> None:
        kinds.append([*FAULTS][len(kinds) % 3] if step.answers else "")
        if kinds[-1]:
            telegram.faults.append(replace(FAULTS[kinds[-1]]))
        if step.says in ("Soup", "4"):
            functions.update_function_configuration(
                FunctionName=f"{framework}-bot", Timeout=24 - len(kinds) % 2
            )

    # Nothing is lost or forgotten. What was carried out without an answer is repeated, once.
    got = without_ids(play(telegram, fail))
    assert got == [
        [*calls[:1], *calls] if kind == "lost" else calls
        for kind, calls in zip(kinds, without_ids(expected), strict=True)
    ]
