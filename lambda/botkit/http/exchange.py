"""An HTTP request and its response, with urllib, over a socket that stays open."""

from __future__ import annotations

import http.client
import io
import urllib.request
from collections.abc import Buffer
from email.message import Message  # http.client has loaded it
from socket import socket

from ..deadline import Deadline
from ..errors import ResponseTooLarge

MAX_UNSENT_BYTES = 1 << 14  # bytes, as many as a TLS record takes
MAX_HEAD_BYTES = 1 << 20  # bytes of a response, not counting the body


class Stream(io.RawIOBase):
    """A socket for http.client, with a deadline and a `limit` for the bytes of a response's body.

    `is_over` tells whether the server has closed the connection, and `is_kept` whether another
    request may follow.
    """

    def __init__(self, connection: socket, deadline: Deadline, limit: int = 0) -> None:
        self.connection = connection
        self.deadline = deadline
        self.limit = limit
        self.received = 0
        self.is_over = self.is_kept = False
        self._unsent = b""

    def sendall(self, data: bytes) -> None:
        """Send data, or keep it until the next read: head and body then fit into one packet."""
        self._unsent += data
        if len(self._unsent) > MAX_UNSENT_BYTES:
            self.send_rest()

    def send_rest(self) -> None:
        """Send what was kept."""
        data, self._unsent = self._unsent, b""
        if data:
            self.connection.settimeout(self.deadline.timeout())
            self.connection.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        self.send_rest()
        self.connection.settimeout(self.deadline.timeout())
        count = self.connection.recv_into(buffer)
        self.is_over = not count
        self.received += count
        if self.received > self.limit + MAX_HEAD_BYTES:
            raise ResponseTooLarge("the response is too long")
        return count

    def close(self) -> None:
        """Leave the socket open. Its owner decides whether to keep it."""


class Answer:
    """The response to a request."""

    def __init__(self, status: int, headers: Message, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class HTTPOverStream(http.client.HTTPConnection):
    """Lets http.client send over a Stream, instead of opening a socket of its own."""

    def __init__(self, host: str, stream: Stream) -> None:
        super().__init__(host)
        self._stream = self.sock = stream

    def getresponse(self) -> http.client.HTTPResponse:
        response = super().getresponse()
        if self._stream.is_over:  # http.client takes that for the end of the headers
            raise ConnectionError("the response is incomplete")
        return response


class Request(urllib.request.Request):
    """A request, with the stream to send it over."""

    stream: Stream


class OverStream(urllib.request.BaseHandler):
    """Sends requests over their streams. The handlers of urllib would open connections."""

    def http_open(self, request: Request) -> http.client.HTTPResponse:
        client = HTTPOverStream(request.host, request.stream)
        headers = {name.title(): value for name, value in request.header_items()}
        client.request(request.get_method(), request.selector, request.data, headers)
        return client.getresponse()

    https_open = http_open


# No redirects, no proxies of the environment, and no handler for file:.
opener = urllib.request.OpenerDirector()
opener.add_handler(OverStream())


def round_trip(
    stream: Stream, method: str, url: str, body: bytes | None, headers: dict[str, str]
) -> Answer:
    """Make a request, and return the response.

    May raise any exception, which may quote the URL.
    """
    request = Request(url, body, headers, method=method)
    request.stream = stream
    with opener.open(request) as response:
        data = response.read()
        if len(data) > stream.limit:
            raise ResponseTooLarge("the response is too long")
        # After an interim response (1xx), the final one is still to come.
        stream.is_kept = response.status >= 200 and not response.will_close
        return Answer(response.status, response.headers, data)


def open_tunnel(stream: Stream, host: str, port: int, credentials: str) -> None:
    """Ask a proxy for a tunnel. `credentials` are `user:password`, as in a URL. Raises OSError."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = {"Host": address}
    if credentials:
        import base64  # lazy, as only proxies need it
        from urllib.parse import unquote

        user, _, password = credentials.partition(":")
        decoded = f"{unquote(user)}:{unquote(password)}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(decoded.encode()).decode()
    client = HTTPOverStream(address, stream)
    client.request("CONNECT", address, headers=headers)
    status = client.getresponse().status
    if not 200 <= status < 300:
        raise OSError(f"the proxy refused a tunnel: it answered {status}")


# This makes urllib compile its regular expressions during start-up, which has a whole CPU.
urllib.request.Request("http://localhost")
