"""The needs of tests on this machine: if one is missing, they are skipped, with the reason."""

import os

import pytest
from telegram_bot_aws.local import terraform
from telegram_bot_aws.local.processes import ToolError


def skip_or_fail(reason):
    """Skip a test that can't run on this machine, or fail it if nothing may be skipped."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def needs_terraform():
    """Skip a test where Terraform is missing, unless nothing may be skipped."""
    try:
        terraform.terraform_command()
    except ToolError as error:
        skip_or_fail(str(error))
