"""What the page tests do in the browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

MAX_WAIT_MS = 60_000  # for anything that a page does

expect.set_options(timeout=MAX_WAIT_MS)


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
