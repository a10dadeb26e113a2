"""Each whole main.tf that a page shows is valid by itself, as a reader copies it."""

import re

import pytest
from telegram_bot_aws.local.project import ROOT

from tests.support.deployment import Deployment
from tests.support.reader import SOURCE

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
# A fragment's first line says more, such as `# main.tf, in module "telegram_bot"`.
BLOCKS = {
    str(page.relative_to(ROOT)): block
    for page in PAGES
    for block in re.findall(r"^```hcl\n# main\.tf\n(.*?)^```$", page.read_text(), re.M | re.DOTALL)
}


def test_the_pages_that_begin_with_a_configuration_are_found():
    assert {"README.md", "docs/deploy.md"} <= {*BLOCKS}


@pytest.mark.slow
@pytest.mark.parametrize("page", BLOCKS)
def test_the_configuration_is_valid(page, providers, tmp_path):
    """And formatted."""
    module = Deployment(providers, "http://127.0.0.1:9", tmp_path / "module")
    module.root = tmp_path / "copied"
    module.root.mkdir()
    assert len(SOURCE.findall(BLOCKS[page])) == 1
    (module.root / "main.tf").write_text(SOURCE.sub('"../module"', BLOCKS[page]))
    module.terraform("fmt", "-check", "-diff")
    module.environment["TF_CLI_ARGS_init"] = "-backend=false"  # a bucket on AWS
    module.init()
    module.terraform("validate", "-no-color")
