"""Serves the demo's chat page, which is in page/.

`GET /events` streams the state so far and then each change, as server-sent events;
`GET /file/ID` is a file that somebody sent; `POST /send`, `/press`, `/vote` … are people's actions.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from telegram_stand_in import Json, LocalServer

from telegram_bot_aws.demo.chat import ACTIONS, Chat
from telegram_bot_aws.local.http_server import LocalRequest

PAGE = Path(__file__).with_name("page")
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
MAX_REQUEST = 100_000  # bytes
SHOWN = ("image/", "audio/", "video/")  # files that a browser shows without running them

# The page loads nothing from elsewhere, and runs no inline code.
POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; media-src 'self'; "
    "script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; frame-src "
)
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class PageServer(LocalServer):
    """Serves the page of a `Chat`."""

    def __init__(self, chat: Chat, port: int = 0) -> None:
        self.chat = chat
        super().__init__(_Request, port=port)

    def __exit__(self, *exception: object) -> None:
        self.chat.feed.end()
        super().__exit__(*exception)


class _Request(LocalRequest):
    server: PageServer

    def do_GET(self) -> None:
        path = PAGE / ("page.html" if self.path == "/" else self.path[1:])
        if not self.is_from_here():
            self._answer(403, {"error": "this page is for this machine only"})
        elif self.path == "/events":
            self._stream()
        elif self.path.startswith("/file/"):
            self._send_file(urllib.parse.unquote(self.path.removeprefix("/file/")))
        elif path in PAGE.iterdir():
            self._send(200, f"{TYPES[path.suffix]}; charset=utf-8", path.read_bytes())
        else:
            self._answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        chat = self.server.chat
        body = self.body(MAX_REQUEST)
        if body is None:
            self._answer(413, {"error": "too long"})
            return
        if not self.is_from_here() or self.headers.get("Content-Type") != "application/json":
            self._answer(403, {"error": "this page is for this machine only"})
            return
        action: Callable[..., Json | None] = partial(chat.act, self.path[1:])
        if self.path == "/fail":
            action = chat.fail
        elif self.path[1:] not in ACTIONS:
            self._answer(404, {"error": "not found"})
            return
        chat.refresh()  # so a saved change is live at the next message
        try:
            answer = action(**json.loads(body))
        except (LookupError, RecursionError, TypeError, ValueError) as error:
            self._answer(400, {"error": str(error)})
        else:
            self._answer(200, answer or {})

    def _frames(self) -> str:
        """Return the addresses that the page may frame: those of the bots' pages."""
        return " ".join(self.server.chat.addresses.values()) or "'none'"

    def _stream(self) -> None:
        chat = self.server.chat
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        try:
            for kind, data in chat.feed.events(chat.snapshot):
                self.wfile.write(f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode())
        except OSError:
            pass  # the page was closed

    def _answer(self, status: int, answer: Json) -> None:
        self._send(status, "application/json", json.dumps(answer).encode())

    def _send_file(self, file_id: str) -> None:
        file = self.server.chat.telegram.files.by_id.get(file_id)
        if not file or not file.data:
            self._answer(404, {"error": "not found"})
            return
        safe = file.content_type.startswith(SHOWN)
        more = {"Content-Security-Policy": FILE_POLICY}
        if not safe:
            more["Content-Disposition"] = "attachment"
        content_type = file.content_type if safe else "application/octet-stream"
        self._send(200, content_type, file.data, more)

    def _send(
        self, status: int, content_type: str, data: bytes, more: dict[str, str] | None = None
    ) -> None:
        headers = {
            "Content-Type": content_type,
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY + self._frames(),
            "X-Content-Type-Options": "nosniff",
            **(more or {}),
        }
        self.respond(status, headers.items(), data)
