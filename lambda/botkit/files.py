"""Files in calls: as multipart/form-data when a call is made, and as JSON until then.

Source: https://core.telegram.org/bots/api#sending-files
"""

from __future__ import annotations

import json
import os
from binascii import a2b_base64, b2a_base64

from .types import Json

FILE = "base64 of a file"


def is_file(value: object) -> bool:
    """Tell whether a parameter is a file: bytes, or a pair of a file name and bytes."""
    if isinstance(value, tuple):
        return [type(part) for part in value] == [str, bytes]
    return isinstance(value, bytes)


def to_multipart(params: dict[str, object]) -> tuple[bytes, str]:
    """Return the body with these parameters, and its Content-Type. Raises TypeError."""
    boundary = os.urandom(16).hex()
    parts = []
    for name, value in params.items():
        head = f'Content-Disposition: form-data; name="{_escape(name)}"'
        if is_file(value):
            file, data = value if isinstance(value, tuple) else (name, value)
            head += f'; filename="{_escape(file)}"\r\nContent-Type: application/octet-stream'
        else:
            data = _bytes(value if isinstance(value, str) else json.dumps(value))
        parts.append(_bytes(f"--{boundary}\r\n{head}\r\n\r\n") + data + b"\r\n")
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"


def _bytes(text: str) -> bytes:
    """Encode a text. Half a surrogate pair becomes a question mark."""
    return text.encode(errors="replace")


def _escape(name: str) -> str:
    """Escape a name as browsers do (HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def encode_calls(calls: list[Json]) -> list[Json]:
    """Return calls in a form that JSON can hold."""
    from .aws import to_json

    without_files = [{name: _without_file(call[name]) for name in call} for call in calls]
    copy: list[Json] = json.loads(to_json(without_files))
    return copy


def decode_calls(calls: list[Json]) -> list[Json]:
    """Return the calls that `encode_calls` was given.

    Raises ValueError if a file isn't what it wrote.
    """
    return [{name: _with_file(call[name]) for name in call} for call in calls]


def _without_file(value: object) -> object:
    if not is_file(value):
        return value
    name, data = value if isinstance(value, tuple) else (None, value)
    return {FILE: [name, b2a_base64(data, newline=False).decode()]}


def _with_file(value: object) -> object:
    if not (isinstance(value, dict) and FILE in value):
        return value
    name, text = value[FILE]
    data = a2b_base64(text)
    return data if name is None else (name, data)
