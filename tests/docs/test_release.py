"""A release: all that names its version agrees, and the workflow trusts a good signature only."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib

import pytest
from maintenance import release
from telegram_bot_aws.local.project import ROOT

from tests.support.needs import skip_or_fail

pytestmark = pytest.mark.slow  # each makes a repository, for what maintainers seldom change

SIGNERS = ".github/allowed_signers"
WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text()
FETCH, VERIFY, IS_CHECKED_OUT, HAS_VERSION, TESTS, NOTES, _ = re.findall(
    r"^ +- run: (.*)", WORKFLOW, re.MULTILINE
)


def succeeds(step, folder, tag="v1.2.3"):
    """Tell whether a step of the workflow succeeds."""
    environment = {**os.environ, "TAG": tag}
    ran = subprocess.run(["bash", "-ec", step], cwd=folder, env=environment, capture_output=True)
    return ran.returncode == 0


def version(project):
    return tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]


def named(project):
    """Return each version in the module's addresses in pages and examples: "v1.2.3" or "main"."""
    pages = [*project.glob("*.md"), *project.glob("docs/**/*.md"), *project.glob("examples/*/*.md")]
    files = [*pages, *project.glob("examples/**/*.tf")]
    texts = [path.read_text() for path in files if ".terraform" not in path.parts]
    return re.findall(rf"/{release.NAME}\?ref=([\w.-]+)", "\n".join(texts))


def test_versions_agree():
    """Between two releases, pyproject.toml has the next version, and pages still name the last."""
    changelog = (ROOT / "CHANGELOG.md").read_text()
    released = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert version(ROOT).endswith(".dev0") or version(ROOT) == released[0]
    assert {*named(ROOT)} == {f"v{released[0]}" if released else "main"}


@pytest.fixture
def project(tmp_path):
    """A copy of the project, before its first release."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "tests"))
    return folder


def write_release(project, *arguments):
    command = [str(project / "scripts" / "python"), str(project / "tools"), "release", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_release_is_written_into_all_files_that_name_it(project):
    ran = write_release(project, "1.2.3", "ada-l")
    assert ran.returncode == 0, ran.stderr
    assert {*named(project)} == {"v1.2.3"} and version(project) == "1.2.3"
    paths = [path for kind in ("md", "py", "tf") for path in project.rglob(f"*.{kind}")]
    assert [path for path in paths if "github.com/OWNER/" in path.read_text()] == []
    assert "`OWNER`" not in (project / "README.md").read_text()


def test_readme_of_a_release_has_no_relative_link(project):
    """The Terraform Registry shows it, and resolves none. The next release replaces all."""
    for number, owner in (("1.2.3", "ada"), ("1.3.0", "grace")):
        write_release(project, number, owner)
    readme = (project / "README.md").read_text()
    links = re.findall(r"""(?:\]\(|src(?:set)?=")([^)"]+)""", readme)
    assert [link for link in links if "://" not in link] == []
    base = f"grace/{release.NAME}"
    assert f"(https://github.com/{base}/blob/v1.3.0/docs/performance.md#costs)" in readme
    assert f'src="https://raw.githubusercontent.com/{base}/v1.3.0/docs/demo-light.' in readme
    assert "v1.2.3" not in readme and "/ada/" not in readme


def test_tag_has_the_version():
    assert succeeds(HAS_VERSION, ROOT, f"v{version(ROOT)}")
    assert not succeeds(HAS_VERSION, ROOT, "v0.0.1")


def test_notes_are_the_changelogs_section(tmp_path):
    text = "## Unreleased\n\n## 1.2.3 - x\n\n- Wings.\n\n## 1.2.2\n"
    (tmp_path / "CHANGELOG.md").write_text(text)
    assert succeeds(NOTES.replace("$RUNNER_TEMP/", ""), tmp_path)
    assert (tmp_path / "notes.md").read_text().strip() == "- Wings."


def test_tag_is_verified_before_anything_else_runs():
    assert FETCH.startswith("git fetch --force origin")
    assert "verify-tag" in VERIFY
    assert TESTS.startswith("scripts/test --")


@pytest.fixture
def sign(tmp_path):
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

    def git(command):
        who = "-c user.name=Ada -c user.email=ada@example.org -c gpg.format=ssh"
        words = shlex.split(f"git {who} {command}")
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)

    git("init --quiet")

    def sign_tag(how, tag="v1.2.3"):
        git("add .github")
        git("commit --quiet --allow-empty --message=1 --no-gpg-sign")
        if how == "nobody":
            git(f"tag --annotate --no-sign {tag} --message=1")
        else:
            git(f"-c user.signingkey={shlex.quote(str(keys / how))} tag --sign {tag} --message=1")

    return sign_tag


@pytest.mark.parametrize("how", ["ada", "eve", "nobody"])
def test_tag_needs_the_signature_of_a_listed_key(tmp_path, sign, how):
    sign(how)
    assert succeeds(VERIFY, tmp_path) == (how == "ada")
    assert succeeds(IS_CHECKED_OUT, tmp_path)


@pytest.mark.parametrize("who", ["ada", "eve"])
def test_upgrade_trusts_the_signers_of_the_previous_version(tmp_path, sign, who):
    """Eve lists her own key in the version that she signs."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    [commands] = re.findall(r"^   ```sh\n(.*?)^   ```$", page, re.MULTILINE | re.DOTALL)
    before, after = sorted({*re.findall(r"\bv\d[\d.]*\d", commands)})
    sign("ada", before)
    key = (tmp_path / ".keys" / f"{who}.pub").read_text()
    (tmp_path / SIGNERS).write_text(f'{who}@example.org namespaces="git" {key}')
    sign(who, after)
    subprocess.run(["git", "clone", "--quiet", ".", "clone"], cwd=tmp_path, check=True)
    ran = subprocess.run(
        ["sh", "-ec", commands], cwd=tmp_path / "clone", capture_output=True, text=True
    )
    assert (ran.returncode == 0) == (who == "ada")
    assert ('Good "git" signature for ada@example.org' in ran.stderr) == (who == "ada")
