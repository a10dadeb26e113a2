"""event_stream.py: an event stream is read while it arrives. Compared with botocore's reader."""

from __future__ import annotations

import struct
from binascii import crc32
from types import ModuleType

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.stubs import Json, frame, load, unreachable

# A header of each type, named by it, with its value as it is sent.
HEADERS = [
    *[(0, b""), (1, b""), (2, b"\1"), (3, b"\1\2"), (4, b"\1" * 4), (5, b"\1" * 8)],
    *[(6, b"\0\3abc"), (7, "\0\6für!!".encode()), (8, b"\1" * 8), (9, b"\1" * 16)],
]
HELLO = frame({":event-type": "word"}, b'{"text": "Hello"}')


@pytest.fixture
def module() -> ModuleType:
    return load("botkit.http.event_stream")


def test_it_reads_as_botocore_does(module: ModuleType) -> None:
    @settings(deadline=None)  # the machine may be busy
    @given(
        heads=st.lists(st.lists(st.sampled_from(HEADERS), unique=True), min_size=1, max_size=4),
        payload=st.binary(max_size=40),
        size=st.integers(1, 50),
    )
    def reads(heads: list[list[tuple[int, bytes]]], payload: bytes, size: int) -> None:
        data = b""
        for kinds in heads:
            headers = b"".join(b"\2%02d%c%b" % (kind, kind, value) for kind, value in kinds)
            start = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
            message = start + struct.pack(">I", crc32(start)) + headers + payload
            data += message + struct.pack(">I", crc32(message))
        theirs = EventStreamBuffer()
        theirs.add_data(data)
        expected = [
            ({name: value for name, value in each.headers.items() if name == "07"}, each.payload)
            for each in theirs
        ]
        assert len(expected) == len(heads)
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        assert list(module.messages(parts)) == expected

    reads()


def test_an_empty_part_is_an_empty_message(module: ModuleType) -> None:
    parts = [b"", HELLO[:20], b"", HELLO[20:] + HELLO[:5], HELLO[5:]]
    nothing: tuple[Json, bytes] = ({}, b"")
    hello = ({":event-type": "word"}, b'{"text": "Hello"}')
    assert list(module.messages(parts)) == [nothing, nothing, hello, hello]


def sealed(head: bytes) -> bytes:
    """Return a message with these headers and the right checksums."""
    start = struct.pack(">II", 16 + len(head), len(head))
    message = start + struct.pack(">I", crc32(start)) + head
    return message + struct.pack(">I", crc32(message))


@pytest.mark.parametrize(
    ("head", "error"),
    [
        (b"\5ab", "a header of an event is cut"),
        (b"\2ab", "a header of an event is cut"),
        (b"\2ab\7", "a header of an event is cut"),
        (b"\2ab\7\0", "a header of an event is cut"),
        (b"\2ab\7\0\3cd", "a header of an event is cut"),
        (b"\2ab\5abcdefg", "a header of an event is cut"),
        (b"\2ab\x0a\0\1", "a header of an event is cut"),
        (b"\2a\xff\7\0\0", "'utf-8' codec can't decode"),
    ],
    ids=["name", "type", "value", "length", "text", "number", "unknown type", "no UTF-8"],
)
def test_headers_that_were_sent_so_cannot_be_read(
    module: ModuleType, head: bytes, error: str
) -> None:
    with pytest.raises(ValueError, match=f"^{error}"):
        list(module.messages([sealed(head)]))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"<html>A proxy's page.", "the answer isn't an event stream"),
        (struct.pack(">III", 31, 16, 0), "the answer isn't an event stream"),
        (struct.pack(">III", 40, 1 << 24, 0), "the answer isn't an event stream"),
        (struct.pack(">III", (24 << 20) + 1, 0, 0), "the answer isn't an event stream"),
        (struct.pack(">III", 24 << 20, 0, 0), "the event stream ends too early"),
        (HELLO.replace(b"Hello", b"Jello"), "the checksum of an event is wrong"),
        (HELLO[:-4] + b"\0" * 4, "the checksum of an event is wrong"),
        (HELLO[:-4] + b"\xff" * 4, "the checksum of an event is wrong"),
        (HELLO[:-1], "the event stream ends too early"),
        (HELLO + HELLO[:3], "the event stream ends too early"),
    ],
    ids=[
        *("a page", "longer inside than outside", "much longer inside", "too long", "the longest"),
        *("a changed byte", "a low checksum", "a high checksum", "a missing byte", "a beginning"),
    ],
)
def test_what_is_no_event_stream_is_refused(module: ModuleType, data: bytes, error: str) -> None:
    with pytest.raises(unreachable(), match=f"^{error}$"):
        list(module.messages([data]))
