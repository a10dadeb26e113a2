"""README's pictures of the chat page. This test writes them into docs/."""

import pytest

from telegram_bot_aws.demo.tests.page.browser import expect, fail_once, say
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import Script, page_of

# README shows it about 880 pixels wide. On a screen with two dots to a pixel it is still sharp.
LOOK = {"viewport": {"width": 1280, "height": 930}, "device_scale_factor": 1.5}


@pytest.mark.release
def test_pictures_of_readme_can_be_taken(tab):
    page = tab.context.browser.new_page(**LOOK, reduced_motion="reduce")
    messages = page.locator("#messages")
    with Script(ROOT, "demo") as demo:
        demo.wait_for("Ctrl-C ends the demo.")
        page.goto(page_of(demo))
        page.locator("#attach-button").click()
        page.locator("#attach").get_by_text("Photo").click()
        expect(page.locator(".row.in .picture")).to_be_visible()
        say(page, "Hello!")
        expect(messages.get_by_text("You said: Hello!")).to_be_visible()
        say(page, "/start")
        page.get_by_role("button", name="Tap me").click()
        expect(page.locator(".service")).to_contain_text("Ada tapped")
        fail_once(page, "429")
        say(page, "Does this one get lost?")
        expect(messages.get_by_text("You said: Does this one get lost?")).to_be_visible()
        expect(page.locator("#toast:not(:empty)")).to_have_count(0)
        page.locator("#title").hover()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            path = ROOT / "docs" / f"demo-{theme}.webp"
            page.screenshot(path=path, type="webp", quality=60, animations="disabled")
