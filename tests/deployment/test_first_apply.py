"""A first apply that AWS isn't ready for, or that was killed, as docs/runbook.md repairs it."""

import json
import re
import shlex

from telegram_bot_aws.local.project import ROOT

from tests.support.deployment import Deployment, answer_to, client, everything
from tests.support.recorder import Recorder
from tests.support.stubs import BOT
from tests.support.telegram import TOKEN

NAME = "telegram-bot"  # the page's
CONFIGURATION = """
variable "api_url" { type = string }
variable "token" { sensitive = true }

module "telegram_bot" {
  source                    = "./module"
  source_dir                = "BOT"
  session_retention_in_days = 30
  telegram_api_url          = var.api_url
  telegram_bot_token        = var.token
}
"""
# What AWS says while a function can't be invoked.
PENDING = (
    "ResourceConflictException",
    "The operation cannot be performed at this time. "
    "The function is currently in the following state: Pending",
)
INACTIVE = (
    "CodeArtifactUserPendingException",
    "Lambda is initializing your function. It will be ready to invoke shortly.",
)


class Unready(Recorder):
    """Hands requests on, but refuses Terraform's invocations while there is an error."""

    error = None

    def send(self, request):
        if self.error and "/invocations" in request.path:
            name, message = self.error
            told = json.dumps({"Type": "User", "message": message}).encode()
            return 409, [("X-Amzn-ErrorType", name), ("Content-Type", "application/json")], told
        return super().send(request)


def commands(heading):
    """Return the commands below a heading of the runbook, a line each."""
    text = (ROOT / "docs" / "runbook.md").read_text()
    _, section = re.split(rf"^### .*{re.escape(heading)}.*\n", text, flags=re.MULTILINE)
    blocks = re.findall(r"^```sh\n(.*?)^```$", section.partition("\n### ")[0], re.M | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", "").splitlines()]


def test_first_apply_is_repaired_after_pending_version_and_lost_state(
    aws, providers, telegram, tmp_path
):
    with Unready(aws) as unready:
        module = Deployment(
            providers,
            unready.url,
            tmp_path / "module",
            configuration=CONFIGURATION.replace("BOT", str(BOT.parent)),
            api_url=telegram.url,
            token=TOKEN,
        )
        unready.error = PENDING
        assert PENDING[1] in module.refused()
        unready.error = None
        module.apply()
        assert answer_to(telegram, "one") == "Heard: one"

        # It was killed before Terraform saved the state, which it does each 20 seconds.
        (module.root / "terraform.tfstate").unlink()
        assert "ResourceAlreadyExistsException" in module.refused()
        for command in commands("Alias already exists"):
            if "scheduler" in command:  # it has no queue, which takes a minute
                continue
            program, *arguments = shlex.split(command, comments=True)
            if (program, arguments[0]) == ("terraform", "import"):
                module.terraform(*arguments)
        module.apply()
        assert answer_to(telegram, "two") == "Heard: two"
        assert module.planned() == {}

        # At the end, after weeks of silence.
        unready.error = INACTIVE
        destroyed = module.destroy(check=False)
        assert destroyed.returncode == 1
        assert INACTIVE[0] in destroyed.stderr
        unready.error = None
        module.destroy()
    assert telegram.webhook["url"] == ""
    # An API's name may be there twice.
    assert [each for each in everything(aws) if NAME in each] == [f"API {NAME}"]
    gateway = client(aws, "apigatewayv2")
    [api] = [each for each in gateway.get_apis()["Items"] if each["Name"] == NAME]
    gateway.delete_api(ApiId=api["ApiId"])
