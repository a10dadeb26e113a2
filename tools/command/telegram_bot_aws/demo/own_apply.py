"""The emulated AWS alone, for a person's own `terraform apply`."""

from __future__ import annotations

import shlex
from typing import Any

import requirements
from telegram_stand_in import Json, post

from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.deployments import TOKEN, Hosted, Reload
from telegram_bot_aws.demo.progress import aside
from telegram_bot_aws.local.project import LAMBDA

REGION = "eu-central-1"  # of what scripts/new writes, and of the pages
# {url}, {token} and {api_url} are those of the emulated AWS and of the stand-in for Telegram.
HOW = """\
In another terminal, in a folder with a Terraform configuration that calls the module:

  export AWS_ENDPOINT_URL={url} AWS_REGION={region}
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  export TF_VAR_telegram_api_url={api_url}
  export TF_VAR_telegram_bot_token={token}
  export TELEGRAM_API_URL={api_url} TELEGRAM_BOT_TOKEN={token}   # for scripts/doctor
  export {for_this_machine}={packages}
  unset AWS_PROFILE AWS_SESSION_TOKEN
  terraform init
  terraform workspace new demo   # a separate state: yours is about another AWS
  terraform apply

The configuration needs a provider for this region, and the variables telegram_bot_token and
telegram_api_url, which the module's block takes (telegram_api_url = var.telegram_api_url):

variable "telegram_api_url" {{ default = "https://api.telegram.org" }}

When this ends, all that was applied is gone: remove the workspace (terraform workspace select
default && terraform workspace delete -force demo)."""


class OwnApply(AwsDeployment):
    """An emulated AWS to which a person applies a bot: it is found when it gets an update."""

    def open(self) -> None:
        self.bots = []
        self._start()
        self._put_parameters(REGION)
        self._follow()
        self.way = HOW.format(
            url=self.emulator.url,
            region=REGION,
            api_url=self.api_url,
            token=TOKEN,
            for_this_machine=requirements.THIS_MACHINE,
            packages=shlex.quote(str(requirements.cache())),
        )

    def close(self) -> None:
        """Do nothing: all goes with the emulated AWS."""

    def refresh(self) -> Reload | None:
        """Look for the function, whose code only the person's own apply replaces."""
        self._find()
        return None

    def deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        self._find()
        return super().deliver(url, headers, body) if self.bots else post(url, headers, body)

    def _find(self) -> None:
        """Note which function is applied, if one is."""
        with self._reloading:
            known = {bot.name for bot in self.bots}
            found = self._aws(REGION, "lambda", "GET", "/2015-03-31/functions/", None)
            mine = [each for each in found.get("Functions", []) if self._is_mine(each)]
            names = {each["FunctionName"] for each in mine}
            if names != known:
                self.bots = [self._hosted(each) for each in mine]
                for name in names - known:
                    aside(f"{name} is applied: the chat page speaks to it.", colour="green")

    def _hosted(self, function: Json) -> Hosted:
        variables = function["Environment"]["Variables"]
        bot = Hosted(TOKEN, LAMBDA, function["FunctionName"])
        bot.log_group, bot.runtime = f"/aws/lambda/{bot.name}", function["Runtime"]
        bot.region = REGION
        bot.timeout, bot.has_queue = function["Timeout"], "QUEUE_URL" in variables
        with self._lock:
            self._read_log(bot)
        return bot

    def _is_mine(self, function: Json) -> bool:
        variables = function.get("Environment", {}).get("Variables", {})
        return bool(variables.get("TELEGRAM_API_URL") == self.api_url)
