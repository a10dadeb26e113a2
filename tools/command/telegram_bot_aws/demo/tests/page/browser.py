"""The browser tab that all page tests share, and what they do in it.

Where Playwright is missing, the tests that import this are skipped.
"""

from __future__ import annotations

import importlib.util

from tests.support.needs import skip_or_fail

if not all(map(importlib.util.find_spec, ("playwright", "axe_playwright_python"))):
    skip_or_fail("needs playwright and axe: scripts/bootstrap installs them")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Page, expect  # noqa: E402

from telegram_bot_aws.demo.screenshot import fail_once, say  # noqa: E402

MAX_WAIT_MS = 60_000  # for anything that a page does

__all__ = ["Page", "Tab", "expect", "fail_once", "is_too_wide", "say", "violations"]

expect.set_options(timeout=MAX_WAIT_MS)


class Tab:
    """A tab for all tests: loading a page in a new context would cost four times as much.

    `problems` must stay empty. It collects errors, console messages unless `console` is off, and
    requests for URLs that begin with none of `allowed`.
    """

    def __init__(self, browser):
        # Without motion: half-transparent text has too little contrast, and animations cost CPU.
        context = browser.new_context(reduced_motion="reduce")
        context.set_default_timeout(MAX_WAIT_MS)
        context.on("request", lambda request: self._check(request.url))
        context.on("console", lambda message: self._note(message.text) if self.console else None)
        context.on("weberror", lambda error: self._note(str(error.error)))
        self.page = context.new_page()
        self.reset()

    def reset(self):
        """Leave the page, and close the tabs that it opened."""
        for other in self.page.context.pages:
            if other is not self.page:
                other.close()
        self.page.unroute_all()
        self.page.goto("about:blank")
        self.problems = []
        self.allowed = ("http://127.0.0.1:", "data:")
        self.console = True

    def visit(self, url, *, width=1280, scheme="light"):
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme)
        self.page.goto(url)
        return self.page

    def _check(self, url):
        if not url.startswith(self.allowed) and url != "about:blank":
            self._note(url)

    def _note(self, problem):
        self.problems.append(problem)


def violations(page, part=None):
    """Return axe-core's findings in a page, or a part of it: each with its rule and place."""
    found = Axe().run(page, context=part).response["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]]


def is_too_wide(page):
    """Tell whether the page has to be scrolled sideways."""
    wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    return wide
