"""The demo's chat page, in a real Chromium."""

from __future__ import annotations

import http.client
import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest

from tests.support.needs import needs_provider, skip_or_fail
from tests.support.programs import Script, copy_of_the_project, edit, page_of

if not all(map(importlib.util.find_spec, ("playwright", "axe_playwright_python"))):
    skip_or_fail("needs playwright and axe: scripts/bootstrap installs them")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, Locator, Page, expect  # noqa: E402

OLD, NEW = "Heard: ", "Noted: "

WITH_A_QUEUE = """
module "bot" {
  source = "../.."
  queue  = true
}
"""

# A bot that does, for each word it is sent, what the word says.
PLAYGROUND = """
import struct, zlib

def picture(red, green, blue):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = (b"\\0" + bytes([red, green, blue]) * 60) * 40
    header = struct.pack(">IIBBBBB", 60, 40, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\\x89PNG\\r\\n\\x1a\\n" + b"".join(parts)

BLUE, RED = picture(40, 90, 220), picture(220, 60, 50)
BUTTONS = {"inline_keyboard": [[{"text": "Change", "callback_data": "text"},
                               {"text": "Docs", "url": "https://core.telegram.org/"}]]}
MARKUP = ("<b>bold</b> <i>italic</i> <u>under</u> <s>gone</s> <tg-spoiler>secret</tg-spoiler> "
          "<code>code</code> <pre>block</pre> <a href='https://example.org/'>link</a> "
          "<blockquote>quote</blockquote>")
MENU = [["Tea", "Coffee"], [{"text": "My number", "request_contact": True}]]
COMMANDS = {"tea": "Make some tea"}

def calls_for(word, to, message):
    here = {**to, "message_id": message["message_id"]}
    last = {**to, "message_id": message["message_id"] - 1}
    text = {"method": "sendMessage", **to, "text": f"Did {word}"}
    return {
        "photo": [{"method": "sendPhoto", **to, "photo": ("blue.png", BLUE), "caption": "Blue"}],
        "file": [{"method": "sendDocument", **to, "document": ("notes.txt", b"some notes")}],
        "voice": [{"method": "sendVoice", **to, "voice": ("voice.ogg", b"OggS")}],
        "album": [{"method": "sendMediaGroup", **to, "blue": ("a.png", BLUE), "red": ("b.png", RED),
                   "media": [{"type": "photo", "media": "attach://blue"},
                             {"type": "photo", "media": "attach://red"}]}],
        "web": [{"method": "sendPhoto", **to, "photo": "https://example.org/a.png"}],
        "draft": [{"method": "sendMessageDraft", **to, "draft_id": 1, "text": "Let me thi"}],
        "typing": [{"method": "sendChatAction", **to, "action": "typing"}],
        "buttons": [{**text, "reply_markup": BUTTONS}],
        "markup": [{**text, "text": MARKUP, "parse_mode": "HTML"}],
        "delete": [{"method": "deleteMessage", **last}],
        "pin": [{"method": "pinChatMessage", **here}],
        "unpin": [{"method": "unpinChatMessage", **to}],
        "react": [{"method": "setMessageReaction", **here,
                   "reaction": [{"type": "emoji", "emoji": "\\N{FIRE}"}]}],
        "dice": [{"method": "sendDice", **to, "emoji": "\\N{DIRECT HIT}"}],
        "keyboard": [{**text, "reply_markup": {"keyboard": MENU}}],
        "remove": [{**text, "reply_markup": {"remove_keyboard": True}}],
        "force": [{**text, "reply_markup": {"force_reply": True}}],
        "typo": [{"method": "sendMesage", **to, "text": "x"}],
        "unknown": [{**text, "txt": "x"}],
        "other": [{"method": "createForumTopic", **to, "name": "News"}],
        "print": [text],
    }.get(word, [])

def reply(update):
    if "callback_query" in update:
        query = update["callback_query"]
        message = query["message"]
        where = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
        return [{"method": "editMessageText", **where, "text": "Changed",
                 "reply_markup": {"inline_keyboard": [[{"text": "New", "callback_data": "new"}]]}}]
    if "inline_query" in update:
        query = update["inline_query"]
        content = {"message_text": "Picked " + query["query"]}
        results = [{"type": "article", "id": "1", "title": "Pick"}]
        results[0]["input_message_content"] = content
        return [{"method": "answerInlineQuery", "inline_query_id": query["id"], "results": results}]
    message = update.get("message")
    if not message:
        return []
    to = {"chat_id": message["chat"]["id"]}
    if "contact" in message or "reply_to_message" in message or message["from"]["id"] == 4343:
        said = message.get("text", "a contact")
        return [{"method": "sendMessage", **to,
                 "text": f"{message['from']['first_name']} sent {said}"}]
    word = message.get("text", "")
    if word == "print":
        print("a line of\\tits own")
    if word == "raise":
        raise ValueError("no such thing")
    return calls_for(word, to, message)

HANDLED = dict.fromkeys(
    "message edited_message callback_query inline_query message_reaction chosen_inline_result "
    "poll poll_answer".split(), reply)
"""

