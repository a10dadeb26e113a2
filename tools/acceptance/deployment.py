"""The deployment that the steps try: what they do to it, and what they see of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botkit.errors import TelegramError
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.terraform import REGION, Module
from telegram_stand_in import post

from acceptance.cleanup import OF_MODULE, PARAMETER, Left, everything

Json = dict[str, Any]

BOTS = Path(__file__).with_name("bots")
FIRST_UPDATE = 2_000_000_000  # above those of Telegram
CALM_SECONDS = 1.0  # between messages to a chat, so that the bot isn't refused
LOOK_SECONDS = 0.2  # between two looks at what should come soon, ten times as long on real AWS
SECRET = "webhook_secret"  # the resource that has it
OWN = ("TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_WORKSPACE")  # of the operator's Terraform


@dataclass
class Account:
    """Where the module is tried: an account of AWS, a bot, and its owner's chat.

    `aws_url` and `keys` are of the emulated AWS. What should come has `patience` seconds.
    """

    token: str
    chat: int
    api_url: str = "https://api.telegram.org"
    region: str = REGION
    aws_url: str = ""
    keys: tuple[str, str] = ("test", "test")
    inputs: Json = field(default_factory=dict)
    patience: float = 300.0

    @property
    def is_real(self) -> bool:
        return not self.aws_url


class Applied(Module):
    """The module in a folder. On a real account nothing in it is as on the emulated one."""

    def __init__(self, account: Account, folder: Path, **variables: Any) -> None:
        super().__init__(account.aws_url, folder, **variables)
        if account.is_real:
            of_operator = {n: v for n, v in os.environ.items() if not n.startswith(OWN)}
            self.environment = {
                **of_operator,
                "AWS_REGION": account.region,
                "TF_IN_AUTOMATION": "1",
            }
            self.stop_seconds = 900


class Deployment:
    """The bot `name`, which is deployed from a folder into an account.

    What fails raises ToolError, TelegramError by Telegram, OSError or an exception of botocore.
    """

    def __init__(self, account: Account, folder: Path, name: str) -> None:
        self.account = account
        self.name = name
        self.parameter = f"/{name}/token"
        self.folder = folder
        self.url = self.secret = ""  # of the webhook
        self._bot = folder / "bot"
        self._bot.mkdir(parents=True, exist_ok=True)
        self.write_bot("plain", "first")
        self.module = Applied(
            account,
            folder / "module",
            name=name,
            source_dir=str(self._bot),
            telegram_api_url=account.api_url,
            telegram_bot_token=account.token,
            **account.inputs,
        )
        self._clients: dict[str, Any] = {}
        self._updates = FIRST_UPDATE + int(time.time()) % 100_000_000
        self._seen = 0  # the last message of the chat that `heard` has looked at
        self._ours: set[int] = set()  # the messages that this sent: they aren't answers
        self._began = int(time.time() * 1000)

    # Terraform.

    def write_bot(self, bot: str, says: str, broken: bool = False) -> None:
        """Make one of bots/ the next release, whose answers begin with what it `says`."""
        source = (BOTS / f"{bot}.py").read_text().replace('"first"', f'"{says}"')
        (self._bot / "bot.py").write_text(f"1 / 0\n{source}" if broken else source)

    def apply(self, *arguments: str, **inputs: Any) -> None:
        """Apply the module, with other inputs from now on."""
        self.module.variables |= inputs
        try:
            self.module.apply(*arguments)
        finally:
            self._note()

    def refusal(self, **inputs: Any) -> str:
        """Apply, and return Terraform's errors on one line: nothing if it succeeded."""
        try:
            self.apply(**inputs)
        except ToolError as error:
            return " ".join(str(error).replace("│", "").split())
        return ""

    def output(self, name: str) -> str:
        return str(self.module.outputs()[name])

    def _note(self) -> None:
        """Note the webhook's URL and secret: the state may be half-written while Terraform runs."""
        if self.module.has_state():
            self.url = self.module.outputs().get("webhook_url", "")
            for each in self.module.resources():
                if each["name"] == SECRET:
                    self.secret = each["instances"][0]["attributes"]["triggers_replace"]["value"]

    def forget(self) -> None:
        """Delete the state and its back-up, which have the token and the secret."""
        for path in self.module.folder.glob("terraform.tfstate*"):
            path.unlink()

    # Telegram, and the chat.

    def call(self, method: str, **params: Any) -> Any:
        """Call the Bot API. If calls come too often, wait as long as Telegram says."""
        url = f"{self.account.api_url}/bot{self.account.token}/{method}"
        headers = {"Content-Type": "application/json"}
        while True:
            answer = json.loads(post(url, headers, json.dumps(params).encode())[2])
            if answer["ok"]:
                return answer["result"]
            told = answer["error_code"], answer["description"], answer.get("parameters", {})
            refusal = TelegramError(method, *told)
            if not refusal.retry_after:
                raise refusal
            time.sleep(refusal.retry_after)

    def message(self, text: str) -> tuple[int, str]:
        """Return a new update with a message of the owner's: its id, and it as JSON."""
        self._updates += 1
        owner = {"id": self.account.chat, "first_name": "Owner"}
        message = {
            "message_id": self._updates - FIRST_UPDATE,
            "date": int(time.time()),
            "chat": {**owner, "type": "private"},
            "from": {**owner, "is_bot": False},
            "text": text,
        }
        return self._updates, json.dumps({"update_id": self._updates, "message": message})

    def write(self, text: str) -> tuple[int, int]:
        """Post a message of the owner's to the webhook, as Telegram does.

        Telegram delivers it again where the module's answer asks for that. Returns the update's id
        and the last HTTP status.
        """
        update, body = self.message(text)
        headers = {
            "Content-Type": "application/json",
            "X-Telegram-Bot-Api-Secret-Token": self.secret,
        }
        end = time.monotonic() + self.account.patience
        while True:
            status, answered, _ = post(self.url, headers, body.encode())
            if status not in (429, 503) or time.monotonic() > end:
                return update, status
            time.sleep(int(answered.get("retry-after", 1)))

    def heard(self, least: int = 0) -> list[str]:
        """Return what the bot has said since the last call, and delete it from the chat.

        Waits until it has said `least` texts, if it does in time.
        """
        texts: list[str] = []
        for _ in self.looks():
            texts += self._new_texts()
            if len(texts) >= least:
                break
        return texts

    def _new_texts(self) -> list[str]:
        """A bot can't read a chat. But it may forward a message, and gets it as the answer.

        The ids in a private chat count up, so a message that this sends tells where to end.
        """
        to = {"chat_id": self.account.chat, "disable_notification": True}
        end = self.call("sendMessage", **to, text="(scripts/dev accept)")["message_id"]
        texts, ours = [], [end]
        for id in range(self._seen + 1, end) if self._seen else ():
            if id in self._ours:
                continue
            time.sleep(CALM_SECONDS if self.account.is_real else 0)
            try:
                found = self.call(
                    "forwardMessage", **to, from_chat_id=self.account.chat, message_id=id
                )
            except TelegramError:  # it was deleted
                continue
            ours.append(found["message_id"])
            if found["forward_origin"].get("sender_user", {}).get("is_bot"):
                ours.append(id)
                texts.append(found["text"])
        self._seen = end  # the bot may have written since
        self._ours |= {*ours}
        for some in (ours[at : at + 100] for at in range(0, len(ours), 100)):
            self.call("deleteMessages", chat_id=self.account.chat, message_ids=some)
        return texts

    def webhook(self) -> Json:
        found: Json = self.call("getWebhookInfo")
        return found

    # AWS.

    def aws(self, service: str) -> Any:
        """Return botocore's client of a service."""
        if service not in self._clients:
            import botocore.session

            id, key = (None, None) if self.account.is_real else self.account.keys
            self._clients[service] = botocore.session.get_session().create_client(
                service,
                region_name=self.account.region,
                endpoint_url=self.account.aws_url or None,
                aws_access_key_id=id,
                aws_secret_access_key=key,
            )
        return self._clients[service]

    def outcomes(self, update: int, least: int = 1) -> list[str]:
        """Return the outcomes of an update in the function's log, and wait for so many.

        Telegram may have limited how often the bot writes, which isn't one.
        """
        found: list[str] = []
        for _ in self.looks():
            outcomes = [
                line["outcome"] for line in self._lines() if line.get("update_id") == update
            ]
            found = [outcome for outcome in outcomes if outcome != "throttled"]
            if len(found) >= least:
                break
        return found

    def _lines(self) -> Iterator[Json]:
        pages = self.aws("logs").get_paginator("filter_log_events")
        group = self.output("log_group_name")
        for page in pages.paginate(logGroupName=group, startTime=self._began):
            for event in page["events"]:
                if event["message"].startswith("{"):
                    line = json.loads(event["message"])
                    if line.get("logger") == "botkit" and "outcome" in line:
                        yield line

    def await_dead_letters(self, number: int) -> None:
        """Wait until SQS counts so many dead letters. Raises ToolError if it doesn't."""
        queues, count = self.aws("sqs"), -1
        url = queues.get_queue_url(QueueName=f"{self.name}_dlq.fifo")["QueueUrl"]
        asked = {"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        for _ in self.looks():
            found = queues.get_queue_attributes(**asked)["Attributes"]
            count = int(found["ApproximateNumberOfMessages"])
            if count == number:
                return
        raise ToolError(f"SQS counts {count} dead letters, not {number}")

    def redrive(self) -> None:
        """Move dead letters back into the queue, as the output redrive_command does."""
        words = self.output("redrive_command").split()
        source, to = (words[words.index(f"--{end}-arn") + 1] for end in ("source", "destination"))
        self.aws("sqs").start_message_move_task(SourceArn=source, DestinationArn=to)

    def alarms(self) -> dict[str, str]:
        """Return the states of the bot's alarms, by the end of their names."""
        pages = self.aws("cloudwatch").get_paginator("describe_alarms")
        found = pages.paginate(AlarmNamePrefix=f"{self.name}_")
        return {
            alarm["AlarmName"].removeprefix(f"{self.name}_"): alarm["StateValue"]
            for page in found
            for alarm in page["MetricAlarms"]
        }

    # The end.

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def left(self) -> list[Left]:
        """Return what the account has of this bot: resources with its name, and its parameter."""
        found = everything(self.aws, (*OF_MODULE, PARAMETER))
        named = re.compile(rf"(^|[/:]){re.escape(self.name)}($|[-_./:])")
        return [each for each in found if named.search(each.name)]

    def destroy(self) -> None:
        if self.module.has_state():
            self.module.destroy()
        ssm = self.aws("ssm")
        with contextlib.suppress(ssm.exceptions.ParameterNotFound):
            ssm.delete_parameter(Name=self.parameter)

    def looks(self) -> Iterator[None]:
        """Yield at once, and again after each pause, while there is patience."""
        end = time.monotonic() + self.account.patience
        while True:
            yield
            if time.monotonic() >= end:
                return
            time.sleep(LOOK_SECONDS * (10 if self.account.is_real else 1))
