"""A response that takes its time: it is read part by part while it arrives."""

from __future__ import annotations

import io
from collections.abc import Iterator
from email.message import Message  # http.client has loaded it

from .connection import Connection
from .exchange import Answer, HTTPOverStream, Stream

READ_AT_ONCE = 1 << 16  # bytes


def post(
    connection: Connection,
    path: str,
    body: bytes,
    headers: dict[str, str],
    timeout: float,
    pause: float,
) -> Iterator[Answer]:
    """Post `body`, and yield the response with each part of its body.

    First it yields status 0 and b"" each time that nothing has come for `pause` seconds. When the
    response begins, it yields its status and headers with b"", and then each part of the body, or
    b"" after each `pause` without one. If the iterator is closed early, so is the connection. A
    part may have up to 4 MB, and there may be any number of them. Raises what `Connection.exchange`
    raises.
    """
    with connection.lent(timeout) as lent:
        stream = PatientStream(lent.connection, lent.deadline, lent.limit)
        _, _, host, target = f"{connection.url}{path}".split("/", 3)
        client = HTTPOverStream(host, stream)
        client.request("POST", f"/{target}", body, headers)
        while stream.is_silent(pause):
            yield Answer(0, Message(), b"")
        with client.getresponse() as response:
            yield Answer(response.status, response.headers, b"")
            if response.status != 200:
                parts = iter([response.read()])  # a refusal is short
            elif response.chunked:
                parts = stream.chunks(pause)
            else:
                parts = stream.rest(response.length, pause)
            for part in parts:
                yield Answer(response.status, response.headers, part)
            lent.keep(response)


class PatientStream(Stream):
    """A stream that can wait for data for a while, and continue later if none comes."""

    _file: io.BufferedReader | None = None

    def makefile(self, mode: str) -> io.BufferedReader:
        return self._file or super().makefile(mode)

    def is_silent(self, seconds: float) -> bool:
        """Wait for data for up to some seconds, and tell whether none came."""
        self._file = self.makefile("rb")  # kept, since it may contain bytes that it read ahead
        self.send_rest()
        self.deadline.timeout()  # raises TimeoutError after the deadline of the whole request
        try:
            with self.deadline.within(seconds):
                return not (self._file.peek() or self.is_over)
        except TimeoutError:
            return True

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
                self.received = 0
                yield rest[:length]
                data = rest[length + 2 :]
            elif self.is_silent(pause):
                yield b""
            elif more := self.makefile("rb").read1():
                data += more
            else:
                raise ConnectionError("the response is incomplete")

    def rest(self, length: int | None, pause: float) -> Iterator[bytes]:
        """Yield what comes of a body that isn't in chunks, and b"" as `chunks` does.

        It has `length` bytes, or ends with the connection.
        """
        while length != 0:
            most = READ_AT_ONCE if length is None else min(length, READ_AT_ONCE)
            if self.is_silent(pause):
                yield b""
            elif more := self.makefile("rb").read1(most):
                self.received = 0
                length = None if length is None else length - len(more)
                yield more
            elif length is None:
                return
            else:
                raise ConnectionError("the response is incomplete")
