"""Reads an event stream of AWS (application/vnd.amazon.eventstream) while it arrives.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterable, Iterator

LARGEST = 24 << 20  # bytes of a message
TEXT = 7  # the type of a header whose value is a text: two bytes with its length, then UTF-8
# The other types, with the length of their values. 6 are bytes, written like a text.
LENGTHS = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


def messages(parts: Iterable[bytes]) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield each message: its headers that are texts, and its payload.

    An empty part yields an empty message. Raises ValueError if it isn't an event stream, or if it
    ends too early.
    """
    data = b""
    for part in parts:
        data += part
        while len(data) >= 12:
            size, head = _number(data[:4]), _number(data[4:8])
            if not 16 + head <= size <= LARGEST:
                raise ValueError("it isn't an event stream")
            if len(data) < size:
                break
            message, data = data[:size], data[size:]
            if crc32(message[:-4]) != _number(message[-4:]):
                raise ValueError("its checksum is wrong")
            yield _headers(message[12 : 12 + head]), message[12 + head : -4]
        if not part:
            yield {}, b""
    if data:
        raise ValueError("it ends too early")


def _headers(data: bytes) -> dict[str, str]:
    headers = {}
    while data:
        end = 1 + data[0]
        name, kind, data = data[1:end].decode(), data[end], data[end + 1 :]
        length = LENGTHS[kind] if kind in LENGTHS else 2 + _number(data[:2])
        if kind == TEXT:
            headers[name] = data[2:length].decode()
        data = data[length:]
    return headers


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
