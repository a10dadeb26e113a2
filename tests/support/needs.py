"""The needs of tests on this machine: if one is missing, they are skipped, with the reason."""

import functools
import os
import tempfile
from pathlib import Path

import pytest
from telegram_bot_aws.local import terraform
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import ROOT


def skip_or_fail(reason):
    """Skip a test that can't run on this machine, or fail it if nothing may be skipped."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


@functools.cache
def provider_missing():
    """Return why the module can't be initialised on this machine, or nothing if it can."""
    try:
        terraform.terraform_command()
        if not terraform.settings((ROOT / terraform.LOCK).read_text()):
            with tempfile.TemporaryDirectory() as folder:
                terraform.Module("http://127.0.0.1:9", Path(folder)).init()
    except ToolError as error:
        return str(error)
    return ""


def needs_terraform():
    """Skip a test where Terraform is missing, unless nothing may be skipped."""
    try:
        terraform.terraform_command()
    except ToolError as error:
        skip_or_fail(str(error))


def needs_provider():
    """Skip a test where Terraform or its provider is missing, unless nothing may be skipped."""
    if missing := provider_missing():
        skip_or_fail(f"needs Terraform and its aws provider ({missing.splitlines()[0]})")
