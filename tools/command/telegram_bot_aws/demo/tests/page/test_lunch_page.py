"""The page of examples/lunch, in a real Chromium, with its bot."""

from urllib.parse import quote

import pytest
from telegram_stand_in import ADA, Fault

from telegram_bot_aws.demo.samples import PEOPLE
from telegram_bot_aws.demo.tests.page.browser import expect, is_well_drawn
from telegram_bot_aws.local.project import ROOT

BOT = ROOT / "examples" / "lunch" / "bot"
TELEGRAMS_SCRIPT = "https://telegram.org/js/telegram-web-app.js"

# In place of Telegram's script: the theme, initData, and a list of the page's calls.
STAND_IN = """
document.documentElement.style.setProperty("--tg-theme-text-color", "#fefefe");
const initData = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData");
location.hash = "";
window.asked = [];
window.Telegram = {
  WebApp: new Proxy({ initData }, {
    get: (app, name) => app[name] ?? (() => asked.push(name)),
  }),
};
"""


@pytest.fixture
def visit(tab, demo):
    """Ask the group for its lunch, and open that lunch's page as a person."""
    chat = demo.chat
    chat.act("send", chat="group", kind="text", text="/lunch", person="ada")
    asked = len(chat.entries.all)
    chat.telegram.wait(lambda: len(chat.entries.all) > asked)
    [[button]] = chat.entries.all[-1]["message"]["reply_markup"]["inline_keyboard"]
    id = button["url"].partition("?start=")[2]
    address = f"{chat.addresses[chat.telegram.bot.id]}/app/index.html?lunch={id}"

    def visit(user=ADA, script=""):
        tab.goto("about:blank")  # another fragment alone would not load it again
        tab.route(TELEGRAMS_SCRIPT, lambda route: route.fulfill(body=script))
        data = chat.telegram.open_page(user, chat.telegram.bot) if user else ""
        tab.goto(f"{address}#tgWebAppData={quote(data)}")
        return tab

    return visit


def more(page, dish):
    page.get_by_role("button", name=f"One {dish} more").click()


def order(page, dish):
    more(page, dish)
    page.locator("#send").click()


def test_order_is_made_changed_and_taken_back(visit, demo):
    page = visit({**PEOPLE["grace"], "first_name": "<i>Grace</i>"}, STAND_IN)
    order(page, "Miso ramen")
    expect(page.locator("body")).to_have_css("color", "rgb(254, 254, 254)")
    expect(page.get_by_role("status").last).to_contain_text("Ordered.")
    asked = page.evaluate("() => asked")
    assert asked[:2] == ["ready", "expand"]
    assert asked[-2:] == ["enableClosingConfirmation", "disableClosingConfirmation"]
    page = visit()  # without Telegram's script
    send, said = page.locator("#send"), page.get_by_role("status").last
    expect(page.locator("#group")).to_have_text("For Book club. What would you like?")
    expect(send).to_have_text("Choose something")
    expect(send).to_be_disabled()
    expect(page.locator("#list")).to_have_text("<i>Grace</i>1× Miso ramen€11.90")
    more(page, "Pizza Margherita")
    expect(send).to_have_text("Order · €9.50")
    order(page, "Lemonade")
    expect(said).to_have_text("Ordered. The list in the group is up to date.")
    expect(send).to_have_text("Ordered · €12.70")
    expect(send).to_be_disabled()
    mine = "Ada1× Pizza Margherita, 1× Lemonade€12.70"
    expect(page.locator("#list li").last).to_have_text(mine)
    is_well_drawn(page, 320, "dark")
    # Opened again: the order is there.
    page = visit()
    expect(send).to_have_text("Ordered · €12.70")
    more(page, "Lemonade")
    expect(send).to_have_text("Change my order · €15.90")
    is_well_drawn(page)
    for dish in ("Lemonade", "Lemonade", "Pizza Margherita"):
        page.get_by_role("button", name=f"One {dish} less").click()
    expect(send).to_have_text("Take my order back")
    refused = Fault("refuse", 1, 400, "Bad Request", methods=("editMessageText",))
    demo.chat.telegram.faults.append(refused)
    send.click()
    expect(said).to_contain_text("taken back. The list in the group will show it with the next")
    expect(page.locator("#list li")).to_have_count(1)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, '{"error": "expired", "message": "x"}', "Close it, and open it again."),
        (403, '{"message": "This lunch is for members."}', "This lunch is for members."),
        (502, "<html>", "Something went wrong. Try again."),
    ],
    ids=str,
)
def test_problem_is_explained(visit, status, body, words):
    def fail(route):
        route.fulfill(status=status, body=body)

    page = visit()
    more(page, "Green salad")
    page.route("**/api/**", fail, times=1)
    page.locator("#send").click()
    expect(page.locator("#said")).to_contain_text(words)
    page.locator("#send").click()  # again
    expect(page.locator("#said")).to_contain_text("Ordered.")
    page.route("**/api/**", fail)
    visit()
    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.locator("#order")).to_be_hidden()


def test_page_outside_of_telegram_says_where_to_open_it(visit):
    expect(visit(user=None).get_by_role("alert")).to_contain_text("Open this page in Telegram")
