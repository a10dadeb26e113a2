"""The demo's chat with a bot that has a page (Mini App), in a real Chromium."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from local.project import ROOT, VENV

from tests.support.needs import needs_npm, needs_provider, skip_or_fail
from tests.support.programs import Script, page_of

if not all(map(importlib.util.find_spec, ("playwright", "axe_playwright_python"))):
    skip_or_fail("needs playwright and axe: scripts/bootstrap installs them")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, FrameLocator, Page, expect  # noqa: E402

BOT = ROOT / "tests" / "bots" / "mini_app"
PACKAGES = VENV / "npm" / "node_modules"
URL = "http://127.0.0.1:1/app/index.html"  # of no bot
TELEGRAMS_SCRIPT = "https://telegram.org/js/telegram-web-app.js"

expect.set_options(timeout=20_000)

Open = Callable[..., Page]


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    """The folder of the bot, where a test may change it."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(BOT, tmp_path / "bot", ignore=ignored))


@pytest.fixture
def demo(bot: Path) -> Iterator[str]:
    """The address of the page of a demo without AWS."""
    with Script(ROOT, "demo", "--direct", "--bot", str(bot)) as script:
        script.wait_for("Ctrl-C ends the demo.")
        yield page_of(script)


@pytest.fixture
def visit(chrome: Browser) -> Iterator[Open]:
    """Open the chat's page. All that is asked for is on this machine, but Telegram's script."""
    problems: list[str] = []
    contexts = []

    def check(url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", TELEGRAMS_SCRIPT)):
            problems.append(url)

    def visit(url: str, width: int = 1280, scheme: str = "light") -> Page:
        context = chrome.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        script = PACKAGES / "@twa-dev/sdk/src/telegram-web-apps.js"
        context.route(TELEGRAMS_SCRIPT, lambda route: route.fulfill(path=script))
        context.on("request", lambda request: check(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(url)
        expect(page.locator("#live")).to_have_text("live")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert problems == []


def say(page: Page, text: str) -> None:
    field = page.get_by_label("Message", exact=True)
    field.fill(text)
    field.press("Enter")


def shown(page: Page) -> FrameLocator:
    """Return what the frame over the chat shows."""
    return page.frame_locator("#page iframe").frame_locator("iframe")


def opened(page: Page, button: str = "Open", who: str = "Ada") -> FrameLocator:
    """Press a button that opens the page, and return the page when it has asked who it is for."""
    page.get_by_role("button", name=button, exact=True).last.click()
    expect(shown(page).locator("#who")).to_have_text(who)
    return shown(page)


def do(frame: FrameLocator, *words: str) -> None:
    for word in words:
        frame.get_by_role("button", name=word, exact=True).click()


def events(page: Page, kind: str) -> list[Any]:
    """Return the data of the events of a kind that the page has got."""
    lines = shown(page).locator("#events").inner_text().splitlines()
    found = [line.partition(" ")[2] for line in lines if line.startswith(f"{kind} ")]
    return [None if text == "undefined" else json.loads(text) for text in found]


def open_launch(page: Page, key: str = "initData") -> Any:
    page.locator(f"summary:text-is('{key}')").click()
    return json.loads(page.locator("details[open] pre").inner_text())


def test_the_menu_button_opens_the_page_for_who_presses_it(visit: Open, demo: str) -> None:
    page = visit(demo)
    expect(page.locator("#commands-button")).to_be_hidden()
    opened(page)
    expect(page.locator("#hops h2")).to_have_text("Page of Echo")
    expect(page.locator("#hops")).to_contain_text("frame-ancestors names the demo")
    expect(page.locator(".files li")).to_have_count(3)
    data = open_launch(page)
    assert data["user"]["first_name"] == "Ada"
    assert set(data) == {"query_id", "user", "auth_date", "signature", "hash"}
    page.get_by_role("button", name="Close the page").click()
    page.get_by_label("You are").select_option("grace")
    opened(page, who="Grace")
    expect(page.locator(".service").last).to_have_text("Grace opened the page by Open")
    page.get_by_role("button", name="Its requests").focus()
    page.keyboard.press("Alt+2")
    expect(page.locator("#page")).to_have_count(0)
    expect(page.locator("#page-button")).to_be_hidden()


def test_a_request_is_a_hop_with_its_log_calls_and_error(visit: Open, demo: str) -> None:
    page = visit(demo)
    frame = opened(page)
    do(frame, "order")
    expect(page.locator(".row.in .bubble")).to_contain_text("Ada ordered soup")
    order = page.get_by_label("POST /app/api/order", exact=True)
    expect(order.locator(".hop b")).to_have_text(
        ["Request", "Event", "Function", "sendMessage", "Answer"]
    )
    expect(order.locator(".top")).to_contain_text(re.compile(r"warm.*HTTP 200.*\d ms"))
    expect(order).to_contain_text("an order of Ada")
    order.locator("summary:text-is('payload 2.0')").click()
    expect(order.locator("details[open] pre")).to_contain_text('"routeKey": "ANY /app/{proxy+}"')
    do(frame, "fail")
    failed = page.get_by_label("GET /app/api/fail", exact=True)
    expect(failed.locator(".top")).to_contain_text("HTTP 500")
    expect(failed.locator(".hop.function pre").first).to_contain_text("ValueError: no such thing")
    failed.locator("summary:text-is('body')").click()
    assert "no such thing" not in failed.locator("details[open] pre").inner_text()


def test_a_page_of_the_keyboards_knows_no_user_and_sends_data(visit: Open, demo: str) -> None:
    """After one that knew its user, which the page's libraries keep for a session."""
    page = visit(demo)
    frame = opened(page)
    do(frame, "send")
    expect(page.locator("#toast.shown")).to_contain_text("sendData works only in a page that")
    page.get_by_role("button", name="Close the page").click()
    say(page, "keyboard")
    frame = opened(page, "Order", "a stranger: 401")
    expect(page.get_by_label("GET /app/api/me", exact=True)).to_contain_text("without initData")
    do(frame, "send")
    expect(page.locator("#page")).to_have_count(0)
    expect(page.locator(".row.out").last).to_contain_text("Data of “Order”")
    expect(page.locator(".row.in").last).to_contain_text("Got soup of Order")


def test_an_answered_query_closes_the_page(visit: Open, demo: str) -> None:
    page = visit(demo)
    say(page, "inline")
    do(opened(page, "Order"), "answer")
    expect(page.locator("#page")).to_have_count(0)
    expect(page.locator(".row.out").last).to_contain_text(re.compile("via @echo_bot.*Answered"))
    page.locator(".service").click()
    expect(page.locator("#hops .bar .pill")).to_have_text("closed")


def test_the_page_has_buttons_and_popups_of_telegrams(visit: Open, demo: str) -> None:
    page = visit(demo)
    frame = opened(page)
    do(frame, "buttons")
    pressed = {"Pay": "main", "Later": "secondary", "Back": "back", "Settings": "settings"}
    for name, kind in pressed.items():
        page.get_by_role("button", name=name, exact=True).click()
        expect(frame.locator("#events")).to_contain_text(f"{kind}_button_pressed")
    for key, expected in (("Enter", {"button_id": "yes"}), ("Escape", {})):
        do(frame, "popup")
        expect(page.get_by_role("dialog", name="Sure?")).to_contain_text("It costs 9.")
        page.keyboard.press(key)
        expect(page.get_by_role("dialog", name="Sure?")).to_have_count(0)
        assert events(page, "popup_closed")[-1] == expected
    do(frame, "confirm")
    page.get_by_role("button", name="Close the page").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Close the page").click()
    page.get_by_role("button", name="Close anyway").click()
    expect(page.locator("#page")).to_have_count(0)


def test_the_page_has_the_chats_size_and_theme(visit: Open, demo: str) -> None:
    page = visit(demo)
    frame = opened(page)
    do(frame, "colours", "expand")
    expect(page.locator("#page .bar")).to_have_css("background-color", "rgb(16, 32, 48)")
    viewport = events(page, "viewport_changed")[-1]
    assert (viewport["is_expanded"], viewport["is_state_stable"]) == (True, True)
    assert viewport["height"] == shown(page).locator("html").evaluate("() => innerHeight")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.emulate_media(color_scheme="dark")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(20, 27, 35)")
    light, dark = (each["theme_params"] for each in events(page, "theme_changed"))
    assert set(light) == set(dark)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in [*light.values(), *dark.values()])


def test_what_isnt_played_is_answered_and_listed(visit: Open, demo: str) -> None:
    page = visit(demo)
    do(opened(page), "unplayed")
    expect(page.locator(".unplayed summary")).to_have_text(
        "Not played here: request_phone, trigger_haptic_feedback"
    )
    page.locator(".unplayed summary").click()
    expect(page.locator(".unplayed li")).to_have_text(
        [
            "web_app_request_phone: answered phone_requested",
            "web_app_trigger_haptic_feedback: there is no answer to it",
        ]
    )
    assert events(page, "phone_requested") == [{"status": "cancelled"}]


def test_a_link_opens_the_private_chat(visit: Open, demo: str) -> None:
    page = visit(demo)
    say(page, "link")
    page.get_by_role("link", name="https://t.me/echo_bot?start=order-7").click()
    expect(page.locator(".row.out").last).to_contain_text("/start order-7")
    expect(page.locator(".row.in").last).to_contain_text("Started with order-7")
    page.get_by_role("tab", name="Group").click()
    say(page, "link")
    page.get_by_role("link", name="https://t.me/echo_bot?start=order-7").click()
    expect(page.locator("#where")).to_have_text("private chat")
    expect(page.locator(".row.in").get_by_text("Started with order-7")).to_have_count(2)
    do(opened(page), "telegram")
    expect(page.locator("#page")).to_have_count(0)
    expect(page.locator(".row.in").last).to_contain_text("Started with order-9")


def test_outside_of_telegram_a_stranger_sees_it(visit: Open, demo: str) -> None:
    page = visit(demo)
    opened(page)
    with page.context.expect_page() as outside:
        page.get_by_role("link", name="Open outside of Telegram").click()
    expect(outside.value.locator("#who")).to_have_text("a stranger: 401")
    expect(page.locator("#hops h2")).to_have_text("Page, outside of Telegram")
    request = page.get_by_label("GET /app/api/me", exact=True)
    expect(request.locator(".top")).to_contain_text("HTTP 401")
    request.locator("summary:text-is('body')").click()
    expect(request.locator("details[open] pre")).to_contain_text("unauthorized")


def test_a_page_that_isnt_the_bots_own_is_told(visit: Open, demo: str) -> None:
    page = visit(demo)
    say(page, "elsewhere")
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text(
        "The demo opens the bot's own page only, MINI_APP_URL: not "
        "https://example.org/app/index.html"
    )
    expect(page.locator("#page")).to_have_count(0)


def save(path: Path, old: str, new: str) -> None:
    source = path.read_text()
    assert old in source
    path.with_suffix(".new").write_text(source.replace(old, new))
    path.with_suffix(".new").replace(path)


def test_a_saved_change_is_live(visit: Open, demo: str, bot: Path) -> None:
    page = visit(demo)
    frame = opened(page)
    save(bot / "app/index.html", "What would you like?", "What shall it be?")
    expect(frame.locator("p").first).to_have_text("What shall it be?")
    expect(frame.locator("#who")).to_have_text("Ada")
    save(bot / "bot.py", "ordered", "wants")
    do(frame, "order")
    expect(page.locator(".row.in .bubble")).to_contain_text("Ada wants soup")


def test_the_keyboard_is_enough(visit: Open, demo: str) -> None:
    page = visit(demo)
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#page-button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(shown(page).locator("#who")).to_have_text("Ada")
    expect(page.locator("#page iframe")).to_be_focused()
    page.keyboard.press("Tab")
    expect(shown(page).get_by_role("button", name="order")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".row.in")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#page")).to_have_count(0)
    expect(page.locator("#page-button")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_accessible(visit: Open, demo: str, width: int, scheme: str) -> None:
    page = visit(demo, width=width, scheme=scheme)
    do(opened(page), "unplayed", "buttons", "fail", "popup")
    expect(page.get_by_role("dialog", name="Sure?")).to_be_visible()
    page.keyboard.press("Escape")
    for shows in ("the page", "its requests"):
        if shows == "its requests":
            page.get_by_role("button", name="Its requests").click()
        found = Axe().run(page, context="#chat, #hops").response["violations"]
        assert [f"{r['id']}: {n['target']}" for r in found for n in r["nodes"]] == []
        wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
        assert not wide


# Libraries, as they are published.


@pytest.mark.parametrize(
    ("package", "source"),
    [("@twa-dev/sdk", "telegram-web-app.html"), ("@tma.js/sdk", "tma.html")],
)
def test_libraries_run_unchanged(
    visit: Open, demo: str, bot: Path, package: str, source: str
) -> None:
    needs_npm(package)
    shutil.copy(PACKAGES / "@tma.js/sdk/dist/index.iife.js", bot / "app/sdk.js")
    shutil.copy(ROOT / "tests/page/pages" / source, bot / "app/index.html")
    page = visit(demo, scheme="dark")
    frame = opened(page)
    said = frame.locator("#said")
    expect(said).to_contain_text("web dark Ada")
    expect(said).to_contain_text("expanded true")
    page.get_by_role("button", name="Back", exact=True).click()
    expect(said).to_contain_text("back;")
    page.get_by_role("button", name="Close the page").click()
    say(page, "keyboard")
    frame = opened(page, "Order", "401")
    said = frame.locator("#said")
    expect(said).to_contain_text("web dark undefined")
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.locator(".row.in").last).to_contain_text("Got paid of Order")
    expect(page.locator("#page")).to_have_count(0)


# The server.


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, parts.path or "/", headers=named)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def snapshot(demo: str) -> Any:
    """Return what the chat's page is told first."""
    parts = urlsplit(demo)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    assert answer.readline() == b"event: snapshot\n"
    data = json.loads(answer.readline().removeprefix(b"data: "))
    connection.close()
    return data


def test_the_page_is_for_this_machine_only_and_one_header_is_changed(demo: str) -> None:
    [bot] = snapshot(demo)["bots"]
    page, behind = bot["page"], bot["page_known_as"]
    status, headers, body = ask(f"{page}/app/index.html")
    _, original, same = ask(f"{behind}/app/index.html")
    assert (status, body) == (200, same)
    assert "https://web.telegram.org" in original["Content-Security-Policy"]
    policy = headers["Content-Security-Policy"]
    assert policy == f"frame-ancestors 'self' {demo.rstrip('/')}"
    own = {"Content-Security-Policy", "Date", "Server", "apigw-requestid"}
    assert {n: v for n, v in headers.items() if n not in own} == {
        n: v for n, v in original.items() if n not in own
    }
    assert ask(f"{page}/app/", "HEAD")[2] == b""
    here, elsewhere = urlsplit(page).netloc, "http://example.org"
    for path, refused in (
        ("/app/index.html", {"Host": "example.org"}),
        ("/app/index.html", {"Host": here, "Origin": elsewhere}),
        ("/app/index.html", {"Host": here, "Sec_Fetch_Site": "cross-site"}),
        ("/app/api/me", {"Host": here, "Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"}),
        ("/launch.html", {"Host": here, "Sec_Fetch_Site": "cross-site"}),
    ):
        assert ask(f"{page}{path}", **refused)[0] == 403
    for path in ("/telegram", "/apple", "/events", "/page.js"):
        assert ask(f"{page}{path}")[0] == 404


@pytest.mark.parametrize(
    ("chat", "how", "words"),
    [
        ("group", "menu", "Telegram opens pages in private chats only."),
        ("ada", "menu", "there is no such button"),
        ("ada", "keyboard", "there is no such button"),
        ("ada", "inline", "there is no such message"),
        ("ada", "by force", "there is no such button"),
    ],
)
def test_what_cant_be_opened_is_told(demo: str, chat: str, how: str, words: str) -> None:
    parts = urlsplit(demo)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    body = json.dumps({"chat": chat, "how": how, "label": "Open", "key": 7, "url": URL})
    with contextlib.closing(connection):
        connection.request("POST", "/open", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())) == (400, {"error": words})


