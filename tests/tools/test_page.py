"""The demo's chat page, in a real Chromium."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.needs import needs_provider, skip_or_fail
from tests.support.programs import Script, copy_of_the_project, edit

if not all(map(importlib.util.find_spec, ("playwright", "axe_playwright_python"))):
    skip_or_fail("needs playwright and axe: scripts/bootstrap installs them")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from chat.screenshot import browser  # noqa: E402
from playwright.sync_api import Browser, Locator, Page, expect  # noqa: E402
from processes import ToolError  # noqa: E402

OLD, NEW = "Heard: ", "Noted: "

expect.set_options(timeout=20_000)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with contextlib.ExitStack() as opened:
        try:
            found = opened.enter_context(browser())
        except ToolError as error:
            skip_or_fail(str(error))
        yield found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_of_the_project(tmp_path)


@pytest.fixture
def demo(project: Path) -> Iterator[str]:
    """The address of the page of a demo without AWS, which is as good for most of it."""
    with Script(project, "demo", "--direct") as script:
        script.wait_for("Ctrl-C ends the demo.")
        yield address(script)


def address(script: Script) -> str:
    return script.output.partition("Chat with the bot: ")[2].split()[0]


@pytest.fixture
def visit(chrome: Browser) -> Iterator[Open]:
    """Open a page; what it asks for is the demo's alone, and its console stays empty."""
    problems: list[str] = []
    contexts = []

    def visit(url: str, width: int = 1280, scheme: str = "light") -> Page:
        context = chrome.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((url, "data:")) else problems.append(request.url)
            ),
        )
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


def send(page: Page, kind: str) -> None:
    page.locator("#attach-button").click()
    page.get_by_role("menuitem", name=kind).click()


def fail_once(page: Page, kind: str) -> None:
    """Have Telegram fail for the bot's next call."""
    page.get_by_role("button", name="Make Telegram fail").click()
    page.get_by_label("What Telegram does").select_option(kind)
    page.get_by_label("How many calls fail").select_option("1")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#left")).to_have_text("1 to go")


def answers(page: Page) -> list[str]:
    """Return what the bot wrote, without what stands below it."""
    found = page.locator(".row.in .bubble").all_inner_texts()
    return [re.sub(r"\s*\d\d:\d\d(\s*details)?$", "", text) for text in found]


def attempt(page: Page, number: int) -> Locator:
    return page.get_by_label(f"Attempt {number}", exact=True)


def test_a_message_and_its_hops(visit: Open, demo: str) -> None:
    page = visit(demo)
    say(page, "hello")
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    expect(page.locator(".hop b")).to_have_text(
        ["Update", "Event", "Function", "sendMessage", "Answer"]
    )
    expect(page.locator("#verdict")).to_have_text("answered")
    for name in ("message", "payload 2.0", "parameters"):
        page.locator(f"summary:text-is('{name}')").click()
    update, event, params = page.locator("details[open] pre").all_inner_texts()
    assert '"text": "hello"' in update
    assert '"routeKey": "POST /telegram"' in event
    assert '"x-telegram-bot-api-secret-token": "(hidden)"' in event
    assert '"text": "Heard: hello"' in params
    expect(page.locator(".hop").last).to_contain_text("HTTP 200")
    expect(attempt(page, 1).locator(".top")).to_contain_text(
        re.compile(r"Attempt 1.*warm.*HTTP 200.*\d ms")
    )


def test_what_can_be_sent(visit: Open, demo: str) -> None:
    page = visit(demo)
    drawn = {
        "Photo": ".picture",
        "Sticker": ".sticker",
        "Voice": ".voice",
        "Location": ".picture",
        "Poll": ".poll",
    }
    for count, (kind, look) in enumerate(drawn.items(), 1):
        send(page, kind)
        expect(page.locator(".row.in")).to_have_count(count)
        expect(page.locator(".row.in").last.locator(look)).to_be_visible()
        expect(page.locator(".hop b").nth(3)).to_have_text("copyMessage")


def test_the_button_is_answered(visit: Open, demo: str) -> None:
    page = visit(demo)
    send(page, "/start")
    page.get_by_role("button", name="Press", exact=True).click()
    expect(page.locator("#toast.shown")).to_have_text("Pressed.")
    expect(page.locator(".service")).to_have_text("Ada pressed Press – “Pressed.”")
    expect(page.locator(".hop b").nth(3)).to_have_text("answerCallbackQuery")


def test_a_vote_is_counted(visit: Open, demo: str) -> None:
    page = visit(demo)
    send(page, "Poll")
    option = page.locator(".row.in .poll button.option").first
    option.click()
    expect(option).to_have_attribute("aria-pressed", "true")
    expect(option).to_contain_text("100 %")
    expect(page.locator(".row.in .poll")).to_contain_text("1 voted")


def test_a_message_is_edited(visit: Open, demo: str) -> None:
    page = visit(demo)
    say(page, "hello")
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("hello")
    say(page, "goodbye")
    expect(page.locator(".row.out .bubble")).to_contain_text(re.compile("goodbye.*edited"))
    expect(page.locator(".service").first).to_contain_text("Ada edited a message")


