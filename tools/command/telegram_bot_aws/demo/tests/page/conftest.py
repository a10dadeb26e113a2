"""Fixtures: the browser, and the demo's chat in it with the bot that a file names as BOT."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from telegram_bot_aws.demo.tests.page.host import Demo, Host
from tests.support.needs import skip_or_fail

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from telegram_bot_aws.demo.tests.page.browser import Tab

    Visit = Callable[..., Page]


# Not for the session: Playwright's event loop would disturb the loops of other tests.
@pytest.fixture(scope="package")
def shared_tab() -> Iterator[Tab]:
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
    # Playwright may end before its pipes are closed. Collect them here, or a later test fails.
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    gc.collect()
    sys.unraisablehook = hook


@pytest.fixture
def tab(shared_tab: Tab) -> Iterator[Tab]:
    """The blank tab. A page in it must raise no error and load nothing from elsewhere."""
    yield shared_tab
    problems = shared_tab.problems
    shared_tab.reset()
    assert problems == []


@pytest.fixture(scope="module")
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    """The file's BOT, which runs in a process without AWS: most tests don't need AWS."""
    with Host(request.module.BOT, tmp_path_factory.mktemp("host") / "bot").running() as host:
        yield host


@pytest.fixture
def demo(host: Host) -> Iterator[Demo]:
    """A new chat with the file's BOT."""
    with host.chat() as demo:
        yield demo


@pytest.fixture
def visit(demo: Demo, tab: Tab) -> Visit:
    """Open the chat's page: `visit(width=1280, scheme="light")`."""
    from playwright.sync_api import expect

    def visit(**options: object) -> Page:
        page = tab.visit(demo.url, **options)  # type: ignore[arg-type]
        expect(page.locator("#live")).to_have_text("live")
        return page

    return visit