expect.set_options(timeout=20_000)

Open = Callable[..., Page]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_of_the_project(tmp_path)


@pytest.fixture
def demo(project: Path) -> Iterator[str]:
    """The address of the page of a demo without AWS, which is as good for most of it."""
    with Script(project, "demo", "--direct") as script:
        script.wait_for("Ctrl-C ends the demo.")
        yield page_of(script)


@pytest.fixture
def visit(chrome: Browser) -> Iterator[Open]:
    """Open a page; it asks only the demo for things, and its console stays empty."""
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
    expect(page.locator(".row.out .invite").last).to_be_visible()
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
        page = visit(page_of(script))
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


def test_what_a_queue_brings(visit: Open, project: Path) -> None:
    needs_provider()
    folder = project / "examples" / "mine"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(WITH_A_QUEUE)
    with Script(project, "demo", "--config", str(folder)) as script:
        script.wait_for("Ctrl-C ends the demo.")
        page = visit(page_of(script))
        say(page, "hello")
        expect(page.locator("#verdict")).to_have_text("answered")
        webhook = ["Update", "Event", "Function", "Answer"]
        answer = ["Queue", "Function", "sendMessage"]
        expect(page.locator(".hop b")).to_have_text([*webhook, *answer])
        expect(page.locator(".hop.function").first).to_contain_text('"outcome": "queued"')
        expect(page.locator(".hop.function").last).to_contain_text('"outcome": "answered"')
        fail_once(page, "500")
        say(page, "again")
        expect(page.locator("#verdict")).to_have_text("will be tried again")
        expect(page.locator(".hop b")).to_have_text([*webhook, *answer, "Queue"])
        expect(page.locator("#verdict")).to_have_text("answered")
        expect(page.locator(".hop b")).to_have_text([*webhook, *answer, *answer])
        assert answers(page) == ["Heard: hello", "Heard: again"]
        expect(page.locator(".card h3")).to_have_text(["Attempt 1"])
        assert violations(page) == []


def test_on_emulated_aws(visit: Open, project: Path) -> None:
    """What can't be seen in there is said to be so, and a change is live in there, too."""
    needs_provider()
    with Script(project, "demo") as script:
        script.wait_for("Ctrl-C ends the demo.")
        page = visit(page_of(script))
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


# What bots do, all with one bot in one page.