def test_group_and_topic(visit: Open, demo: str) -> None:
    page = visit(demo)
    for tab, chat_id in (("Group", "-1001000000001"), ("Topic", "-1001000000002")):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator("#messages")).not_to_contain_text("Heard: ")
        say(page, tab)
        expect(page.locator("#messages")).to_contain_text(f"Heard: {tab}")
        page.locator("summary:text-is('parameters')").click()
        expect(page.locator("details[open] pre")).to_contain_text(f'"chat_id": {chat_id}')
        page.locator("summary:text-is('parameters')").click()
    page.locator("summary:text-is('parameters')").click()
    expect(page.locator("details[open] pre")).to_contain_text('"message_thread_id": 7')


def test_a_failure_of_telegram_and_the_recovery(visit: Open, demo: str) -> None:
    page = visit(demo)
    fail_once(page, "429")
    say(page, "hello")
    expect(page.locator("#redelivery")).to_contain_text(
        re.compile(r"delivers it again in [0-3]\.\d s")
    )
    expect(page.locator(".row.out .wait")).to_be_visible()
    expect(page.locator("#verdict")).to_have_text("will be delivered again")
    expect(attempt(page, 1).locator(".top .bad")).to_have_text("HTTP 503")
    assert answers(page) == []
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    expect(page.locator(".card h3")).to_have_text(["Attempt 1", "Attempt 2"])
    expect(page.locator("#redelivery")).to_have_count(0)
    expect(page.locator("#left")).to_have_count(0)
    assert answers(page) == ["Heard: hello"]


@pytest.mark.parametrize(
    ("kind", "verdict", "came"),
    [
        ("500", "answered", ["Heard: hello"]),
        ("403", "refused", []),
        ("lost", "answered", ["Heard: hello", "Heard: hello"]),
    ],
)
def test_other_failures(visit: Open, demo: str, kind: str, verdict: str, came: list[str]) -> None:
    page = visit(demo)
    fail_once(page, kind)
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text(verdict)
    expect(page.locator(".row.in")).to_have_count(len(came))
    assert answers(page) == came


def test_silence_is_waited_out(visit: Open, demo: str) -> None:
    page = visit(demo)
    fail_once(page, "silence")
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("under way")
    expect(page.locator(".hop.call")).to_contain_text("no answer")
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    expect(page.locator(".card h3")).to_have_text(["Attempt 1", "Attempt 2"])


def test_a_saved_change_is_live(visit: Open, demo: str, project: Path) -> None:
    page = visit(demo)
    edit(project, OLD, NEW)
    expect(page.locator("#reloaded")).to_have_text(re.compile(r"^bot\.py reloaded in \d+ ms$"))
    say(page, "hello")
    expect(page.locator("#messages")).to_contain_text("Noted: hello")


def test_a_broken_change_shows_its_error_until_it_is_mended(
    visit: Open, demo: str, project: Path
) -> None:
    page = visit(demo)
    edit(project, "def reply(", "def reply(:")
    expect(page.locator("#broken")).to_contain_text("bot.py can't be imported: SyntaxError")
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("will be delivered again")
    page.reload()
    expect(page.locator("#broken")).to_contain_text("SyntaxError")
    edit(project, "def reply(:", "def reply(")
    expect(page.locator("#broken")).to_have_count(0)
    expect(page.locator("#messages")).to_contain_text("Heard: hello")


def test_an_exception_shows_where(visit: Open, demo: str, project: Path) -> None:
    page = visit(demo)
    edit(project, 'text = message["text"]', 'text = message["txt"]')
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("bot.py failed")
    expect(page.locator(".hop.function pre").first).to_contain_text("KeyError: 'txt'")


def test_a_reload_keeps_the_chat(visit: Open, demo: str) -> None:
    page = visit(demo)
    say(page, "hello")
    expect(page.locator("#verdict")).to_have_text("answered")
    before = page.locator("#messages").inner_text()
    page.reload()
    expect(page.locator("#messages")).to_contain_text("Heard: hello")
    assert page.locator("#messages").inner_text() == before
    expect(page.locator(".hop")).to_have_count(5)


def test_a_container_that_ended_starts_cold(visit: Open, demo: str) -> None:
    page = visit(demo)
    say(page, "one")
    expect(attempt(page, 1).locator(".top")).to_contain_text("warm")
    page.get_by_role("button", name="End the function's container").click()
    page.get_by_text("The container was ended").wait_for()
    say(page, "two")
    expect(attempt(page, 1).locator(".top")).to_contain_text("cold")
    expect(page.locator(".hop.function")).to_contain_text(re.compile(r"Start: [\d.]+ m?s"))
    page.locator(".row.out .bubble").first.click()  # it was ended, and then another one started
    expect(page.locator("#hops h2")).to_have_text(re.compile("Update 9000*1$"))
    expect(page.get_by_role("button", name="End the function's container")).to_be_visible()


