"""Terraform's own checks of the module, in a copy: its format, its types, its tests."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from local.project import ROOT
from local.terraform import Module, has_locked_version

from tests.support.deployment import Deployment
from tests.support.needs import needs_provider, needs_terraform, skip_or_fail

NOWHERE = "http://127.0.0.1:9"  # nothing is there, and nothing is asked


@pytest.fixture
def copy(tmp_path: Path) -> Module:
    return Module(NOWHERE, tmp_path)


@pytest.fixture
def module(copy: Module) -> Module:
    needs_provider()
    copy.init()
    return copy


def test_the_format_is_terraforms_own(copy: Module) -> None:
    needs_terraform()
    result = copy.terraform("fmt", "-check", "-diff", "-recursive", str(ROOT), check=False)
    assert result.returncode == 0, result.stdout


def test_the_module_is_valid(module: Module) -> None:
    said = module.terraform("validate", "-no-color").stdout
    assert said.strip() == "Success! The configuration is valid."  # without warnings


def test_the_module_is_what_its_tests_say(initialised: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "bots" / "bundle", tmp_path / "tests" / "bots" / "bundle")
    shutil.copy(ROOT / "tests" / "module.tftest.hcl", tmp_path / "tests")
    with Deployment(NOWHERE, tmp_path) as module:
        module.init(initialised)
        result = module.terraform("test", "-no-color", check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed, 0 failed" in result.stdout


def test_an_example_is_what_its_tests_say(copy: Module) -> None:
    needs_provider()
    [example] = [path.parent for path in ROOT.glob("examples/*/*.tftest.hcl")]
    copy.root = copy.folder / "examples" / example.name
    shutil.copytree(example, copy.root)
    shutil.copy(ROOT / ".terraform.lock.hcl", copy.root)
    copy.init()
    result = copy.terraform("test", "-no-color", check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed, 0 failed" in result.stdout


def test_the_lock_file_holds_for_every_platform(module: Module) -> None:
    before = (ROOT / ".terraform.lock.hcl").read_text()
    assert before.count('"zh:') >= 14, "a checksum of the registry's for each platform"
    after = (module.folder / ".terraform.lock.hcl").read_text()
    mirror = os.environ.get("TF_PLUGIN_DIR")
    if mirror and not has_locked_version(Path(mirror), before):
        skip_or_fail(f"needs the provider in the locked version, which {mirror} doesn't have")
    if "registry.opentofu.org" in after:  # OpenTofu has its own registry, and so its own checksums
        assert locked_version(after) == locked_version(before)
    else:
        assert after == before


def locked_version(lock: str) -> list[str]:
    return re.findall(r"^  version +=.*$", lock, re.MULTILINE)
