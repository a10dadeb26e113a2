"""Serves a bot's page for the demo, with its own origin, separate from the chat.

`/app/…` is the bot's answer, with one header changed: it lets Telegram's web clients frame the
page, and here the chat. The chat frames `/launch.html`, with the page in it. Telegram's script
comes from here, too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from telegram_bot_aws.demo import web_app_script
from telegram_bot_aws.demo.pages import Pages
from telegram_bot_aws.demo.web_app_script import WebAppScript
from telegram_bot_aws.local.http_server import LocalRequest, LocalServer

FRAME = Path(__file__).with_name("page")
FILES = {"/launch.html": "text/html", "/launch.js": "text/javascript"}
LARGEST_REQUEST = 10 * 2**20  # bytes: API Gateway's limit
POLICY = (
    "default-src 'none'; frame-src http: https:; script-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors "
)


class BotPageServer(LocalServer):
    """Serves a bot's page. `chat` is the origin that may show it in a frame."""

    def __init__(self, pages: Pages, bot: int, chat: str, script: WebAppScript) -> None:
        self.pages, self.bot, self.chat, self.script = pages, bot, chat, script
        super().__init__(_Request)
        pages.bots.serves(bot, self.url)


class _Request(LocalRequest):
    server: BotPageServer

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > LARGEST_REQUEST:
            self.close_connection = True
            self._say(413, "Content Too Large")
            return
        body = self.rfile.read(int(length))
        path = self.path.partition("?")[0]
        if not self._is_ours():
            self._say(403, "this page is for this machine only")
        elif path in FILES:
            headers = [
                ("Content-Type", f"{FILES[path]}; charset=utf-8"),
                ("Content-Security-Policy", POLICY + self.server.chat),
                ("Cache-Control", "no-store"),
            ]
            self.respond(200, headers, (FRAME / path[1:]).read_bytes())
        elif path == web_app_script.PATH:
            headers = [("Content-Type", "text/javascript"), ("Cache-Control", "no-store")]
            self.respond(200, headers, self.server.script.text())
        elif re.match("/app(/|$)", path):
            self._serve(body)
        else:
            self._say(404, "Not Found")

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = do_GET

    def _serve(self, body: bytes) -> None:
        server = self.server
        try:
            answer = server.pages.serve(
                server.bot, self.command, self.path, dict(self.headers), body, server.chat
            )
        except OSError as error:
            self._say(502, f"the bot's API doesn't answer: {error}")
        else:
            answer = web_app_script.with_script_from_here(answer)
            self.respond(answer.status, answer.headers, answer.body)

    def _is_ours(self) -> bool:
        """Tell whether a request comes from the page, the chat that opens it, or a person."""
        site = self.headers.get("Sec-Fetch-Site")
        opens = site == "same-site" and self.headers.get("Sec-Fetch-Mode") == "navigate"
        return (
            self.headers.get("Host") == self.server.url.removeprefix("http://")
            and self.headers.get("Origin") in (None, self.server.url)
            and (opens or site in (None, "same-origin", "none"))
        )

    def _say(self, status: int, message: str) -> None:
        headers = [("Content-Type", "application/json")]
        self.respond(status, headers, json.dumps({"message": message}).encode())
