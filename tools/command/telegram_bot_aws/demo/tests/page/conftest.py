"""Fixtures: the browser, and the demo's chat in it with the bot that a file names as BOT."""

import contextlib
import gc
import shutil
import sys
from types import SimpleNamespace

import pytest
from playwright.sync_api import Error, expect, sync_playwright
from telegram_stand_in import Server, Telegram

from telegram_bot_aws.demo.chat import Chat
from telegram_bot_aws.demo.deployments import token
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from telegram_bot_aws.demo.server import PageServer
from tests.support.needs import skip_or_fail

MAX_WAIT_MS = 60_000  # for anything that a page does
PACE = 0.1  # of Telegram's seconds
# The first one is Chromium's headless shell, which takes three quarters of the CPU time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")


# By requests that fail, and by axe-core on other frames.
EXPECTED = ("Failed to load resource", "Failed to execute 'postMessage'")


# Not for the session: Playwright's event loop would disturb the loops of other tests.
@pytest.fixture(scope="package")
def shared_tab():
    """A tab for all tests: loading a page in a new context would cost four times as much."""
    own = next(filter(None, map(shutil.which, NAMES)), None)  # or Playwright's
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own)
        except Error as error:
            reason = error.message.splitlines()[0]
            skip_or_fail(f"no Chromium: run scripts/bootstrap browser ({reason})")
        # Without motion: half-transparent text has too little contrast, and animations cost CPU.
        tab = browser.new_page(reduced_motion="reduce")
        expect.set_options(timeout=MAX_WAIT_MS)
        tab.set_default_timeout(MAX_WAIT_MS)
        problems = []
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        yield tab, problems
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
    tab, problems = shared_tab
    problems.clear()
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.emulate_media(color_scheme="light")
    yield tab
    tab.unroute_all()
    tab.goto("about:blank")
    assert [each for each in problems if not each.startswith(EXPECTED)] == []


@pytest.fixture(scope="module")
def demo(request, tmp_path_factory):
    """A chat with a copy of the file's BOT, which runs in a process without AWS."""
    folder = tmp_path_factory.mktemp("demo") / "bot"
    shutil.copytree(request.module.BOT, folder)
    telegram = Telegram(token(1), pace=PACE)
    telegram.bots_in_groups = "administrator"
    chat = Chat(telegram)
    with contextlib.ExitStack() as opened:
        opened.enter_context(Server(telegram))
        deployment = opened.enter_context(LocalDeployment(telegram, folder, {}))
        chat.deployment = deployment
        telegram.deliver = deployment.deliver
        page = opened.enter_context(PageServer(chat))
        chat.serve_pages(opened, page.url)
        yield SimpleNamespace(url=f"{page.url}/", folder=folder, chat=chat)


@pytest.fixture
def page(demo, tab):
    """The chat's page. Its messages stay from one test to the next."""
    tab.goto(demo.url)
    tab.evaluate("() => sessionStorage.clear()")  # the person and the chat of another test
    tab.reload()
    expect(tab.locator("#live")).to_have_text("live")
    return tab
