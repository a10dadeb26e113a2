"""An HTTP request and its response, with urllib, over a socket that stays open."""

from __future__ import annotations

import base64
import http.client
import io
import urllib.parse
import urllib.request
from collections.abc import Buffer, Generator, Iterator
from email.message import Message  # http.client has loaded it
from socket import socket

from . import Deadline

HEAD_LIMIT = 1 << 20  # bytes of a response, not counting the body


class Stream(io.RawIOBase):
    """A socket for http.client, with a deadline and a limit.

    The body of a response may have up to `limit` bytes.
    """

    def __init__(self, connection: socket, deadline: Deadline, limit: int = 0) -> None:
        self.limit = limit
        self._connection = connection
        self._deadline = deadline
        self._received = 0
        self._patience = 0.0
        self._is_over = False
        self._file: io.BufferedReader | None = None

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._deadline.timeout())
        self._connection.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return self._file or io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def is_silent(self, seconds: float) -> bool:
        """Wait for up to some seconds for more to read, and tell whether nothing came."""
        self._file = self.makefile("rb")  # from now on it may hold what was read ahead
        self._patience = seconds
        try:
            return not (self._file.peek() or self._is_over)
        finally:
            self._patience = 0.0

    def chunks(self, pause: float) -> Iterator[bytes]:
        """Yield each chunk of a body, and b"" each time that nothing has come for `pause` seconds.

        http.client can't: it waits for the next chunk, however long that takes.
        """
        data = b""
        while True:
            size, end, rest = data.partition(b"\r\n")
            if end and len(rest) >= (length := int(size.partition(b";")[0], 16)) + 2:
                if not length:
                    return
                yield rest[:length]
                data = rest[length + 2 :]
            elif self.is_silent(pause):
                yield b""
            elif more := self.makefile("rb").read1():
                data += more
            else:
                raise ConnectionError("the response is incomplete")

    def readinto(self, buffer: Buffer) -> int | None:
        left = self._deadline.timeout()
        self._connection.settimeout(min(left, self._patience or left))
        try:
            count = self._connection.recv_into(buffer)
        except TimeoutError:
            if not self._patience:
                raise
            return None  # nothing yet
        self._is_over = not count
        self._received += count
        if self._received > self.limit + HEAD_LIMIT:
            raise ConnectionError("the response is too long")
        return count

    def close(self) -> None:
        """Leave the socket open. Its owner decides whether to keep it."""


class OverStream(urllib.request.BaseHandler):
    """Sends requests over a stream. The handlers of urllib would open a connection for each."""

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
    stream: Stream, method: str, url: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, Message, bytes, bool]:
    """Make a request.

    Returns the status, the headers and the body of the response, and whether the connection stays
    usable. May raise any exception, which may quote the URL.
    """
    opener = urllib.request.OpenerDirector()  # no redirects, no proxies of the environment
    opener.add_handler(OverStream(stream))
    # There is no handler for file:.
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310
    with opener.open(request) as response:
        data = response.read()
        if len(data) > stream.limit:
            raise ConnectionError("the response is too long")
        # After an interim response (1xx), the final one is still to come.
        keep_alive = response.status >= 200 and not response.will_close
        return response.status, response.headers, data, keep_alive


def arriving(
    stream: Stream, url: str, body: bytes, headers: dict[str, str], pause: float
) -> Generator[tuple[int, Message, bytes], None, bool]:
    """Post `body`, and yield the status and the headers with each part of the response's body.

    The part is b"" each time that nothing has come for `pause` seconds, and before the body. Before
    the response, the status is 0. Returns whether the connection stays usable.
    May raise any exception, which may quote the URL.
    """
    address = urllib.parse.urlsplit(url)
    client = http.client.HTTPConnection(address.netloc)
    client.sock = stream
    client.request("POST", address.path, body, headers)
    while stream.is_silent(pause):
        yield 0, Message(), b""
    with client.getresponse() as response:
        yield response.status, response.headers, b""
        for part in stream.chunks(pause) if response.chunked else [response.read()]:
            yield response.status, response.headers, part
        return response.status >= 200 and not response.will_close


def open_tunnel(stream: Stream, host: str, port: int, credentials: str) -> None:
    """Ask a proxy for a tunnel. `credentials` are `user:password`, as in a URL. Raises OSError."""
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
        raise OSError(f"the proxy refused a tunnel: it answered {status}")


# This makes urllib compile its regular expressions during start-up, which has a whole CPU.
urllib.request.Request("http://localhost")
