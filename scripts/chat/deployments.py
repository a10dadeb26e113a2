"""Where the demo's bot runs: on an emulated AWS, or in a process of this machine."""

from __future__ import annotations

import abc
import base64
import contextlib
import http.client
import json
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulators.aws import Emulator
from emulators.function_site.sitecustomize import START
from emulators.gateway import Gateway
from emulators.telegram import Json, post
from local.container import Function, Invocation
from local.processes import ToolError, signals_held, watched
from local.project import LAMBDA, SCRIPTS
from local.sources import Sources, read_sources
from local.terraform import REGION, Module, from_mirrors, terraform_command

MAX_CONNECTIONS = 40
LOOK_SECONDS = 0.2  # between two looks at what a queue's updates became
LATE_MILLISECONDS = 2000  # by which a line may come to the log after a later one
LONGEST_REASON = 300  # characters, of what Terraform says of an init that failed
PAGE = "/app/index.html"  # where a bot's page is, in its folder and below its API's address
MENU_BUTTON = "Open"  # what opens it, where no configuration says it
CODE = re.compile(r'"[^"]*/ministack-lambda-[^"/]*/code/')  # where the emulator unpacks a function


# How the secret part of each token begins. The rest is new for each start, so that nobody else on
# this machine, such as a web page, knows it.
TOKENS_BEGIN = "AAE-of-the-demo-"
TOKENS_END = secrets.token_urlsafe(16)


def token(number: int) -> str:
    """Return the token of the first, second … bot that the stand-in knows."""
    return f"{1234567889 + number}:{TOKENS_BEGIN}{TOKENS_END}"


TOKEN = token(1)

Step = Callable[[str], contextlib.AbstractContextManager[None]]


class Unavailable(ToolError):
    """This machine lacks what a deployment needs: what, and what to do about it."""

    def __init__(self, missing: str, remedy: str = "") -> None:
        super().__init__(missing)
        self.remedy = remedy


@dataclass
class Reload:
    """A bot's code was replaced by what is in its folder now. `error`: why it doesn't work."""

    milliseconds: float
    error: str
    files: list[str] = field(default_factory=list)


@dataclass
class Hosted:
    """A bot that runs: its token, the folder of its bot.py, and where it is deployed.

    `name` is the function's, `address` that of the module's call in a configuration. `timeout` is
    the function's, in seconds. `has_queue`: updates wait in one to be answered.
    """

    token: str
    folder: Path
    name: str = "telegram-bot"
    address: str = ""
    webhook_url: str = ""
    page_url: str = ""  # of its page (Mini App), if it has one, as the bot knows it
    log_group: str = ""
    region: str = REGION
    runtime: str = ""
    timeout: float = 0
    has_queue: bool = False


