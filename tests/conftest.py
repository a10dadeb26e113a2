"""Fixtures: the stubbed Bot API, new containers, faulty servers."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import signal
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trustme
from local.kept import Schedules, Table
from local.processes import ToolError
from local.project import LAMBDA
from local.terraform import Module, from_mirrors
from pytest_httpserver import HTTPServer
from xdist.scheduler import LoadScopeScheduling

from tests.support.needs import needs_provider
from tests.support.provider import Providers, alone
from tests.support.stubs import (
    FUNCTION,
    KEY,
    SECRET,
    SECRETS,
    SESSION_TOKEN,
    TEXT,
    TOKEN,
    Container,
    Finder,
    Json,
    Log,
    Part,
    Peer,
    loaded,
    session_environment,
    unload,
)

PAGE = "tests/page/"
DEPLOYMENT = "tests/deployment/"
# What starts first, in this order. Deployments begin with those that wait longest for AWS, and
# tests that need only a processor run beside them.
ORDER = (
    f"{DEPLOYMENT}test_deployer_policy.py",
    f"{DEPLOYMENT}test_queue.py",
    f"{DEPLOYMENT}test_examples.py",
    PAGE,
    f"{DEPLOYMENT}test_lifecycle.py",
    "tests/unit/",
    "tests/scripts/test_configuration.py",
    DEPLOYMENT,
)
# One process runs all of these, since it takes seconds to import aiogram.
AIOGRAM = (
    "examples/moved/aiogram/",
    "tests/emulators/test_libraries.py",
    "tests/integration/test_frameworks.py",
    "tests/scripts/test_update_bot_api.py",
    "tests/unit/host/test_init_data.py::test_aiogram",
    "tests/unit/host/test_init_data.py::test_they_accept",
    "tests/unit/test_on_aiogram.py",
)
MEASURED = ("tests/echo/", "tests/unit/")  # they cover all of lambda/
Start = Callable[..., Container]
StartBot = Callable[..., Container]
Serve = Callable[..., Peer]


def place(nodeid: str) -> int:
    """Return the index of a test's file in `ORDER`, or its length."""
    found = [nodeid.startswith(path) for path in ORDER]
    return [*found, True].index(True)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives tests that share something slow to set up to one process, and all others to any.

    They share a file's deployment, or the browser. As --dist loadgroup does by its mark, which has
    no effect with pytest 9.2 and xdist 3.8.
    """

    def _split_scope(self, nodeid: str) -> str:
        for shared in ((PAGE,), AIOGRAM):
            if nodeid.startswith(shared):
                return shared[0]
        return nodeid.partition("::")[0] if nodeid.startswith(DEPLOYMENT) else nodeid


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    config.option.loadscopereorder = False  # by number of tests, which says nothing here
    return Scheduling(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Let containers and scripts start quickly, and scripts be interrupted.

    A tool like pyenv takes longer to find Python than Python to start. What a shell starts in the
    background ignores Ctrl-C.
    """
    sys.meta_path.insert(0, Finder())
    os.environ["PATH"] = f"{sys.base_prefix}/bin:{os.environ['PATH']}"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # In a worker, pytest-cov measures twice: pausing the second would resume the first.
    if hasattr(config, "workerinput") and (coverage := coverage_of(config)):
        coverage.pause()


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    measure(session)


def pytest_collectstart(collector: pytest.Collector) -> None:
    measure(collector)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    measure(item)


def measure(node: pytest.Item | pytest.Collector) -> None:
    """Measure coverage from now on, or don't: without, tests need a third less CPU time."""
    coverage = coverage_of(node.config)
    on = node.nodeid.startswith(MEASURED)
    if coverage and coverage.started != on:
        coverage.resume() if on else coverage.pause()


def coverage_of(config: pytest.Config) -> Any:
    """Return what measures coverage, or None."""
    plugin: Any = config.pluginmanager.getplugin("_cov")
    return plugin and plugin.cov_controller


@contextlib.contextmanager
def unmeasured(config: pytest.Config) -> Iterator[None]:
    """Measure no coverage meanwhile."""
    coverage = coverage_of(config)
    if not coverage or not coverage.started:
        yield
        return
    coverage.pause()
    try:
        yield
    finally:
        coverage.resume()


def pytest_report_header() -> str:
    return f"providers: {from_mirrors() or 'as configured for Terraform, or from its registry'}"


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    """Restore the function's modules after a test that reloads them.

    The bot among them is never lambda/bot.py, which its author may have replaced.
    """
    before = loaded()
    yield
    assert getattr(sys.modules.get("bot"), "__file__", None) != str(LAMBDA / "bot.py")
    unload()
    sys.modules.update(before)
    for name in FUNCTION:
        package, _, module = name.rpartition(".")
        if name not in before and package in before:  # `from botkit import …` would find it there
            vars(before[package]).pop(module, None)


@pytest.fixture(scope="session")
def aiogram(pytestconfig: pytest.Config) -> ModuleType:
    """Import aiogram now: a container that does so may take longer than start-up lasts."""
    with unmeasured(pytestconfig):
        return importlib.import_module("aiogram")


@pytest.fixture(scope="session")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    """The provider, for all deployments. What the processes of tests can share, one makes."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with alone(shared / "init.lock"):
        if not (shared / "init").exists():
            module = Module("http://127.0.0.1:9", shared / "being initialised")
            try:
                module.init()
            except ToolError:
                needs_provider()  # skips, and says what is missing
                raise
            module.folder.rename(shared / "init")
    providers = Providers(shared / "init", tmp_path_factory.mktemp("provider"))
    yield providers
    providers.stop()


@pytest.fixture
def quick_terraform(
    providers: Providers,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let scripts have the provider that deployments have: Terraform's own start takes seconds."""
    monkeypatch.setenv("TERRAFORM", str(providers.command(tmp_path_factory.mktemp("terraform"))))


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """Replace pytest-httpserver's own: an idle connection must not keep others waiting."""
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield server


