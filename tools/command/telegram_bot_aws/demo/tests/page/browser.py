"""The browser tab that all page tests share, and what they do in it."""

import contextlib
import shutil

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, expect, sync_playwright

from tests.support.needs import skip_or_fail

MAX_WAIT_MS = 60_000  # for anything that a page does
# The first one is Chromium's headless shell, which takes three quarters of the CPU time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")

expect.set_options(timeout=MAX_WAIT_MS)


@contextlib.contextmanager
def browser():
    """Run Chromium without a window, this machine's or Playwright's."""
    own = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=own)
        except Error as error:
            reason = error.message.splitlines()[0]
            skip_or_fail(f"no Chromium: run scripts/bootstrap browser ({reason})")
        yield found
        found.close()


class Tab:
    """A tab for all tests: loading a page in a new context would cost four times as much.

    `problems` must stay empty. It collects errors, and console messages unless `console` is off,
    such as those on requests that a page's policy prevents.
    """

    def __init__(self, browser):
        # Without motion: half-transparent text has too little contrast, and animations cost CPU.
        context = browser.new_context(reduced_motion="reduce")
        context.set_default_timeout(MAX_WAIT_MS)
        context.on("console", lambda said: self.console and self.problems.append(said.text))
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self.page = context.new_page()
        self.reset()

    def reset(self):
        self.page.unroute_all()
        self.page.goto("about:blank")
        self.problems = []
        self.console = True

    def visit(self, url, *, width=1280, scheme="light"):
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme)
        self.page.goto(url)
        return self.page


def say(page, text):
    """Write a message in the demo's chat."""
    field = page.get_by_label("Message", exact=True)
    field.fill(text)
    field.press("Enter")


def fail_once(page, kind):
    """Make the next call of the demo's bot fail at Telegram."""
    switch = page.get_by_role("button", name="Make Telegram fail")
    if switch.get_attribute("aria-expanded") != "true":
        switch.click()
    page.get_by_label("What Telegram does").select_option(kind)
    page.get_by_label("How many calls fail").select_option("1")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#left")).to_have_text("1 to go")


def is_well_drawn(page, part=None):
    """Check that axe-core finds nothing in a page or its part, and that it fits its width."""
    found = Axe().run(page, context=part).response["violations"]
    assert [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]] == []
    assert not page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
