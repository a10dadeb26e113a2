"""Makes the pictures of README from the running demo, in both themes. Needs Chromium."""

from __future__ import annotations

import argparse
import base64
import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

from playwright.sync_api import Browser, Error, Page, ViewportSize, expect, sync_playwright

from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import ROOT, SCRIPTS

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# README shows it about 880 pixels wide. On a screen with two dots to a pixel it is still sharp.
SIZE: ViewportSize = {"width": 1280, "height": 930}
DOTS = 1.5  # to a pixel
# Everyone who uses the module downloads the pictures, and Playwright can't make such small ones.
AS_WEBP = """
async (png) => {
  const image = new Image();
  image.src = png;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.6);
}
"""
PATIENCE_MS = 60_000  # for each step
# The first one is Chromium's headless shell, which takes three quarters of the CPU time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
# Chromium has no sandbox as root. The other options keep it off the network.
OPTIONS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--no-first-run",
)


def chromium() -> str | None:
    """Return this machine's own Chromium."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Run Chromium without a window, this machine's or Playwright's. Raises ToolError."""
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=chromium(), args=list(OPTIONS))
        except Error as error:
            reason = error.message.splitlines()[0]
            raise ToolError(f"no Chromium: run scripts/bootstrap browser ({reason})") from None
        yield found
        found.close()


def say(page: Page, text: str) -> None:
    """Write a message in the demo's chat."""
    field = page.get_by_label("Message", exact=True)
    field.fill(text)
    field.press("Enter")


def fail_once(page: Page, kind: str) -> None:
    """Make the next call of the demo's bot fail at Telegram."""
    switch = page.get_by_role("button", name="Make Telegram fail")
    if switch.get_attribute("aria-expanded") != "true":
        switch.click()
    page.get_by_label("What Telegram does").select_option(kind)
    page.get_by_label("How many calls fail").select_option("1")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#left")).to_have_text("1 to go")


def act(page: Page) -> None:
    """Do what the picture shows: messages; Telegram fails once at the last message."""
    messages = page.locator("#messages")
    expect(page.locator("#live")).to_have_text("live")
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
    expect(page.locator("#redelivery")).to_be_visible()
    expect(messages.get_by_text("You said: Does this one get lost?")).to_be_visible()
    expect(page.locator("#toast.shown")).to_have_count(0)
    page.locator("#title").hover()


@contextlib.contextmanager
def demo() -> Iterator[str]:
    """Run the demo, and yield the address of its page. Raises ToolError."""
    process = subprocess.Popen(
        [SCRIPTS / "demo"], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )
    try:
        assert process.stdout
        line = next((line for line in process.stdout if line.startswith("Chat with the bot: ")), "")
        if not line:
            raise ToolError("the demo does not start: run scripts/demo to see why")
        yield line.split()[-1]
    finally:
        process.terminate()
        process.communicate()


def take_pictures(chrome: Browser) -> None:
    """Save the pictures of the demo on an emulated AWS."""
    with demo() as url:
        page = chrome.new_page(viewport=SIZE, device_scale_factor=DOTS, reduced_motion="reduce")
        converter = chrome.new_page()
        page.goto(url)
        act(page)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            png = base64.b64encode(page.screenshot(animations="disabled")).decode()
            webp: str = converter.evaluate(AS_WEBP, f"data:image/png;base64,{png}")
            path = ROOT / "docs" / f"demo-{theme}.webp"
            path.write_bytes(base64.b64decode(webp.partition(",")[2]))
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


def main() -> int:
    expect.set_options(timeout=PATIENCE_MS)
    argparse.ArgumentParser(prog="scripts/dev screenshot", description=__doc__).parse_args()
    try:
        with browser() as chrome:
            take_pictures(chrome)
    except (ToolError, Error, AssertionError) as error:
        print(f"scripts/dev screenshot: {error}", file=sys.stderr)
        return 1
    return 0