@pytest.fixture(scope="module")
def playground(chrome: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    project = copy_of_the_project(tmp_path_factory.mktemp("playground"))
    (project / "lambda/bot.py").write_text(PLAYGROUND)
    with Script(project, "demo", "--direct") as script:
        script.wait_for("Ctrl-C ends the demo.")
        page = chrome.new_page(viewport={"width": 1280, "height": 800})
        page.goto(page_of(script))
        expect(page.locator("#live")).to_have_text("live")
        yield page
        page.close()


def answer_to(page: Page, text: str, verdict: str = "answered") -> Locator:
    """Say something, wait until all is over, and return the last that the chat shows."""
    say(page, text)
    expect(page.locator(".row.out").last).to_contain_text(text)
    expect(page.locator("#verdict")).to_have_text(verdict)
    return page.locator("#messages > *").last


def test_uploads_are_shown(playground: Page) -> None:
    image = answer_to(playground, "photo").locator("img.picture")
    expect(image).to_have_js_property("naturalWidth", 60)
    expect(playground.locator(".row.in .caption").last).to_have_text("Blue")
    file = answer_to(playground, "file").locator("a.file")
    expect(file).to_contain_text("notes.txt")
    with playground.expect_download() as download:
        file.click()
    assert download.value.path().read_bytes() == b"some notes"
    expect(answer_to(playground, "voice").locator("audio")).to_be_visible()


def test_an_album_is_one_bubble(playground: Page) -> None:
    expect(answer_to(playground, "album").locator(".album img")).to_have_count(2)


def test_what_an_address_names_is_a_link(playground: Page) -> None:
    """The page loads nothing from elsewhere."""
    link = answer_to(playground, "web").locator("a.file")
    expect(link).to_have_attribute("href", "https://example.org/a.png")


def test_a_draft_is_replaced_by_the_message(playground: Page) -> None:
    expect(answer_to(playground, "draft")).to_have_text("Let me thi")
    answer_to(playground, "print")
    expect(playground.locator(".draft")).to_have_count(0)


def test_the_bot_types(playground: Page) -> None:
    expect(answer_to(playground, "typing")).to_have_text("typing")
    expect(playground.locator(".doing")).to_have_count(0)


def test_text_and_keyboard_are_edited(playground: Page) -> None:
    message = answer_to(playground, "buttons")
    expect(message.get_by_role("link", name="Docs")).to_have_attribute(
        "href", "https://core.telegram.org/"
    )
    message.get_by_role("button", name="Change").click()
    message = playground.locator(".row.in").last
    expect(message).to_contain_text("Changed")
    expect(message).to_contain_text("edited")
    expect(message.locator(".keyboard button")).to_have_text(["New"])


def test_entities_are_drawn(playground: Page) -> None:
    message = answer_to(playground, "markup")
    drawn = {"b": "bold", "i": "italic", "u": "under", "s": "gone", "pre": "block"}
    drawn |= {"code": "code", "a": "link", "blockquote": "quote"}
    for tag, text in drawn.items():
        expect(message.locator(f".bubble span {tag}")).to_have_text(text)
    message.locator(".spoiler").click()
    expect(message.locator(".spoiler.shown")).to_have_text("secret")


def test_a_deleted_message_is_struck_out(playground: Page) -> None:
    answer_to(playground, "print")
    answer_to(playground, "delete")
    expect(playground.locator(".bubble.deleted").last).to_contain_text("Did print")


def test_pins_and_reactions(playground: Page) -> None:
    answer_to(playground, "pin")
    expect(playground.locator("#pinned")).to_have_text("pin")
    answer_to(playground, "unpin")
    expect(playground.locator("#pinned")).to_have_count(0)
    expect(answer_to(playground, "react").locator(".reactions")).to_have_text("🔥")
    row = playground.locator(".row.out").last
    row.get_by_role("button", name="React", exact=True).click()
    row.get_by_role("button", name="React with 👍").click()
    expect(playground.locator(".row.out").last.locator(".reactions")).to_contain_text("👍")
    expect(playground.locator(".service").last).to_contain_text("Ada reacted 👍")


def test_dice(playground: Page) -> None:
    expect(answer_to(playground, "dice").locator(".dice")).to_have_text(re.compile("🎯value [1-6]"))


def test_a_reply_keyboard(playground: Page) -> None:
    answer_to(playground, "keyboard")
    keyboard = playground.get_by_label("The bot's keyboard")
    keyboard.get_by_role("button", name="Tea").click()
    expect(playground.locator(".row.out").last).to_contain_text("Tea")
    keyboard.get_by_role("button", name="My number").click()
    expect(playground.locator("#messages")).to_contain_text("Ada sent a contact")
    answer_to(playground, "remove")
    expect(keyboard).to_be_hidden()


def test_a_forced_reply(playground: Page) -> None:
    answer_to(playground, "force")
    expect(playground.locator("#context")).to_have_text("Reply to: Did force")
    say(playground, "an answer")
    expect(playground.locator(".row.out").last.locator(".reply")).to_contain_text("Did force")
    expect(playground.locator("#messages")).to_contain_text("Ada sent an answer")
    expect(playground.locator("#context")).to_be_hidden()


def test_the_menu_of_commands(playground: Page) -> None:
    playground.get_by_role("button", name="Commands").click()
    playground.get_by_role("menuitem", name="/tea Make some tea").click()
    expect(playground.locator(".row.out").last).to_contain_text("/tea")


def test_an_inline_query(playground: Page) -> None:
    say(playground, "@echo_bot apples")
    playground.get_by_role("button", name="Pick").last.click()
    expect(playground.locator(".row").last).to_contain_text("Picked apples")
    expect(playground.locator(".row").last).to_contain_text("via @echo_bot")


def test_a_typo_in_a_method_and_in_a_parameter(playground: Page) -> None:
    answer_to(playground, "unknown")
    expect(playground.locator(".row.in").last.locator(".why")).to_contain_text(
        "sendMessage has no parameter txt; did you mean text?"
    )
    card = answer_to(playground, "other")
    expect(card).to_contain_text("createForumTopic")
    expect(card.locator("dd").last).to_have_text("News")


def test_a_second_person_writes(playground: Page) -> None:
    playground.get_by_label("You are").select_option("Grace")
    say(playground, "hi")
    expect(playground.locator("#messages")).to_contain_text("Grace sent hi")
    expect(playground.locator("#messages")).not_to_contain_text("Ada sent")
    playground.get_by_role("tab", name="Group").click()
    say(playground, "hi, all")
    expect(playground.locator("#messages")).to_contain_text("Grace sent hi, all")
    playground.get_by_label("You are").select_option("Ada")
    playground.get_by_role("tab", name="Private").click()


def test_what_the_function_printed(playground: Page) -> None:
    answer_to(playground, "print")
    expect(playground.get_by_label("What the function printed")).to_have_text("a line of\tits own")


def test_a_traceback_keeps_its_columns(playground: Page) -> None:
    answer_to(playground, "raise", "bot.py failed")
    traceback = playground.get_by_label("Traceback")
    expect(traceback).to_have_css("white-space", "pre")
    expect(playground.locator(".row.out").last.locator(".why")).to_have_text(
        "ValueError: no such thing"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_of_it_is_accessible(playground: Page, scheme: Literal["light", "dark"]) -> None:
    playground.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert violations(playground) == []


def test_an_unknown_method_is_named(playground: Page) -> None:
    """The last one: Telegram delivers its update again and again."""
    say(playground, "typo")
    expect(playground.locator(".called").last).to_contain_text(
        "no such method; did you mean sendMessage?"
    )
