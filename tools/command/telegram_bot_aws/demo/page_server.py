"""Serves a bot's page for the demo, with its own origin, separate from the chat.

`/app/…` is the bot's answer, with one header changed: it lets Telegram's web clients frame the
page, and here the chat.
"""

from __future__ import annotations

import json
import re

from telegram_bot_aws.demo.pages import Pages
from telegram_bot_aws.local.http_server import LocalRequest, LocalServer

MAX_REQUEST_BYTES = 10 * 2**20  # API Gateway's limit


class BotPageServer(LocalServer):
    """Serves a bot's page. `chat` is the origin that may show it in a frame."""

    def __init__(self, pages: Pages, bot: int, chat: str) -> None:
        self.pages, self.bot, self.chat = pages, bot, chat
        super().__init__(_Request)
        pages.bots.serves(bot, self.url)


class _Request(LocalRequest):
    server: BotPageServer

    def do_GET(self) -> None:
        server = self.server
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
            self.close_connection = True
            self._say(413, "Content Too Large")
            return
        body = self.rfile.read(int(length))
        if not self._is_ours():
            self._say(403, "this page is for this machine only")
        elif not re.match("/app(/|$)", self.path.partition("?")[0]):
            self._say(404, "Not Found")
        else:
            asked = (self.command, self.path, dict(self.headers), body)
            try:
                answer = server.pages.serve(server.bot, *asked, server.chat)
            except OSError as error:
                self._say(502, f"the bot's API doesn't answer: {error}")
            else:
                self.respond(answer.status, answer.headers, answer.body)

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = do_GET

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
