"""Where Terraform's provider comes from by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from telegram_bot_aws.local import providers
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.local.providers import PLATFORM, Provider
from telegram_bot_aws.local.terraform import (
    Module,
    from_mirrors,
    has_locked_version,
    lock_of,
    locked,
)
from tests.support.needs import needs_terraform

FOLDER = "registry.terraform.io/hashicorp/aws"
NOWHERE = "http://127.0.0.1:9"
INSTALLATION = "provider_installation {\n  direct {}\n}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of /, with a home folder and without settings for Terraform."""
    for name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_DIR", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERRAFORM", "")
    monkeypatch.setenv("HOME", f"{tmp_path}/home")
    searched = [p if p.startswith("~") else f"{tmp_path}{p}" for p in providers.SEARCHED]
    monkeypatch.setattr(providers, "SEARCHED", searched)
    monkeypatch.setattr(providers, "CACHE", tmp_path / "cache")
    (tmp_path / "home").mkdir()
    return tmp_path


def the_provider() -> Provider:
    [provider] = locked(lock_of(ROOT))
    return provider


def make_mirror(folder: Path, file: str = "{version}/{platform}/a", name: str = "") -> Path:
    """Make a mirror that has the provider, in a version, for a platform."""
    file = file.format(version=the_provider().version, platform=PLATFORM)
    path = folder / (name or the_provider().name) / file
    path.parent.mkdir(parents=True)
    path.write_text("no provider")
    return folder


@pytest.mark.parametrize(
    "folder",
    [
        "opt/mirror",
        "usr/share/terraform/mirror",
        "usr/local/share/terraform/mirror",
        "home/.terraform.d/mirror",
    ],
)
def test_a_mirror_is_found(root: Path, folder: str) -> None:
    mirror = make_mirror(root / folder)
    assert from_mirrors() == f"hashicorp/aws {the_provider().version} from {mirror}"
    assert providers.missing([the_provider()]) == ""


@pytest.mark.parametrize(
    ("file", "has"),
    [
        ("{version}/{platform}/a", True),
        ("terraform-provider-aws_{version}_{platform}.zip", True),
        ("6.34.0/{platform}/a", False),
        ("{version}/plan9_mips/a", False),
        ("terraform-provider-aws_6.34.0_{platform}.zip", False),
        ("terraform-provider-aws_{version}_plan9_mips.zip", False),
    ],
)
def test_a_mirror_has_the_locked_version_for_this_machine(root: Path, file: str, has: bool) -> None:
    mirror = make_mirror(root / "opt" / "mirror", file)
    assert has_locked_version(mirror, lock_of(ROOT)) is has
    assert bool(from_mirrors()) is has


def test_terraforms_own_configuration_goes_first(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mirror(root / "opt" / "mirror")
    own = root / "home" / ".terraformrc"
    own.write_text('plugin_cache_dir = "/elsewhere"\n# provider_installation is said nowhere\n')
    assert from_mirrors(), "this setting isn't about providers"
    own.write_text(INSTALLATION)
    assert from_mirrors() == ""
    assert providers.missing([the_provider()]) == "", "only Terraform knows"
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(root / "nowhere"))
    assert from_mirrors(), "a missing file changes nothing"
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    assert from_mirrors() == ""


def test_tf_plugin_dir_goes_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_mirror(root / "opt" / "mirror")
    monkeypatch.setenv("TF_PLUGIN_DIR", str(root))
    assert from_mirrors() == ""
    assert providers.missing([the_provider()]) == ""


def test_opentofu_has_a_registry_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_mirror(root / "opt" / "terraforms", name=FOLDER)
    tofu = root / "tofu"
    tofu.write_text("#!/bin/sh\n")
    tofu.chmod(0o755)
    monkeypatch.setenv("TERRAFORM", str(tofu))
    assert the_provider().name == "registry.opentofu.org/hashicorp/aws"
    assert from_mirrors() == ""
    mirror = make_mirror(root / "opt" / "tofus")
    assert from_mirrors() == f"hashicorp/aws {the_provider().version} from {mirror}"
    (root / "home" / ".tofurc").write_text(INSTALLATION)
    assert from_mirrors() == "", "its own configuration goes first"
    monkeypatch.setenv("TERRAFORM", str(tofu.rename(root / "terraform")))
    assert from_mirrors(), "Terraform doesn't read OpenTofu's"


def test_ones_own_configuration_is_kept_beside_a_mirror(root: Path) -> None:
    own = 'credentials "app.terraform.io" {\n  token = "x"\n}\n'
    (root / "home" / ".terraformrc").write_text(own)
    settings = providers.settings({the_provider(): Path('/opt/a "mirror"')})
    assert settings.startswith(own)
    assert 'path    = "/opt/a \\"mirror\\""' in settings
    assert settings.count(f'["{the_provider().name}"]') == 2, (
        "included in the mirror, excluded elsewhere"
    )


def test_the_lock_files_checksums_guard_a_mirror(root: Path, tmp_path: Path) -> None:
    needs_terraform()
    make_mirror(root / "opt" / "mirror")
    module = Module(NOWHERE, tmp_path / "module")
    with pytest.raises(ToolError, match="checksum"):
        module.init()


def test_a_missing_provider_is_reported(root: Path) -> None:
    missing = Provider("255.255.255.255/hashicorp/aws", "5.100.0")
    said = providers.missing([missing])
    assert said.startswith(
        "Terraform's provider hashicorp/aws 5.100.0 is missing. 255.255.255.255 can't be reached ("
    )
    assert f"no mirror in {root}/opt/*, " in said
    (providers.CACHE / missing.name / missing.version / PLATFORM).mkdir(parents=True)
    assert providers.missing([missing]) == "", "it was downloaded before"


def test_a_proxy_may_reach_the_registry(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert providers.missing([Provider("255.255.255.255/hashicorp/aws", "5.100.0")]) == ""
