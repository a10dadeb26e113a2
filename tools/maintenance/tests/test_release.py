"""scripts/release: it finds what disagrees, and signatures that are not good."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from local.project import ROOT

from maintenance import release
from tests.support.needs import skip_or_fail
from tests.support.programs import run, save

CHANGELOG = """# Changelog

## Unreleased

## 1.2.3 - 2026-11-26

### Added

- Wings.

## 1.2.2 - 2026-01-01

- Feathers.
"""
SOURCE = 'source = "git::https://example.org/terraform-aws-telegram-bot?ref=v1.2.3"\n'
FILES = {
    "CHANGELOG.md": CHANGELOG,
    "README.md": "# A bot\n",
    "pyproject.toml": '[project]\nname = "bot"\nversion = "1.2.3"\n',
    "docs/page.md": SOURCE,
    "examples/votes/main.tf": f"# first\n{SOURCE}",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that can be released as 1.2.3."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(release, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("version", [[], ["1.2.3"], ["v1.2.3"]], ids=["own", "version", "tag"])
def test_what_agrees_can_be_released(project: Path, version: list[str]) -> None:
    assert run(release.main, "--check", *version) == (0, "1.2.3 can be released.\n")


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("pyproject.toml", "1.2.3", "1.2.4", "pyproject.toml has the version 1.2.4, not 1.2.3"),
        ("CHANGELOG.md", "## 1.2.3 -", "## 1.3.0 -", "the newest version in CHANGELOG.md is 1.3.0"),
        ("CHANGELOG.md", " - 2026", " (2026", "the newest version in CHANGELOG.md is none"),
        ("CHANGELOG.md", "2026-11-26", "soon", "CHANGELOG.md has soon as the date of 1.2.3"),
        ("CHANGELOG.md", "Unreleased\n", "Unreleased\n\n- Fins.\n", "has changes in Unreleased"),
        ("docs/page.md", "v1.2.3", "v1.2.2", "docs/page.md, line 1, has ?ref=v1.2.2, not v1.2.3"),
        ("examples/votes/main.tf", "v1.2.3", "v0.1.0", "examples/votes/main.tf, line 2, has"),
    ],
    ids=["pyproject", "changelog", "no date", "bad date", "unreleased", "docs", "examples"],
)
def test_what_disagrees_is_found(
    project: Path, file: str, old: str, new: str, problem: str
) -> None:
    save(project / file, old, new)
    ran = run(release.main, "--check", "1.2.3")
    assert ran.code == 1
    assert problem in ran.output


def test_the_notes_are_the_changelogs_section(project: Path) -> None:
    assert run(release.main, "--notes") == (0, "### Added\n\n- Wings.\n")


def test_this_project_can_be_released() -> None:
    assert list(release.check("")) == []


# A GnuPG that finds every signature good, as one with other people's keys might.
GNUPG = """#!/bin/sh
cat >/dev/null  # Git fails if nobody reads what it writes
case "$*" in
  *--verify*) printf '[GNUPG:] NEWSIG\\n[GNUPG:] GOODSIG 0123456789ABCDEF Eve\\n' ;;
  *) printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'
     printf '\\n[GNUPG:] SIG_CREATED D\\n' >&2 ;;
esac
"""
Sign = Callable[..., None]


@pytest.fixture
def sign(project: Path) -> Sign:
    """Commit, and make the tag v1.2.3, signed by a person's key: `sign("ada")`."""
    if not shutil.which("ssh-keygen"):
        skip_or_fail("ssh-keygen is not installed: install OpenSSH's client")

    def git(command: str) -> None:
        who = "-c user.name=Ada -c user.email=ada@example.org -c gpg.format=ssh"
        subprocess.run(
            ["git", *shlex.split(f"{who} {command}")], cwd=project, check=True, capture_output=True
        )

    keys = project.parent / f"{project.name}-keys"
    keys.mkdir()
    for name in ("ada", "eve"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
        subprocess.run(command, check=True)
    kind, key, *_ = (keys / "ada.pub").read_text().split()
    (project / ".github").mkdir()
    (project / release.SIGNERS).write_text(f'ada@example.org namespaces="git" {kind} {key}\n')
    git("init --quiet")
    git("add .")
    git("commit --quiet --message=1 --no-gpg-sign")

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
            git("verify-tag v1.2.3")  # which is why more is asked for
        else:
            git(f"-c user.signingkey={shlex.quote(str(keys / how))} tag --sign v1.2.3 --message=1")

    return sign_tag


def test_a_tag_that_a_listed_key_signed_is_good(project: Path, sign: Sign) -> None:
    sign("ada")
    assert run(release.main, "--verify", "v1.2.3") == (0, "The signature is good.\n")
    with (project / "README.md").open("a") as file:
        file.write("More.\n")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    commit = ["git", *who, "commit", "-qam", "2", "--no-gpg-sign"]
    subprocess.run(commit, cwd=project, check=True)
    ran = run(release.main, "--verify", "v1.2.3")
    assert ran == (1, "scripts/release: the tag v1.2.3 isn't what is checked out\n")


@pytest.mark.parametrize("how", ["eve", "nobody", "lightweight", "gnupg"])
def test_a_tag_without_a_good_signature_is_refused(project: Path, sign: Sign, how: str) -> None:
    sign(how)
    ran = run(release.main, "--verify", "v1.2.3")
    assert ran.code == 1
    assert "no key in .github/allowed_signers signed the tag v1.2.3" in ran.output


def test_a_tag_that_does_not_exist_is_refused(project: Path, sign: Sign) -> None:
    assert run(release.main, "--verify", "v9.9.9").code == 1


def test_the_workflow_verifies_the_tag_first() -> None:
    """Before it runs anything else of what is checked out."""
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    steps = [line.strip() for line in workflow.splitlines() if "run: " in line]
    assert steps[0].startswith("- run: git fetch --force origin")
    assert steps[1] == '- run: scripts/release --verify "$TAG"'
