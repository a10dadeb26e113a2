"""Where the demo serves a bot's page: at an address of its own, so that it is no part of the chat.

`/app/…` is what the bot answers, with one header changed: Telegram's web clients may show a page in
a frame, and here the chat may. `/launch.html` is what the chat shows, with the page in it.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from emulators.local_server import LocalServer

from chat.pages import Pages

FRAME = Path(__file__).with_name("page")
FILES = {"/launch.html": "text/html", "/launch.js": "text/javascript"}
LARGEST_REQUEST = 10 * 2**20  # bytes: API Gateway's limit
POLICY = (
    "default-src 'none'; frame-src 'self'; script-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors "
)


class BotPageServer(LocalServer):
    """A bot's page, on a free port of the loopback interface.

    `chat` is the origin of the page that may show it in a frame.
    """

    def __init__(self, pages: Pages, bot: int, chat: str) -> None:
        self.pages, self.bot, self.chat = pages, bot, chat
        super().__init__(("127.0.0.1", 0), _Request)
        self.host = f"127.0.0.1:{self.server_port}"
        pages.serves(bot, f"http://{self.host}")
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
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
            self._send(200, headers, (FRAME / path[1:]).read_bytes())
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
            self._send(answer.status, answer.headers, answer.body)

    def _is_ours(self) -> bool:
        """Tell whether a request is the page's, the chat's that opens it, or the address bar's."""
        site = self.headers.get("Sec-Fetch-Site")
        opens = site == "same-site" and self.headers.get("Sec-Fetch-Mode") == "navigate"
        return (
            self.headers.get("Host") == self.server.host
            and self.headers.get("Origin") in (None, f"http://{self.server.host}")
            and (opens or site in (None, "same-origin", "none"))
        )

    def _say(self, status: int, message: str) -> None:
        headers = [("Content-Type", "application/json")]
        self._send(status, headers, json.dumps({"message": message}).encode())

    def _send(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        with contextlib.suppress(OSError):  # the page was closed
            self.send_response(status)
            for name, value in [*headers, ("Content-Length", f"{len(data)}")]:
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
