"""The demo's bots on an emulated AWS, where Terraform applies the module."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import requirements
from telegram_stand_in import Json, Telegram, post

from telegram_bot_aws.demo.configuration import Configuration
from telegram_bot_aws.demo.deployments import (
    CHECK,
    PAGE,
    TOKEN,
    Deployment,
    Hosted,
    Unavailable,
    has_page,
    inputs,
    notes,
    python_note,
    registration,
)
from telegram_bot_aws.demo.progress import step
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.container import DELIVERY, Invocation, Look, look_at
from telegram_bot_aws.local.packages import packages
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.program import typed
from telegram_bot_aws.local.project import LAMBDA, SCRIPTS
from telegram_bot_aws.local.terraform import REGION, Module, terraform_command

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
# botocore's variables: in the configuration, in the environment, and the value without both.
NO_PROFILE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
# An error of bot.py that no variable of its environment causes.
NO_VARIABLE = re.compile(
    r"^bot\.py must have |^(Import|Indentation|ModuleNotFound|Name|Syntax)Error\b", re.MULTILINE
)
LOOK_SECONDS = 0.2  # between two looks for invocations
REMEDY = (
    "If no provider can be installed, connect to the network. Or run `terraform providers mirror "
    "DIR` with this folder on a machine that has one, and copy DIR to ~/.terraform.d/mirror."
)


class AwsDeployment(Deployment):
    """The module, or a configuration that uses it, applied to an emulated AWS.

    `folder` is that of a configuration, all of whose bots then run.
    """

    def __init__(
        self,
        telegram: Telegram,
        bot: Path,
        variables: dict[str, str],
        folder: Path | None = None,
    ) -> None:
        super().__init__(telegram, bot, variables)
        self._folder = folder
        self._look = Look([], [])  # of a bot without a configuration
        self._lock = threading.Lock()
        self._read = 0  # bytes of the file of invocations
        self._of_delivery: dict[str, Invocation] = {}
        self._sent: Any = None  # an event whose invocation is awaited, which is then the next
        self._of_event: Invocation | None = None
        self.client = cache(self._client)

    def open(self) -> None:
        try:
            terraform_command()
        except ToolError as error:
            raise Unavailable(str(error)) from None
        if not self._folder:
            self.check_bots()
        temporary = tempfile.TemporaryDirectory(
            prefix="telegram-bot-module-", ignore_cleanup_errors=True
        )
        folder = Path(self.opened.enter_context(temporary))
        with step("emulated AWS"):
            self.emulator = self.opened.enter_context(Emulator())
        regions = self.prepare(folder, self.emulator.url)
        try:
            for bot in self.bots:
                packages(bot.folder, bot.runtime)  # now, with the operator's settings of the index
        except ValueError as error:
            raise ToolError(str(error)) from None
        if self._folder:
            self.check_bots()
        for region in regions:
            self._put_parameters(region)
        started = time.monotonic()
        with step("terraform apply"):
            self.module.apply()
        seconds = time.monotonic() - started
        warnings = [f"Terraform warns: {told}" for told in self.module.failed_checks()]
        self.way = f"The bot runs on an emulated AWS, applied in {seconds:.1f} s."
        self.way = "\n".join([self.way, *warnings])
        self.find_bots()
        for bot in self.bots:
            said = [] if self._folder else notes(bot.folder, self._look)
            self.way = "\n".join([self.way, *python_note(bot.runtime), *said])
        self._take()  # what the registration logged
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        self.opened.callback(thread.join)
        self.opened.callback(over.set)
        thread.start()

    def check_bots(self) -> None:
        """Raise ToolError if a bot can't be imported, or needs inputs that a configuration lacks.

        An apply takes a minute to say so. A configuration's variables are known by name, so only
        errors count then that no variable causes.
        """
        for bot in {(bot.folder, *bot.inputs.values()): bot for bot in self.bots}.values():
            own = dict.fromkeys(bot.variables, "1") if self._folder else self.variables
            variables = self.environment(own)
            if has_page(bot.folder):
                variables["MINI_APP_URL"] = self.telegram.url + PAGE
            try:
                self._look = look_at(bot.folder, variables, **bot.inputs)
            except ValueError as error:
                if not self._folder or NO_VARIABLE.search(str(error)):
                    raise ToolError(str(error)) from None
            else:
                if self._folder and self._look.missing:
                    raise ToolError(f"{bot.address}: {'; '.join(self._look.missing)}")

    def prepare(self, folder: Path, aws_url: str) -> set[str]:
        """Have in a folder what Terraform applies, with its provider, and know its bots.

        Returns the regions that they may be in.
        """
        configuration = None
        if self._folder:
            self.module = Module(aws_url, folder / "module")
            target = folder / "configuration"
            about = (self._folder, target, self.module, self.telegram.url, self.variables)
            with step("configuration"):
                configuration = Configuration(*about)
        else:
            [bot] = self.bots
            self.module = Module(
                aws_url,
                folder,
                telegram_bot_token=TOKEN,
                telegram_api_url=self.telegram.url,
                source_dir=None if bot.folder == LAMBDA else str(bot.folder),
                environment=self.variables or None,
                **inputs(bot.folder, self._look),
            )
        self.module.environment["TMPDIR"] = str(folder)
        with step("terraform init"):
            try:
                self.module.init()
            except ToolError as error:
                raise Unavailable(f"{error}\n{REMEDY}") from None
            if configuration:
                self.bots = configuration.bots()
                for bot in self.bots[1:]:
                    self.telegram.add_bot(bot.token)
        return {REGION, *(configuration.regions if configuration else ())}

    def _put_parameters(self, region: str) -> None:
        for name, value in self.parameters.items():
            secret = {"Name": name, "Value": value, "Type": "SecureString", "Overwrite": True}
            ssm = self.client("ssm", region)
            try:
                ssm.put_parameter(**secret)
            except ssm.exceptions.ClientError as error:
                raise ToolError(f"Parameter Store doesn't take {name}: {error}") from None

    def find_bots(self) -> None:
        """Note where each bot is deployed."""
        for bot in self.bots:
            for resource in self.module.resources(bot.address):
                found = resource["instances"][0]["attributes"]
                if resource["type"] == "aws_lambda_function":
                    bot.name, bot.runtime = found["function_name"], found["runtime"]
                    bot.timeout = found["timeout"]
                    bot.region = found["arn"].split(":")[3]
                    [environment] = found["environment"]
                    variables = environment["variables"]
                    bot.page_url = variables.get("MINI_APP_URL", "")
                    bot.remembers = not variables.keys().isdisjoint(("QUEUE_URL", "SESSION_TABLE"))
                elif resource["type"] == "aws_apigatewayv2_api":
                    bot.webhook_url = f"{found['api_endpoint']}/telegram"

    def _watch(self, over: threading.Event) -> None:
        """Report queued updates, events and schedules, as soon as AWS tells of them."""
        while not over.wait(LOOK_SECONDS):
            self._take()

    def _take(self) -> None:
        """Put the invocations that ended since the last call where they belong, in order.

        Workers write each as a line of JSON, before the emulator answers the request. Of a warm-up,
        the bot doesn't get to know.
        """
        came = []
        with self._lock:
            with self.emulator.invocations.open("rb") as file:
                file.seek(self._read)
                whole, end, _ = file.read().rpartition(b"\n")
            self._read += len(whole + end)
            for each in (Invocation(**json.loads(line)) for line in whole.splitlines()):
                self.on_log(each)
                if each.delivery:
                    self._of_delivery[each.delivery] = each
                elif self._sent is not None and each.event == self._sent:
                    self._of_event = each
                elif each.outcome.get("source") == "queue" or (
                    each.event is not None and (each.error or each.outcome)
                ):
                    came.append(each)
        for each in came:
            self.came(each)

    def __exit__(self, *exception: object) -> None:
        with self.opened:  # whose end takes the emulated AWS along, with all that is in it
            if exception[0] is None:
                with step("terraform destroy"):  # as its operator would
                    self.module.destroy()

    def deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        delivery = str(uuid.uuid4())
        answer = post(url, {**headers, DELIVERY: delivery}, body)
        self._take()
        if found := self._of_delivery.pop(delivery, None):
            self.invocations[answer[1].get("apigw-requestid", "")] = found
        return answer

    def replace(self, bot: Hosted) -> str:
        lambda_ = self.client("lambda", bot.region)
        lambda_.update_function_code(FunctionName=bot.name, ZipFile=self._package(bot))
        version = lambda_.publish_version(FunctionName=bot.name)["Version"]
        answer = self._invoke(bot, CHECK, version)
        if error := answer.get("errorMessage"):
            raise ToolError(str(error))
        lambda_.update_alias(FunctionName=bot.name, Name="live", FunctionVersion=version)
        answer = self._invoke(bot, registration(bot.webhook_url))
        self._take()
        return str(answer.get("errorMessage") or "")

    def send_event(self, bot: Hosted, event: Any) -> Invocation:
        self._sent, self._of_event = event, None
        answer = self._invoke(bot, event)
        self._take()
        self._sent = None
        error = str(answer.get("errorMessage") or "")  # a time-out leaves no line
        return self._of_event or Invocation(event=event, error=error)

    def answer(self, bot: Hosted, event: Any) -> Any:
        return self._invoke(bot, event)

    def _package(self, bot: Hosted) -> bytes:
        """Package a bot as Terraform does. Raises ToolError."""
        package = self.module.folder / "changed.zip"
        command = [sys.executable, str(SCRIPTS / "package"), str(package)]
        command += [bot.runtime, str(bot.folder)]
        environment = {**os.environ, requirements.THIS_MACHINE: str(requirements.cache())}
        packed = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=600
        )
        if packed.returncode:
            raise ToolError(packed.stderr.strip())
        return package.read_bytes()

    def _invoke(self, bot: Hosted, event: Any, qualifier: str = "live") -> Json:
        answer = self.client("lambda", bot.region).invoke(
            FunctionName=bot.name, Qualifier=qualifier, Payload=json.dumps(event)
        )
        result = json.loads(answer["Payload"].read() or "null")
        return result if isinstance(result, dict) else {}

    def _client(self, service: str, region: str) -> Any:
        """Return botocore's client for a service of the emulated AWS."""
        import botocore.session  # lazy: only .venv has it, and --direct needs none

        session = botocore.session.Session(NO_PROFILE)
        return session.create_client(service, region, endpoint_url=self.emulator.url, **KEYS)

    def commands(self) -> list[str]:
        cache = shlex.quote(str(requirements.cache()))
        return [
            "To work in the emulated AWS, until Ctrl-C, in another terminal:",
            f"  export AWS_ENDPOINT_URL={self.emulator.url} AWS_REGION={self.bots[0].region}",
            "  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
            f"  export {requirements.THIS_MACHINE}={cache}",
            "  unset AWS_PROFILE AWS_SESSION_TOKEN",
            *(
                f"  {typed('sessions')} list --table {bot.name}_sessions --region {bot.region}"
                for bot in self.bots
                if bot.remembers
            ),
            f"  cd {shlex.quote(str(self.module.root))}   # then terraform apply, aws lambda …",
        ]
