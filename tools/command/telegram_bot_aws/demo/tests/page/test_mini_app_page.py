"""The demo's chat with a bot that has a page (Mini App), in a real Chromium."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from pytest_httpserver import HTTPServer

from telegram_bot_aws.demo import web_app_script
from telegram_bot_aws.demo.tests.page.browser import Page, Tab, expect, is_too_wide, say, violations
from telegram_bot_aws.demo.web_app_script import WebAppScript
from telegram_bot_aws.local.project import ROOT, VENV
from telegram_bot_aws.local.request import Answer
from tests.support.needs import needs_npm
from tests.support.programs import Script, page_of, save

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator

    from telegram_bot_aws.demo.tests.page.host import Demo

BOT = ROOT / "tests" / "bots" / "mini_app"
PAGES = Path(__file__).with_name("pages")
PACKAGES = VENV / "npm" / "node_modules"
URL = "http://127.0.0.1:1/app/index.html"  # not a bot's page

Visit = Callable[..., Page]


@pytest.fixture
def tab(tab: Tab) -> Tab:
    """The tab, whose console may report refused requests: some tests cause them on purpose."""
    tab.console = False
    return tab


def shown(page: Page) -> FrameLocator:
    """Return the page in the frame over the chat."""
    return page.frame_locator("#page iframe").frame_locator("iframe")


def opened(page: Page, button: str = "Open", who: str = "Ada") -> FrameLocator:
    """Press a button that opens the page, and return the page once it shows its user."""
    page.get_by_role("button", name=button, exact=True).last.click()
    expect(shown(page).locator("#who")).to_have_text(who)
    return shown(page)


def do(frame: FrameLocator, *words: str) -> None:
    for word in words:
        frame.get_by_role("button", name=word, exact=True).click()


def events(page: Page, kind: str, count: int = 1) -> list[Any]:
    """Wait until the page has received so many events of a kind, and return their data."""
    box = shown(page).locator("#events")
    expect(box).to_contain_text(re.compile(rf"({kind} .*){{{count}}}", re.DOTALL))
    lines = box.inner_text().splitlines()
    found = [line.partition(" ")[2] for line in lines if line.startswith(f"{kind} ")]
    return [None if text == "undefined" else json.loads(text) for text in found]


def open_launch(page: Page, key: str = "initData") -> Any:
    page.locator(f"summary:text-is('{key}')").click()
    return json.loads(page.locator("details[open] pre").inner_text())


def test_the_menu_button_opens_the_page_for_who_presses_it(visit: Visit) -> None:
    page = visit()
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


def test_a_request_is_a_hop_with_its_log_calls_and_error(visit: Visit) -> None:
    page = visit()
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


def test_a_page_from_a_keyboard_knows_no_user_and_sends_data(visit: Visit) -> None:
    """After one with a user, whom the page's libraries would remember for the session."""
    page = visit()
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


def test_an_inline_button_opens_the_bots_own_page_until_it_is_answered(visit: Visit) -> None:
    page = visit()
    say(page, "inline")
    do(opened(page, "Order"), "answer")
    expect(page.locator("#page")).to_have_count(0)
    expect(page.locator(".row.out").last).to_contain_text(re.compile("via @echo_bot.*Answered"))
    page.locator(".service").click()
    expect(page.locator("#hops .bar .pill")).to_have_text("closed")
    say(page, "elsewhere")
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.locator("p[role=alert]")).to_have_text(
        "The demo opens only the bot's own page, MINI_APP_URL: not "
        "https://example.org/app/index.html"
    )
    expect(page.locator("#page")).to_have_count(0)


def test_the_page_can_use_telegrams_buttons_and_popups(visit: Visit) -> None:
    page = visit()
    frame = opened(page)
    do(frame, "buttons")
    pressed = {"Pay": "main", "Later": "secondary", "Back": "back", "Settings": "settings"}
    for name, kind in pressed.items():
        page.get_by_role("button", name=name, exact=True).click()
        expect(frame.locator("#events")).to_contain_text(f"{kind}_button_pressed")
    for key, expected in (("Enter", '{"button_id":"yes"}'), ("Escape", "{}")):
        do(frame, "popup")
        expect(page.get_by_role("dialog", name="Sure?")).to_contain_text("It costs 9.")
        page.keyboard.press(key)
        expect(page.get_by_role("dialog", name="Sure?")).to_have_count(0)
        expect(frame.locator("#events")).to_contain_text(f"popup_closed {expected}")
    do(frame, "confirm")
    page.get_by_role("button", name="Close the page").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Close the page").click()
    page.get_by_role("button", name="Close anyway").click()
    expect(page.locator("#page")).to_have_count(0)


