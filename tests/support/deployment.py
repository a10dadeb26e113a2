"""Fixtures for tests that apply the module: an emulated AWS, a stand-in Telegram, deployments.

A test file takes them by importing them.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.config
import botocore.session
import pytest
from emulators.aws import Emulator
from emulators.telegram import Server, Telegram
from processes import ToolError
from terraform import REGION, Module, terraform_command

from tests.conftest import skip_or_fail
from tests.support.telegram import TOKEN

Deploy = Callable[..., Module]


@functools.cache
def provider_missing() -> str:
    """Return why the module can't be initialised on this machine, or nothing if it can."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Module("http://127.0.0.1:9", Path(folder)).init()
        except ToolError as error:
            return str(error)
    return ""


def needs_terraform() -> None:
    """Skip a test where Terraform can't be had, unless nothing may be skipped."""
    try:
        terraform_command()
    except ToolError as error:
        skip_or_fail(str(error))


def needs_provider() -> None:
    """Skip a test where Terraform or its provider can't be had, unless nothing may be skipped."""
    if missing := provider_missing():
        skip_or_fail(
            "needs Terraform and its aws provider: from Terraform's registry, or from a provider "
            f"mirror that TF_PLUGIN_DIR names ({missing.splitlines()[0]})"
        )


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    """An emulated AWS for the tests of a file."""
    needs_provider()
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    """Telegram, a hundred times as fast."""
    telegram = Telegram(TOKEN, pace=0.01)
    with Server(telegram):
        yield telegram


@pytest.fixture
def deploy(aws: Emulator, telegram: Telegram, tmp_path: Path) -> Iterator[Deploy]:
    """Apply the module under a name; at the end it is destroyed, and nothing may be left."""
    modules: dict[str, Module] = {}

    def deploy(name: str, *, apply: bool = True, **variables: Any) -> Module:
        defaults = {"telegram_bot_token": TOKEN, "telegram_api_url": telegram.url, "name": name}
        # A path that a shell would stumble over.
        folder = tmp_path / f"my $HOME's `größte` checkout of {name}"
        module = Module(aws.url, folder, **{**defaults, **variables})
        modules[name] = module
        module.init()
        if apply:
            module.apply()
        return module

    yield deploy
    for module in modules.values():
        if module.has_state():
            module.destroy()
    left = [thing for thing in everything(aws) for name in modules if name in thing]
    assert left == [], "destroyed, and yet there"


def change(module: Module, old: str, new: str, *, file: str = "bot.py") -> None:
    """Change a line of a deployment's own copy of the function."""
    path = module.folder / "lambda" / file
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))


def client(aws: Emulator, service: str) -> Any:
    """Return a botocore client of the emulated AWS."""
    session = botocore.session.get_session()
    return session.create_client(
        service,
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(retries={"max_attempts": 0}),
    )


def everything(aws: Emulator) -> list[str]:
    """Return the names of all that the module makes, as the emulated AWS tells them."""
    functions = client(aws, "lambda").list_functions()["Functions"]
    roles = client(aws, "iam").list_roles()["Roles"]
    groups = client(aws, "logs").describe_log_groups()["logGroups"]
    apis = client(aws, "apigatewayv2").get_apis()["Items"]
    return [
        *(f"function {function['FunctionName']}" for function in functions),
        *(f"role {role['RoleName']}" for role in roles),
        *(f"log group {group['logGroupName']}" for group in groups),
        *(f"API {api['Name']}" for api in apis),
    ]


def texts(telegram: Telegram) -> list[str]:
    """Return the texts of the messages that the bot sent and Telegram took, in their order."""
    sent = [call for call in telegram.calls if call.method == "sendMessage" and call.status == 200]
    return [call.params["text"] for call in sent]


def answer_to(telegram: Telegram, text: str) -> str:
    """Write a text to the bot, and return what it answers."""
    before = len(texts(telegram))
    telegram.send(telegram.message(text))
    telegram.wait(lambda: len(texts(telegram)) > before and not telegram.pending())
    return texts(telegram)[-1]
