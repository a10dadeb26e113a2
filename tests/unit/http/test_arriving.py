"""arriving.py: a body is read while it arrives. Over real sockets."""

from __future__ import annotations

import importlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botkit.deadline import Deadline

from tests.support.stubs import (
    OK,
    Peer,
    Serve,
    answers,
    answers_all,
    answers_and_closes,
    http,
    load,
    silent,
    unreachable,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = http().partition(b"\r\n\r\n")[2]


Connect = Callable[[str], Any]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make connections, and close them in the end."""
    made: list[Any] = []

    def make(url: str) -> Any:
        made.append(load("botkit.http.connection").Connection(url))
        return made[-1]

    yield make
    for connection in made:
        if connection._kept:
            connection._kept.close()


def stream(connection: Any, timeout: float = 60, pause: float = 30) -> Generator[tuple[int, bytes]]:
    arriving = importlib.import_module("botkit.http.arriving")  # beside the connection's module
    for answer in arriving.post(connection, "/a", b"{}", {"X-Y": "z"}, timeout, pause):
        yield answer.status, answer.body


def test_a_chunk_is_there_before_the_next_one(serve: Serve, connect: Connect) -> None:
    may_go_on = threading.Event()

    def part(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        connection.sendall(CHUNKED + b"5\r\nHello\r\n6;extension=1\r\n, ")
        assert may_go_on.wait(60)
        connection.sendall(b"Ada.\r\n0\r\n\r\n")
        answers_all(peer, connection)

    peer = serve(part)
    connection = connect(peer.url + "/api")
    parts = stream(connection)
    assert [next(parts), next(parts)] == [(200, b""), (200, b"Hello")]
    may_go_on.set()
    assert list(parts) == [(200, b", Ada.")]
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/a HTTP/1.1\r\n") and b"X-Y: z" in head
    assert body == b"{}"
    # The connection is kept.
    answer = connection.exchange("POST", "/b", b"", {}, 60)
    assert (answer.status, answer.body) == (200, BODY)
    assert peer.connections == 1


@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.usefixtures("trusted")
def test_silence_is_an_empty_part(
    serve: Serve, connect: Connect, tls: ssl.SSLContext, is_secure: bool
) -> None:
    heard = [threading.Event() for _ in range(3)]

    def part(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        for event, data in zip(
            heard, (CHUNKED, b"5\r\nHello\r\n", b"1\r\n!\r\n0\r\n\r\n"), strict=True
        ):
            assert event.wait(60)
            connection.sendall(data)

    parts = stream(connect(serve(part, tls=tls if is_secure else None).url), pause=0.01)
    seen = []
    for event, status in zip(heard, (0, 200, 200), strict=True):
        while (each := next(parts)) != (status, b""):
            seen.append(each)
        event.set()
    seen += [each for each in parts if each[1]]
    assert [each for each in seen if each[1]] == [(200, b"Hello"), (200, b"!")]


def test_a_chunk_is_whole_however_it_is_cut() -> None:
    class Stream(load("botkit.http.arriving").PatientStream):  # type: ignore[misc]
        def makefile(self, mode: str) -> Any:
            return SimpleNamespace(read1=lambda: next(pieces))

        def is_silent(self, *seconds: float) -> bool:
            return False

    body = b"1\r\na\r\n6\r\nbcdefg\r\n10\r\nhijklmnopqrstuvw\r\n0\r\n\r\n"
    for size in range(1, len(body)):
        pieces = iter([body[:size], body[size:]])
        assert list(Stream(None, None).chunks(1)) == [b"a", b"bcdefg", b"hijklmnopqrstuvw"]
        assert list(pieces) == [], "the connection has nothing left of the body"


def test_after_a_silence_the_deadline_holds_again() -> None:
    PatientStream = load("botkit.http.arriving").PatientStream  # noqa: N806
    deadline = Deadline(60)
    near, far = socket.socketpair()
    with near, far:
        stream = PatientStream(near, deadline, 5)
        far.sendall(b"a")
        assert not stream.is_silent(60)
        file = stream.makefile("rb")
        assert file.read1(1) == b"a"
        deadline.start(0.1)
        with pytest.raises(TimeoutError):
            file.read1(1)


def test_a_request_may_take_longer_to_send_than_a_look_for_its_answer() -> None:
    PatientStream = load("botkit.http.arriving").PatientStream  # noqa: N806
    timeouts: list[float] = []
    connection = SimpleNamespace(
        settimeout=timeouts.append, sendall=lambda data: None, recv_into=lambda buffer: 0
    )
    stream = PatientStream(connection, Deadline(60))
    stream.sendall(b"POST")
    assert not stream.is_silent(1)
    to_send, to_read = timeouts
    assert to_read <= 1 < to_send


@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + 6 * (b"100000\r\n" + bytes(1 << 20) + b"\r\n") + b"0\r\n\r\n",
        CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: %d" % (6 << 20))
        + bytes(6 << 20),
    ],
    ids=["chunks", "known length"],
)
def test_there_is_no_limit_to_all_parts_together(
    serve: Serve, connect: Connect, sent: bytes
) -> None:
    connection = connect(serve(answers(sent)).url)
    assert sum(len(each) for _, each in stream(connection)) == 6 << 20
    assert connection._kept


def test_a_refusal_has_a_limit_in_total(serve: Serve, connect: Connect) -> None:
    part = b"100000\r\n" + b"a" * (1 << 20) + b"\r\n"
    connection = connect(serve(answers(CHUNKED.replace(b"200 OK", b"400 No") + 6 * part)).url)
    with pytest.raises(unreachable(), match="^the response is too long$"):
        list(stream(connection))


def test_a_cut_head_is_an_error(serve: Serve, connect: Connect) -> None:
    connection = connect(serve(answers_and_closes(b"HTTP/1.1 200 OK\r\nA: b\r\n")).url)
    with pytest.raises(unreachable(), match="^ConnectionError: the response is incomplete$"):
        list(stream(connection))


def test_a_body_of_a_known_length_comes_whole(serve: Serve, connect: Connect) -> None:
    connection = connect(serve(answers(http(OK, "403 No"))).url)
    assert list(stream(connection)) == [(403, b""), (403, BODY)]
    assert connection._kept


def test_a_body_ends_at_its_length_whatever_comes_after_it(serve: Serve, connect: Connect) -> None:
    connection = connect(serve(answers(http(OK) + b"more")).url)
    assert list(stream(connection)) == [(200, b""), (200, BODY)]


def test_after_an_interim_answer_the_connection_is_not_kept(serve: Serve, connect: Connect) -> None:
    connection = connect(serve(answers(b"HTTP/1.1 199 Wait\r\n\r\n")).url)
    assert list(stream(connection)) == [(199, b""), (199, b"")]
    assert not connection._kept


def test_a_server_that_wants_to_close_is_left(serve: Serve, connect: Connect) -> None:
    closing = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    connection = connect(serve(answers(closing + b"1\r\na\r\n0\r\n\r\n")).url)
    assert list(stream(connection)) == [(200, b""), (200, b"a")]
    assert connection._kept is None


def test_who_closes_early_closes_the_connection(serve: Serve, connect: Connect) -> None:
    closed = threading.Event()

    def part(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        connection.sendall(CHUNKED + b"1\r\na\r\n")
        connection.recv(1)  # nothing, once it is closed
        closed.set()

    connection = connect(serve(part).url)
    parts = stream(connection)
    next(parts)
    parts.close()
    assert closed.wait(60)
    assert connection._kept is None


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"5\r\nHel", "ConnectionError: the response is incomplete"),
        (b"five\r\nHello\r\n", "ValueError"),
        (b"500000\r\n" + b"a" * (6 << 20), "the response is too long"),
    ],
    ids=["cut", "no length", "too long"],
)
def test_a_broken_body_is_an_error(serve: Serve, connect: Connect, sent: bytes, error: str) -> None:
    def part(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        connection.sendall(CHUNKED + sent)

    connection = connect(serve(part).url)
    with pytest.raises(unreachable(), match=f"^{error}$"):
        list(stream(connection))
    assert connection._kept is None


def test_it_ends_in_time_even_if_it_looks_often(serve: Serve, connect: Connect) -> None:
    connection = connect(serve(silent).url)
    with pytest.raises(unreachable(), match="^TimeoutError: "):
        list(stream(connection, timeout=0.2, pause=0.01))
    for timeout in (0, -1):
        with pytest.raises(unreachable(), match="^no time left$"):
            next(stream(connection, timeout=timeout))
