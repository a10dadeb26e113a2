"""http1.py: what a request looks like, and how each kind of answer is read. Over socket pairs."""

from __future__ import annotations

import io
import socket
import threading
import time
from types import ModuleType
from typing import Any

import pytest

from tests.support.stubs import load


@pytest.fixture
def module() -> ModuleType:
    return load("botkit.http1")


def answered(module: ModuleType, *pieces: bytes, closes: bool = False) -> Any:
    """Return what `exchange` makes of an answer that arrives in pieces."""
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def answer() -> None:
            theirs.recv(65536)
            for piece in pieces:
                theirs.sendall(piece)
            if closes:
                theirs.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            return module.exchange(ours, b"POST / HTTP/1.1\r\n\r\n", time.monotonic() + 5)
        finally:
            thread.join(5)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERS: dict[str, tuple[list[bytes], tuple[int, bytes, bool]]] = {
    "a length": ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"], (200, b"{}", True)),
    "other letters": ([b"HTTP/1.1 200 OK\r\ncontent-LENGTH:2\r\n\r\n{}"], (200, b"{}", True)),
    "no reason": ([b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n"], (404, b"", True)),
    "no carriage returns": ([b"HTTP/1.1 200 OK\nContent-Length: 1\n\n{"], (200, b"{", True)),
    "byte by byte": (
        [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"],
        (200, b"{}", True),
    ),
    "chunks": ([CHUNKED + b"1\r\n{\r\n", b"01;a=b\r\n}\r\n0\r\n\r\n"], (200, b"{}", True)),
    "chunks, and a trailer": ([CHUNKED + b"0\r\nA: b\r\n\r\n"], (200, b"", True)),
    "an interim answer": (
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
        (200, b"", True),
    ),
    "the end": (
        [b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n"],
        (200, b"", False),
    ),
    "a chunk of 31 bytes": (
        [CHUNKED + b"1F\r\n" + b" " * 31 + b"\r\n0\r\n\r\n"],
        (200, b" " * 31, True),
    ),
    "the last interim answer": (
        [b"HTTP/1.1 199 Wait\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
        (200, b"", True),
    ),
    "a later HTTP/1": ([b"HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n"], (200, b"", False)),
    "HTTP/1.0": ([b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"], (200, b"", False)),
    "a hundred headers": (
        [b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 99 + b"Content-Length: 0\r\n\r\n"],
        (200, b"", True),
    ),
    "HTTP/1.0, kept": (
        [b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"],
        (200, b"", True),
    ),
}


@pytest.mark.parametrize(("pieces", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_read(
    module: ModuleType, pieces: list[bytes], expected: tuple[int, bytes, bool]
) -> None:
    assert answered(module, *pieces) == expected


def test_an_answer_without_a_length_ends_with_its_connection(module: ModuleType) -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n{}"
    assert answered(module, answer, closes=True) == (200, b"{}", False)


BROKEN = {
    "nothing": b"",
    "a head's beginning": b"HTTP/1.1 200 OK\r\nContent-",
    "too short": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
    "a chunk too short": CHUNKED + b"3\r\n{}",
    "no last chunk": CHUNKED + b"2\r\n{}\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    "a length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "a length beyond all memory": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n{}",
    "a length beyond all numbers": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
    "a chunk beyond all numbers": CHUNKED + b"f" * 20 + b"\r\n{}",
    "chunks beyond the limit": CHUNKED
    + (b"200001\r\n" + b" " * 0x200001 + b"\r\n") * 2
    + b"0\r\n\r\n",
    "a chunk of no size": CHUNKED + b"\r\n\r\n",
    "a chunk below zero": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "a status that is none": b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a hundred and one headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_none(module: ModuleType, answer: bytes) -> None:
    with pytest.raises(ConnectionError):
        answered(module, answer, closes=True)


def test_after_the_deadline_nothing_is_sent(module: ModuleType) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(TimeoutError, match="no time left"):
            module.exchange(ours, b"POST", time.monotonic())
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


def test_no_time_is_left_at_the_deadline(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: 5.0)
        assert module.left(5.5) == 0.5
        with pytest.raises(TimeoutError):
            module.left(5.0)


def test_a_request_has_a_method_a_path_and_a_version(module: ModuleType) -> None:
    assert module.head("POST / HTTP/1.1", {"A": "b"}) == b"POST / HTTP/1.1\r\nA: b\r\n\r\n"
    with pytest.raises(ValueError):
        module.head("POST HTTP/1.1", {})


@pytest.mark.parametrize("path", ["/a b", "/a\r\nHost: b", "/\x00", "/\N{EURO SIGN}"], ids=ascii)
def test_a_request_has_one_line_per_header(module: ModuleType, path: str) -> None:
    with pytest.raises(ValueError):
        module.head(f"POST {path} HTTP/1.1", {})
    with pytest.raises(ValueError):
        module.head("POST / HTTP/1.1", {"X": path.replace(" ", "\n")})


@pytest.mark.parametrize("more", [0, 1], ids=["as much as may be", "a byte more"])
def test_what_arrives_is_not_endless(module: ModuleType, more: int) -> None:
    size = 2 * module.MAX_ANSWER + more
    ours, theirs = socket.socketpair()
    with ours, theirs:
        thread = threading.Thread(target=theirs.sendall, args=(b" " * size,), daemon=True)
        thread.start()
        arrived = io.BufferedReader(module.Received(ours, time.monotonic() + 5))
        if more:
            with pytest.raises(ConnectionError, match="an endless answer"):
                arrived.read(size)
        else:
            assert len(arrived.read(size)) == size
        thread.join(5)
