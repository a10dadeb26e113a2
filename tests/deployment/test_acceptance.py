"""scripts/accept, whole, on the emulated AWS. Beside it are the tests of what its steps find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance import accept
from acceptance.steps import STEPS, Step
from acceptance.world import World
from telegram_bot_aws.emulated_aws.emulator import Emulator

from tests.support.provider import Providers

pytestmark = pytest.mark.slow
ONLY_REAL = [
    "an alarm goes off",
    "starts are measured",
    "a version in a vpc is pending",
    "telegram limits a burst",
]


@pytest.fixture
def world(
    aws: Emulator, providers: Providers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A bot that isn't deployed yet; its Terraform shares the tests' provider."""
    with accept.emulated(aws.url) as account:
        world = World(account, tmp_path / "acceptance", "accepted")
        program = providers.command(tmp_path, world.module.environment)
        monkeypatch.setenv("TERRAFORM", str(program))
        world.module.init()
        yield world


def test_no_step_differs_and_only_real_aws_answers_the_others(world: World) -> None:
    accept.check(world)
    found = accept.run(world, accept.about(world))
    assert [f"{each}" for each in found.of("differs")] == []
    assert [each.step.name for each in found.of("skipped")] == ONLY_REAL
    assert len(found.tried) == len(STEPS)
    assert found.left == []


def test_what_is_stopped_half_way_is_removed(world: World) -> None:
    def stop(world: World) -> None:
        world.store_token()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        accept.run(world, "", [STEPS[0], Step("stopped", "", "", stop)])
    assert world.left() == []
    assert world.webhook()["url"] == ""
