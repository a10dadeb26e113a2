"""Fixtures for tests that apply the module: an emulated AWS, a Telegram, deployments."""

import contextlib

import pytest
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_stand_in import Server, Telegram

from tests.support.deployment import Deployment, everything
from tests.support.telegram import TOKEN


@pytest.fixture(scope="session")
def aws(providers):
    """An emulated AWS that checks signatures and enforces IAM."""
    with Emulator(auth=True, patient=True) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def telegram():
    """Telegram, a hundred times as fast."""
    telegram = Telegram(TOKEN, pace=0.01)
    with Server(telegram):
        yield telegram


@pytest.fixture(scope="module")
def deploy(aws, providers, telegram, tmp_path_factory):
    """Apply the module under a name; at the end it is destroyed, and nothing may be left."""
    opened = contextlib.ExitStack()
    names = []

    def deploy(name, /, *, apply=True, **variables):
        options = {"telegram_bot_token": TOKEN, "telegram_api_url": telegram.url, "name": name}
        folder = tmp_path_factory.mktemp(name) / "module"
        deployment = Deployment(providers, aws.url, folder, **options | variables)
        module = opened.enter_context(deployment)
        names.append(name)
        if apply:
            module.apply()
        return module

    with opened:
        yield deploy
    left = [thing for thing in everything(aws) for name in names if name in thing]
    assert left == [], "still there after the destroy"
