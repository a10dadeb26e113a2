"""docs/deploy.md#github-actions: its workflows and roles pass the project's own checks.

So do the configurations of how-tos, and each whole main.tf that a page shows.
"""

import re
import shutil
import subprocess

import pytest
from telegram_bot_aws.local.project import ROOT, VENV
from telegram_bot_aws.starter import new

from tests.support import reader
from tests.support.deployment import Deployment
from tests.support.policy import POLICY, TEXT
from tests.support.reader import PAGES, SOURCE

DOCS = ROOT / "docs"
PAGE = (DOCS / "deploy.md").read_text()
# A fragment's first line says more, such as `# main.tf, in module "telegram_bot"`.
WHOLE = {
    page.stem.lower(): block
    for page in PAGES
    for block in re.findall(r"^```hcl\n# main\.tf\n(.*?)^```$", page.read_text(), re.M | re.DOTALL)
}
DEPLOY, DESTROY = ".github/workflows/deploy.yml", ".github/workflows/destroy.yml"
WORKFLOWS = {
    DEPLOY: (new.TEMPLATE / "dot-github/workflows/deploy.yml").read_text(),
    DESTROY: (DOCS / "ci/destroy.yml").read_text(),
}
ROLES = (DOCS / "ci/roles.tf").read_text()
MAX_MINUTES = 15 + 60 + 45  # for a queue, scheduled calls and the interfaces of a VPC


def test_workflows_pass_zizmor(tmp_path):
    for workflow, text in WORKFLOWS.items():
        path = tmp_path / workflow
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = [VENV / "bin" / "zizmor", "--offline", "--quiet", "--no-progress", *WORKFLOWS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_jobs_and_role_outlast_the_longest_apply():
    for text in WORKFLOWS.values():
        last_job = text.rpartition("runs-on:")[2]
        assert f"timeout-minutes: {MAX_MINUTES} " in last_job
        assert f"role-duration-seconds: {MAX_MINUTES * 60}" in last_job
    assert f"max_session_duration = {MAX_MINUTES * 60} " in ROLES


def test_apply_waits_for_the_authors_tests():
    assert "\n    needs: test\n" in WORKFLOWS[DEPLOY].partition("\n  apply:\n")[2]


@pytest.mark.slow
def test_configurations_of_pages_are_formatted_and_valid(providers, tmp_path):
    """As modules of one configuration, which is initialised once.

    tests/deployment/test_examples.py applies most of the how-tos'.
    """
    module = Deployment(providers, "http://127.0.0.1:9", tmp_path / "module")
    module.root = tmp_path / "configuration"
    module.expected_warnings = {"Backend configuration ignored"}  # only the root has one
    assert "readme" in WHOLE
    texts = {
        "alarms": block("monitoring", "aws_sns_topic"),
        "bots": block("deploy", "for_each"),
        "ci": block("deploy", "backend"),
        "key": block("networking", "aws_kms_key"),
    }
    how_to = module.root / "how-to"
    reader.begin(how_to)
    reader.add_services(how_to)
    topic = '\nresource "aws_sns_topic" "news" {}\n'
    events = reader.blocks("how-to/aws-events.md")["events.tf", ""]
    (how_to / "events.tf").write_text(events + topic)
    (how_to / "insights.tf").write_text(reader.blocks("monitoring.md")["insights.tf", ""])
    texts |= {**WHOLE, "roles": ROLES, "how-to": (how_to / "main.tf").read_text()}
    calls = []
    for name, text in texts.items():
        folder = module.root / name
        for each in (folder, folder / "sales-bot", folder / "support-bot"):
            each.mkdir(parents=True, exist_ok=True)
        (folder / "main.tf").write_text(text)
        values = "".join(
            f'  {each} = ""\n' for each in re.findall(r'^variable "(\w+)"', text, re.M)
        )
        calls.append(f'module "{name}" {{\n  source = "./{name}"\n{values}}}\n')
    shutil.copy(DOCS / "deployer-policy.json", module.root / "roles")
    formatted = module.terraform("fmt", "-check", "-diff", "-recursive", check=False)
    assert formatted.returncode == 0, formatted.stdout
    for path in module.root.glob("*/main.tf"):
        text = SOURCE.sub('"../../module"', path.read_text())
        path.write_text(text.replace("  # …\n", '  source = "../../module"\n'))
    (module.root / "all.tf").write_text("".join(calls))
    module.init()
    module.terraform("validate", "-no-color")


def block(page, word):
    """Return the configuration of a page that has a word."""
    text = (DOCS / f"{page}.md").read_text()
    blocks = re.findall(r"^```hcl\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    [found] = [each for each in blocks if word in each]
    return found


def test_boundary_allows_what_the_modules_role_needs():
    files = ("iam", "queue", "sessions")
    role = "".join((ROOT / f"{name}.tf").read_text() for name in files)
    boundary = ROLES.partition('"aws_iam_policy" "boundary"')[2]
    actions = r'"((?:dynamodb|ec2|iam|kms|lambda|logs|scheduler|sqs|ssm|xray):\w+)"'
    needed = set(re.findall(actions, role)) - {
        *("iam:PassedToService", "kms:ViaService", "lambda:SourceFunctionArn")  # conditions' keys
    }
    assert "sqs:SendMessage" in needed
    assert needed <= set(re.findall(actions, boundary))


def test_page_names_the_longest_name_of_a_managed_policy():
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    [longest] = map(int, re.findall(r"a name of up to (\d+) characters", PAGE))
    assert longest >= 32
    least, too_many = (
        len("".join(TEXT.replace("telegram-bot", "x" * length).split()))
        for length in (longest, longest + 1)
    )
    assert least <= 6144 < too_many


# Statements for resources without the bot's name. For the queue's mapping, a condition has it.
NAMELESS = {
    *("AnyResource", "Api", "FirstApiOfTheAccount", "Key", "Layers"),
    *("QueueToFunction", "QueueToFunctionReadAndTagged"),
}


def test_deployers_policy_is_for_one_bots_resources():
    of_bot = re.compile(r".*[:/]telegram-bot(\.fifo|_[a-z]+(\.fifo)?|_\*|[:/]\*)?")
    for statement in POLICY["Statement"]:
        resource = statement["Resource"]
        arns = [resource] if isinstance(resource, str) else resource
        named = [bool(of_bot.fullmatch(arn)) for arn in arns]
        assert named == [statement["Sid"] not in NAMELESS] * len(arns), statement["Sid"]


def test_statements_named_on_the_page_exist():
    named = set(re.findall(r"policy's statement `(\w+)`", PAGE))
    assert named and named <= {each["Sid"] for each in POLICY["Statement"]}
