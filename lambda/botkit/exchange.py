"""An HTTP request and its response, with urllib, over a socket that stays open."""

from __future__ import annotations

import http.client
import io
import urllib.request
from collections.abc import Buffer
from email.message import Message  # http.client has loaded it
from socket import socket

from .deadline import Deadline
from .errors import ResponseTooLarge

MAX_RESPONSE_BYTES = 21 << 20  # a file of 20 MB, which a bot can download, and the headers


class Stream(io.RawIOBase):
    """A socket for http.client, with a deadline and a limit for the bytes of a response.

    `is_at_end` tells whether the server has closed the connection.
    """

    def __init__(self, connection: socket, deadline: Deadline) -> None:
        self.connection = connection
        self.deadline = deadline
        self.bytes_left = MAX_RESPONSE_BYTES
        self.is_at_end = False
        self._unsent = b""

    def sendall(self, data: bytes) -> None:
        """Keep data until the next read, so that head and body are sent together."""
        self._unsent += data

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if self._unsent:
            data, self._unsent = self._unsent, b""
            self.connection.settimeout(self.deadline.timeout())
            self.connection.sendall(data)
        self.connection.settimeout(self.deadline.timeout())
        count = self.connection.recv_into(buffer)
        self.is_at_end = not count
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise ResponseTooLarge("the response is too long")
        return count

    def close(self) -> None:
        """Leave the socket open. Its owner decides whether to keep it."""


class Request(urllib.request.Request):
    """A request, with the stream to send it over."""

    stream: Stream


class Handler(urllib.request.BaseHandler):
    """Sends requests over their streams. The handlers of urllib would open connections."""

    def http_open(self, request: Request) -> http.client.HTTPResponse:
        client = http.client.HTTPConnection(request.host)
        client.sock = request.stream
        headers = {name.title(): value for name, value in request.header_items()}
        client.request(request.get_method(), request.selector, request.data, headers)
        response = client.getresponse()
        if request.stream.is_at_end:  # http.client takes that for the end of the headers
            raise ConnectionError("the response is incomplete")
        return response

    https_open = http_open


# No redirects, no proxies of the environment, and no handler for file:.
opener = urllib.request.OpenerDirector()
opener.add_handler(Handler())


class Response:
    """The response to a request. After it, another request may follow if it `is_last` is false."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.body = response.read()
        self.status: int = response.status
        self.headers: Message = response.headers
        # After an interim response (1xx), the final one is still to come.
        self.is_last = response.will_close or self.status < 200


def send(
    stream: Stream, method: str, url: str, body: bytes | None, headers: dict[str, str]
) -> Response:
    """Make a request, and return the response.

    May raise any exception, which may quote the URL.
    """
    request = Request(url, body, headers, method=method)
    request.stream = stream
    with opener.open(request) as response:
        return Response(response)


def open_tunnel(stream: Stream, host: str, port: int, credentials: str) -> None:
    """Ask a proxy for a tunnel. `credentials` are `user:password`, as in a URL. Raises OSError."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    request = Request(f"http://{address}", method="CONNECT")
    request.selector, request.stream = address, stream
    if credentials:
        import base64  # lazy, as only proxies need it
        from urllib.parse import unquote

        user, _, password = credentials.partition(":")
        decoded = f"{unquote(user)}:{unquote(password)}"
        code = base64.b64encode(decoded.encode()).decode()
        request.add_header("Proxy-Authorization", f"Basic {code}")
    with opener.open(request) as response:
        if not 200 <= response.status < 300:
            raise OSError(f"the proxy refused a tunnel: it answered {response.status}")


# This makes urllib compile its regular expressions during start-up, which has a whole CPU.
urllib.request.Request("http://localhost")
