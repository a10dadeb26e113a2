"""Fixtures: the browser, and the demo's chat in it with the bot that a file names as BOT."""

import contextlib
import gc
import sys

import pytest

from telegram_bot_aws.demo.tests.page.host import running
from tests.support.needs import skip_or_fail


# Not for the session: Playwright's event loop would disturb the loops of other tests.
@pytest.fixture(scope="package")
def shared_tab():
    # Imported here, so that tests which use it are skipped if Playwright is missing.
    from telegram_bot_aws.demo.screenshot import browser
    from telegram_bot_aws.demo.tests.page.browser import Tab
    from telegram_bot_aws.local.processes import ToolError

    with contextlib.ExitStack() as opened:
        try:
            found = opened.enter_context(browser())
        except ToolError as error:
            skip_or_fail(str(error))
        yield Tab(found)
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
    problems = shared_tab.problems
    shared_tab.reset()
    assert problems == []


@pytest.fixture(scope="module")
def demo(request, tmp_path_factory):
    """A chat with a copy of the file's BOT, which runs in a process without AWS."""
    with running(request.module.BOT, tmp_path_factory.mktemp("demo") / "bot") as demo:
        yield demo


@pytest.fixture
def page(demo, tab):
    """The chat's page. Its messages stay from one test to the next."""
    from playwright.sync_api import expect

    page = tab.visit(demo.url)
    page.evaluate("() => sessionStorage.clear()")  # the person and the chat of another test
    page.reload()
    expect(page.locator("#live")).to_have_text("live")
    return page
