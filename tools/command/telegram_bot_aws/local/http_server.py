"""Shared by the HTTP servers here."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MAX_REQUEST_BYTES = 10 << 20  # API Gateway's limit


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

    def body(self, most: int) -> bytes | None:
        """Return the request's body, or None if it has more bytes than `most`."""
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,15}", length, re.ASCII) or int(length) > most:
            self.close_connection = True  # the next request can't be found
            return None
        return self.rfile.read(int(length))

    def is_from_here(self, *, opened: bool = False) -> bool:
        """Tell whether a request comes from this server's own page or a person, not another site.

        `opened`: or from a page of this machine that opens this one.
        """
        site = self.headers.get("Sec-Fetch-Site")
        opens = site == "same-site" and self.headers.get("Sec-Fetch-Mode") == "navigate"
        url = f"http://{self.headers.get('Host')}"
        return (
            url == getattr(self.server, "url", "")
            and self.headers.get("Origin") in (None, url)
            and (site in (None, "same-origin", "none") or (opened and opens))
        )

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
