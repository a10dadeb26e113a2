"""Telegram's script for pages (Mini Apps): a stub of it where telegram.org can't be reached.

A page that waits for a script from a blocked address stays blank. So the demo gets the script
itself, while it starts, and the page loads it from the demo.
"""

from __future__ import annotations

import gzip
import re
import threading
import urllib.request
from http.client import HTTPException
from pathlib import Path

from telegram_bot_aws.local.request import Answer

URL = "https://telegram.org/js/telegram-web-app.js"
PATH = "/telegram-web-app.js"  # on the server of a bot's page
IN_A_PAGE = re.compile(re.escape(URL).encode() + rb"(?=[\"'?\s>])")
STUB = Path(__file__).with_name("page") / "telegram-web-app.js"
SECONDS = 3.0  # for telegram.org, after which the stub stands in


class WebAppScript:
    """The script, which is loaded from a URL in the background. Without one it is the stub."""

    def __init__(self, url: str = URL) -> None:
        self.loaded = b""  # while it isn't there, it is the stub
        self._loading = threading.Thread(target=self._load, args=(url,), daemon=True)
        if url:
            self._loading.start()

    def _load(self, url: str) -> None:
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - its own
                text: bytes = answer.read()
        except (OSError, HTTPException):
            return
        if b"WebApp" in text:  # a hotel's network answers with its own page
            self.loaded = text

    def text(self) -> bytes:
        """Return the script, or the stub if the script isn't there in time."""
        if self._loading.ident:
            self._loading.join(SECONDS)
        return self.loaded or STUB.read_bytes()


def with_script_from_here(answer: Answer) -> Answer:
    """Return a bot's answer whose page, if it is one, loads the script from the demo."""
    if not answer.header("content-type").startswith("text/html") or not answer.body:
        return answer
    is_packed = answer.header("content-encoding") == "gzip"
    body = gzip.decompress(answer.body) if is_packed else answer.body
    changed = IN_A_PAGE.sub(PATH.encode(), body)
    if changed == body:
        return answer
    headers = [each for each in answer.headers if each[0].lower() != "content-encoding"]
    return Answer(answer.status, headers, changed)
