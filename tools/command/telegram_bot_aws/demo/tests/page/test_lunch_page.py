"""The page of examples/lunch, in a real Chromium, with the answers that its bot gives."""

import json
import re

import pytest

from telegram_bot_aws.demo.tests.page.browser import expect, is_too_wide, violations
from telegram_bot_aws.local.project import ROOT

APP = ROOT / "examples" / "lunch" / "bot" / "app"
MENU = json.loads(APP.with_name("menu.json").read_text())
URL = "https://bot.example/app/"
LAUNCH = "index.html?lunch=-42_8#tgWebAppData=user%3DAda"
TELEGRAMS_SCRIPT = "https://telegram.org/js/telegram-web-app.js"
GRACE = {"name": "<b>Grace</b>", "dishes": {"ramen": 1}, "note": "<i>hot</i>"}

# In place of Telegram's script: the theme, initData, and a list of the page's calls.
STAND_IN = """
const { style } = document.documentElement;
const set = (name, value) => style.setProperty(`--tg-theme-${name}`, value);
set("secondary-bg-color", "#102030");
set("text-color", "#fefefe");
window.asked = [];
window.Telegram = { WebApp: new Proxy({ initData: "user=Ada&x=%2F" }, {
  get: (app, name) => app[name] ?? ((...values) => asked.push([name, ...values].join(" "))),
}) };
"""


class Bot:
    """Answers the page as bot.on_request() does, or with `problem`."""

    def __init__(self):
        self.requests = []
        self.authorization = set()
        self.mine = {"dishes": {}, "note": ""}
        self.listed = True
        self.problem = None
        self.script = None  # Telegram's; None: it can't be loaded

    def route(self, route):
        request = route.request
        path = request.url.removeprefix(URL).partition("?")[0].partition("#")[0]
        if request.url == TELEGRAMS_SCRIPT:
            if self.script is None:
                route.abort()
            else:
                route.fulfill(body=self.script, content_type="text/javascript")
        elif not request.url.startswith(URL):
            route.abort()
        elif not path.startswith("api/"):
            route.fulfill(path=APP / path)
        else:
            self.answer(route, path, request.post_data_json if request.post_data else None)

    def answer(self, route, path, body):
        self.requests.append((route.request.method, route.request.url.removeprefix(URL), body))
        self.authorization.add(route.request.headers["authorization"])
        if self.problem:
            status, text = self.problem
            route.fulfill(status=status, body=text)
            return
        if body:
            self.mine = {"name": "Ada", **body, "note": body["note"].strip()}
        orders = [each for each in (GRACE, self.mine) if any(each["dishes"].values())]
        about = {"group": "Book club", "menu": MENU, "most": 3, "listed": self.listed}
        route.fulfill(json={**about, "mine": self.mine, "orders": orders})


@pytest.fixture
def bot():
    return Bot()


@pytest.fixture
def visit(tab, bot):
    """Open the page, which may load only Telegram's script from elsewhere."""
    tab.allowed = (URL, TELEGRAMS_SCRIPT)
    tab.console = False  # it reports requests that are refused on purpose
    tab.page.route("**/*", bot.route)

    def visit(address=LAUNCH, width=390, scheme="light"):
        return tab.visit(URL + address, width=width, scheme=scheme)

    return visit


def more(page, dish):
    page.get_by_role("button", name=f"One {dish} more").click()


def test_order_is_made_changed_and_taken_back(visit, bot):
    page = visit()
    send, said = page.locator("#send"), page.get_by_role("status").last
    expect(page.locator("#group")).to_have_text("For Book club. What would you like?")
    expect(send).to_have_text("Choose something")
    expect(send).to_be_disabled()
    expect(page.locator("#list")).to_have_text("<b>Grace</b>1× Miso ramen (<i>hot</i>)€11.90")
    more(page, "Pizza Margherita")
    more(page, "Lemonade")
    page.get_by_label("A note for the kitchen").fill(" thin ")
    expect(send).to_have_text("Order · €12.70")
    send.click()
    expect(said).to_have_text("Ordered. The list in the group is up to date.")
    expect(send).to_have_text("Ordered · €12.70")
    expect(send).to_be_disabled()
    expect(page.locator("#list li").last).to_have_text(
        "Ada1× Pizza Margherita, 1× Lemonade (thin)€12.70"
    )
    order = {"dishes": {"margherita": 1, "lemonade": 1}, "note": " thin "}
    assert bot.requests == [
        ("GET", "api/menu?lunch=-42_8", None),
        ("POST", "api/order?lunch=-42_8", order),
    ]
    assert bot.authorization == {"tma user=Ada"}
    # Opened again: the order is there.
    page.reload()
    expect(send).to_have_text("Ordered · €12.70")
    more(page, "Lemonade")
    expect(send).to_have_text("Change my order · €15.90")
    for dish in ("Lemonade", "Lemonade", "Pizza Margherita"):
        page.get_by_role("button", name=f"One {dish} less").click()
    bot.listed = False
    expect(send).to_have_text("Take my order back")
    send.click()
    expect(said).to_contain_text("taken back. The list in the group will show it with the next")
    expect(page.locator("#list li")).to_have_count(1)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ((401, '{"error": "expired", "message": "x"}'), "Close it, and open it again."),
        ((403, '{"message": "This lunch is for members."}'), "This lunch is for members."),
        ((502, "<html>"), "Something went wrong. Try again."),
    ],
    ids=str,
)
def test_problem_is_explained(visit, bot, problem, words):
    bot.problem = problem
    page = visit()
    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.locator("#order")).to_be_hidden()
    bot.problem = None
    page.reload()
    more(page, "Green salad")
    bot.problem = problem
    page.locator("#send").click()
    expect(page.locator("#said")).to_contain_text(words)
    # Nothing is lost, and it can be tried again.
    bot.problem = None
    page.locator("#send").click()
    expect(page.locator("#said")).to_contain_text("Ordered.")


def test_page_outside_of_telegram_says_where_to_open_it(visit, bot):
    expect(visit("index.html").get_by_role("alert")).to_contain_text("Open this page in Telegram")
    assert bot.requests == []


def test_telegrams_script_provides_user_and_colours(visit, bot):
    bot.script = STAND_IN
    page = visit("index.html?lunch=-42_8")
    expect(page.locator("#order")).to_be_visible()
    assert bot.authorization == {"tma user=Ada&x=%2F"}
    expect(page.locator("body")).to_have_css("background-color", "rgb(16, 32, 48)")
    expect(page.locator("body")).to_have_css("color", "rgb(254, 254, 254)")
    more(page, "Lemonade")
    asked = page.evaluate("() => asked")
    assert asked[:2] == ["ready", "expand"]
    assert asked[-1] == "enableClosingConfirmation"
    page.locator("#send").click()
    expect(page.locator("#said")).to_contain_text("Ordered.")
    assert page.evaluate("() => asked.at(-1)") == "disableClosingConfirmation"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_lunch_page_is_accessible(visit, width, scheme):
    page = visit(width=width, scheme=scheme)
    more(page, "Lemonade")
    for said in ("", "Ordered."):
        expect(page.locator("#said")).to_contain_text(re.compile(f"^{said}"))
        assert violations(page) == []
        assert not is_too_wide(page)
        if not said:
            page.locator("#send").click()