class BotApi:
    """A stub of the Bot API: it expects certain calls, in order, and no others."""

    def __init__(self, server: HTTPServer) -> None:
        self._server = server
        self.url = server.url_for("").rstrip("/")

    def expects(self, *calls: Json) -> None:
        """Expect calls, in the form that `bot.reply` returns, and carry them out."""
        for call in calls:
            params = {**call}
            self.answers(params.pop("method"), params)

    def answers(
        self, method: str, params: Json, result: Any = True, status: int = 200, **answer: Any
    ) -> None:
        """Expect one call, and answer it with `result`, or with the fields of `answer` instead."""
        self._server.expect_ordered_request(
            f"/bot{TOKEN}/{method}",
            method="POST",
            headers={"Content-Type": "application/json"},
            json=params,
        ).respond_with_json(answer or {"ok": True, "result": result}, status)

    def refuses(self, call: Json, code: int, description: str, **parameters: Any) -> None:
        """Expect a call, and refuse it as Telegram does."""
        params = {**call}
        answer = {"ok": False, "error_code": code, "description": description}
        if parameters:
            answer["parameters"] = parameters
        self.answers(params.pop("method"), params, status=code, **answer)

    def check(self) -> None:
        """Fail if a call was missing, different or unexpected."""
        self._server.check()
        assert not self._server.ordered_handlers, "an expected call was not made"


@pytest.fixture
def bot_api(httpserver: HTTPServer) -> Iterator[BotApi]:
    """The stubbed Bot API; unless told otherwise, it expects no call at all."""
    stub = BotApi(httpserver)
    yield stub
    stub.check()


@pytest.fixture
def log() -> Iterator[Log]:
    """The log of the containers, attached where Lambda attaches it."""
    handler, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def start(log: Log, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a container in place of the last: `start(api_url, NAME="value")`.

    At the end, no secret may be in its log or in its answers.
    """
    containers: list[Container] = []

    def start_container(api_url: str, **environment: str) -> Container:
        values = {
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",  # answers are written as on Lambda
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_API_URL": api_url,
            **environment,
        }
        for name in (
            "TELEGRAM_BOT_TOKEN_PARAMETER",
            "TELEGRAM_PROXY",
            "LATER_GROUP",
            "LATER_ROLE",
            "REPLY_MODE",
            "QUEUE_URL",
            "SESSION_TABLE",
            "SESSION_RETENTION_IN_DAYS",
        ):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        for container in containers[-1:]:
            container.stop()
        containers.append(Container(log))
        return containers[-1]

    yield start_container
    for container in containers[-1:]:
        container.stop()
    logged = json.dumps(log.lines, ensure_ascii=False)
    said = logged + "".join(line for container in containers for line in container.said)
    for secret in SECRETS:
        assert secret not in said
    assert TEXT not in logged


@pytest.fixture
def start_with_parameter(start: Start) -> Start:
    """Start a container whose token is kept in a Parameter Store: `start(api_url, store)`."""

    def start_container(api_url: str, store: Peer) -> Container:
        return start(
            api_url,
            TELEGRAM_BOT_TOKEN="",
            TELEGRAM_BOT_TOKEN_PARAMETER="/bot/token",
            AWS_REGION="eu-central-1",
            AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
            AWS_SECRET_ACCESS_KEY=KEY,
            AWS_SESSION_TOKEN=SESSION_TOKEN,
            AWS_ENDPOINT_URL=store.url,
        )

    return start_container


@pytest.fixture
def start_bot(
    start: Start, bot_api: BotApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StartBot:
    """Start a container with this bot.py: `start_bot(source, NAME="value")`."""

    def start_container(source: str, **environment: str) -> Container:
        (tmp_path / "bot.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        return start(bot_api.url, **environment)

    return start_container


@pytest.fixture
def start_with_sessions(start_bot: StartBot, bot_api: BotApi) -> StartBot:
    """Start a container whose bot.py has SESSION, and whose table is in memory: `container.table`.

    A second one has the table of the first.
    """
    items: Json = {}

    def start_container(source: str, **environment: str) -> Container:
        container = start_bot(source, **{**session_environment(bot_api.url), **environment})
        aws = container.module("aws")
        container.table = Table(aws, "sessions")
        container.table._items = items
        aws.call = container.table.call
        return container

    return start_container


@pytest.fixture
def start_with_schedules(start_bot: StartBot) -> StartBot:
    """Start a container whose schedules are in memory: `container.schedules.items`."""

    def start_container(source: str, **environment: str) -> Container:
        role = "arn:aws:iam::123456789012:role/telegram-bot-later"
        container = start_bot(source, LATER_GROUP="telegram-bot", LATER_ROLE=role, **environment)
        aws = container.module("aws")
        container.schedules = Schedules(aws)
        aws.request = container.schedules.request
        return container

    return start_container


@pytest.fixture
def container(start: Start, bot_api: BotApi) -> Container:
    """A container whose Telegram is the stubbed Bot API."""
    return start(bot_api.url)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that play parts: `serve(part, part, tls=context)`."""
    peers: list[Peer] = []

    def start_peer(*parts: Part, tls: ssl.SSLContext | None = None, listens: bool = True) -> Peer:
        peers.append(Peer(*parts, tls=tls))
        if listens:
            peers[-1].listen()
        return peers[-1]

    yield start_peer
    for peer in peers:
        peer.stop()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority for this run."""
    return trustme.CA()


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """The server's side of TLS for "localhost", whose certificate `authority` has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trusted(
    authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make the function trust only `authority`, by OpenSSL's environment variables."""
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(file.parent))
