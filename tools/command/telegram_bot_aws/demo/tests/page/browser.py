"""What the page tests do in the browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.programs import save


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


def edit(demo, old, new, file="bot.py"):
    """Change a line of the demo's bot, and reload it, as scripts/demo does by itself."""
    save(demo.folder / file, old, new)
    demo.chat.refresh()


def is_well_drawn(page, width=1280, scheme="light", part=None):
    """Check that axe-core finds nothing in a page or its part, and that it fits this width."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    found = Axe().run(page, context=part).response["violations"]
    assert [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]] == []
    assert not page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
