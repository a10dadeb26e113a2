"""Fixtures for tests that apply the module: an emulated AWS, a Telegram, deployments."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from emulators.aws import Emulator
from emulators.telegram import Server, Telegram
from local.terraform import Module

from tests.support.deployment import Deploy, Deployment, everything
from tests.support.needs import needs_provider
from tests.support.telegram import TOKEN


@pytest.fixture(scope="session")
def aws() -> Iterator[Emulator]:
    """An emulated AWS."""
    needs_provider()
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the module in which `terraform init` was run."""
    needs_provider()
    module = Module("http://127.0.0.1:9", tmp_path_factory.mktemp("initialised"))
    module.init()
    return module.root


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    """Telegram, a hundred times as fast."""
    telegram = Telegram(TOKEN, pace=0.01)
    with Server(telegram):
        yield telegram


@pytest.fixture
def deploy(
    aws: Emulator, initialised: Path, telegram: Telegram, tmp_path: Path
) -> Iterator[Deploy]:
    """Apply the module under a name; at the end it is destroyed, and nothing may be left."""
    opened = contextlib.ExitStack()
    names: list[str] = []

    def deploy(name: str, *, apply: bool = True, **variables: Any) -> Deployment:
        defaults = {"telegram_bot_token": TOKEN, "telegram_api_url": telegram.url, "name": name}
        options = {**defaults, **variables}
        module = opened.enter_context(Deployment(aws.url, tmp_path / name, **options))
        names.append(name)
        module.init(initialised)
        if apply:
            module.apply()
        return module

    with opened:
        yield deploy
    left = [thing for thing in everything(aws) for name in names if name in thing]
    assert left == [], "destroyed, and yet there"