CONFIGURATION = """
module "bot" {
  source             = "%s"
  source_dir         = "%s"
  mini_app           = "Order here"
  telegram_bot_token = "1234567890:configured"
}
"""


@pytest.mark.parametrize("way", ["--bot", "--config"])
def test_on_an_emulated_aws(visit: Open, bot: Path, tmp_path: Path, way: str) -> None:
    needs_provider()
    configuration = tmp_path / "configuration"
    configuration.mkdir()
    (configuration / "main.tf").write_text(CONFIGURATION % (ROOT, bot))
    folder, button = (bot, "Open") if way == "--bot" else (configuration, "Order here")
    with Script(ROOT, "demo", way, str(folder)) as script:
        script.wait_for("Ctrl-C ends the demo.")
        page = visit(page_of(script))
        frame = opened(page, button)
        do(frame, "order")
        expect(page.locator(".row.in .bubble")).to_contain_text("Ada ordered soup")
        order = page.get_by_label("POST /app/api/order", exact=True)
        expect(order).to_contain_text("an order of Ada")
        do(frame, "fail")
        failed = page.get_by_label("GET /app/api/fail", exact=True)
        expect(failed.locator(".hop.function pre").first).to_contain_text("ValueError")
        save(bot / "app/index.html", "What would you like?", "What shall it be?")
        expect(frame.locator("p").first).to_have_text("What shall it be?")
        expect(frame.locator("#who")).to_have_text("Ada")
        page.get_by_role("button", name="Close the page").click()
        say(page, "inline")
        opened(page, "Order")
