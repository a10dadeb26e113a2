"""Shared by the HTTP servers here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class LocalServer(ThreadingHTTPServer):
    """A server on a local address, which runs until its `with` block ends. Port 0 is a free one.

    Its threads end with the program, and it ignores clients that leave.
    """

    daemon_threads = True

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], host: str = "127.0.0.1", port: int = 0
    ) -> None:
        super().__init__((host, port), handler)
        self.url = f"http://{host}:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class LocalRequest(BaseHTTPRequestHandler):
    """A request to such a server, which keeps the connection and logs nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def respond(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        """Answer with these headers and a Content-Length."""
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", f"{len(body)}")]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing: a request's path may hold a token."""
