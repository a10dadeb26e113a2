"""docs/deploy-from-ci.md: its workflows and configurations pass the project's own checks."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from local.project import ROOT, VENV
from starter import new

from tests.support.deployment import Deployment
from tests.support.needs import skip_or_fail
from tests.support.provider import Providers

PAGE = (ROOT / "docs" / "deploy-from-ci.md").read_text()
# A file's block begins with its name.
FILES = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
SOURCE = "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=v1.0.0"
WORKFLOWS = [".github/workflows/deploy.yml", ".github/workflows/destroy.yml"]
CHECKS = {"zizmor": ["--offline", "--quiet", "--no-progress"], "actionlint": []}


@pytest.mark.parametrize("name", CHECKS)
def test_the_workflows_are_sound(name: str, tmp_path: Path) -> None:
    if name == "actionlint":
        if not shutil.which("go"):
            skip_or_fail("actionlint is built by Go, which is not installed")
        subprocess.run([ROOT / "scripts" / "bootstrap", name], check=True, capture_output=True)
    for workflow in WORKFLOWS:
        path = tmp_path / workflow
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[workflow])
    command = [str(VENV / "bin" / name), *CHECKS[name], *WORKFLOWS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_scripts_new_writes_the_workflow() -> None:
    written = new.files(ROOT / "examples" / new.FIRST, "telegram-bot")
    assert written[WORKFLOWS[0]].decode() == FILES[WORKFLOWS[0]]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_workflow_uses_the_projects_own_versions_of_actions(workflow: str) -> None:
    used = dict(re.findall(r"uses: (\S+)@(.*)", FILES[workflow]))
    own = dict(re.findall(r"uses: (\S+)@(.*)", (ROOT / ".github/workflows/test.yml").read_text()))
    assert {name: used[name] for name in used if name in own} == {
        name: own[name] for name in own if name in used
    }


def test_the_configurations_are_valid(providers: Providers, tmp_path: Path) -> None:
    """As two modules of one configuration, which is initialised once."""
    module = Deployment(providers, "http://127.0.0.1:9", tmp_path / "module")
    module.root = tmp_path / "configuration"
    names = ("roles.tf", "main.tf")
    for name in names:
        folder = module.root / name.removesuffix(".tf")
        folder.mkdir(parents=True)
        (folder / name).write_text(FILES[name])
    shutil.copy(ROOT / "docs" / "deployer-policy.json", module.root / "roles")
    formatted = module.terraform("fmt", "-check", "-diff", "-recursive", check=False)
    assert formatted.returncode == 0, formatted.stdout
    calls = []
    for name in names:
        path = module.root / name.removesuffix(".tf") / name
        text = path.read_text().replace(SOURCE, "../../module")
        path.write_text(re.sub(r' *backend "s3" {.*?\n +}\n', "", text, flags=re.DOTALL))
        values = "".join(
            f'  {each} = ""\n' for each in re.findall(r'^variable "(\w+)"', text, re.M)
        )
        calls.append(
            f'module "{path.parent.name}" {{\n  source = "./{path.parent.name}"\n{values}}}\n'
        )
    (module.root / "both.tf").write_text("".join(calls))
    module.init()
    module.terraform("validate", "-no-color")


def test_the_boundary_allows_what_the_modules_role_needs() -> None:
    files = ("iam", "later", "queue", "sessions")
    role = "".join((ROOT / f"{name}.tf").read_text() for name in files)
    boundary = FILES["roles.tf"].partition('"aws_iam_policy" "boundary"')[2]
    actions = r'"((?:dynamodb|ec2|iam|kms|lambda|logs|scheduler|sqs|ssm|xray):\w+)"'
    needed = set(re.findall(actions, role)) - {
        *("iam:PassedToService", "kms:ViaService", "lambda:SourceFunctionArn")  # conditions' keys
    }
    assert "sqs:SendMessage" in needed
    assert needed <= set(re.findall(actions, boundary))
