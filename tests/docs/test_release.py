"""A release: all that names its version agrees, and the workflow runs after a signature's check."""

import re
import shutil
import subprocess
import tomllib

import pytest
from maintenance import release
from telegram_bot_aws.local.project import ROOT

WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text()


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
    number = version(ROOT).removesuffix(".dev0")
    for adapter in ROOT.glob("examples/moved/*/bot/on_*.py"):
        assert adapter.read_text().splitlines()[0].endswith(f" on {release.NAME} {number}."), (
            adapter
        )


@pytest.mark.slow
def test_release_is_written_into_all_files_that_name_it(tmp_path):
    """The Terraform Registry shows README, and resolves no relative link. The next replaces all."""
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".*", "__pycache__", "tests"))
    for number, owner in (("1.2.3", "ada"), ("1.3.0", "grace-l")):
        script = [str(project / "scripts" / "python"), str(project / "tools"), "release"]
        subprocess.run([*script, number, owner], check=True)
    assert {*named(project)} == {"v1.3.0"} and version(project) == "1.3.0"
    paths = [path for kind in ("md", "py", "tf") for path in project.rglob(f"*.{kind}")]
    assert [path for path in paths if "github.com/OWNER/" in path.read_text()] == []
    readme = (project / "README.md").read_text()
    assert "`OWNER`" not in readme and "v1.2.3" not in readme and "/ada/" not in readme
    links = re.findall(r"""(?:\]\(|src(?:set)?=")([^)"]+)""", readme)
    assert [link for link in links if "://" not in link] == []
    base = f"grace-l/{release.NAME}"
    assert f"(https://github.com/{base}/blob/v1.3.0/docs/performance.md#costs)" in readme
    assert f'src="https://raw.githubusercontent.com/{base}/v1.3.0/docs/demo-light.' in readme


def test_tag_is_verified_before_anything_else_runs():
    fetch, verify, *_, tests, _, _ = re.findall(r"^ +- run: (.*)", WORKFLOW, re.MULTILINE)
    assert fetch.startswith("git fetch --force origin")
    assert "verify-tag" in verify and "allowed_signers" in verify
    assert tests.startswith("scripts/test --")
