"""aws_deployment.py: what it tells of Terraform."""

import pytest

from telegram_bot_aws.demo.aws_deployment import why_not_installed
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.terraform import Module

CHECKS = """
locals { heat = 20 }

check "hot" {
  assert {
    condition     = local.heat > 50
    error_message = "The tea is cold."
  }
}

check "drinkable" {
  assert {
    condition     = local.heat < 90
    error_message = "The tea is too hot."
  }
}
"""


@pytest.mark.usefixtures("quick_terraform")
def test_terraforms_checks_are_told(tmp_path):
    module = Module("http://127.0.0.1:9", tmp_path / "module")
    module.root = tmp_path / "root"
    module.root.mkdir()
    (module.root / "main.tf").write_text(CHECKS)
    module.terraform("init")
    module.apply()
    assert module.failed_checks() == ["The tea is cold."]


def test_what_terraform_lacks_is_told_in_a_line_with_the_remedy():
    said = "╷\n│ Error: Failed to query\n│ packages. To see which modules …\n╵"
    told = why_not_installed(ToolError(said))
    assert told.startswith("Terraform can't install its provider: Failed to query packages. Conn")
    assert "\n" not in told
