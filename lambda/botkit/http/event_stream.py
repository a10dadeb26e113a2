"""Reads an event stream of AWS (application/vnd.amazon.eventstream) while it arrives.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterable, Iterator

from ..errors import Unreachable

LARGEST = 24 << 20  # bytes of a message
TEXT = 7  # the type of a header whose value is a text: two bytes with its length, then UTF-8
# The other types, with the lengths of their values. Type 6, bytes, is written like a text.
LENGTHS = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


def messages(parts: Iterable[bytes]) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield each message: its headers that are texts, and its payload.

    An empty part yields an empty message. Raises Unreachable if the data isn't an event stream, or
    is damaged or cut off: a retry may help. Raises ValueError for a message that arrived intact, by
    its checksum, but can't be read.
    """
    data = bytearray()
    for part in parts:
        data += part
        while len(data) >= 12:
            size, head = _number(data[:4]), _number(data[4:8])
            if not 16 + head <= size <= LARGEST:
                raise Unreachable("the answer isn't an event stream")
            if len(data) < size:
                break
            message = bytes(data[:size])
            del data[:size]
            if crc32(message[:-4]) != _number(message[-4:]):
                raise Unreachable("the checksum of an event is wrong")
            yield _headers(message[12 : 12 + head]), message[12 + head : -4]
        if not part:
            yield {}, b""
    if data:
        raise Unreachable("the event stream ends too early")


def _headers(data: bytes) -> dict[str, str]:
    headers = {}
    while data:
        end = 1 + data[0]
        kind, value = _number(data[end : end + 1]), data[end + 1 :]
        length = LENGTHS.get(kind, 2 + _number(value[:2]))
        if end + 1 + length > len(data):
            raise ValueError("a header of an event is cut")
        if kind == TEXT:
            headers[data[1:end].decode()] = value[2:length].decode()
        data = value[length:]
    return headers


def _number(data: bytes | bytearray) -> int:
    return int.from_bytes(data, "big")