def test_the_keyboard_is_enough(visit: Open, demo: str) -> None:
    page = visit(demo)
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    for text in ("one", "two"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(page.locator("#messages")).to_contain_text(f"Heard: {text}")
    assert page.locator(".row.selected").count() == 2
    second = page.locator("#hops h2").inner_text()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(page.locator("#hops h2")).not_to_have_text(second)
    expect(page.locator(".row.selected").first).to_contain_text("one")
    page.keyboard.press("Enter")
    expect(page.locator("summary").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.press("Alt+2")
    expect(page.locator("#title")).to_have_text("Book club")
    page.keyboard.type("line one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("line two")
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("Heard: line one\nline two")


def test_what_cannot_be_sent_is_told_and_kept(visit: Open, demo: str) -> None:
    page = visit(demo)
    say(page, " ")
    say(page, "x" * 4097)
    expect(page.locator("#problem")).to_have_text(
        "Telegram takes 4096 characters at most, not 4097."
    )
    expect(page.get_by_label("Message", exact=True)).to_have_value("x" * 4097)
    expect(page.locator(".row")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen(visit: Open, demo: str, scheme: str) -> None:
    page = visit(demo, width=360, scheme=scheme)
    send(page, "/start")
    expect(page.get_by_role("button", name="Press", exact=True)).to_be_visible()
    say(page, "a long word: " + "x" * 200)
    expect(page.locator(".row.in")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("#messages").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    expect(page.locator("#hops")).to_be_hidden()
    page.locator(".row.out .bubble").last.click()
    expect(page.locator("#hops")).to_be_visible()
    expect(page.locator("#chat")).to_be_hidden()
    assert page.locator("#hops").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    page.get_by_role("button", name="Back to the chat").click()
    expect(page.locator("#chat")).to_be_visible()


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with what the page shows: the rule, and where."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_accessible(visit: Open, demo: str, width: int, scheme: str) -> None:
    page = visit(demo, width=width, scheme=scheme)
    page.emulate_media(reduced_motion="reduce")  # half-transparent text has too little contrast
    send(page, "/start")
    expect(page.get_by_role("button", name="Press", exact=True)).to_be_visible()
    fail_once(page, "403")
    say(page, "hello")
    expect(page.locator(".why.bad")).to_be_visible()
    assert violations(page) == []
    page.locator(".row.out .bubble").last.click()
    expect(page.locator(".hop.failed")).to_be_visible()
    assert violations(page) == []


def test_dark_is_dark(visit: Open, demo: str) -> None:
    lightness = "e => getComputedStyle(e).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert visit(demo).locator("body").evaluate(lightness) > 200
    assert visit(demo, scheme="dark").locator("body").evaluate(lightness) < 60


def test_the_end_of_the_demo_is_told(visit: Open, project: Path) -> None:
    with Script(project, "demo", "--direct") as script:
        script.wait_for("Ctrl-C ends the demo.")
        page = visit(address(script))
    expect(page.locator("#live")).to_have_text("ended")
    expect(page.locator("#banner")).to_contain_text("The demo has ended.")


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Content-Type": "text/plain"}],
    ids=["another name", "another site", "a form"],
)
def test_other_sites_are_turned_away(demo: str, headers: dict[str, str]) -> None:
    ours = urlsplit(demo).netloc
    body = '{"chat": "ada", "kind": "text", "text": "hello"}'
    for changed, status in ((headers, 403), ({}, 200)):
        connection = http.client.HTTPConnection(ours, timeout=20)
        sent = {"Host": ours, "Content-Type": "application/json", **changed}
        connection.request("POST", "/send", body, sent)
        assert connection.getresponse().status == status
        connection.close()


def test_on_emulated_aws(visit: Open, project: Path) -> None:
    """What can't be seen in there is said to be so, and a change is live in there, too."""
    needs_provider()
    with Script(project, "demo") as script:
        script.wait_for("Ctrl-C ends the demo.")
        page = visit(address(script))
        expect(page.locator(".steps")).to_contain_text("terraform apply")
        say(page, "hello")
        expect(page.locator("#messages")).to_contain_text("Heard: hello")
        expect(page.locator(".hop.unknown")).to_contain_text(
            "Not known: API Gateway makes it inside"
        )
        expect(page.locator(".hop.function")).to_contain_text(
            re.compile(r"was running already\s*[\d.]+ ms")
        )
        expect(page.locator(".hop.function")).to_contain_text('"outcome": "answered"')
        edit(project, OLD, NEW)
        expect(page.locator("#reloaded")).to_be_visible()
        say(page, "again")
        expect(page.locator("#messages")).to_contain_text("Noted: again")
        page.get_by_role("button", name="End the function's container").click()
        page.get_by_text("The container was ended").wait_for()
        say(page, "cold")
        expect(attempt(page, 1).locator(".top")).to_contain_text("cold")
        edit(project, "def reply(", "def reply(:")
        expect(page.locator("#broken")).to_contain_text("bot.py can't be imported: SyntaxError")
    assert "terraform destroy" in script.output
