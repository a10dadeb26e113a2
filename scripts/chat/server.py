"""The demo's chat page, page.html, and the server that it asks.

`GET /events` is all that happened and then all that happens, as server-sent events; `POST /send`,
`/press`, `/fail` and `/stop-container` are what people do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from emulators.telegram import Json

from chat.chat import Chat, InvalidRequest

PAGE = Path(__file__).with_name("page.html")
MAX_REQUEST = 100_000  # bytes


class PageServer(ThreadingHTTPServer):
    """The page of a `Chat`, on a free port of the loopback interface."""

    daemon_threads = True

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        super().__init__(("127.0.0.1", 0), _Request)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> PageServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.chat.end()
        self.shutdown()
        self.server_close()


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: PageServer

    def do_GET(self) -> None:
        if not self._is_ours():
            self._answer(403, {"error": "this page is for this machine only"})
        elif self.path == "/":
            self._send(200, "text/html; charset=utf-8", PAGE.read_bytes())
        elif self.path == "/events":
            self._stream()
        else:
            self._answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        chat = self.server.chat
        actions: dict[str, Callable[[Json], None]] = {
            "/send": lambda a: chat.send(
                str(a.get("chat")), str(a.get("kind")), str(a.get("text", ""))
            ),
            "/press": lambda a: chat.press(int(a.get("key", -1)), str(a.get("data"))),
            "/stop-container": lambda a: chat.stop_container(),
            "/fail": lambda a: chat.fail(str(a.get("kind", "")), int(a.get("count", 1))),
        }
        length = self.headers.get("Content-Length") or ""
        if not length.isdigit() or int(length) > MAX_REQUEST:
            self.close_connection = True
            self._answer(413, {"error": "too long"})
            return
        body = self.rfile.read(int(length))
        if not self._is_ours() or self.headers.get("Content-Type") != "application/json":
            self._answer(403, {"error": "this page is for this machine only"})
            return
        action = actions.get(self.path)
        if action is None:
            self._answer(404, {"error": "not found"})
            return
        try:
            arguments = json.loads(body)
            if not isinstance(arguments, dict):
                raise InvalidRequest("an object is expected")
            action(arguments)
        except (ValueError, TypeError) as error:
            self._answer(400, {"error": str(error)})
        else:
            self._answer(200, {})

    def _is_ours(self) -> bool:
        """Tell whether a request is the page's, not another site's that the browser shows."""
        host = f"127.0.0.1:{self.server.server_port}"
        return self.headers.get("Host") == host and self.headers.get("Origin") in (
            None,
            f"http://{host}",
        )

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        try:
            for event in self.server.chat.events():
                text = ":\n\n" if event is None else f"event: {event[0]}\n"
                if event is not None:
                    text += f"data: {json.dumps(event[1])}\n\n"
                self.wfile.write(text.encode())
        except OSError:
            pass  # the page was closed

    def _answer(self, status: int, answer: Json) -> None:
        self._send(status, "application/json", json.dumps(answer).encode())

    def _send(self, status: int, content_type: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'none'; connect-src 'self'; img-src data:; script-src 'unsafe-inline'; "
            "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
