"""The head of an answer leaves with the start of its body.

MiniStack's HTTP server writes one after the other. Now and then a busy Terraform provider closes
the connection in between and repeats the request, which fails if the first one was carried out.
"""

from __future__ import annotations

from typing import Any

import h11


class Connection(h11.Connection):
    """The server's side of HTTP/1.1, which holds back an answer's head until there is more."""

    head = b""

    def send(self, event: Any) -> bytes:  # type: ignore[override]
        data = super().send(event) or b""
        if isinstance(event, h11.Response):
            self.head = data
            return b""
        data, self.head = self.head + data, b""
        return data


def apply() -> None:
    """Have MiniStack's HTTP server, which looks it up, use this connection."""
    h11.Connection = Connection  # type: ignore[misc]
