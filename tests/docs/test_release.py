"""A release: all that names its version agrees, and the workflow trusts a good signature only."""

from __future__ import annotations

import datetime
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from local.project import ROOT

from tests.support.needs import skip_or_fail

SIGNERS = ".github/allowed_signers"
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text()
FETCH, VERIFY, IS_CHECKED_OUT, HAS_VERSION, TESTS, NOTES, _ = re.findall(
    r"^ +- run: (.*)", WORKFLOW, re.MULTILINE
)
# A GnuPG that finds every signature good, as one with other people's keys might.
GNUPG = """#!/bin/sh
cat >/dev/null  # Git fails if nobody reads what it writes
case "$*" in
  *--verify*) printf '[GNUPG:] NEWSIG\\n[GNUPG:] GOODSIG 0123456789ABCDEF Eve\\n' ;;
  *) printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'
     printf '\\n[GNUPG:] SIG_CREATED D\\n' >&2 ;;
esac
"""
Sign = Callable[[str], None]


def succeeds(step: str, folder: Path = ROOT, tag: str = "v1.2.3") -> bool:
    """Tell whether a step of the workflow succeeds."""
    environment = {**os.environ, "TAG": tag}
    ran = subprocess.run(["bash", "-ec", step], cwd=folder, env=environment, capture_output=True)
    return ran.returncode == 0


def test_the_versions_agree() -> None:
    released, date = re.findall(r"^## (\d+\.\d+\.\d+) - (\S+)$", CHANGELOG, re.MULTILINE)[0]
    assert released == VERSION
    assert str(datetime.date.fromisoformat(date)) == date
    unreleased = CHANGELOG.partition("## Unreleased\n")[2].partition("\n## ")[0]
    assert unreleased.strip() == "", f"move it to {VERSION}"
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]
    for path in (*pages, *ROOT.glob("examples/**/*.tf")):
        if ".terraform" not in path.parts:
            refs = re.findall(r"\?ref=v(\d[\w.-]*)", path.read_text())
            assert set(refs) <= {VERSION}, path


def test_the_tag_has_the_version() -> None:
    assert succeeds(HAS_VERSION, tag=f"v{VERSION}")
    assert not succeeds(HAS_VERSION, tag="v0.9.0")


def test_the_notes_are_the_changelogs_section(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(
        "## Unreleased\n\n## 1.2.3 - x\n\n- Wings.\n\n## 1.2.2\n"
    )
    assert succeeds(NOTES.replace("$RUNNER_TEMP/", ""), tmp_path)
    assert (tmp_path / "notes.md").read_text().strip() == "- Wings."


def test_the_tag_is_verified_before_anything_else_runs() -> None:
    assert FETCH.startswith("git fetch --force origin")
    assert "verify-tag" in VERIFY
    assert TESTS == "scripts/test --all"


@pytest.fixture
def sign(tmp_path: Path) -> Sign:
    """Make the tag v1.2.3 of a project in `tmp_path`, signed by a person's key: `sign("ada")`."""
    if not shutil.which("ssh-keygen"):
        skip_or_fail("ssh-keygen is not installed: install OpenSSH's client")
    keys = tmp_path / ".keys"
    keys.mkdir()
    for name in ("ada", "eve"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
        subprocess.run(command, check=True)
    kind, key, *_ = (keys / "ada.pub").read_text().split()
    (tmp_path / ".github").mkdir()
    (tmp_path / SIGNERS).write_text(f'ada@example.org namespaces="git" {kind} {key}\n')

    def git(command: str) -> None:
        who = "-c user.name=Ada -c user.email=ada@example.org -c gpg.format=ssh"
        words = shlex.split(f"git {who} {command}")
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)

    git("init --quiet")
    git("commit --quiet --allow-empty --message=1 --no-gpg-sign")

    def sign_tag(how: str) -> None:
        if how == "nobody":
            git("tag --annotate --no-sign v1.2.3 --message=1")
        elif how == "lightweight":
            git("tag --no-sign v1.2.3")
        elif how == "gnupg":
            (keys / "gnupg").write_text(GNUPG)
            (keys / "gnupg").chmod(0o755)
            git(f"config gpg.program {shlex.quote(str(keys / 'gnupg'))}")
            git("-c gpg.format=openpgp tag --sign v1.2.3 --message=1")
            git("verify-tag v1.2.3")  # which is why the workflow has no GnuPG
        else:
            git(f"-c user.signingkey={shlex.quote(str(keys / how))} tag --sign v1.2.3 --message=1")

    return sign_tag


def test_a_tag_that_a_listed_key_signed_is_good(tmp_path: Path, sign: Sign) -> None:
    sign("ada")
    assert succeeds(VERIFY, tmp_path)
    assert succeeds(IS_CHECKED_OUT, tmp_path)
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    more = ("commit", "--quiet", "--allow-empty", "--message=2", "--no-gpg-sign")
    subprocess.run(["git", *who, *more], cwd=tmp_path, check=True)
    assert not succeeds(IS_CHECKED_OUT, tmp_path)


@pytest.mark.parametrize("how", ["eve", "nobody", "lightweight", "gnupg"])
def test_a_tag_without_a_good_signature_is_refused(tmp_path: Path, sign: Sign, how: str) -> None:
    sign(how)
    assert not succeeds(VERIFY, tmp_path)


def test_a_tag_that_does_not_exist_is_refused(tmp_path: Path, sign: Sign) -> None:
    assert not succeeds(VERIFY, tmp_path, "v9.9.9")
