"""How all tests run, and the fixtures that tests of the product and of its tools share."""

import gc
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import LAMBDA, ROOT
from telegram_bot_aws.local.terraform import Module
from telegram_stand_in import Server, Telegram
from xdist.scheduler import LoadScopeScheduling

from tests.support.needs import skip_or_fail
from tests.support.provider import Providers, alone
from tests.support.stubs import FUNCTION, Finder, Peer, loaded, unload
from tests.support.telegram import TOKEN
from tests.support.wheels import Index

MOVED = "tests/integration/test_moved.py"
PAGE = "tools/command/telegram_bot_aws/demo/tests/page/"
DEPLOYMENT = "tests/deployment/"
PRINTED = f"{DEPLOYMENT}test_doc_commands.py"  # each test in it has a deployment to itself
LONGEST = [
    f"{DEPLOYMENT}test_{name}.py"
    for name in ("queue", "replacements", "deployer_policy", "examples")
]
# Tests that start first, in this order, so that no process waits for another at the end.
ORDER = (PRINTED, *LONGEST, DEPLOYMENT, PAGE, MOVED, "tools/command/", "tools/")
# One process runs all of these, since it takes seconds to start a browser, or to import aiogram.
TOGETHER = ((PAGE,), ("examples/moved/aiogram/", MOVED))


def pytest_collection_finish():
    gc.freeze()  # tests and modules stay: to look for garbage among them would cost seconds
    gc.set_threshold(20_000, *gc.get_threshold()[1:])


class Scheduling(LoadScopeScheduling):
    """Gives tests that share something slow to set up to one process.

    pytest-xdist's own loadgroup doesn't find its groups with pytest 9.
    """

    def _split_scope(self, nodeid):
        if nodeid.startswith(DEPLOYMENT) and not nodeid.startswith(PRINTED):
            return nodeid.partition("::")[0]
        return next((group[0] for group in TOGETHER if nodeid.startswith(group)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # by number of tests, which says nothing here
    return Scheduling(config, log)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: [*map(item.nodeid.startswith, ORDER)], reverse=True)
    for item in items:
        if item.nodeid.startswith(PAGE):  # each needs a browser
            item.add_marker(pytest.mark.slow)


def pytest_configure(config):
    """Let containers and scripts start quickly, and scripts be interrupted.

    A tool like pyenv takes longer to find Python than Python to start. What a shell starts in the
    background ignores Ctrl-C.
    """
    sys.meta_path.insert(0, Finder())
    os.environ["PATH"] = f"{sys.base_prefix}/bin:{os.environ['PATH']}"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def modules(request):
    """Restore the function's modules after a test that reloads them.

    The bot among them is never lambda/bot.py, which its author may have replaced. An example's
    tests load their bot themselves, as they do in a copy.
    """
    if request.path.is_relative_to(ROOT / "examples"):
        yield
        return
    before = loaded()
    yield
    assert getattr(sys.modules.get("bot"), "__file__", None) != str(LAMBDA / "bot.py")
    unload()
    sys.modules.update(before)
    for name in FUNCTION:
        package, _, module = name.rpartition(".")
        if name not in before and package in before:  # `from botkit import …` would find it there
            vars(before[package]).pop(module, None)


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory):
    """Keep what scripts/poll keeps between two starts out of this machine's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def providers(tmp_path_factory):
    """The provider, for all deployments. What the processes of tests can share, one makes."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with alone(shared / "init.lock"):
        if not (shared / "init").exists():
            module = Module("http://127.0.0.1:9", shared / "being initialised")
            try:
                module.init()
            except ToolError as error:
                missing = str(error).splitlines()[0]
                skip_or_fail(f"needs Terraform and its aws provider ({missing})")
            module.folder.rename(shared / "init")
    providers = Providers(shared / "init", tmp_path_factory.mktemp("provider"))
    yield providers
    providers.stop()


@pytest.fixture
def quick_terraform(providers, tmp_path_factory, monkeypatch):
    """Let scripts have the provider that deployments have: Terraform's own start takes seconds."""
    monkeypatch.setenv("TERRAFORM", str(providers.command(tmp_path_factory.mktemp("terraform"))))


@pytest.fixture(scope="session")
def make_httpserver():
    """Replace pytest-httpserver's own: an idle connection must not keep others waiting."""
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield server


@pytest.fixture
def index(tmp_path_factory, monkeypatch):
    """Wheels that a test makes, which are all that uv finds; its caches are new."""
    return Index(tmp_path_factory.mktemp("index"), monkeypatch.setenv)


@pytest.fixture
def temporary():
    """A TMPDIR for a tool: processes with it in their environment were started by the tool.

    Its path is short, since Terraform talks to its provider over a socket in it.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def telegram():
    """The stand-in for Telegram, which knows the bot of `TOKEN`."""
    telegram = Telegram(TOKEN)
    with Server(telegram):
        yield telegram


@pytest.fixture
def serve():
    """Start servers that play parts: `serve(part, part, tls=context)`."""
    peers = []

    def start_peer(*parts, tls=None):
        peers.append(Peer(*parts, tls=tls))
        return peers[-1]

    yield start_peer
    for peer in peers:
        peer.stop()
