"""HTTP/1.1 over a socket (RFC 9112), as far as a POST needs it, and never beyond a deadline.

In place of the standard library's http.client, which costs too much of a cold start and of each
call after it (docs/performance.md), and waits for ever for an answer that trickles in. Deadlines
are times of `time.monotonic()`.
"""

from __future__ import annotations

import io
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` and its kind would cost 2 ms of every cold start
    from collections.abc import Buffer
    from socket import socket

MAX_ANSWER = 1 << 22  # bytes of a body, and as many around it
MAX_HEADERS = 100


def left(deadline: float) -> float:
    """Return the seconds until a deadline. Raises TimeoutError when it has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no time left")
    return seconds


def head(first_line: str, headers: dict[str, str]) -> bytes:
    """Return what a request begins with. Raises ValueError for what can't be in there."""
    lines = [first_line, *(f"{name}: {value}" for name, value in headers.items())]
    if first_line.count(" ") != 2 or not all(map(str.isprintable, lines)):
        raise ValueError("a request with characters that it can't have")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def exchange(connection: socket, request: bytes, deadline: float) -> tuple[int, bytes, bool]:
    """Send a request. Returns the answer's status and body, and whether the connection stays open.

    Raises OSError: TimeoutError if the answer is late, ConnectionError if it isn't a whole one.
    """
    connection.settimeout(left(deadline))
    connection.sendall(request)
    answer: io.BufferedReader = io.BufferedReader(Received(connection, deadline))
    status, headers = read_head(answer)
    while status < 200:  # an interim answer, with another one behind it
        status, headers = read_head(answer)
    stays = "close" not in headers.get("connection", "")
    if headers.get("transfer-encoding") == "chunked":
        body = read_chunks(answer)
    elif "content-length" in headers:
        body = read(answer, number(headers["content-length"]))
    else:
        body, stays = answer.read(), False
    if len(body) > MAX_ANSWER:
        raise ConnectionError("an endless answer")
    return status, body, stays


def open_tunnel(connection: socket, address: str, headers: dict[str, str], deadline: float) -> None:
    """Ask a proxy for a tunnel to an address. Raises OSError."""
    connection.sendall(head(f"CONNECT {address} HTTP/1.1", {"Host": address, **headers}))
    status, _ = read_head(io.BufferedReader(Received(connection, deadline)))
    if not 200 <= status < 300:
        raise OSError(f"the proxy opens no tunnel: it answered {status}")


class Received(io.RawIOBase):
    """What arrives on a connection before a deadline, and isn't endless."""

    def __init__(self, connection: socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        self._connection.settimeout(left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._bytes += count
        if self._bytes > 2 * MAX_ANSWER:
            raise ConnectionError("an endless answer")
        return count


def read_head(answer: io.BufferedReader) -> tuple[int, dict[str, str]]:
    """Read an answer's status, and its headers, in lower case."""
    version, _, rest = line(answer).partition(" ")
    if not version.startswith("http/1."):
        raise ConnectionError("an answer that isn't HTTP/1")
    headers = {} if version == "http/1.1" else {"connection": "close"}
    for _ in range(MAX_HEADERS + 1):  # and an empty line
        header = line(answer)
        if not header:
            return number(rest.partition(" ")[0]), headers
        name, _, value = header.partition(":")
        headers[name] = value.strip()
    raise ConnectionError("an endless answer")


def read_chunks(answer: io.BufferedReader) -> bytes:
    """Read a body that comes in chunks, each with its size before it, the last one empty."""
    body = b""
    while size := number(line(answer).partition(";")[0], 16):
        body += read(answer, size)
        line(answer)
    while line(answer):  # headers that come last
        pass
    return body


def read(answer: io.BufferedReader, size: int) -> bytes:
    """Read as many bytes."""
    if size > MAX_ANSWER:
        raise ConnectionError("an endless answer")
    data = answer.read(size)
    if len(data) != size:
        raise ConnectionError("the answer broke off")
    return data


def line(answer: io.BufferedReader) -> str:
    """Read a line, in lower case."""
    data = answer.readline()
    if not data.endswith(b"\n"):
        raise ConnectionError("the answer broke off" if data else "closed without an answer")
    return data.decode("latin-1").strip().lower()


def number(text: str, base: int = 10) -> int:
    """Return a number of an answer's."""
    try:
        value = int(text, base)
    except ValueError:
        value = -1
    if value < 0:
        raise ConnectionError("an answer that isn't HTTP/1")
    return value