class Deployment(abc.ABC):
    """Bots that run, most often one; they are removed when the `with` block ends.

    `from_queue` is called with each invocation by a queue, when it is over.
    """

    name = ""
    way = ""  # in which way the bots run, in words
    notes: dict[str, str] = {}  # by the name of a field of Invocation: why it is None here

    def __init__(self, api_url: str, step: Step, bot: Path, variables: dict[str, str]) -> None:
        self.api_url = api_url
        self.step = step
        self.bots = [Hosted(TOKEN, bot)]
        self.variables = variables  # of the bot's environment
        self.opened = contextlib.ExitStack()
        self.from_queue: Callable[[Invocation], None] = lambda invocation: None
        self._sources: list[Sources] = []
        self._reloading = threading.Lock()

    def __enter__(self) -> Deployment:
        with contextlib.ExitStack() as opened:
            self.opened = opened
            self.open()
            self._sources = [read_sources(bot.folder) for bot in self.bots]
            self.opened = opened.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        with self.opened:
            if exception[0] is None:
                self.close()

    @abc.abstractmethod
    def open(self) -> None:
        """Deploy the bot. Raises Unavailable or ToolError."""

    @abc.abstractmethod
    def close(self) -> None:
        """Remove the bot, as its owner would."""

    def deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        """Post an update to the webhook, as `post` does."""
        return post(url, headers, body)

    def ask_page(
        self, bot: Hosted, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[Answer, Invocation]:
        """Make a request to a bot's page, at a path and query. Raises OSError."""
        answer = ask(bot.page_url.removesuffix(PAGE) + target, method, headers, body)
        return answer, self.details(answer.header("apigw-requestid"))

    @abc.abstractmethod
    def details(self, request_id: str) -> Invocation:
        """Return what happened to the request that API Gateway gave this id."""

    def refresh(self) -> Reload | None:
        """Replace a bot's code if a file in its folder was changed, and register it again."""
        with self._reloading:
            now = [read_sources(bot.folder) for bot in self.bots]
            changed: set[str] = set()
            errors = []
            started = time.monotonic()
            for bot, before, sources in zip(self.bots, self._sources, now, strict=True):
                if sources == before:
                    continue
                names = sources.keys() | before.keys()
                changed |= {name for name in names if sources.get(name) != before.get(name)}
                try:
                    errors.append(self.replace(bot))
                except (ToolError, OSError, http.client.HTTPException) as failure:
                    errors.append(str(failure) or type(failure).__name__)
            self._sources = now
            if not changed:
                return None
            error = "\n".join(filter(None, errors))
            return Reload((time.monotonic() - started) * 1000, error, sorted(changed))

    @abc.abstractmethod
    def replace(self, bot: Hosted) -> str:
        """Replace a bot's code. Returns what is wrong with it."""

    @abc.abstractmethod
    def stop_container(self) -> None:
        """End the functions' containers: the next delivery starts one."""


@dataclass
class Answer:
    """The answer to a request for a page."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known.lower() == name), "")


def ask(url: str, method: str, headers: dict[str, str], body: bytes) -> Answer:
    """Make a request to an emulated API, and return the answer as it came. Raises OSError."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body or None, {**headers, "Host": parts.netloc})
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def has_page(folder: Path) -> bool:
    """Tell whether a bot's folder has a page."""
    return (folder / PAGE[1:]).is_file()


def registration(action: str, url: str) -> Json:
    """Return the event that Terraform registers and removes the webhook with."""
    return {"url": url, "max_connections": MAX_CONNECTIONS, "tf": {"action": action}}


class LocalDeployment(Deployment):
    """The handler in a process, behind an HTTP server that stands for API Gateway."""

    name = "direct"
    way = "The bot runs directly, without AWS and Terraform."
    notes = {"event": "this request had none"}

    def open(self) -> None:
        self._invocations: dict[str, Invocation] = {}  # by request id
        [bot] = self.bots
        with self.step("the handler behind a local HTTP server"):
            environment = {
                **self.variables,
                "TELEGRAM_API_URL": self.api_url,
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_WEBHOOK_SECRET": secrets.token_hex(16),
            }
            with signals_held():
                self.function = self.opened.enter_context(Function(bot.folder, environment))
            gateway = self.opened.enter_context(Gateway(self._invoke))
            bot.webhook_url = gateway.webhook_url
            if has_page(bot.folder):
                bot.page_url = environment["MINI_APP_URL"] = gateway.url + PAGE
            error = self.replace(bot)
        if error:
            raise ToolError(f"the function does not register its webhook:\n{error}")

    def _invoke(self, event: Json) -> Any:
        invocation = self.function.invoke(event)
        self._invocations[event["requestContext"]["requestId"]] = invocation
        return invocation.result

    def close(self) -> None:
        self.function.invoke(registration("delete", self.bots[0].webhook_url))

    def replace(self, bot: Hosted) -> str:
        event = registration("register", bot.webhook_url)
        if bot.page_url:
            event["menu_button"] = {"text": MENU_BUTTON, "url": bot.page_url}
        return self.function.invoke(event).error.strip()

    def stop_container(self) -> None:
        self.function.stop()

    def details(self, request_id: str) -> Invocation:
        return self._invocations.get(request_id) or Invocation()


class AwsDeployment(Deployment):
    """The module, applied to an emulated AWS."""

    name = "aws"
    notes = {
        "event": "API Gateway makes it inside the emulated AWS, where nobody can look. "
        "scripts/demo --direct shows one",
        "cold": "the function wrote no log of it",
        "start_milliseconds": "the function wrote no log of it",
        "milliseconds": "the function wrote no log of it",
        "logs": "the function wrote no log of it",
    }

    def open(self) -> None:
        try:
            terraform_command()
        except ToolError as error:
            raise Unavailable(str(error)) from None
        self._details: dict[str, Invocation] = {}  # by request id
        self._under_way = 0  # deliveries
        self._alone = False
        self._lock = threading.Lock()
        self._of_page = threading.Lock()
        with signals_held():
            folder = Path(tempfile.mkdtemp(prefix="telegram-bot-module-"))
            watched("folder", str(folder))
            self.opened.callback(watched, "folder", str(folder), over=True)
            self.opened.callback(shutil.rmtree, folder, ignore_errors=True)
        with self.step("emulated AWS"):
            self.emulator = self.opened.enter_context(Emulator())
        self.module = self.configuration(folder)
        self.module.environment["TMPDIR"] = str(folder)
        mirrors = from_mirrors(self.module.root)
        with self.step(f"terraform init, {mirrors}" if mirrors else "terraform init"):
            self.init()
        started = time.monotonic()
        with self.step("terraform apply"):
            self.module.apply()
        seconds = time.monotonic() - started
        self.way = f"The bot runs on an emulated AWS, applied in {seconds:.1f} s."
        self.find_bots()
        self._logs = {bot.name: FunctionLog(self._aws, bot) for bot in self.bots}
        for log in self._logs.values():
            log.new()  # the registration's
        if any(bot.has_queue for bot in self.bots):
            over = threading.Event()
            thread = threading.Thread(target=self._watch_queues, args=(over,), daemon=True)
            self.opened.callback(thread.join)
            self.opened.callback(over.set)
            thread.start()

    def configuration(self, folder: Path) -> Module:
        """Return what is applied, in a folder of its own."""
        [bot] = self.bots
        return Module(
            self.emulator.url,
            folder,
            telegram_bot_token=TOKEN,
            telegram_api_url=self.api_url,
            source_dir=None if bot.folder == LAMBDA else str(bot.folder),
            environment=self.variables or None,
            mini_app=MENU_BUTTON if has_page(bot.folder) else None,
        )

    def init(self) -> None:
        """Install the providers. Raises Unavailable."""
        try:
            self.module.init()
        except ToolError as error:
            raise Unavailable(why_not_installed(error)) from None

    def find_bots(self) -> None:
        """Note where the bots are deployed."""
        for bot in self.bots:
            for resource in self.module.resources(bot.address):
                found = resource["instances"][0]["attributes"]
                if resource["type"] == "aws_lambda_function":
                    bot.name, bot.runtime = found["function_name"], found["runtime"]
                    bot.timeout = found["timeout"]
                    bot.region = found["arn"].split(":")[3]
                    bot.log_group = f"/aws/lambda/{bot.name}"
                    [environment] = found["environment"]
                    bot.page_url = environment["variables"].get("MINI_APP_URL", "")
                elif resource["type"] == "aws_apigatewayv2_api":
                    bot.webhook_url = f"{found['api_endpoint']}/telegram"
                elif resource["type"] == "aws_lambda_event_source_mapping":
                    bot.has_queue = True

    def _watch_queues(self, over: threading.Event) -> None:
        """Tell what the queues' updates became, as soon as the functions' logs say so."""
        while not over.wait(LOOK_SECONDS):
            with self._lock:
                found = [each for log in self._logs.values() for each in log.from_queue()]
            for each in found:
                self.from_queue(each)

    def close(self) -> None:
        with self.step("terraform destroy"):
            self.module.destroy()

    def deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        bot = next((bot for bot in self.bots if bot.webhook_url == url), self.bots[0])
        with self._lock:
            self._alone = not self._under_way
            self._under_way += 1
        try:
            answer = post(url, headers, body)
        finally:
            with self._lock:
                self._under_way -= 1
        request_id = answer[1].get("apigw-requestid", "")
        with self._lock:
            found = self._logs[bot.name].of(json.loads(body).get("update_id"), self._alone)
            if found:
                self._details[request_id] = found
        return answer

    def ask_page(
        self, bot: Hosted, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[Answer, Invocation]:
        with self._of_page:  # one at a time: nothing in the log tells them apart
            with self._lock:
                self._under_way += 1
                self._alone = False
            try:
                answer, _ = super().ask_page(bot, method, target, headers, body)
            finally:
                with self._lock:
                    self._under_way -= 1
            with self._lock:
                found = self._logs[bot.name].of(None, True)
        return answer, found or Invocation()

    def details(self, request_id: str) -> Invocation:
        with self._lock:
            return self._details.get(request_id) or Invocation()

    def replace(self, bot: Hosted) -> str:
        self._put_code(bot)
        path = "/invocations"
        answer = self._function(bot, "POST", path, registration("register", bot.webhook_url))
        with self._lock:
            self._logs[bot.name].new()
        return str(answer.get("errorMessage") or "")

    def stop_container(self) -> None:
        for bot in self.bots:
            self._put_code(bot)

    def _put_code(self, bot: Hosted) -> None:
        """Pack a bot as Terraform does, and make that the function's code. Raises ToolError."""
        package = self.module.folder / "changed.zip"
        command = [sys.executable, str(SCRIPTS / "package"), str(package)]
        command += [bot.runtime, str(bot.folder)]
        packed = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if packed.returncode:
            raise ToolError(packed.stderr.strip())
        code = {"ZipFile": base64.b64encode(package.read_bytes()).decode()}
        self._function(bot, "PUT", "/code", code)

    def _function(self, bot: Hosted, method: str, path: str, body: Json) -> Json:
        path = f"/2015-03-31/functions/{bot.name}{path}"
        return self._aws(bot.region, "lambda", method, path, body)

    def _aws(
        self, region: str, service: str, method: str, path: str, body: Json, target: str = ""
    ) -> Json:
        """Call the emulated AWS. It needs to know the service, and asks for no signature."""
        credential = f"Credential=test/20250101/{region}/{service}/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body), headers)
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer if isinstance(answer, dict) else {}


def why_not_installed(error: ToolError) -> str:
    """Return why `terraform init` failed, in a line: it explains at length."""
    said = re.sub(r"[│╷╵\s]+", " ", str(error).partition("Error: ")[2] or str(error))
    said = said.partition(" To see which modules ")[0].strip()
    return f"Terraform can't install its provider: {textwrap.shorten(said, LONGEST_REASON)}"


class FunctionLog:
    """What a function wrote to CloudWatch, an invocation at a time.

    The emulator writes each invocation's lines to a stream of their own, between START and REPORT,
    before it answers the request.
    """

    def __init__(self, aws: Callable[..., Json], bot: Hosted) -> None:
        self._aws = aws
        self._bot = bot
        self._seen: set[str] = set()  # names of streams
        self._since = 0  # milliseconds, of the latest line
        self._unclaimed: list[Invocation] = []

    def of(self, update_id: Any, alone: bool) -> Invocation | None:
        """Return the latest invocation for an update that wasn't asked for yet.

        One that doesn't say what it was for counts if `alone`: no other was under way.
        """
        self._unclaimed += self.new()
        for invocation in reversed(self._unclaimed):
            answered = invocation.outcome.get("update_id")
            is_it = answered == update_id and not invocation.is_from_queue
            if is_it or (alone and answered is None):
                self._unclaimed.remove(invocation)
                return invocation
        return None

    def from_queue(self) -> list[Invocation]:
        """Return the invocations by a queue that weren't asked for yet, in order."""
        self._unclaimed += self.new()
        found = [each for each in self._unclaimed if each.is_from_queue]
        self._unclaimed = [each for each in self._unclaimed if not each.is_from_queue]
        return found

    def new(self) -> list[Invocation]:
        """Return the invocations that are over since the last time, in order."""
        since = max(0, self._since - LATE_MILLISECONDS)
        query = {"logGroupName": self._bot.log_group, "startTime": since}
        target = "Logs_20140328.FilterLogEvents"
        events = self._aws(self._bot.region, "logs", "POST", "/", query, target).get("events", [])
        streams: dict[str, list[str]] = {}
        for event in events:
            if event["logStreamName"] not in self._seen:
                streams.setdefault(event["logStreamName"], []).append(event["message"])
            self._since = max(self._since, event["timestamp"])
        self._seen |= {event["logStreamName"] for event in events}
        return [invocation(lines) for lines in streams.values()]


def invocation(lines: list[str]) -> Invocation:
    """Return what the lines say that a function wrote in an invocation."""
    found = Invocation(cold=False)
    logged, printed = [], []
    for text in lines:
        if text.startswith(("START RequestId: ", "END RequestId: ")):
            continue
        if report := re.match(r"REPORT RequestId: \S+\s+Duration: ([\d.]+) ms", text):
            found.milliseconds = float(report[1])
            continue
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            printed.append(f"{text}\n")
        elif line.get("message") == START and set(line) == {"message", "milliseconds"}:
            found.cold, found.start_milliseconds = True, line["milliseconds"]
        elif {"level", "message", "timestamp"} <= set(line):
            logged.append(readable(line))
        else:
            printed.append(f"{text}\n")
    found.take_logs(logged)
    found.printed = "".join(printed)
    return found


def readable(line: Json) -> Json:
    """Return a line of the log as AWS's runtime writes it, with its exception as a traceback."""
    frames = line.pop("stackTrace", None)
    if frames is None:
        return line
    error = f"{line.pop('errorType', '')}: {line.pop('errorMessage', '')}"
    trace = CODE.sub('"/var/task/', "".join(frames))
    return {**line, "traceback": f"Traceback (most recent call last):\n{trace}{error}"}
