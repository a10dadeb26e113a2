"""What the tests of the module do with a deployment and its Telegram."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.config
import botocore.session
from emulators.aws import Emulator
from emulators.telegram import Telegram
from local.terraform import REGION, Module

from tests.support.provider import Provider
from tests.support.stubs import BOT


class Deployment(Module):
    """A copy of the module with the tests' bot, whose commands share one provider."""

    def __init__(self, aws_url: str, folder: Path, **options: Any) -> None:
        super().__init__(aws_url, folder, **options)
        shutil.copy(BOT, self.folder / "lambda")
        self._provider: Provider | None = None

    def init(self, initialised: Path | None = None) -> None:
        """Install the provider, as in an initialised folder if there is one, and start it."""
        if initialised:
            shutil.copytree(initialised / ".terraform", self.root / ".terraform", symlinks=True)
        else:
            super().init()
        files = [path.read_text() for path in self.folder.rglob("*.tf")]
        used = re.findall(r'^(?:resource|data) "(aws_\w+)"', "\n".join(files), re.MULTILINE)
        self._provider = Provider(self.root, used, self.environment)

    def terraform(
        self, *arguments: str, check: bool = True, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Terraform, and fail if it warns, as of what is deprecated."""
        result = super().terraform(*arguments, check=check, input=input)
        said = result.stdout + result.stderr
        if arguments[0] != "init":  # it warns about how the provider is installed
            assert not re.search("(?<!# )Warning: ", said), said  # "# Warning" is a plan's note
        return result

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, *exception: object) -> None:
        """Destroy what is applied, and end the provider."""
        try:
            if self.has_state():
                self.destroy()
        finally:
            if self._provider:
                self._provider.stop()


Deploy = Callable[..., Deployment]


def change(module: Module, old: str, new: str, *, file: str = "bot.py") -> None:
    """Change a line of a deployment's own copy of the function."""
    path = module.folder / "lambda" / file
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))


def client(aws: Emulator, service: str) -> Any:
    """Return a botocore client of the emulated AWS."""
    session = botocore.session.get_session()
    return session.create_client(
        service,
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(retries={"max_attempts": 0}),
    )


def everything(aws: Emulator) -> list[str]:
    """Return the names of all that the module makes, as the emulated AWS tells them."""
    functions = client(aws, "lambda").list_functions()["Functions"]
    roles = client(aws, "iam").list_roles()["Roles"]
    groups = client(aws, "logs").describe_log_groups()["logGroups"]
    apis = client(aws, "apigatewayv2").get_apis()["Items"]
    filters = client(aws, "logs").describe_metric_filters()["metricFilters"]
    rules = client(aws, "events").list_rules()["Rules"]
    alarms = client(aws, "cloudwatch").describe_alarms()["MetricAlarms"]
    dashboards = client(aws, "cloudwatch").list_dashboards()["DashboardEntries"]
    queues = client(aws, "sqs").list_queues().get("QueueUrls", [])
    mappings = client(aws, "lambda").list_event_source_mappings()["EventSourceMappings"]
    return [
        *(f"function {function['FunctionName']}" for function in functions),
        *(f"role {role['RoleName']}" for role in roles),
        *(f"log group {group['logGroupName']}" for group in groups),
        *(f"API {api['Name']}" for api in apis),
        *(f"metric filter {each['filterName']}" for each in filters),
        *(f"rule {rule['Name']}" for rule in rules),
        *(f"alarm {alarm['AlarmName']}" for alarm in alarms),
        *(f"dashboard {each['DashboardName']}" for each in dashboards),
        *(f"queue {queue.rpartition('/')[2]}" for queue in queues),
        *(f"source {mapping['EventSourceArn']}" for mapping in mappings),
    ]


def fetch(
    url: str, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Ask a deployment's API, and return status, headers and body."""
    host = urlsplit(url).netloc
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body or None, {"Host": host, **named})
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, fields, answer.read()
    finally:
        connection.close()


def texts(telegram: Telegram) -> list[str]:
    """Return the texts of the messages that the bot sent and Telegram took, in their order."""
    sent = [call for call in telegram.calls if call.method == "sendMessage" and call.status == 200]
    return [call.params["text"] for call in sent]


def answer_to(telegram: Telegram, text: str) -> str:
    """Write a text to the bot, and return what it answers."""
    before = len(texts(telegram))
    telegram.send(telegram.message(text))
    telegram.wait(lambda: len(texts(telegram)) > before and not telegram.pending())
    return texts(telegram)[-1]
