"""The demo's chat with a bot that has a page (Mini App), in a real Chromium."""

import os
import signal
import socket
import sys

from telegram_bot_aws.demo.tests.page.browser import edit, expect, is_well_drawn, say
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import Script, page_of

BOT = ROOT / "tests" / "bots" / "mini_app"


def opened(page, button="Open", who="Ada", place="form"):
    """Press a button that opens the page, and return the page once it shows its user."""
    page.locator(place).get_by_role("button", name=button, exact=True).last.click()
    shown = page.frame_locator("#page iframe")
    expect(shown.locator("#who")).to_have_text(who)
    return shown


def do(frame, *words):
    for word in words:
        frame.get_by_role("button", name=word, exact=True).click()


def test_menu_button_opens_the_page(page):
    do(opened(page), "order")
    expect(page.locator(".row.in .bubble")).to_contain_text("Ada ordered soup")
    page.get_by_role("button", name="Close the page").click()
    page.get_by_label("You are").select_option("grace")
    opened(page, who="Grace")
    page.get_by_role("button", name="Close the page").focus()
    page.keyboard.press("Alt+2")
    expect(page.locator("#page")).to_have_count(0)
    expect(page.locator("#page-button")).to_be_hidden()


def test_main_button_popup_and_unplayed_events(page):
    frame = opened(page)
    do(frame, "button")
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(frame.locator("#events")).to_contain_text("main_button_pressed")
    for key, expected in (("Enter", '{"button_id":"yes"}'), ("Escape", "{}")):
        do(frame, "popup")
        expect(page.get_by_role("dialog", name="Sure?")).to_contain_text("It costs 9.")
        page.keyboard.press(key)
        expect(frame.locator("#events")).to_contain_text(f"popup_closed {expected}")
    do(frame, "unplayed")
    expect(page.locator("#page > p")).to_have_text(
        "Not played here: request_phone, trigger_haptic_feedback"
    )
    for scheme, width in (("light", 1280), ("dark", 360)):
        is_well_drawn(page, width, scheme, "#chat, #timeline")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(20, 27, 35)")
    do(frame, "close")
    expect(page.locator("#page")).to_have_count(0)


def test_inline_button_opens_only_the_bots_page(page):
    say(page, "inline")
    do(opened(page, "Order", place="#messages"), "close")
    say(page, "elsewhere")
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.locator("#problem")).to_contain_text("not https://example.org/app/index.html")


def test_keyboards_page_sends_data_without_a_user(page):
    say(page, "keyboard")
    do(opened(page, "Order", "a stranger: 401", "#keyboard"), "send")
    expect(page.locator("#page")).to_have_count(0)
    expect(page.locator(".row.out").last).to_contain_text("Data of “Order”")
    expect(page.locator(".row.in").last).to_contain_text("Got soup of Order")
    do(opened(page), "send")
    expect(page.locator("#toast:not(:empty)")).to_contain_text("sendData works only in a page that")


def test_saved_file_reloads_the_page(page, demo):
    frame = opened(page)
    edit(demo, "What would you like?", "What shall it be?", "app/index.html")
    expect(frame.locator("p").first).to_have_text("What shall it be?")
    expect(frame.locator("#who")).to_have_text("Ada")


def test_link_opens_the_private_chat(page):
    page.get_by_role("button", name="Group").click()
    say(page, "link")
    page.get_by_role("link", name="https://t.me/echo_bot?start=order-7").click()
    expect(page.locator("#where")).to_have_text("private chat")
    expect(page.locator(".row.in").last).to_contain_text("Started with order-7")


def test_page_says_that_the_demo_ended(tab):
    with socket.create_server(("127.0.0.1", 0)) as free:  # another demo may have the usual port
        code = f"from telegram_bot_aws.demo import demo as d; d.PORT = {free.getsockname()[1]}"
    command = (ROOT, sys.executable, "-c", f"{code}; d.main()", "--direct", str(BOT))
    variables = {"PYTHONPATH": os.pathsep.join(sys.path)}
    with Script(*command, **variables) as script:
        script.wait_for("Ctrl-C ends the demo.")
        tab.goto(page_of(script))
        do(opened(tab), "fail")
        script.wait_for("ValueError: no such thing")
    expect(tab.locator("#live")).to_have_text("ended")
    expect(tab.locator("#banner")).to_contain_text("The demo has ended.")
    with Script(*command, **variables) as script:
        script.wait_for("Ctrl-C ends the demo.")
        expect(tab.locator("#live")).to_have_text("live")
        script.end(signal.SIGKILL)
        expect(tab.locator("#banner")).to_contain_text("The demo doesn’t answer.")
