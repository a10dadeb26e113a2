"""One HTTP request, to this machine or beyond."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Answer:
    """The answer to a request, as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header by its name in lower case, or nothing."""
        return next((value for known, value in self.headers if known.lower() == name), "")


def request(
    method: str, url: str, headers: dict[str, str], body: bytes | None, seconds: float
) -> Answer:
    """Make a request. Raises OSError, or ValueError if the URL has an invalid port.

    Names below localhost, such as that of an emulated API, mean this machine.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(".localhost"):
        host = "127.0.0.1"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, parts.port, timeout=seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body, {"Host": parts.netloc, **headers})
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    except (http.client.HTTPException, ValueError) as error:  # the latter: no name of a host
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
