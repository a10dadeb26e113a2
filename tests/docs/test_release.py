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
from maintenance import release
from telegram_bot_aws.local.project import ROOT

from tests.support.needs import skip_or_fail
from tests.support.programs import contents

pytestmark = pytest.mark.slow  # each makes a repository, for what maintainers seldom change

SIGNERS = ".github/allowed_signers"
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
Sign = Callable[..., None]


def succeeds(step: str, folder: Path = ROOT, tag: str = "v1.2.3") -> bool:
    """Tell whether a step of the workflow succeeds."""
    environment = {**os.environ, "TAG": tag}
    ran = subprocess.run(["bash", "-ec", step], cwd=folder, env=environment, capture_output=True)
    return ran.returncode == 0


def named(project: Path) -> list[str]:
    """Return each version in the module's addresses in pages and examples: "v1.2.3" or "main"."""
    pages = [*project.glob("*.md"), *project.glob("docs/**/*.md"), *project.glob("examples/*/*.md")]
    files = [*pages, *project.glob("examples/**/*.tf")]
    texts = [path.read_text() for path in files if ".terraform" not in path.parts]
    return re.findall(rf"/{release.NAME}\?ref=([\w.-]+)", "\n".join(texts))


def versions_agree(project: Path) -> None:
    """Check the versions in a project: those of a release, or those between two.

    Between two, pyproject.toml has the next one as "1.2.4.dev0", and pages still name the last.
    """
    version = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
    changelog = (project / "CHANGELOG.md").read_text()
    released = re.findall(r"^## (\d+\.\d+\.\d+) - (\S+)$", changelog, re.MULTILINE)
    last = released[0][0] if released else None
    for _, date in released:
        assert str(datetime.date.fromisoformat(date)) == date
    if version.endswith(".dev0"):
        assert last is None or release.numbers(version[:-5]) > release.numbers(last)
    else:
        assert version == last
        unreleased = changelog.partition("## Unreleased\n")[2].partition("\n## ")[0]
        assert unreleased.strip() == "", f"pyproject.toml needs the version after {last}, .dev0"
    assert {*named(project)} == {f"v{last}" if last else "main"}


def test_the_versions_agree() -> None:
    versions_agree(ROOT)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, before its first release."""
    return copied(tmp_path / "project")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with one release, for tests that change nothing."""
    project = copied(tmp_path_factory.mktemp("released") / "project")
    write_release(project, "1.2.3", "ada")
    return project


def copied(project: Path) -> Path:
    ignored = shutil.ignore_patterns(".*", "__pycache__", "tests")
    shutil.copytree(ROOT, project, ignore=ignored)
    changelog = "# Changelog\n\n## Unreleased\n\n- Wings.\n"
    (project / "CHANGELOG.md").write_text(changelog)
    return project


