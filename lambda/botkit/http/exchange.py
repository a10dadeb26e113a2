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

from ..deadline import Deadline
from . import TooLong

SENT_AT_ONCE = 1 << 14  # bytes, as many as a TLS record takes
HEAD_LIMIT = 1 << 20  # bytes of a response, not counting the body


class Stream(io.RawIOBase):
    """A socket for http.client, with a deadline and a limit.

    The body of a response, or each of its `chunks`, may have up to `limit` bytes.
    """

    def __init__(self, connection: socket, deadline: Deadline, limit: int = 0) -> None:
        self.limit = limit
        self._connection = connection
        self._deadline = deadline
        self._unsent = b""
        self._received = 0
        self._patience = 0.0
        self.is_over = False
        self._file: io.BufferedReader | None = None

    def sendall(self, data: bytes) -> None:
        """Send data, or keep it until the next read: head and body then fit into one packet."""
        self._unsent += data
        if len(self._unsent) > SENT_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        data, self._unsent = self._unsent, b""
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
            return not (self._file.peek() or self.is_over)
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
                self._received = 0
                yield rest[:length]
                data = rest[length + 2 :]
            elif self.is_silent(pause):
                yield b""
            elif more := self.makefile("rb").read1():
                data += more
            else:
                raise ConnectionError("the response is incomplete")

    def readinto(self, buffer: Buffer) -> int | None:
        if self._unsent:
            self._flush()
        left = self._deadline.timeout()
        self._connection.settimeout(min(left, self._patience or left))
        try:
            count = self._connection.recv_into(buffer)
        except TimeoutError:
            if not self._patience:
                raise
            return None  # nothing yet
        self.is_over = not count
        self._received += count
        if self._received > self.limit + HEAD_LIMIT:
            raise TooLong("the response is too long")
        return count

    def close(self) -> None:
        """Leave the socket open. Its owner decides whether to keep it."""


class Client(http.client.HTTPConnection):
    """Speaks HTTP over a stream."""

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
        client = Client(request.host, request.stream)
        headers = {name.title(): value for name, value in request.header_items()}
        headers = {"Host": request.host, **headers}
        client.request(request.get_method(), request.selector, request.data, headers)
        return client.getresponse()

    https_open = http_open


# No redirects, no proxies of the environment, and no handler for file:.
opener = urllib.request.OpenerDirector()
opener.add_handler(OverStream())


def round_trip(
    stream: Stream, method: str, url: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, Message, bytes, bool]:
    """Make a request.

    Returns the status, the headers and the body of the response, and whether the connection stays
    usable. May raise any exception, which may quote the URL.
    """
    request = Request(url, body, headers, method=method)
    request.stream = stream
    with opener.open(request) as response:
        data = response.read()
        if len(data) > stream.limit:
            raise TooLong("the response is too long")
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
    client = Client(address.netloc, stream)
    client.request("POST", address.path, body, headers)
    while stream.is_silent(pause):
        yield 0, Message(), b""
    with client.getresponse() as response:
        yield response.status, response.headers, b""
        is_read_whole = not response.chunked or response.status != 200  # a refusal is short
        for part in [response.read()] if is_read_whole else stream.chunks(pause):
            yield response.status, response.headers, part
        return response.status >= 200 and not response.will_close


def open_tunnel(stream: Stream, host: str, port: int, credentials: str) -> None:
    """Ask a proxy for a tunnel. `credentials` are `user:password`, as in a URL. Raises OSError."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    client = Client(address, stream)
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
