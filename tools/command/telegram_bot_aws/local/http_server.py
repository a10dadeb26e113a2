"""A request to one of the HTTP servers here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler

MAX_REQUEST_BYTES = 10 << 20  # API Gateway's limit


class LocalRequest(BaseHTTPRequestHandler):
    """A request to a `LocalServer`, which keeps the connection and logs nothing."""

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