def write_release(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a copy's scripts/dev release."""
    command = [str(project / "scripts" / "release"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_release_is_written_into_all_that_names_it(project: Path) -> None:
    before = named(project)
    page = project / "docs" / "how-to" / "several-bots.md"
    source = re.search(rf'"git::.*/{release.NAME}\?ref=[\w.-]+', page.read_text())
    assert source
    pinned = f"{source[0]}&depth=1"
    page.write_text(f'{page.read_text()}\n```hcl\n  source = {pinned}"\n```\n')
    starter = project / "tools/command/telegram_bot_aws/starter/new.py"
    starter.write_text(f'{starter.read_text()}\nPINNED = {pinned}"\n')
    ran = write_release(project, "1.2.3", "ada-l")
    assert ran.returncode == 0, ran.stderr
    assert 'git commit -a -m "Release 1.2.3"' in ran.stdout
    versions_agree(project)
    assert named(project) == ["v1.2.3"] * (len(before) + 1)
    of_ada = f'"git::https://github.com/ada-l/{release.NAME}?ref=v1.2.3&depth=1"'
    assert of_ada in page.read_text() and f"PINNED = {of_ada}" in starter.read_text()
    paths = [path for kind in ("md", "py", "tf") for path in project.rglob(f"*.{kind}")]
    still = [path for path in paths if "github.com/OWNER/" in path.read_text()]
    assert still == []
    assert "`OWNER`" not in (project / "README.md").read_text()
    assert "`OWNER`" not in (project / "docs" / "first-bot.md").read_text()


def test_the_readme_of_a_release_has_no_relative_link(project: Path) -> None:
    """The Terraform Registry shows it, and resolves none."""
    readme = project / "README.md"
    before = readme.read_text()
    write_release(project, "1.2.3", "ada")
    base = f"ada/{release.NAME}"
    links = re.findall(r"""(?:\]\(|src(?:set)?=")([^)"]+)""", readme.read_text())
    assert [link for link in links if "://" not in link] == []
    for kind in ("blob/v1.2.3/docs/costs.md", "tree/v1.2.3/examples/form"):
        assert f"(https://github.com/{base}/{kind})" in readme.read_text()
    picture = f'src="https://raw.githubusercontent.com/{base}/v1.2.3/docs/demo-light.'
    assert picture in readme.read_text()
    assert release.LINK.findall(release.relative(readme.read_text())) == release.LINK.findall(
        release.relative(before)
    )


def test_the_next_release_replaces_the_last_one(project: Path) -> None:
    write_release(project, "1.2.3", "ada")
    changelog, settings = project / "CHANGELOG.md", project / "pyproject.toml"
    changelog.write_text(changelog.read_text().replace("Unreleased\n", "Unreleased\n\n- Claws.\n"))
    settings.write_text(settings.read_text().replace('"1.2.3"', '"1.3.0.dev0"'))
    versions_agree(project)
    assert write_release(project, "1.10.0", "grace").returncode == 0
    versions_agree(project)
    sections = re.findall(r"^## ([\w.]+)(?: - .*)?\n\n(- .*)?", changelog.read_text(), re.MULTILINE)
    assert sections == [("Unreleased", ""), ("1.10.0", "- Claws."), ("1.2.3", "- Wings.")]
    readme = (project / "README.md").read_text()
    assert "v1.2.3" not in readme and "/ada/" not in readme


REFUSED = {
    "a tag": ("v1.2.4 ada", "VERSION must be three numbers, such as 1.2.3, not 'v1.2.4'"),
    "no owner": ("1.2.4 OWNER", "OWNER must be the repository's owner on GitHub, not 'OWNER'"),
    "an older version": ("1.2.2 ada", "VERSION must be above 1.2.3, the last one in CHANGELOG.md"),
    "the same version": ("1.2.3 ada", "VERSION must be above 1.2.3, the last one in CHANGELOG.md"),
    "nothing new": ("1.2.4 ada", "CHANGELOG.md must say below Unreleased what is new"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_release_that_is_refused_changes_nothing(released: Path, case: str) -> None:
    before = contents(released)
    arguments, said = REFUSED[case]
    ran = write_release(released, *arguments.split())
    assert (ran.returncode, ran.stderr) == (2, f"scripts/dev release: {said}\n")
    assert contents(released) == before


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
    """Commit a project in `tmp_path`, and tag that, signed by a person's key: `sign("ada")`."""
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

    def sign_tag(how: str, tag: str = "v1.2.3") -> None:
        git("add .github")
        git("commit --quiet --allow-empty --message=1 --no-gpg-sign")
        if how == "nobody":
            git(f"tag --annotate --no-sign {tag} --message=1")
        elif how == "lightweight":
            git(f"tag --no-sign {tag}")
        elif how == "gnupg":
            (keys / "gnupg").write_text(GNUPG)
            (keys / "gnupg").chmod(0o755)
            git(f"config gpg.program {shlex.quote(str(keys / 'gnupg'))}")
            git(f"-c gpg.format=openpgp tag --sign {tag} --message=1")
            git(f"verify-tag {tag}")  # which is why the workflow has no GnuPG
        else:
            git(f"-c user.signingkey={shlex.quote(str(keys / how))} tag --sign {tag} --message=1")

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


@pytest.mark.parametrize("who", ["ada", "eve"])
def test_an_upgrade_trusts_only_the_signers_of_the_version_before(
    tmp_path: Path, sign: Sign, who: str
) -> None:
    """Eve lists her own key in the version that she signs."""
    sign("ada", "v1.2.3")
    key = (tmp_path / ".keys" / f"{who}.pub").read_text()
    (tmp_path / SIGNERS).write_text(f'{who}@example.org namespaces="git" {key}')
    sign(who, "v1.2.4")
    subprocess.run(["git", "clone", "--quiet", ".", "clone"], cwd=tmp_path, check=True)
    page = (ROOT / "docs" / "how-to" / "roll-back.md").read_text()
    [commands] = re.findall(r"^   ```sh\n(.*?)^   ```$", page, re.MULTILINE | re.DOTALL)
    ran = subprocess.run(
        ["sh", "-ec", commands], cwd=tmp_path / "clone", capture_output=True, text=True
    )
    assert (ran.returncode == 0) == (who == "ada")
    assert ('Good "git" signature for ada@example.org' in ran.stderr) == (who == "ada")
