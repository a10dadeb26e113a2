"""Makes docs/demo.png, the picture in the README, from the running demo. Needs Chromium."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.processes import ToolError
from local.project import ROOT, SCRIPTS
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

PICTURE = ROOT / "docs" / "demo.png"
SIZE = (1280, 930)
PATIENCE = 60_000  # milliseconds, for each step
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
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
    field = page.get_by_label("Message", exact=True)
    field.fill(text)
    field.press("Enter")


def act(page: Page) -> None:
    """Do what the picture shows: messages and an event; Telegram fails once at the last message.

    Raises ToolError if the bot doesn't run on an emulated AWS, as the picture should show it.
    """
    messages = page.locator("#messages")
    expect(page.locator("#live")).to_have_text("live")
    where = page.locator("#about").inner_text()
    if not where.startswith("On an emulated AWS"):
        raise ToolError(f"no picture, since there is no emulated AWS: {where}")
    page.locator("#attach-button").click()
    page.get_by_role("menuitem", name="Photo").click()
    expect(page.locator(".row.in .picture")).to_be_visible()
    say(page, "Hello!")
    expect(messages.get_by_text("You said: Hello!")).to_be_visible()
    say(page, "/start")
    page.get_by_role("button", name="Press me").click()
    expect(page.locator(".service")).to_contain_text("Ada pressed")
    page.get_by_role("button", name="Events", exact=True).click()
    page.get_by_role("button", name="Send to ").click()
    expect(messages.get_by_text("Good morning!")).to_be_visible()
    page.get_by_role("button", name="Make Telegram fail").click()
    page.get_by_label("What Telegram does").select_option("429")
    page.get_by_label("How many calls fail").select_option("1")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#left")).to_be_visible()
    say(page, "Does this one get lost?")
    expect(page.locator("#redelivery")).to_be_visible()
    expect(messages.get_by_text("You said: Does this one get lost?")).to_be_visible()
    expect(page.locator("#toast.shown")).to_have_count(0)
    page.locator("#title").hover()


def main() -> int:
    expect.set_options(timeout=PATIENCE)
    argparse.ArgumentParser(prog="scripts/screenshot", description=__doc__).parse_args()
    demo = subprocess.Popen(
        [SCRIPTS / "demo"], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )
    try:
        assert demo.stdout
        line = next((line for line in demo.stdout if line.startswith("Chat with the bot: ")), "")
        if not line:
            raise ToolError("the demo does not start: run scripts/demo to see why")
        with browser() as chrome:
            context = chrome.new_context(
                viewport={"width": SIZE[0], "height": SIZE[1]}, device_scale_factor=2
            )
            page = context.new_page()
            page.goto(line.split()[-1])
            act(page)
            PICTURE.parent.mkdir(exist_ok=True)
            page.screenshot(path=Path(PICTURE))
    except (ToolError, Error, AssertionError) as error:
        print(f"scripts/screenshot: {error}", file=sys.stderr)
        return 1
    finally:
        demo.terminate()
        demo.communicate()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