def test_it_gets_size_and_theme_and_the_demo_lists_what_it_does_not_play(visit: Visit) -> None:
    page = visit()
    frame = opened(page)
    do(frame, "colours", "expand")
    expect(page.locator("#page .bar")).to_have_css("background-color", "rgb(16, 32, 48)")
    viewport = events(page, "viewport_changed")[-1]
    assert (viewport["is_expanded"], viewport["is_state_stable"]) == (True, True)
    assert viewport["height"] == shown(page).locator("html").evaluate("() => innerHeight")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.emulate_media(color_scheme="dark")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(20, 27, 35)")
    light, dark = (each["theme_params"] for each in events(page, "theme_changed", 2))
    assert set(light) == set(dark)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in [*light.values(), *dark.values()])
    do(frame, "unplayed")
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


OTHER_SITE = """<!doctype html><title>Other</title><p>Another site</p><script>
parent.postMessage(JSON.stringify({ eventType: "web_app_close" }), "*");
</script>"""


def test_another_site_in_its_place_has_no_methods(visit: Visit, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(OTHER_SITE, content_type="text/html")
    page = visit()
    url = httpserver.url_for("/").replace("localhost", "127.0.0.1")
    opened(page).locator("body").evaluate("(_, url) => { location.href = url; }", url)
    expect(page.locator(".unplayed")).to_contain_text("Not played here: methods of another site")
    expect(shown(page).locator("p")).to_have_text("Another site")


def test_a_link_opens_the_private_chat(visit: Visit) -> None:
    page = visit()
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


def test_outside_of_telegram_a_stranger_sees_it(visit: Visit) -> None:
    page = visit()
    opened(page)
    with page.context.expect_page() as outside:
        page.get_by_role("link", name="Open outside of Telegram").click()
    expect(outside.value.locator("#who")).to_have_text("a stranger: 401")
    expect(page.locator("#hops h2")).to_have_text("Page, outside of Telegram")
    request = page.get_by_label("GET /app/api/me", exact=True)
    expect(request.locator(".top")).to_contain_text("HTTP 401")
    request.locator("summary:text-is('body')").click()
    expect(request.locator("details[open] pre")).to_contain_text("unauthorized")


def test_the_script_serves_it_reloads_saved_files_and_says_when_it_ends(
    tmp_path: Path, tab: Tab
) -> None:
    """The other tests use the modules of scripts/demo, without the script."""
    bot = shutil.copytree(BOT, tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    with Script(ROOT, "demo", "--direct", "--bot", str(bot)) as script:
        script.wait_for("Ctrl-C ends the demo.")
        page = tab.visit(page_of(script))
        frame = opened(page)
        save(bot / "app/index.html", "What would you like?", "What shall it be?")
        expect(frame.locator("p").first).to_have_text("What shall it be?")
        expect(frame.locator("#who")).to_have_text("Ada")
        save(bot / "bot.py", "ordered", "wants")
        expect(page.locator("#reloaded")).to_contain_text("bot.py reloaded")
        do(frame, "order")
        expect(page.locator(".row.in .bubble")).to_contain_text("Ada wants soup")
        tab.console = False  # it reports that the demo is gone
    expect(page.locator("#live")).to_have_text("ended")
    expect(page.locator("#banner")).to_contain_text("The demo has ended.")
    port = page.url.rstrip("/").rpartition(":")[2]
    expect(page.locator("#banner code")).to_have_text(f"scripts/demo --port {port}")
    with Script(ROOT, "demo", "--direct", "--bot", str(bot), "--port", port) as script:
        script.wait_for("Ctrl-C ends the demo.")
        expect(page.locator("#live")).to_have_text("live")
        expect(page.locator("#banner")).to_be_empty()
        script.end(signal.SIGKILL)
        expect(page.locator("#banner")).to_contain_text("The demo doesn’t answer.")


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit()
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


def test_it_is_accessible(visit: Visit) -> None:
    page = visit(width=360, scheme="dark")
    do(opened(page), "unplayed", "buttons", "fail", "popup")
    expect(page.get_by_role("dialog", name="Sure?")).to_be_visible()
    page.keyboard.press("Escape")
    assert violations(page, "#chat, #hops") == []
    assert not is_too_wide(page)
    page.get_by_role("button", name="Its requests").click()
    assert violations(page, "#chat, #hops") == []
    assert not is_too_wide(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    expect(page.locator("#page")).to_be_visible()
    expect(page.locator("#hops")).to_be_visible()
    assert violations(page, "#chat, #hops") == []


# Published libraries.


@pytest.mark.parametrize(
    ("package", "source"),
    [("@twa-dev/sdk", "telegram-web-app.html"), ("@tma.js/sdk", "tma.html")],
)
def test_libraries_run_unchanged(visit: Visit, demo: Demo, package: str, source: str) -> None:
    needs_npm(package)
    shutil.copy(PACKAGES / "@tma.js/sdk/dist/index.iife.js", demo.folder / "app/sdk.js")
    demo.script.loaded = (PACKAGES / "@twa-dev/sdk/src/telegram-web-apps.js").read_bytes()
    check_library(visit, demo, source)


def test_without_the_internet_a_stub_of_telegrams_script_is_there(visit: Visit, demo: Demo) -> None:
    check_library(visit, demo, "telegram-web-app.html")


def check_library(visit: Visit, demo: Demo, source: str) -> None:
    """Check a page that uses a library for the client, or Telegram's script."""
    shutil.copy(PAGES / source, demo.folder / "app/index.html")
    page = visit(scheme="dark")
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


def test_what_the_stub_lacks_is_listed(visit: Visit, demo: Demo) -> None:
    (demo.folder / "app/index.html").write_text(
        f'<title>Page</title><script src="{web_app_script.URL}?59"></script><h1 id="who"></h1>'
        "<script>const app = Telegram.WebApp; app.BiometricManager.init(); app.hideKeyboard();"
        "app.CloudStorage.getItem('tea', told => { who.textContent = told; });</script>"
    )
    page = visit()
    opened(page, who="UNSUPPORTED")
    listed = page.locator(".unplayed summary")
    expect(listed).to_have_text(
        "Not played here: telegram-web-app.js, BiometricManager.init, hideKeyboard"
    )


# The server.


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, parts.path or "/", headers=named)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_the_page_is_for_this_machine_only_and_one_header_is_changed(demo: Demo) -> None:
    [shown] = demo.chat.bots.shown()
    page, behind = shown["page"], shown["page_known_as"]
    status, headers, body = ask(f"{page}/app/index.html")
    _, original, same = ask(f"{behind}/app/index.html")
    assert (status, body) == (200, same)
    assert "https://web.telegram.org" in original["Content-Security-Policy"]
    policy = headers["Content-Security-Policy"]
    assert policy == f"frame-ancestors 'self' {demo.url.rstrip('/')}"
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
    ("answer", "is_there"),
    [
        (b"window.Telegram = { WebApp: {} };", True),
        (b"<title>Welcome to this hotel</title>", False),
        (None, False),
    ],
    ids=["the script", "another page", "an error"],
)
def test_telegrams_script_is_used_if_it_can_be_loaded(
    httpserver: HTTPServer, answer: bytes | None, is_there: bool
) -> None:
    if answer:
        httpserver.expect_request("/app.js").respond_with_data(answer)
    script = WebAppScript(httpserver.url_for("/app.js"))
    assert (script.text() == answer) is is_there
    assert is_there or script.text() == web_app_script.STUB.read_bytes()


def test_a_packed_page_loads_the_script_from_the_demo() -> None:
    html = f'<script defer src="{web_app_script.URL}"></script>'.encode()
    headers = [("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("ETag", "x")]
    changed = web_app_script.with_script_from_here(Answer(200, headers, gzip.compress(html)))
    assert changed.body == b'<script defer src="/telegram-web-app.js"></script>'
    assert changed.headers == [("Content-Type", "text/html"), ("ETag", "x")]


def test_a_page_that_cant_be_opened_is_explained(demo: Demo) -> None:
    parts = urlsplit(demo.url)
    for chat, how, words in (
        ("group", "menu", "Telegram opens pages in private chats only."),
        ("ada", "menu", "there is no such button"),
        ("ada", "keyboard", "there is no such button"),
        ("ada", "inline", "there is no such message"),
        ("ada", "by force", "there is no such button"),
    ):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        body = json.dumps({"chat": chat, "how": how, "label": "Open", "key": 7, "url": URL})
        with contextlib.closing(connection):
            connection.request("POST", "/open", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())) == (400, {"error": words})
