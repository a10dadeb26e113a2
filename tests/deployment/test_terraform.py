"""Terraform's own checks of the module, in a copy: its format, its types, its tests."""

import re
import shutil

import pytest
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.local.terraform import LOCK, Module

from tests.support.deployment import Deployment
from tests.support.needs import needs_terraform

TESTED_EXAMPLES = sorted(ROOT.glob("examples/*/*.tftest.hcl"))
NOWHERE = "http://127.0.0.1:9"  # nothing is there, and no request goes there


def test_format_is_terraforms_own(tmp_path):
    needs_terraform()
    module = Module(NOWHERE, tmp_path)
    result = module.terraform("fmt", "-check", "-diff", "-recursive", str(ROOT), check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
def test_module_passes_its_terraform_tests(providers, tmp_path):
    shutil.copytree(ROOT / "tests" / "bots" / "mini_app", tmp_path / "tests" / "bots" / "mini_app")
    shutil.copy(ROOT / "tests" / "module.tftest.hcl", tmp_path / "tests")
    module = Deployment(providers, NOWHERE, tmp_path)
    module.expected_warnings = {"Resource targeting is in effect"}
    run_tests(module)


@pytest.mark.slow
@pytest.mark.parametrize("name", [path.parent.name for path in TESTED_EXAMPLES])
def test_example_passes_its_terraform_tests(providers, tmp_path, name):
    example = ROOT / "examples" / name
    module = Deployment(providers, NOWHERE, tmp_path)
    module.root = module.folder / "examples" / example.name
    shutil.copytree(example, module.root)
    shutil.copy(providers.lock_file, module.root)
    module.init()
    run_tests(module)


def run_tests(module):
    result = module.terraform("test", "-no-color", check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed, 0 failed" in result.stdout


def test_lock_file_has_checksums_for_every_platform(providers):
    before = (ROOT / LOCK).read_text()
    assert before.count('"zh:') >= 14, "a checksum of the registry's for each platform"
    after = providers.lock_file.read_text()
    if "registry.opentofu.org" in after:  # OpenTofu has its own registry, and so its own checksums
        assert locked_version(after) == locked_version(before)
    else:
        assert after == before


def locked_version(lock):
    return re.findall(r"^  version +=.*$", lock, re.MULTILINE)
