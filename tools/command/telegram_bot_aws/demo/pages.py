"""Serves the pages (Mini Apps) that people open in the demo's chats."""

from __future__ import annotations

import json
import re

from telegram_bot_aws.demo.bots import Bots
from telegram_bot_aws.demo.deployments import PAGE
from telegram_bot_aws.local.http_server import MAX_REQUEST_BYTES, LocalRequest, LocalServer
from telegram_bot_aws.local.request import request

SECONDS = 60.0  # for a request
# Headers that belong to one connection, or to a server.
OWN_HEADERS = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
OWN_HEADERS |= {"date", "server"}
FRAMES = re.compile(r"frame-ancestors[^;]*")


class PageProxy(LocalServer):
    """Serves a bot's page with its own origin. `chat` is the origin that may show it in a frame.

    `/app/…` is the bot's answer, with one header changed: it lets Telegram's web clients frame the
    page, and here the chat.
    """

    def __init__(self, bots: Bots, bot: int, page_url: str, chat: str) -> None:
        self.bots, self.chat = bots, chat
        self.base = page_url.removesuffix(PAGE)
        super().__init__(_Request)
        bots.serves(bot, self.url)


class _Request(LocalRequest):
    server: PageProxy

    def do_GET(self) -> None:
        body = self.body(MAX_REQUEST_BYTES)
        if body is None:
            self._say(413, "Content Too Large")
        elif not self.is_from_here(opened=True):
            self._say(403, "this page is for this machine only")
        elif not self.path.startswith("/app/"):
            self._say(404, "Not Found")
        else:
            self._pass_on(body)

    def _pass_on(self, body: bytes) -> None:
        server = self.server
        server.bots.refresh()
        kept = {n: v for n, v in self.headers.items() if n.lower() not in OWN_HEADERS}
        url = server.base + self.path
        try:
            answer = request(self.command, url, kept, body or None, SECONDS)
        except OSError as error:
            self._say(502, f"the bot's API doesn't answer: {error}")
            return
        headers = [
            (name, FRAMES.sub(f"frame-ancestors 'self' {server.chat}", value))
            for name, value in answer.headers
            if name.lower() not in OWN_HEADERS
        ]
        self.respond(answer.status, headers, answer.body)

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = do_GET

    def _say(self, status: int, message: str) -> None:
        headers = [("Content-Type", "application/json")]
        self.respond(status, headers, json.dumps({"message": message}).encode())
