"""The page (Mini App) that docs/how-to/mini-apps.md shows, where telegram.org can't be reached."""

from telegram_bot_aws.demo.tests.page.browser import expect
from tests.support.reader import blocks

HTML = blocks("how-to/mini-apps.md")["bot/app/index.html", ""]
SCRIPT = "https://telegram.org/js/telegram-web-app.js"


def test_a_page_without_telegrams_script_says_so(tab):
    tab.allowed += (SCRIPT,)
    tab.console = False  # it notes that the script can't be loaded
    tab.page.route(SCRIPT, lambda route: route.abort())
    tab.page.set_content(HTML)
    expect(tab.page.get_by_role("button", name="Roll")).to_be_disabled()
    expect(tab.page.locator("output")).to_contain_text("Telegram's script can't be loaded")
