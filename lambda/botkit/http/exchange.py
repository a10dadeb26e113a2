"""One HTTP request and its response, by urllib, over a socket that stays open."""

from __future__ import annotations

import base64
import http.client
import io
import urllib.parse
import urllib.request
from collections.abc import Buffer
from socket import socket

from . import Deadline

HEAD_LIMIT = 1 << 20  # bytes of a response beside its body


class Stream(io.RawIOBase):
    """A socket for http.client, which neither waits beyond a deadline nor reads without a limit.

    `limit` is the most bytes of a response's body.
    """

    def __init__(self, connection: socket, deadline: Deadline, limit: int = 0) -> None:
        self.limit = limit
        self._connection = connection
        self._deadline = deadline
        self._received = 0

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._deadline.timeout())
        self._connection.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        self._connection.settimeout(self._deadline.timeout())
        count = self._connection.recv_into(buffer)
        self._received += count
        if self._received > self.limit + HEAD_LIMIT:
            raise ConnectionError("an endless response")
        return count

    def close(self) -> None:
        """Leave the socket open: its owner decides, after the response was read."""


class OverStream(urllib.request.BaseHandler):
    """Sends requests over a stream, where urllib's own handlers open a connection for each."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        client = http.client.HTTPConnection(request.host)
        client.sock = self._stream
        headers = {name.title(): value for name, value in request.header_items()}
        headers = {"Host": request.host, **headers}
        client.request(request.get_method(), request.selector, request.data, headers)
        return client.getresponse()

    https_open = http_open


def round_trip(
    stream: Stream, url: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, bytes, bool]:
    """Post a body, or get where there is none.

    Returns the response's status and body, and whether the connection can take another request.
    Raises any exception; its text may hold the URL.
    """
    opener = urllib.request.OpenerDirector()  # without redirects and the environment's proxies
    opener.add_handler(OverStream(stream))
    request = urllib.request.Request(url, body, headers)  # noqa: S310 (there is no file: handler)
    with opener.open(request) as response:
        data = response.read()
        if len(data) > stream.limit:
            raise ConnectionError("an endless response")
        # After an interim response (1xx), the final one is still to come.
        return response.status, data, response.status >= 200 and not response.will_close


def open_tunnel(stream: Stream, host: str, port: int, credentials: str) -> None:
    """Ask a proxy for a tunnel. `credentials` are a URL's `user:password`. Raises OSError."""
    client = http.client.HTTPConnection(host, port)
    client.sock = stream
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = {"Host": address}
    if credentials:
        user, _, password = credentials.partition(":")
        decoded = f"{urllib.parse.unquote(user)}:{urllib.parse.unquote(password)}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(decoded.encode()).decode()
    client.request("CONNECT", address, headers=headers)
    status = client.getresponse().status
    if not 200 <= status < 300:
        raise OSError(f"the proxy opens no tunnel: it answered {status}")


# So that urllib compiles its regular expressions during start-up, which has a whole CPU.
urllib.request.Request("http://localhost")
