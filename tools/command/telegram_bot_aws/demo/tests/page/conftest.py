"""Fixtures: the browser, and the demo's chat in it with the bot that a file names as BOT."""

import contextlib
import gc
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright
from telegram_stand_in import Server, Telegram

from telegram_bot_aws.demo.chat import Chat
from telegram_bot_aws.demo.deployments import token
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from telegram_bot_aws.demo.server import PageServer
from telegram_bot_aws.demo.tests.page.browser import MAX_WAIT_MS, expect
from tests.support.needs import skip_or_fail
from tests.support.programs import save

PACE = 0.1  # of Telegram's seconds
# The first one is Chromium's headless shell, which takes three quarters of the CPU time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")


class Tab:
    """A tab for all tests: loading a page in a new context would cost four times as much.

    `problems` must stay empty. It collects errors, and console messages, such as those on requests
    that a page's policy prevents, but none on requests that fail, or by axe-core on other frames.
    """

    def __init__(self, browser):
        # Without motion: half-transparent text has too little contrast, and animations cost CPU.
        context = browser.new_context(reduced_motion="reduce")
        context.set_default_timeout(MAX_WAIT_MS)
        context.on("console", lambda message: self._note(message.text))
        context.on("weberror", lambda error: self._note(str(error.error)))
        self.page = context.new_page()
        self.problems = []

    def _note(self, problem):
        if not problem.startswith(("Failed to load resource", "Failed to execute 'postMessage'")):
            self.problems.append(problem)

    def visit(self, url, *, width=1280, scheme="light"):
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme)
        self.page.goto(url)
        return self.page


# Not for the session: Playwright's event loop would disturb the loops of other tests.
@pytest.fixture(scope="package")
def shared_tab():
    own = next(filter(None, map(shutil.which, NAMES)), None)  # or Playwright's
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own)
        except Error as error:
            reason = error.message.splitlines()[0]
            skip_or_fail(f"no Chromium: run scripts/bootstrap browser ({reason})")
        yield Tab(browser)
        browser.close()
    # Playwright may end before its pipes are closed. Collect them here, or a later test fails: what
    # closes one may leave another.
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    for _ in range(3):
        gc.collect()
    sys.unraisablehook = hook


@pytest.fixture
def tab(shared_tab):
    """The blank tab. A page in it must raise no error and load nothing from elsewhere."""
    yield shared_tab
    shared_tab.page.unroute_all()
    shared_tab.page.goto("about:blank")
    problems, shared_tab.problems = shared_tab.problems, []
    assert problems == []


@dataclass
class Demo:
    """A chat with a bot: the address of its page, and the bot's folder, which a test may edit."""

    url: str
    folder: Path
    chat: Chat

    def edit(self, old, new, file="bot.py"):
        """Change a line of the bot, and reload it, as scripts/demo does by itself."""
        save(self.folder / file, old, new)
        self.chat.bots.refresh()


@pytest.fixture(scope="module")
def demo(request, tmp_path_factory):
    """A chat with a copy of the file's BOT, which runs in a process without AWS."""
    folder = tmp_path_factory.mktemp("demo") / "bot"
    shutil.copytree(request.module.BOT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    telegram = Telegram(token(1), pace=PACE)
    telegram.bots_in_groups = "administrator"
    chat = Chat(telegram)
    with contextlib.ExitStack() as opened:
        opened.enter_context(Server(telegram))
        deployment = opened.enter_context(LocalDeployment(telegram, folder, {}))
        chat.bots.deployment = deployment
        deployment.from_queue = chat.traces.from_queue
        telegram.deliver = deployment.deliver
        page = opened.enter_context(PageServer(chat))
        chat.serve_pages(opened, page.url)
        yield Demo(f"{page.url}/", folder, chat)


@pytest.fixture
def page(demo, tab):
    """The chat's page. Its messages stay from one test to the next."""
    page = tab.visit(demo.url)
    page.evaluate("() => sessionStorage.clear()")  # the person and the chat of another test
    page.reload()
    expect(page.locator("#live")).to_have_text("live")
    return page
